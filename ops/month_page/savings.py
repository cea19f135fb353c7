"""What prompt caching saved: cached tokens at the price of plain input, less what they cost. Pure.

A cache read costs less than plain input, a cache write more, so the sum can be negative: prompts
were kept that nobody read again. Where one of the prices is not known, the tokens are left out,
and counted as such.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price import PriceKey
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.cells import KEY_FIELDS
from chalicelib.reporting.cost_rows import EXACT, read_columns
from chalicelib.reporting.groups import count_line

CACHED: Final = ("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")
_OF_PRICE: Final = ("model_id", "base_model", "region", "geo", "basis", "tier", "variant")
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Saving:
    """What caching did for one model; US dollars, exact."""

    read_tokens: int = 0
    written_tokens: int = 0
    saved: Decimal = _ZERO
    without_price: int = 0  # tokens of the above that are not in `saved`

    def __add__(self, other: "Saving") -> "Saving":
        return Saving(
            self.read_tokens + other.read_tokens,
            self.written_tokens + other.written_tokens,
            EXACT.add(self.saved, other.saved),
            self.without_price + other.without_price,
        )


NO_SAVING: Final = Saving()


def read_cached(chunks: Iterable[bytes]) -> list[CountLine]:
    """Read what was cached out of a counts.csv, added up: a line for each price, not for each team.

    Of a line no more is told than what selects its price, its model, and its cached tokens.
    """
    sums: dict[tuple[str, ...], Counter[str]] = {}
    for cells in read_columns(chunks, (*_OF_PRICE, *CACHED)):
        tokens = dict(
            zip(CACHED, (int(cell or 0) for cell in cells[len(_OF_PRICE) :]), strict=True)
        )
        if any(tokens.values()):
            sums.setdefault(tuple(cells[: len(_OF_PRICE)]), Counter()).update(tokens)
    nobody = dict.fromkeys(KEY_FIELDS, "")
    return [
        count_line(nobody | dict(zip(_OF_PRICE, key, strict=True)), tokens)
        for key, tokens in sums.items()
    ]


def savings(lines: Iterable[CountLine], book: PriceBook, day: date) -> Mapping[str, Saving]:
    """Return what a day's caching saved, by model id; models without any are left out."""
    by_model: dict[str, Saving] = {}
    for line in lines:
        if any(getattr(line.usage, unit) for unit in CACHED):
            by_model[line.model_id] = by_model.get(line.model_id, NO_SAVING) + _of(line, book, day)
    return MappingProxyType(by_model)


def _of(line: CountLine, book: PriceBook, day: date) -> Saving:
    saved, without_price = _ZERO, 0
    plain = _price(line, "input_tokens", book, day)
    for unit in CACHED:
        tokens = getattr(line.usage, unit)
        cached = _price(line, unit, book, day)
        if plain is None or cached is None:
            without_price += tokens
        else:
            saved = EXACT.add(saved, EXACT.multiply(plain - cached, Decimal(tokens)))
    written = line.usage.cache_write_tokens + line.usage.cache_write_1h_tokens
    return Saving(line.usage.cache_read_tokens, written, saved, without_price)


def _price(line: CountLine, unit: str, book: PriceBook, day: date) -> Decimal | None:
    key = PriceKey(
        line.base_model, line.region, line.geo, line.basis, line.tier, line.variant, unit
    )
    found = book.find(key, day)
    return found.usd_per_unit if found else None
