"""What the calls cost at most, by the price list. Pure."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from chalicelib.pricing.price_book import PriceBook
from ops.directory import Refused
from ops.verify.calls import Call, base_of, geo_of

PROMPT: Final = ("input_tokens", "cache_read_tokens", "cache_write_tokens")
"""A token of a prompt is one of these."""


class ListPrices:
    """The dearest price of each unit of a model in a region, whatever the variant, on a day."""

    def __init__(self, book: PriceBook, region: str, day: date) -> None:
        self._dearest: dict[tuple[str, str, str], Decimal] = {}
        for price in book.in_force(day):
            key = price.key
            if key.region in (region, "*") and (key.basis, key.tier) == ("on_demand", "default"):
                unit = key.model, key.geo, key.unit
                self._dearest[unit] = max(price.usd_per_unit, self._dearest.get(unit, Decimal(0)))

    def of(self, model: str, unit: str) -> Decimal | None:
        return self._dearest.get((base_of(model), geo_of(model), unit))

    def has(self, model: str, *units: str) -> bool:
        return all(self.of(model, unit) is not None for unit in units)


def at_most(calls: Iterable[Call], prices: ListPrices) -> Decimal:
    """Return the most that the calls can cost. Raises Refused where one has no price."""
    return sum((_call(call, prices) for call in calls), Decimal(0))


def _call(call: Call, prices: ListPrices) -> Decimal:
    if call.images:
        return call.images * _required(prices, call.model, "images")
    _required(prices, call.model, "input_tokens")
    prompt = max(price for unit in PROMPT if (price := prices.of(call.model, unit)) is not None)
    cost = prompt * call.most_input
    if call.most_output:
        cost += call.most_output * _required(prices, call.model, "output_tokens")
    return cost


def _required(prices: ListPrices, model: str, unit: str) -> Decimal:
    price = prices.of(model, unit)
    if price is None:
        raise Refused(f"the price book has no {unit} of {model} here: name another model")
    return price
