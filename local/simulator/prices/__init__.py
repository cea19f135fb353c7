"""The provider's price list, written by hand: what this simulator would bill.

The source of every figure is named beside it. The list owes nothing to the gateway's own price
book, on purpose: two lists that agree prove more than one list read twice. Where no price is
public, or none can be trusted, there is none here, and the call has no bill.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Context, Decimal, Inexact

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
_MILLION, _THOUSAND = Decimal(1_000_000), Decimal(1_000)
_NO_CARD = Card()
_PROFILES = ("us.", "global.")

Line = tuple[int, str | None, Decimal]
"""A quantity, the price of some number of them or None, and that number."""


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
    base = _base(model_id)
    lines = [*_picture_lines(base, price_classes), *_media_lines(base, region, media_class, counts)]
    if region not in REGIONS or tier != "default":
        lines = [(quantity, None, per) for quantity, _price, per in lines]
    lines += _token_lines(_card(model_id, region, tier, latency), counts)
    lines += _guardrail_lines(region, counts)
    return _total(lines)


def bill_guardrail(region: str, counts: Counts) -> Decimal | None:
    """Return what the guardrail alone costs: of a call to capacity that is paid for by the hour."""
    return _total(_guardrail_lines(region, counts))


def as_text(cost: Decimal | None) -> str | None:
    """Return a cost as the ledger holds it."""
    return None if cost is None else f"{cost.normalize():f}"


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
    if card.above_200k and prompt > LONG_PROMPT_TOKENS:
        card = card.above_200k
    yield counts.input_tokens, card.input, _MILLION
    yield counts.output_tokens, card.output, _MILLION
    yield read, card.cache_read, _MILLION
    yield written, card.cache_write, _MILLION
    yield counts.cache_write_1h_tokens, card.cache_write_1h, _MILLION


def _media_lines(base: str, region: str, media_class: str, counts: Counts) -> Iterator[Line]:
    offered = region in media.VIDEO_REGIONS.get(base, REGIONS)
    made = media.VIDEO_SECONDS.get((base, media_class)) if offered else None
    yield counts.video_ms, made, _THOUSAND
    yield counts.input_video_ms, media.INPUT_VIDEO_SECONDS.get(base), _THOUSAND
    yield counts.input_audio_ms, media.INPUT_AUDIO_SECONDS.get(base), _THOUSAND
    yield counts.input_images, media.INPUT_PICTURES.get((base, media_class)), Decimal(1)
    yield counts.queries, media.QUERIES.get(base), Decimal(1)


def _picture_lines(base: str, price_classes: Sequence[str]) -> Iterator[Line]:
    for each in price_classes:
        yield 1, media.PICTURES.get((base, each)), Decimal(1)


def _guardrail_lines(region: str, counts: Counts) -> Iterator[Line]:
    for name, price in media.GUARDRAIL_UNITS.items():
        yield getattr(counts, name), price if region in REGIONS else None, Decimal(1)


def _base(model_id: str) -> str:
    """Return the model behind a profile: media costs the same through each of them."""
    prefix = next((prefix for prefix in _PROFILES if model_id.startswith(prefix)), "")
    return model_id.removeprefix(prefix)


def _total(lines: Iterable[Line]) -> Decimal | None:
    total = Decimal(0)
    for quantity, price, per in lines:
        if not quantity:
            continue
        if price is None:
            return None
        cost = _EXACT.divide(_EXACT.multiply(quantity, Decimal(price)), per)
        total = _EXACT.add(total, cost)
    return total
