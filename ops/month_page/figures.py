"""What a month's page shows, as numbers. Pure.

Amounts are those of the days' costs.csv, and of the adjustments where the month is closed: nothing
is priced here, and nothing is estimated.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import reduce

from chalicelib.pricing.capacity import IDLE
from chalicelib.reporting.cost_rows import AMOUNTS, EXACT, Amounts, CostRow, summed
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.tenant_tree import NO_TENANTS, Tenants
from ops.month_page.savings import NO_SAVING, Saving

_ZERO = Decimal(0)
_TOTAL = AMOUNTS.index("total_cost")


@dataclass(frozen=True, slots=True)
class DayFigures:
    """A day of the month that has been reported, or is not."""

    day: date
    rows: Sequence[CostRow] = ()  # of costs.csv, and those that adjust it
    manifest: Manifest | None = None  # as it was last adjusted; None: the day has no report
    savings: Mapping[str, Saving] = field(default_factory=dict)  # by model id
    differences: str | None = None  # what its reconciliation found; None: there was none

    @property
    def cost(self) -> Decimal:
        return cost_of(self.rows)

    def by_team(self) -> dict[str, Decimal]:
        return costs_by(self.rows, "team_id")


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """A month so far, beside the same days of the month before."""

    month: Month
    stage: str
    days: Sequence[DayFigures]  # every day that is over, in order
    before: Sequence[DayFigures] = ()  # of the last month, as many days, or all of a whole month
    tenants: Tenants = NO_TENANTS
    closed_at: str = ""  # empty while the books are open
    adjustments: int = 0

    @property
    def rows(self) -> Iterator[CostRow]:
        return (row for day in self.days for row in day.rows)

    @property
    def cost(self) -> Decimal:
        return cost_of(self.rows)

    @property
    def cost_before(self) -> Decimal | None:
        """What the same days of the last month cost; None where none of them was reported."""
        if not any(day.manifest for day in self.before):
            return None
        return cost_of(row for day in self.before for row in day.rows)

    @property
    def team_costs_before(self) -> Mapping[str, Decimal] | None:
        """What each team cost then; None where nobody knows."""
        if self.cost_before is None:
            return None
        return costs_by((row for day in self.before for row in day.rows), "team_id")

    @property
    def reported(self) -> int:
        return sum(day.manifest is not None for day in self.days)

    def amount(self, name: str) -> Decimal:
        """Return the sum of a column of costs.csv."""
        return summed(row.amounts for row in self.rows)[AMOUNTS.index(name)]

    def models(self) -> list[tuple[str, Amounts]]:
        """Return each model's sums, the dearest first."""
        return _dearest_first(self.rows, "model_id")

    def savings(self) -> dict[str, Saving]:
        """Return what caching saved, by model id."""
        found: dict[str, Saving] = {}
        for day in self.days:
            for model_id, saving in day.savings.items():
                found[model_id] = found.get(model_id, NO_SAVING) + saving
        return found

    def saved(self) -> Saving:
        return reduce(Saving.__add__, self.savings().values(), NO_SAVING)

    def lacking(self) -> "Lacking":
        return Lacking.of(self)


@dataclass(frozen=True, slots=True)
class Lacking:
    """What the month's total does not hold, or is not sure of."""

    unreported: tuple[date, ...]  # days without a report
    incomplete: tuple[date, ...]  # days whose report says that something is missing
    calls: Mapping[str, int]  # of calls or records, by what is the matter with them
    unpriced: tuple[tuple[str, str], ...]  # (model id, team id) of which something has no price
    idle: Decimal  # capacity that nobody used: in the total, and nobody's
    differences: tuple[str, ...]  # where AWS's own numbers are others
    unreconciled: int  # reported days that were not held against AWS's numbers

    @classmethod
    def of(cls, figures: MonthFigures) -> "Lacking":
        manifests = [(day.day, day.manifest) for day in figures.days]
        calls: Counter[str] = Counter()
        for _, manifest in manifests:
            if manifest:
                calls.update({name: getattr(manifest, name) for name in MATTERS})
        return cls(
            unreported=tuple(day for day, manifest in manifests if manifest is None),
            incomplete=tuple(day for day, made in manifests if made and not made.complete),
            calls={name: calls[name] for name in MATTERS},
            unpriced=tuple(sorted({(row.model_id, row.team_id) for row in _unpriced(figures)})),
            idle=cost_of(row for row in figures.rows if row.team_id == IDLE),
            differences=tuple(f"{d.day}: {d.differences}" for d in figures.days if d.differences),
            unreconciled=sum(bool(d.manifest) and d.differences is None for d in figures.days),
        )

    @property
    def nothing(self) -> bool:
        doubts = (self.unreported, self.incomplete, self.unpriced, self.differences)
        return not (any(doubts) or any(self.calls.values()))


MATTERS: Mapping[str, str] = {
    "unpriced": "calls of which something has no price: not in the total",
    "unknown": "calls that were sent and whose cost is not known: not in the total",
    "orphaned": "calls that began and left no end record: not in the total",
    "partial": "cut answers: in the total as far as the provider had reported",
    "lost": "records that are missing between others of the same process",
    "foreign": "records that the gateway did not write: not in the total",
}
"""What a manifest says of calls that the total does not hold, and in words."""


def cost_of(rows: Iterable[CostRow]) -> Decimal:
    return reduce(EXACT.add, (row.amounts[_TOTAL] for row in rows), _ZERO)


def costs_by(rows: Iterable[CostRow], name: str) -> dict[str, Decimal]:
    """Add up what rows cost by a column that says whose or what they are."""
    found: dict[str, Decimal] = {}
    for row in rows:
        key = getattr(row, name)
        found[key] = EXACT.add(found.get(key, _ZERO), row.amounts[_TOTAL])
    return found


def _dearest_first(rows: Iterable[CostRow], name: str) -> list[tuple[str, Amounts]]:
    grouped: dict[str, list[Amounts]] = {}
    for row in rows:
        grouped.setdefault(getattr(row, name), []).append(row.amounts)
    sums = [(key, summed(amounts)) for key, amounts in grouped.items()]
    return sorted(sums, key=lambda item: (-item[1][_TOTAL], item[0]))


def _unpriced(figures: MonthFigures) -> Iterator[CostRow]:
    for day in figures.days:
        last = {row.order: row for row in day.rows}  # what adjusts a row comes after it
        yield from (row for row in last.values() if row.status in ("UNPRICED", "PARTLY_PRICED"))
