"""What a common gateway's rule would have billed for the same calls.

The rule: tokens = characters / 4, prompt caches unknown, one price for an image request whatever
its size, quality or number; here the model's cheapest picture, a common default.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib.pricing.price import PriceKey
from chalicelib.pricing.price_book import PriceBook
from local.proof.evidence import GatewayCall, ProviderEntry
from local.proof.verdicts import ZERO, Verdict

CHARACTERS_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Bill:
    """US dollars by the rule, and by the provider."""

    guessed: Decimal = ZERO
    true: Decimal = ZERO

    @property
    def percent_off(self) -> Decimal:
        return (self.guessed / self.true - 1) * 100 if self.true else ZERO

    def plus(self, guessed: Decimal, true: Decimal) -> "Bill":
        return Bill(self.guessed + guessed, self.true + true)


def bills(verdicts: Iterable[Verdict], book: PriceBook) -> Mapping[str, Bill]:
    """Bill every call that has a list price by the rule; by team."""
    by_team: dict[str, Bill] = {}
    for verdict in verdicts:
        if verdict.list_price is None or verdict.call is None or verdict.entry is None:
            continue
        team = verdict.call.row[1]
        guessed = _guess(verdict.call, verdict.entry, book)
        by_team[team] = by_team.get(team, Bill()).plus(guessed, verdict.list_price)
    return dict(sorted(by_team.items()))


def total(by_team: Mapping[str, Bill]) -> Bill:
    whole = Bill()
    for bill in by_team.values():
        whole = whole.plus(bill.guessed, bill.true)
    return whole


def _guess(call: GatewayCall, entry: ProviderEntry, book: PriceBook) -> Decimal:
    if call.usage.images:
        return _cheapest_picture(call, book)
    read, written = entry.characters
    return sum(
        (
            characters // CHARACTERS_A_TOKEN * _price(call, book, unit)
            for unit, characters in (("input_tokens", read), ("output_tokens", written))
        ),
        ZERO,
    )


def _price(call: GatewayCall, book: PriceBook, unit: str) -> Decimal:
    record = call.record
    key = PriceKey(
        model=record["base_model"],
        region=record["region"],
        geo=record["geo"],
        basis=record["basis"],
        tier=record["tier"],
        variant="none",
        unit=unit,
    )
    price = book.find(key, date.fromisoformat(record["day"]))
    return price.usd_per_unit if price else ZERO


def _cheapest_picture(call: GatewayCall, book: PriceBook) -> Decimal:
    model = call.record["base_model"]
    return min(
        price.usd_per_unit
        for price in book
        if price.key.model == model and price.key.unit == "images"
    )
