"""What changed between two price books, or between two reports of costs, and why. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib.catalog import GEOS
from chalicelib.pricing.costs import COST_COLUMNS, CSV_COLUMNS
from chalicelib.pricing.price import Price, PriceKey
from chalicelib.pricing.price_book import PriceBook
from chalicelib.pricing.price_file import COLUMNS, plain
from chalicelib.pricing.quote import quote

RowId = tuple[str, str, str, str]
"""(date, team_id, service, model_id): one line of costs.csv."""

_CONTEXT_SIZE = re.compile(r":[0-9]+k$")  # anthropic.claude-3-sonnet-20240229-v1:0:200k
Books = tuple[PriceBook, PriceBook]
"""The prices before and after."""

IDENTITY = ("date", "team_id", "service", "model_id")
COUNTS = tuple(
    name
    for name in CSV_COLUMNS[len(IDENTITY) :]
    if name not in (*COST_COLUMNS, "total_cost", "currency", "status", "price_version")
)


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A price that one book has otherwise than the other. None: it has no such row."""

    key: PriceKey
    before: Price | None
    after: Price | None

    def __str__(self) -> str:
        return f"{' '.join(self.key)}: {_told(self.before)} -> {_told(self.after)}"


@dataclass(frozen=True, slots=True)
class Move:
    """A line of costs.csv that is not as it was. None: it was, or is, not there."""

    row: RowId
    before: Mapping[str, str] | None
    after: Mapping[str, str] | None
    reasons: tuple[str, ...]

    @property
    def moved(self) -> Decimal:
        """US dollars; an empty cell, a price that nobody knows, counts as 0."""
        return _dollars(self.after) - _dollars(self.before)

    def __str__(self) -> str:
        cells = [each["total_cost"] or "no price" if each else "no line" for each in self.sides]
        head = f"{' '.join(self.row)}: {cells[0]} -> {cells[1]} ({self.moved:+f})"
        return "\n".join((head, *(f"    {reason}" for reason in self.reasons)))

    @property
    def sides(self) -> tuple[Mapping[str, str] | None, Mapping[str, str] | None]:
        return self.before, self.after


def is_price_book(content: bytes) -> bool:
    return _header(content) == COLUMNS


def is_report(content: bytes) -> bool:
    return _header(content)[: len(IDENTITY)] == IDENTITY


def _header(content: bytes) -> tuple[str, ...]:
    return tuple(content.split(b"\n", 1)[0].decode("utf-8", "replace").strip().split(","))


def changed_prices(before: PriceBook, after: PriceBook) -> list[PriceChange]:
    """Compare two books row by row. Sources and the days of checking are upkeep, no change."""
    old, new = _by_period(before), _by_period(after)
    return [
        PriceChange(period[0], old.get(period), new.get(period))
        for period in sorted(old.keys() | new.keys())
        if _told(old.get(period)) != _told(new.get(period))
    ]


def changed_on(day: date, before: PriceBook, after: PriceBook) -> list[PriceChange]:
    """Compare what two books say of one day, as far as a bill of that day depends on it."""
    old = {price.key: price for price in before.in_force(day)}
    new = {price.key: price for price in after.in_force(day)}
    return [
        PriceChange(key, old.get(key), new.get(key))
        for key in sorted(old.keys() | new.keys())
        if _billed(old.get(key)) != _billed(new.get(key))
    ]


def _by_period(book: PriceBook) -> dict[tuple[PriceKey, date], Price]:
    return {(price.key, price.effective_from): price for price in book}


def _billed(price: Price | None) -> tuple[Decimal, date] | None:
    return (price.usd_per_unit, price.effective_from) if price else None


def _told(price: Price | None) -> str:
    if price is None:
        return "no row"
    quoted = quote(price)
    until = f" to {price.effective_to}" if price.effective_to else ""
    return f"{plain(quoted.usd)} per {quoted.per} from {price.effective_from}{until}"


def moves(before: bytes, after: bytes, books: Books | None = None) -> list[Move]:
    """Compare two costs.csv line by line, and say why each line moved.

    `books` are the prices of the two: whole books, or the rows that were kept with each report.
    Raises ValueError where a file is no costs.csv.
    """
    old, new = _lines(before), _lines(after)
    rows = [row for row in sorted(old.keys() | new.keys()) if old.get(row) != new.get(row)]
    days = {row[0] for row in rows}
    changed = {day: changed_on(date.fromisoformat(day), *books) for day in days} if books else {}
    return [
        Move(
            row,
            old.get(row),
            new.get(row),
            tuple(_reasons(old.get(row), new.get(row), changed.get(row[0], []))),
        )
        for row in rows
    ]


def _lines(content: bytes) -> dict[RowId, dict[str, str]]:
    if not is_report(content):
        raise ValueError("this is no costs.csv: its header is another")
    rows = csv.DictReader(io.StringIO(content.decode("utf-8")), strict=True)
    return {(r["date"], r["team_id"], r["service"], r["model_id"]): r for r in rows}


def _reasons(
    before: Mapping[str, str] | None,
    after: Mapping[str, str] | None,
    prices: Iterable[PriceChange],
) -> Iterator[str]:
    if before is None or after is None:
        yield "the line is new" if before is None else "the line is gone"
        return
    for name in COUNTS:
        if before.get(name) != after.get(name):
            yield f"count {name}: {before.get(name)} -> {after.get(name)}"
    if before["price_version"] != after["price_version"]:
        rows = [str(change) for change in prices if _prices(change.key, before["model_id"])]
        unknown = f"prices: {before['price_version']} -> {after['price_version']}"
        yield from (f"price {row}" for row in rows) if rows else (unknown,)
    if before["status"] != after["status"]:
        yield f"status: {before['status']} -> {after['status']}"


def _prices(key: PriceKey, model_id: str) -> bool:
    """Say whether a row can price a line: a geo's profile by its rows, an id by those of none.

    A context size at an id's end sets no price. What an opaque ARN runs is not known here.
    """
    geo, _, unprefixed = model_id.partition(".")
    geo, base = (geo, unprefixed) if geo in GEOS else ("none", model_id)
    return key.geo == geo and key.model in (base, _CONTEXT_SIZE.sub("", base))


def _dollars(line: Mapping[str, str] | None) -> Decimal:
    return Decimal(line["total_cost"] or 0) if line else Decimal(0)


def told(moved: Sequence[Move]) -> str:
    """Sum up moves in a line: `2 lines, +0.0000003 USD in all`."""
    total = sum((move.moved for move in moved), Decimal(0))
    number = "1 line" if len(moved) == 1 else f"{len(moved) or 'no'} lines"
    return f"{number}, {total:+f} USD in all" if moved else number
