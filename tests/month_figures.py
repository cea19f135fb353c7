"""A month's figures for tests: each builder gives valid ones, and takes what a test is about."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from chalicelib.reporting.cost_rows import AMOUNTS, CostRow
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.tenant_tree import Tenants
from chalicelib.tenants.nouns import Tenant
from ops.month_page.figures import DayFigures, MonthFigures, MonthSums

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
MONTH = Month.read("2026-11")


def row(team: str = "search", cost: str = "1", day: int = 1, **fields: Any) -> CostRow:
    """A row of costs.csv; amounts by their columns' names, and `model_id` and `status`."""
    about = {"model_id": "nova", "status": "PRICED"} | {
        name: fields.pop(name) for name in ("model_id", "status") if name in fields
    }
    amounts = {"invocations": 1, "total_cost": cost} | fields
    return CostRow(
        date=f"2026-11-{day:02}",
        team_id=team,
        service="bedrock",
        amounts=tuple(Decimal(amounts.get(name, 0)) for name in AMOUNTS),
        price_version="p",
        **about,
    )


def manifest(day: int = 1, *, complete: bool = True, **counts: int) -> Manifest:
    known: dict[str, Any] = {
        each.name: 0 if each.type in (int, "int") else () for each in fields(Manifest)
    }
    window = {"start": f"2026-11-{day:02}", "end": f"2026-11-{day:02}T23:00:00.000Z"}
    return Manifest(**known | {"complete": complete, "window": window} | counts)


@dataclass(frozen=True)
class Reported(DayFigures):
    """A day's figures, and the rows that they are of."""

    rows: tuple[CostRow, ...] = ()


def reported(day: int, *rows: CostRow, **about: Any) -> DayFigures:
    """A day with its report; `about` is of the manifest, but for savings and differences."""
    own = {name: about.pop(name) for name in ("savings", "differences") if name in about}
    costs = MonthSums().add_day(rows, ())
    return Reported(date(2026, 11, day), costs, manifest(day, **about), **own, rows=rows)


def month(
    *days: DayFigures, before: tuple[DayFigures, ...] = (), adjustments: int = 0, **about: Any
) -> MonthFigures:
    sums = summed(days)
    sums.adjustments = adjustments
    teams = summed(before).teams.teams if any(day.manifest for day in before) else None
    costs = {team: amounts[-1] for team, amounts in teams.items()} if teams is not None else None
    return MonthFigures(MONTH, "prod", days, sums, costs, **about)


def summed(days: Iterable[DayFigures]) -> MonthSums:
    sums = MonthSums()
    for day in days:
        if isinstance(day, Reported):
            sums.add_day(day.rows, ())
    return sums


def tenants(**parents: str | None) -> Tenants:
    named: Mapping[str, Tenant] = {
        name: Tenant(name, "team", NOON, parent=parent) for name, parent in parents.items()
    }
    return Tenants(named)
