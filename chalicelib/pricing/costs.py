"""Costs: a day's counts times the prices in force on that day, in exact Decimal. Pure.

Nothing is rounded but the cells of a CostLine, once each, half-even, to 12 places.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation
from functools import reduce
from itertools import chain
from types import MappingProxyType
from typing import Any, Final, Literal, Self, get_args

from chalicelib.metering.usage import NO_USAGE
from chalicelib.pricing.capacity import NO_SHARES, Share, Shares
from chalicelib.pricing.charges import Charge, CostColumn, charges
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price import Price, PriceKey
from chalicelib.pricing.price_book import PriceBook, version_of

Status = Literal["PRICED", "PARTLY_PRICED", "UNPRICED", "INCOMPLETE"]
RowKey = tuple[str, str, str]
"""(team_id, service, model_id): one row of the day's costs.csv."""

COST_COLUMNS: tuple[CostColumn, ...] = get_args(CostColumn)
ENDS_UNKNOWN = frozenset({"partial", "none"})
"""Sources of usage that may not be all that was used: their rows are INCOMPLETE."""

_EXACT = Context(prec=80, traps=[Inexact, InvalidOperation, DivisionByZero])
_ROUNDED = Context(prec=80, rounding=ROUND_HALF_EVEN)
_PICO = Decimal("1e-12")
_ZERO = Decimal(0)
_NO_ORPHANS: Mapping[RowKey, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class CostLine:
    """One row of costs.csv, its columns in order. Costs in US dollars; None is an empty cell.

    A cost cell is 0 where nothing of its kind was used, empty where something was and none of it
    has a price, and otherwise what the priced part costs. `total_cost` is the sum of the written
    cells, and empty where something was used and nothing of it has a price: a row of unknown
    price never reads as free.
    """

    date: str
    team_id: str
    service: str
    model_id: str
    invocations: int  # provider calls that may be billed; an asynchronous job's when it settles
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int  # kept 5 minutes and 1 hour
    images: int  # made, not read
    seconds: str  # of media made or read, as exact decimal text
    queries: int
    input_cost: Decimal | None
    output_cost: Decimal | None
    cache_cost: Decimal | None
    image_cost: Decimal | None
    capacity_cost: Decimal | None
    other_cost: Decimal | None
    total_cost: Decimal | None
    currency: str
    status: Status
    price_version: str

    def cells(self) -> tuple[str, ...]:
        """Render the row as text: plain decimals without exponent or trailing zeros."""
        return tuple(_text(getattr(self, column)) for column in CSV_COLUMNS)

    @classmethod
    def read(cls, cells: Sequence[str]) -> Self:
        """Read the row that `cells` rendered."""
        values = [read(cell) for read, cell in zip(_READ, cells, strict=True)]
        return cls(*values)


CSV_COLUMNS: tuple[str, ...] = tuple(each.name for each in fields(CostLine))


def _cost(cell: str) -> Decimal | None:
    return Decimal(cell) if cell else None


def _reader(kind: object) -> Callable[[str], Any]:
    if kind is int:
        return int
    return _cost if kind == Decimal | None else str


_READ: Final = tuple(_reader(each.type) for each in fields(CostLine))
"""How each cell of a row becomes its value."""


def rate(
    lines: Iterable[CountLine],
    book: PriceBook,
    day: date,
    orphaned: Mapping[RowKey, int] = _NO_ORPHANS,
    shares: Shares = NO_SHARES,
) -> list[CostLine]:
    """Return what `cost_lines` yields."""
    return list(cost_lines(lines, book, day, orphaned, shares))


def cost_lines(
    lines: Iterable[CountLine],
    book: PriceBook,
    day: date,
    orphaned: Mapping[RowKey, int] = _NO_ORPHANS,
    shares: Shares = NO_SHARES,
) -> Iterator[CostLine]:
    """Price a day's counts in one pass: a CostLine per team, service and model, sorted.

    `orphaned` is how many calls of a row began and left no end record, and `shares` is who bears
    the hours of capacity. Status, worst last: PRICED, PARTLY_PRICED (some of what was used has no
    price), UNPRICED (none of it has), INCOMPLETE (partial, unknown or orphaned calls, hours without
    a sample). A row where nothing was used, such as one of failed calls, is PRICED at 0.
    """
    of_teams: dict[str, list[_Part]] = defaultdict(list)
    without_end = (key for key, calls in orphaned.items() if calls)
    parts: Iterable[_Part] = chain(lines, shares.shares, without_end)
    for part in parts:
        of_teams[part[0] if isinstance(part, tuple) else part.team_id].append(part)
    for team_id in sorted(of_teams):  # a team at a time: its tallies are larger than its lines
        yield from _of_team(of_teams.pop(team_id), book, day, shares)


_Part = CountLine | Share | RowKey
"""What a cost line is made of: counts, a share of capacity, and that a call is orphaned."""


def _of_team(parts: Iterable[_Part], book: PriceBook, day: date, shares: Shares) -> list[CostLine]:
    tallies: dict[RowKey, _Tally] = defaultdict(_Tally)
    for part in parts:
        match part:
            case CountLine():
                key = (part.team_id, part.service, part.model_id)
                tallies[key].add(part, charges(part, book, day, shares.resources))
            case Share():
                resource = part.resource
                tallies[part.team_id, resource.service, resource.model_id].bear(part)
            case key:
                tallies[key].incomplete = True
    by_model = sorted(tallies, key=lambda key: (key[2], key[1]))
    return [tallies[key].cost_line(day, key) for key in by_model]


@dataclass(slots=True)
class _Tally:
    """The running sums of one CostLine."""

    invocations: int = 0
    usage: dict[str, int] = field(default_factory=NO_USAGE.as_dict)
    costs: dict[CostColumn, Decimal] = field(default_factory=dict)
    unpriced: set[CostColumn] = field(default_factory=set)
    prices: dict[PriceKey, Price] = field(default_factory=dict)
    incomplete: bool = False

    def add(self, line: CountLine, charges: tuple[Charge, ...]) -> None:
        if line.usage_source == "deferred":
            return
        self.invocations += line.n_usage
        self.incomplete |= bool(line.n_usage) and line.usage_source in ENDS_UNKNOWN
        for unit, amount in line.usage.as_dict().items():
            self.usage[unit] += amount
        for charge in charges:
            if charge.price is None or charge.cost is None:
                self.unpriced.add(charge.column)
                continue
            self.prices[charge.price.key] = charge.price
            self._cost(charge.column, charge.cost)

    def bear(self, share: Share) -> None:
        self.incomplete |= share.incomplete
        if share.unpriced:
            self.unpriced.add("capacity_cost")
        if share.cost is not None:
            self.prices.update((price.key, price) for price in share.prices)
            self._cost("capacity_cost", share.cost)

    def _cost(self, column: CostColumn, cost: Decimal) -> None:
        self.costs[column] = _EXACT.add(self.costs.get(column, _ZERO), cost)

    def cost_line(self, day: date, key: RowKey) -> CostLine:
        usage = self.usage
        cells = {column: self._cell(column) for column in COST_COLUMNS}
        return CostLine(
            day.isoformat(),
            *key,
            invocations=self.invocations,
            input_tokens=usage["input_tokens"],
            output_tokens=usage["output_tokens"],
            cache_read_tokens=usage["cache_read_tokens"],
            cache_write_tokens=usage["cache_write_tokens"] + usage["cache_write_1h_tokens"],
            images=usage["images"],
            seconds=_seconds(usage["video_ms"] + usage["input_video_ms"] + usage["input_audio_ms"]),
            queries=usage["queries"],
            input_cost=cells["input_cost"],
            output_cost=cells["output_cost"],
            cache_cost=cells["cache_cost"],
            image_cost=cells["image_cost"],
            capacity_cost=cells["capacity_cost"],
            other_cost=cells["other_cost"],
            total_cost=self._total(cells.values()),
            currency="USD",
            status=self._status(),
            price_version=version_of(self.prices.values()),
        )

    def _cell(self, column: CostColumn) -> Decimal | None:
        if column not in self.costs:
            return None if column in self.unpriced else _ZERO
        return self.costs[column].quantize(_PICO, context=_ROUNDED)

    def _total(self, cells: Iterable[Decimal | None]) -> Decimal | None:
        if self.unpriced and not self.costs:
            return None
        return reduce(_EXACT.add, filter(None, cells), _ZERO)

    def _status(self) -> Status:
        if self.incomplete:
            return "INCOMPLETE"
        if not self.unpriced:
            return "PRICED"
        return "PARTLY_PRICED" if self.costs else "UNPRICED"


def _seconds(milliseconds: int) -> str:
    return _text(Decimal(milliseconds).scaleb(-3, context=_EXACT))


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value.normalize(_EXACT):f}" if isinstance(value, Decimal) else str(value)
