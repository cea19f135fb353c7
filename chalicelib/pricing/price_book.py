"""The price book: what one unit cost, by everything that selects a price, on a given day. Pure.

A look-up is exact. There are no multipliers, no defaults and no nearest match: what has no row has
no price, and the report says so.
"""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, Self

from chalicelib.metering.usage import COUNTERS

PRICES_CSV = Path(__file__).with_name("prices.csv")
EVERYWHERE = "*"
"""The region of a row whose source proves one price for all regions."""

UNITS: tuple[str, ...] = (*COUNTERS, "request", "instance_hour", "model_unit_hour")
BASES = ("on_demand", "provisioned", "custom", "imported", "endpoint", "marketplace")
TIERS = ("default", "flex", "priority", "reserved")  # Bedrock's service tiers, as served
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
_MOST_PLACES = 15
_AMOUNT = re.compile(r"\d{1,9}(\.\d{1,30})?([eE][-+]?\d{1,2})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class PriceBookError(ValueError):
    """A price file cannot be trusted; the message begins with its name and line."""


class PriceKey(NamedTuple):
    """What selects a price. `none` where a field does not apply; never empty."""

    model: str  # a record's base_model; an endpoint's name; `guardrails`
    region: str  # the region called, or EVERYWHERE
    geo: str  # none | us | eu | apac | … | global
    basis: str
    tier: str
    variant: str  # the billed class, as metering names it
    unit: str


@dataclass(frozen=True, slots=True)
class Price:
    """One row of a price file: US dollars for one unit, between two days that both count."""

    key: PriceKey
    usd_per_unit: Decimal
    effective_from: date
    effective_to: date | None  # the last day in force; None: not known to end
    source: str
    checked: date

    def in_force(self, day: date) -> bool:
        return self.effective_from <= day <= (self.effective_to or date.max)


class PriceBook:
    """Prices by key. Build it with `load` or `read`."""

    def __init__(self, prices: Mapping[PriceKey, tuple[Price, ...]], sha256: str) -> None:
        self._prices = prices
        self.sha256 = sha256
        """Of the files' bytes, one after the other; with no extra file, that of prices.csv."""

    @classmethod
    def load(cls, extra: Path | None = None) -> Self:
        """Read the list prices, and the operator's own file (an endpoint's rows, say) if given."""
        return cls.read(PRICES_CSV, *([extra] if extra else []))

    @classmethod
    def read(cls, *sources: Path | str) -> Self:
        """Read price files, or their text.

        Raises PriceBookError at the first row that cannot be trusted: an unknown unit, basis or
        tier, an amount or date that is not exactly one, an empty field, or two rows of one key in
        force on one day.
        """
        digest = hashlib.sha256()
        prices: dict[PriceKey, tuple[Price, ...]] = {}
        for number, source in enumerate(sources, 1):
            name = source.name if isinstance(source, Path) else f"text {number}"
            content = source.read_bytes() if isinstance(source, Path) else source.encode()
            digest.update(content)
            for where, price in _rows(name, content.decode("utf-8")):
                others = prices.get(price.key, ())
                if any(_overlap(price, other) for other in others):
                    raise PriceBookError(f"{where}: a second price on one day for {price.key}")
                prices[price.key] = (*others, price)
        return cls(prices, digest.hexdigest())

    def find(self, key: PriceKey, day: date) -> Price | None:
        """Return the row in force on that day: the region's own, else the one for everywhere."""
        for candidate in (key, key._replace(region=EVERYWHERE)):
            for price in self._prices.get(candidate, ()):
                if price.in_force(day):
                    return price
        return None

    def __iter__(self) -> Iterator[Price]:
        return (price for prices in self._prices.values() for price in prices)

    def __len__(self) -> int:
        return sum(map(len, self._prices.values()))


def version_of(prices: Iterable[Price]) -> str:
    """Return a short name for a set of prices; `none` for the empty set.

    It takes in what a bill depends on, not when a row was checked or came to end: the same bill
    rated again later has the same version. It begins with a letter, lest a spreadsheet read
    digits or an exponent.
    """
    lines = sorted(
        "|".join((*price.key, f"{price.usd_per_unit.normalize():f}", str(price.effective_from)))
        for price in prices
    )
    return "p" + hashlib.sha256("\n".join(lines).encode()).hexdigest()[:11] if lines else "none"


def _overlap(one: Price, other: Price) -> bool:
    return one.in_force(other.effective_from) or other.in_force(one.effective_from)


def _rows(name: str, text: str) -> Iterator[tuple[str, Price]]:
    reader = csv.reader(text.splitlines(), strict=True)
    dates: dict[str, date] = {}  # a file has thousands of rows and a few dates
    try:
        if tuple(next(reader, ())) != COLUMNS:
            raise ValueError(f"the header is not {','.join(COLUMNS)}")
        for cells in reader:
            yield f"{name}:{reader.line_num}", _price(cells, dates)
    except (ValueError, csv.Error) as error:
        raise PriceBookError(f"{name}:{reader.line_num}: {error}") from error


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
    if not isinstance(exponent, int) or exponent < -_MOST_PLACES:
        raise ValueError(f"usd_per_unit {text!r} has more than {_MOST_PLACES} decimal places")
    return amount


def _day(text: str, dates: dict[str, date]) -> date:
    if text not in dates:
        if not _DATE.fullmatch(text):
            raise ValueError(f"{text!r} is not a date, YYYY-MM-DD")
        dates[text] = date.fromisoformat(text)
    return dates[text]
