"""The provider's price list, written by hand: what this simulator would bill.

Source of every figure: AWS, "Amazon Bedrock pricing" (https://aws.amazon.com/bedrock/pricing/),
on demand, US East (N. Virginia) and US West (Oregon), which have one price for these models. Text
is in US dollars per million tokens, as that page and the Price List (unit "Units") give it,
pictures in US dollars each. It owes nothing to the gateway's own price book, on purpose: two lists
that agree prove more than one list read twice.

What the page says and is easily missed: from Claude 4.5 on, a model called in its region or through
a geographic profile (`us.`) costs a tenth more than through the `global.` profile; older models
cost the same by either. Cache writes of Nova are free. Long prompts of Claude Sonnet 4.5 (over
200,000 tokens, cached ones included) cost more for the whole request.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact

from local.simulator.calls import Counts

REGIONS = ("us-east-1", "us-west-2")
LONG_PROMPT_TOKENS = 200_000
_EXACT = Context(prec=60, traps=[Inexact])
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Card:
    """US dollars per million tokens; None where no price is listed."""

    input: str
    output: str | None = None
    cache_read: str | None = None
    cache_write: str | None = None
    cache_write_1h: str | None = None
    above_200k: "Card | None" = None


_NOVA_MICRO = Card("0.035", "0.14", "0.00875", "0")
_NOVA_LITE = Card("0.06", "0.24", "0.015", "0")
_NOVA_PRO = Card("0.8", "3.2", "0.2", "0")
_NOVA_PRO_FLEX = Card("0.4", "1.6", "0.1", "0")
_NOVA_PRO_PRIORITY = Card("1.4", "5.6", "0.35", "0")
_HAIKU_3_5 = Card("0.8", "4", "0.08", "1")
_HAIKU_4_5 = Card("1.1", "5.5", "0.11", "1.375", "2.2")
_SONNET_4_5_LONG = Card("6.6", "24.75", "0.66", "8.25", "13.2")
_SONNET_4_5 = Card("3.3", "16.5", "0.33", "4.125", "6.6", _SONNET_4_5_LONG)
_LLAMA_3_3_70B = Card("0.72", "0.72")
_DEEPSEEK_R1 = Card("1.35", "5.4")

TEXT: Mapping[str, Card] = {
    "anthropic.claude-3-haiku-20240307-v1:0": Card("0.25", "1.25"),
    "anthropic.claude-3-5-haiku-20241022-v1:0": _HAIKU_3_5,
    "us.anthropic.claude-3-5-haiku-20241022-v1:0": _HAIKU_3_5,
    "anthropic.claude-haiku-4-5-20251001-v1:0": _HAIKU_4_5,
    "us.anthropic.claude-haiku-4-5-20251001-v1:0": _HAIKU_4_5,
    "global.anthropic.claude-haiku-4-5-20251001-v1:0": Card("1", "5", "0.1", "1.25", "2"),
    "anthropic.claude-sonnet-4-5-20250929-v1:0": _SONNET_4_5,
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0": _SONNET_4_5,
    "global.anthropic.claude-sonnet-4-5-20250929-v1:0": Card(
        "3", "15", "0.3", "3.75", "6", Card("6", "22.5", "0.6", "7.5", "12")
    ),
    "amazon.nova-micro-v1:0": _NOVA_MICRO,
    "us.amazon.nova-micro-v1:0": _NOVA_MICRO,
    "amazon.nova-lite-v1:0": _NOVA_LITE,
    "us.amazon.nova-lite-v1:0": _NOVA_LITE,
    "amazon.nova-pro-v1:0": _NOVA_PRO,
    "us.amazon.nova-pro-v1:0": _NOVA_PRO,
    "amazon.titan-text-express-v1": Card("0.2", "0.6"),
    "amazon.titan-embed-text-v2:0": Card("0.02"),
    "meta.llama3-8b-instruct-v1:0": Card("0.3", "0.6"),
    "us.meta.llama3-3-70b-instruct-v1:0": _LLAMA_3_3_70B,
    "meta.llama3-3-70b-instruct-v1:0": _LLAMA_3_3_70B,
    "mistral.mistral-large-2402-v1:0": Card("4", "12"),
    "mistral.mixtral-8x7b-instruct-v0:1": Card("0.45", "0.7"),
    "cohere.command-text-v14": Card("1", "2"),
    "cohere.embed-english-v3": Card("0.1"),
    "openai.gpt-oss-120b-1:0": Card("0.15", "0.6"),
    "ai21.jamba-1-5-mini-v1:0": Card("0.2", "0.4"),
    "deepseek.r1-v1:0": _DEEPSEEK_R1,
    "us.deepseek.r1-v1:0": _DEEPSEEK_R1,
    "qwen.qwen3-32b-v1:0": Card("0.15", "0.6"),
}

TIERS: Mapping[tuple[str, str], Card] = {
    ("amazon.nova-pro-v1:0", "flex"): _NOVA_PRO_FLEX,
    ("amazon.nova-pro-v1:0", "priority"): _NOVA_PRO_PRIORITY,
    ("us.amazon.nova-pro-v1:0", "flex"): _NOVA_PRO_FLEX,
    ("us.amazon.nova-pro-v1:0", "priority"): _NOVA_PRO_PRIORITY,
    ("openai.gpt-oss-120b-1:0", "flex"): Card("0.075", "0.3"),
    ("openai.gpt-oss-120b-1:0", "priority"): Card("0.2625", "1.05"),
    ("qwen.qwen3-32b-v1:0", "flex"): Card("0.075", "0.3"),
    ("qwen.qwen3-32b-v1:0", "priority"): Card("0.2625", "1.05"),
}

PICTURES: Mapping[tuple[str, str], str] = {
    ("amazon.titan-image-generator-v1", "le512/standard"): "0.008",
    ("amazon.titan-image-generator-v1", "le512/premium"): "0.01",
    ("amazon.titan-image-generator-v1", "gt512/standard"): "0.01",
    ("amazon.titan-image-generator-v1", "gt512/premium"): "0.012",
    ("amazon.titan-image-generator-v2:0", "le512/standard"): "0.008",
    ("amazon.titan-image-generator-v2:0", "le512/premium"): "0.01",
    ("amazon.titan-image-generator-v2:0", "gt512/standard"): "0.01",
    ("amazon.titan-image-generator-v2:0", "gt512/premium"): "0.012",
    ("amazon.nova-canvas-v1:0", "le1024/standard"): "0.04",
    ("amazon.nova-canvas-v1:0", "le1024/premium"): "0.06",
    ("amazon.nova-canvas-v1:0", "le2048/standard"): "0.06",
    ("amazon.nova-canvas-v1:0", "le2048/premium"): "0.08",
    ("stability.sd3-5-large-v1:0", "each"): "0.08",
    ("stability.stable-image-core-v1:1", "each"): "0.04",
    ("stability.stable-image-ultra-v1:1", "each"): "0.14",
    ("stability.stable-diffusion-xl-v1", "steps_le50"): "0.04",
    ("stability.stable-diffusion-xl-v1", "steps_gt50"): "0.08",
}


_PICTURE_MODELS = frozenset(model_id for model_id, _ in PICTURES)


def bill(
    model_id: str, region: str, tier: str, counts: Counts, price_classes: Sequence[str] = ()
) -> Decimal | None:
    """Return what the call costs in US dollars, exactly, or None where no price is listed."""
    if region not in REGIONS:
        return None
    if model_id in _PICTURE_MODELS and tier == "default":
        return _total((1, PICTURES.get((model_id, each))) for each in price_classes)
    card = TEXT.get(model_id) if tier == "default" else TIERS.get((model_id, tier))
    return _text(card, counts) if card else None


def _text(card: Card, counts: Counts) -> Decimal | None:
    read, written = counts.cache_read_tokens, counts.cache_write_tokens
    prompt = counts.input_tokens + read + written + counts.cache_write_1h_tokens
    if card.above_200k and prompt > LONG_PROMPT_TOKENS:
        card = card.above_200k
    total = _total(
        (
            (counts.input_tokens, card.input),
            (counts.output_tokens, card.output),
            (read, card.cache_read),
            (written, card.cache_write),
            (counts.cache_write_1h_tokens, card.cache_write_1h),
        )
    )
    return None if total is None else _EXACT.divide(total, _MILLION)


def _total(lines: Iterable[tuple[int, str | None]]) -> Decimal | None:
    """Sum quantity times price; a quantity without a price makes the whole unknown."""
    total = Decimal(0)
    for quantity, price in lines:
        if price is not None:
            total = _EXACT.add(total, _EXACT.multiply(quantity, Decimal(price)))
        elif quantity:
            return None
    return total
