"""What the answer says of the price beyond its counts: tier, latency, long context."""

import re
from dataclasses import replace
from typing import NamedTuple

from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import Usage

TIER = "x-amzn-bedrock-service-tier"  # as served: a request for flex may be served as default
LATENCY = "x-amzn-bedrock-performanceconfig-latency"
DEFAULT = "default"  # where an answer says nothing of its tier
STANDARD = "standard"  # … and of its latency


class LongContext(NamedTuple):
    """A price for the whole call once its prompt, cached parts included, exceeds a threshold."""

    prefix: str  # of the base model
    above: int  # tokens; exactly as many still have the ordinary price
    variant: str


LONG_CONTEXTS = (
    LongContext("anthropic.claude-haiku-5-5", 100_000, "above_100k"),
    LongContext("anthropic.claude-sonnet-4-20250514", 200_000, "above_200k"),
    LongContext("anthropic.claude-sonnet-4-5-", 200_000, "above_200k"),
    LongContext("openai.gpt-5.", 272_000, "above_272k"),
    LongContext("openai.gpt-6", 272_000, "above_272k"),
)
"""Source: the Amazon Bedrock price list's long-context rows, as LiteLLM 1.106.2 lists them."""

_SHORTEST = min(rule.above for rule in LONG_CONTEXTS)
_LABEL = re.compile(r"[a-z][a-z_]{0,31}")


def as_served(
    metered: Metered, base_model: str, tier: object = DEFAULT, latency: object = STANDARD
) -> Metered:
    """Put what an answer says of its tier and latency, and its long context, into its reading."""
    prompt = _prompt_tokens(metered.usage)
    if tier == DEFAULT and latency == STANDARD and prompt <= _SHORTEST:
        return metered
    parts = [metered.variant, _long_context(base_model, prompt), _label(latency)]
    variant = "+".join(part for part in parts if part not in ("none", STANDARD))
    return replace(metered, tier=_label(tier), variant=variant or "none")


def _prompt_tokens(usage: Usage) -> int:
    return (
        usage.input_tokens
        + usage.cache_read_tokens
        + usage.cache_write_tokens
        + usage.cache_write_1h_tokens
    )


def _long_context(base_model: str, prompt_tokens: int) -> str:
    for prefix, above, variant in LONG_CONTEXTS:
        if base_model.startswith(prefix) and prompt_tokens > above:
            return variant
    return "none"


def _label(value: object) -> str:
    """Pass on a word we do not know: it has no price, which is loud. Never take it for default."""
    return value if isinstance(value, str) and _LABEL.fullmatch(value) else "unknown"
