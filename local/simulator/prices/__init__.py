"""The provider's price list, written by hand: what this simulator would bill.

The source of every figure is named beside it. The list owes nothing to the gateway's own price
book, on purpose: two lists that agree prove more than one list read twice. Where no price is
public, or none can be trusted, there is none here, and the call has no bill.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Context, Decimal, Inexact
from typing import NamedTuple

from local.simulator.calls import Counts
from local.simulator.prices import media
from local.simulator.prices.text import (
    ELSEWHERE,
    LONG_PROMPT_TOKENS,
    OPTIMIZED,
    TEXT,
    TIERS,
    Card,
)

REGIONS = ("us-east-1", "us-east-2", "us-west-2")
"""Where everything but what `ELSEWHERE` names is offered, at one price."""

_EXACT = Context(prec=60, traps=[Inexact])
_MILLION, _THOUSAND, _ONE = Decimal(1_000_000), Decimal(1_000), Decimal(1)
_NO_CARD = Card()
_PROFILES = ("us.", "global.")


class Line(NamedTuple):
    """What one unit of a call costs: so many, at the price of some number of them, or at none."""

    unit: str  # a count's name; of a long prompt's tokens with LONG at its end
    quantity: int
    price: str | None
    per: Decimal

    @property
    def cost(self) -> Decimal | None:
        if self.price is None:
            return None
        return _EXACT.divide(_EXACT.multiply(self.quantity, Decimal(self.price)), self.per)


LONG = "/long"


def bill(
    model_id: str,
    region: str,
    tier: str,
    counts: Counts,
    price_classes: Sequence[str] = (),
    *,
    media_class: str = "",
    latency: str = "standard",
) -> Decimal | None:
    """Return what the call costs in US dollars, exactly, or None where a price is missing.

    What was not used costs nothing, whether it has a price or not.
    """
    return total(
        lines(
            model_id, region, tier, counts, price_classes, media_class=media_class, latency=latency
        )
    )


def lines(
    model_id: str,
    region: str,
    tier: str,
    counts: Counts,
    price_classes: Sequence[str] = (),
    *,
    media_class: str = "",
    latency: str = "standard",
) -> list[Line]:
    """Return what a call is billed for, unit by unit."""
    base = _base(model_id)
    found = [*_picture_lines(base, price_classes), *_media_lines(base, region, media_class, counts)]
    if region not in REGIONS or tier != "default":
        found = [line._replace(price=None) for line in found]
    found += _token_lines(_card(model_id, region, tier, latency), counts)
    found += _guardrail_lines(region, counts)
    return [line for line in found if line.quantity]


def items(billed: Sequence[Line]) -> dict[str, str]:
    """Return the cost of each unit, as the ledger holds it; nothing where a price is missing."""
    costs: dict[str, Decimal] = {}
    for line in billed:
        if line.cost is None:
            return {}
        costs[line.unit] = _EXACT.add(costs.get(line.unit, Decimal(0)), line.cost)
    return {unit: f"{cost.normalize():f}" for unit, cost in costs.items()}


def bill_guardrail(region: str, counts: Counts) -> Decimal | None:
    """Return what the guardrail alone costs: of a call to capacity that is paid for by the hour."""
    return total(_guardrail_lines(region, counts))


def as_text(cost: Decimal | None) -> str | None:
    """Return a cost as the ledger holds it."""
    return None if cost is None else f"{cost.normalize():f}"


def total(billed: Iterable[Line]) -> Decimal | None:
    """Add up what was used; None where a price of it is missing."""
    cost = Decimal(0)
    for line in billed:
        if not line.quantity:
            continue
        if line.cost is None:
            return None
        cost = _EXACT.add(cost, line.cost)
    return cost


def _card(model_id: str, region: str, tier: str, latency: str) -> Card:
    if latency == "optimized":
        return OPTIMIZED.get(model_id, _NO_CARD) if tier == "default" else _NO_CARD
    if region not in REGIONS:
        listed = ELSEWHERE.get(region, {}) if tier == "default" else {}
        return listed.get(model_id, _NO_CARD)
    known = TEXT.get(model_id) if tier == "default" else TIERS.get((model_id, tier))
    return known or _NO_CARD


def _token_lines(card: Card, counts: Counts) -> Iterator[Line]:
    read, written = counts.cache_read_tokens, counts.cache_write_tokens
    prompt = counts.input_tokens + read + written + counts.cache_write_1h_tokens
    long = ""
    if card.above_200k and prompt > LONG_PROMPT_TOKENS:
        card, long = card.above_200k, LONG
    for unit, price in (
        ("input_tokens", card.input),
        ("output_tokens", card.output),
        ("cache_read_tokens", card.cache_read),
        ("cache_write_tokens", card.cache_write),
        ("cache_write_1h_tokens", card.cache_write_1h),
    ):
        yield Line(unit + long, getattr(counts, unit), price, _MILLION)


def _media_lines(base: str, region: str, media_class: str, counts: Counts) -> Iterator[Line]:
    offered = region in media.VIDEO_REGIONS.get(base, REGIONS)
    made = media.VIDEO_SECONDS.get((base, media_class)) if offered else None
    read = media.INPUT_PICTURES.get((base, media_class))
    for unit, price, per in (
        ("video_ms", made, _THOUSAND),
        ("input_video_ms", media.INPUT_VIDEO_SECONDS.get(base), _THOUSAND),
        ("input_audio_ms", media.INPUT_AUDIO_SECONDS.get(base), _THOUSAND),
        ("input_images", read, _ONE),
        ("queries", media.QUERIES.get(base), _ONE),
    ):
        yield Line(unit, getattr(counts, unit), price, per)


def _picture_lines(base: str, price_classes: Sequence[str]) -> Iterator[Line]:
    for each in price_classes:
        yield Line("images", 1, media.PICTURES.get((base, each)), _ONE)


def _guardrail_lines(region: str, counts: Counts) -> Iterator[Line]:
    for name, price in media.GUARDRAIL_UNITS.items():
        yield Line(name, getattr(counts, name), price if region in REGIONS else None, _ONE)


def _base(model_id: str) -> str:
    """Return the model behind a profile: media costs the same through each of them."""
    prefix = next((prefix for prefix in _PROFILES if model_id.startswith(prefix)), "")
    return model_id.removeprefix(prefix)
