"""A price file: CSV rows, read with the reason for each that cannot be trusted, and written. Pure.

UTF-8, comma-separated, the header as in COLUMNS, one row a price.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib.pricing.price import BASES, TIERS, UNITS, Price, PriceKey

COLUMNS = (
    *("model", "region", "geo", "basis", "tier", "variant", "unit", "usd_per_unit"),
    *("effective_from", "effective_to", "source", "checked"),
)
_ALLOWED: Mapping[str, frozenset[str]] = {
    "basis": frozenset(BASES),
    "tier": frozenset(TIERS),
    "unit": frozenset(UNITS),
}

# 15 places hold every list price there is, per millisecond too; binary floats show from the 16th.
MOST_PLACES = 15
_AMOUNT = re.compile(r"\d{1,9}(\.\d{1,30})?([eE][-+]?\d{1,2})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be trusted, and where it stands: `prices.csv:17`."""

    where: str
    price: Price


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row, or the rest of a file, cannot be trusted."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


def read(name: str, content: bytes) -> Iterator[Row | Fault]:
    """Read a price file's rows in their order.

    A row with an unknown unit, basis or tier, an amount or date that is not exactly one, or an
    empty field is a Fault, and the next row is read. Where the header or the CSV itself is not to
    be read, that is the last Fault.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        yield Fault(f"{name}:{line}", "not UTF-8")
        return
    reader = csv.reader(text.splitlines(), strict=True)
    dates: dict[str, date] = {}  # a file has thousands of rows and a few dates
    try:
        if tuple(next(reader, ())) != COLUMNS:
            yield Fault(f"{name}:1", f"the header is not {','.join(COLUMNS)}")
            return
        for cells in reader:
            yield _row(f"{name}:{reader.line_num}", cells, dates)
    except csv.Error as error:
        yield Fault(f"{name}:{reader.line_num}", str(error))


def write(prices: Iterable[Price]) -> bytes:
    """Render a price file, sorted by key and day: the same prices, the same bytes.

    Read again, its rows are the same prices.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(
        (
            *price.key,
            plain(price.usd_per_unit),
            price.effective_from.isoformat(),
            price.effective_to.isoformat() if price.effective_to else "",
            price.source,
            price.checked.isoformat(),
        )
        for price in sorted(prices, key=lambda price: (price.key, price.effective_from))
    )
    return out.getvalue().encode()


def plain(amount: Decimal) -> str:
    """Render an amount exactly, without exponent or trailing zeros."""
    return f"{amount.normalize():f}"


def _row(where: str, cells: list[str], dates: dict[str, date]) -> Row | Fault:
    try:
        return Row(where, _price(cells, dates))
    except ValueError as error:
        return Fault(where, str(error))


def _price(cells: list[str], dates: dict[str, date]) -> Price:
    if len(cells) != len(COLUMNS):
        raise ValueError(f"{len(cells)} cells, not {len(COLUMNS)}")
    row = dict(zip(COLUMNS, cells, strict=True))
    for column, cell in row.items():
        if cell != cell.strip() or not (cell or column == "effective_to"):
            raise ValueError(f"{column} is empty or padded")
        if column in _ALLOWED and cell not in _ALLOWED[column]:
            raise ValueError(f"{column} {cell!r} is not known")
    begins, ends = row["effective_from"], row["effective_to"]
    price = Price(
        key=PriceKey(*cells[:7]),
        usd_per_unit=_amount(row["usd_per_unit"]),
        effective_from=_day(begins, dates),
        effective_to=_day(ends, dates) if ends else None,
        source=row["source"],
        checked=_day(row["checked"], dates),
    )
    if price.effective_to and price.effective_to < price.effective_from:
        raise ValueError(f"effective_to {ends} is before effective_from {begins}")
    return price


def _amount(text: str) -> Decimal:
    if not _AMOUNT.fullmatch(text):
        raise ValueError(f"usd_per_unit {text!r} is not an amount")
    amount = Decimal(text)
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -MOST_PLACES:
        raise ValueError(f"usd_per_unit {text!r} has more than {MOST_PLACES} decimal places")
    return amount


def _day(text: str, dates: dict[str, date]) -> date:
    if text not in dates:
        if not _DATE.fullmatch(text):
            raise ValueError(f"{text!r} is not a date, YYYY-MM-DD")
        dates[text] = date.fromisoformat(text)
    return dates[text]
