"""Dearest: the most that a unit of a model cost on a day, by the price rows kept with it.

What a direct call used nobody knows, so what could be hidden is priced at the dearest of the rows
that priced our own calls of that model: tiers, geographies and variants among them. A guardrail has
one price, whatever it went with.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Final

from chalicelib.pricing.charges import price_key
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reconciliation.kept_day import KeptDay
from chalicelib.reconciliation.made import Scope, scope_of

_BILLED_AS: Final = {"cache_write_tokens": ("cache_write_tokens", "cache_write_1h_tokens")}
"""What one of AWS's counters adds up."""


def dearest(kept: KeptDay, book: Callable[[], PriceBook]) -> Callable[[Scope, str], Decimal | None]:
    """Return what looks a price up; the book is read when the first one is asked for."""
    read = cache(book)

    def price_of(scope: Scope, unit: str) -> Decimal | None:
        keys = {
            price_key(line, each)
            for line in kept.lines
            if scope_of(line) == scope or unit.startswith("guardrail_")
            for each in _BILLED_AS.get(unit, (unit,))
        }
        found = (read().find(key, kept.day) for key in keys)
        return max((price.usd_per_unit for price in found if price), default=None)

    return price_of
