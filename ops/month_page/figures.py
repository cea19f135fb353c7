"""What a month's page shows, as numbers. Pure.

Amounts are those of the days' costs.csv, and of the adjustments where the month is closed: nothing
is priced here, and nothing is estimated.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Final

from chalicelib.pricing.capacity import IDLE
from chalicelib.reporting.cost_rows import AMOUNTS, EXACT, Amounts, CostRow, plus
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.months.sums import TeamSums
from chalicelib.reporting.tenant_tree import NO_TENANTS, Tenants
from ops.month_page.savings import NO_SAVING, Saving

_ZERO: Final = Decimal(0)
_TOTAL: Final = AMOUNTS.index("total_cost")
_WITHOUT_PRICE: Final = frozenset({"UNPRICED", "PARTLY_PRICED"})


@dataclass(frozen=True, slots=True)
class DayCosts:
    """What each team cost on a day, exactly, as lines of text.

    A month has one for each of its days and, maybe, 30,000 teams: as Decimals they take five times
    as much memory, and of few teams anything is asked.
    """

    total: Decimal = _ZERO
    lines: str = "\n"  # `team,cost`, each between line ends

    @classmethod
    def of(cls, costs: Mapping[str, Decimal]) -> "DayCosts":
        lines = "".join(f"\n{team},{cost}" for team, cost in costs.items())
        return cls(reduce(EXACT.add, costs.values(), _ZERO), f"{lines}\n")

    def of_team(self, team: str) -> Decimal:
        begins = f"\n{team},"
        at = self.lines.find(begins)
        if at < 0:
            return _ZERO
        at += len(begins)
        return Decimal(self.lines[at : self.lines.index("\n", at)])


@dataclass(frozen=True, slots=True)
class DayFigures:
    """A day of the month that has been reported, or is not."""

    day: date
    costs: DayCosts = field(default_factory=DayCosts)  # with what adjusts them
    manifest: Manifest | None = None  # as it was last adjusted; None: the day has no report
    savings: Mapping[str, Saving] = field(default_factory=dict)  # by model id
    differences: str | None = None  # what its reconciliation found; None: there was none


@dataclass(slots=True)
class MonthSums:
    """What a month's rows add up to, as they pass: it grows with teams and models alone."""

    teams: TeamSums = field(default_factory=TeamSums)
    models: dict[str, Amounts] = field(default_factory=dict)
    unpriced: set[tuple[str, str]] = field(default_factory=set)  # (model id, team id)
    adjustments: int = 0

    def add_day(self, rows: Iterable[CostRow], adjusting: Iterable[CostRow]) -> DayCosts:
        """Add a day's rows, and those that adjust it, in the order in which they were booked."""
        costs: dict[str, Decimal] = {}
        status: dict[tuple[str, ...], str] = {}  # of the rows that were adjusted
        for row in adjusting:
            status[row.identity] = row.status
            self.adjustments += 1
            self._add(row, costs)
        for row in rows:
            if row.status in _WITHOUT_PRICE and row.identity not in status:
                self.unpriced.add((row.model_id, row.team_id))
            self._add(row, costs)
        for (_, team_id, _, model_id), said in status.items():
            if said in _WITHOUT_PRICE:
                self.unpriced.add((model_id, team_id))
        return DayCosts.of(costs)

    def _add(self, row: CostRow, costs: dict[str, Decimal]) -> None:
        self.teams.add(row)
        before = self.models.get(row.model_id)
        self.models[row.model_id] = plus(before, row.amounts) if before else row.amounts
        costs[row.team_id] = EXACT.add(costs.get(row.team_id, _ZERO), row.amounts[_TOTAL])


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """A month so far, beside the same days of the month before."""

    month: Month
    stage: str
    days: Sequence[DayFigures]  # every day that is over, in order
    sums: MonthSums = field(default_factory=MonthSums)  # of all of them
    team_costs_before: Mapping[str, Decimal] | None = None
    """What each team cost in as many days of the last month, or all of a whole one; None where
    none of them was reported."""
    tenants: Tenants = NO_TENANTS
    closed_at: str = ""  # empty while the books are open
    files: str = ""  # where every team is: the tree of a closed month, or the days' costs

    @property
    def cost(self) -> Decimal:
        return self.amount("total_cost")

    @property
    def cost_before(self) -> Decimal | None:
        if self.team_costs_before is None:
            return None
        return reduce(EXACT.add, self.team_costs_before.values(), _ZERO)

    @property
    def team_costs(self) -> dict[str, Decimal]:
        return {team: amounts[_TOTAL] for team, amounts in self.sums.teams.teams.items()}

    @property
    def reported(self) -> int:
        return sum(day.manifest is not None for day in self.days)

    @property
    def adjustments(self) -> int:
        return self.sums.adjustments

    def amount(self, name: str) -> Decimal:
        """Return the sum of a column of costs.csv."""
        place = AMOUNTS.index(name)
        return reduce(EXACT.add, (each[place] for each in self.sums.models.values()), _ZERO)

    def models(self) -> list[tuple[str, Amounts]]:
        """Return each model's sums, the dearest first."""
        return sorted(self.sums.models.items(), key=lambda item: (-item[1][_TOTAL], item[0]))

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
            unpriced=tuple(sorted(figures.sums.unpriced)),
            idle=figures.team_costs.get(IDLE, _ZERO),
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
