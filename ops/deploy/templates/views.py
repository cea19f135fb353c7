"""The views over the daily reports: what people ask of their costs.

Their SQL is Athena's (Trino's), a file each in `views`. Here stand the columns that it comes to, as
Athena keeps them beside it: it refuses a view whose SQL comes to others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chalicelib.reporting.focus.columns import COLUMNS as FOCUS_COLUMNS

MONEY: Final = "decimal(38,12)"
_COUNTS: Final = {
    "invocations": "bigint",
    "input_tokens": "bigint",
    "output_tokens": "bigint",
    "cache_read_tokens": "bigint",
    "cache_write_tokens": "bigint",
    "images": "bigint",
}
_EXACT: Final = "decimal(38,18)"
_FOCUS_TYPES: Final = {
    **dict.fromkeys(("BilledCost", "EffectiveCost", "ContractedCost", "ListCost"), _EXACT),
    **dict.fromkeys(("ConsumedQuantity", "PricingQuantity"), _EXACT),
    **dict.fromkeys(("ListUnitPrice", "ContractedUnitPrice"), _EXACT),
    **dict.fromkeys(("BillingPeriodStart", "BillingPeriodEnd"), "date"),
    **dict.fromkeys(("ChargePeriodStart", "ChargePeriodEnd"), "date"),
    "x_Invocations": "bigint",
}
_FOLDER: Final = Path(__file__).parent / "views"


@dataclass(frozen=True, slots=True)
class View:
    name: str
    says: str
    columns: Mapping[str, str]
    """Their types as Trino writes them."""

    @property
    def sql(self) -> str:
        return (_FOLDER / f"{self.name}.sql").read_text(encoding="utf-8").strip()


VIEWS: Final = (
    View(
        "team_month",
        "What each team used and cost, a month. Where rows are not priced, it may cost more.",
        {
            "month": "date",
            "team_id": "varchar",
            **_COUNTS,
            "total_cost": MONEY,
            "rows_not_priced": "bigint",
        },
    ),
    View(
        "model_month",
        "What each model was used for and cost, a month.",
        {
            "month": "date",
            "service": "varchar",
            "model_id": "varchar",
            **_COUNTS,
            "total_cost": MONEY,
            "rows_not_priced": "bigint",
        },
    ),
    View(
        "month_to_date",
        "What each team cost in this month (UTC) so far, and up to which day that is known.",
        {
            "team_id": "varchar",
            "invocations": "bigint",
            "total_cost": MONEY,
            "rows_not_priced": "bigint",
            "as_of": "date",
        },
    ),
    View(
        "movers",
        "The newest day beside the mean of the seven days before it, by team and model.",
        {
            "usage_date": "date",
            "team_id": "varchar",
            "model_id": "varchar",
            "latest_cost": MONEY,
            "usual_cost": MONEY,
            "moved": MONEY,
        },
    ),
    View(
        "unpriced",
        "What was used and has no price, or not for all of it: no total contains it.",
        {
            "usage_date": "date",
            "team_id": "varchar",
            "service": "varchar",
            "model_id": "varchar",
            **_COUNTS,
            "total_cost": MONEY,
            "status": "varchar",
        },
    ),
    View(
        "unit_cost",
        "US dollars paid for a million tokens, and the share of input that came from a cache.",
        {
            "month": "date",
            "model_id": "varchar",
            "usd_per_million_input_tokens": MONEY,
            "usd_per_million_output_tokens": MONEY,
            "cache_hit_share": "double",
        },
    ),
    View(
        "completeness",
        "What each day's report says of itself. A day that has no row was not reported.",
        {
            "usage_date": "date",
            "complete": "boolean",
            "started": "bigint",
            "orphaned": "bigint",
            "partial": "bigint",
            "unknown": "bigint",
            "lost": "bigint",
            "foreign_records": "bigint",
            "unpriced": "bigint",
        },
    ),
    View(
        "team_books",
        "Closed months by team: what was closed, what was adjusted since, and both together.",
        {
            "month": "varchar",
            "team_id": "varchar",
            "closed_cost": MONEY,
            "adjusted_cost": MONEY,
            "total_cost": MONEY,
            "adjustments": "bigint",
            "adjusted_on": "date",
        },
    ),
    View(
        "tree_month",
        "Closed months by tenant, each with all that belong to it: add up those of depth 0 alone.",
        {
            "month": "varchar",
            "node": "varchar",
            "kind": "varchar",
            "parent": "varchar",
            "depth": "bigint",
            "display_name": "varchar",
            "cost_center": "varchar",
            "own_cost": MONEY,
            "total_cost": MONEY,
            "total_invocations": "bigint",
            "rows_not_priced": "bigint",
        },
    ),
    View(
        "cost_center_month",
        "Closed months by cost centre: a tenant's own, else its nearest ancestor's.",
        {
            "month": "varchar",
            "cost_center": "varchar",
            "total_cost": MONEY,
            "rows_not_priced": "bigint",
        },
    ),
    View(
        "reconciliation_open",
        "Where the records and AWS's counters differ, and nothing explains it.",
        {
            "usage_date": "date",
            "layer": "varchar",
            "scope": "varchar",
            "unit": "varchar",
            "ours": MONEY,
            "theirs": MONEY,
            "difference": MONEY,
            "cause": "varchar",
            "hint": "varchar",
            "calls": "bigint",
        },
    ),
    View(
        "focus_costs",
        "The FOCUS files with numbers and dates; an estimate: not to be added to AWS's own export.",
        {name.lower(): _FOCUS_TYPES.get(name, "varchar") for name in FOCUS_COLUMNS},
    ),
)
