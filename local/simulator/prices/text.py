"""Prices of text, in US dollars per million tokens.

Source, but where another is named: AWS, "Amazon Bedrock pricing", on demand, US East (N. Virginia)
and US West (Oregon). What the page says and is easily missed: from Claude 4.5 on, a model called
in its region or through a geographic profile (`us.`, `eu.`) costs a tenth more than through the
`global.` profile; older models cost the same by either. Cache writes of Nova are free, on any tier.
Long prompts of Claude Sonnet 4 and 4.5 (over 200,000 tokens, cached ones included) cost more for
the whole request.
"""

from collections.abc import Mapping
from dataclasses import dataclass

LONG_PROMPT_TOKENS = 200_000


@dataclass(frozen=True, slots=True)
class Card:
    """US dollars per million tokens; None where no price is listed."""

    input: str | None = None
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
_NOVA_2_LITE = Card("0.33", "2.75", "0.0825")
_HAIKU_3_5 = Card("0.8", "4", "0.08", "1")
_HAIKU_4_5 = Card("1.1", "5.5", "0.11", "1.375", "2.2")
_HAIKU_4_5_GLOBAL = Card("1", "5", "0.1", "1.25", "2")
_SONNET_3_7 = Card("3", "15", "0.3", "3.75")
_SONNET_4 = Card("3", "15", "0.3", "3.75", None, Card("6", "22.5", "0.6", "7.5"))
_SONNET_4_5_LONG = Card("6.6", "24.75", "0.66", "8.25", "13.2")
_SONNET_4_5 = Card("3.3", "16.5", "0.33", "4.125", "6.6", _SONNET_4_5_LONG)
_SONNET_4_5_GLOBAL = Card("3", "15", "0.3", "3.75", "6", Card("6", "22.5", "0.6", "7.5", "12"))
_SONNET_4_6 = Card("3.3", "16.5", "0.33", "4.125", "6.6")
_OPUS_4_5 = Card("5.5", "27.5", "0.55", "6.875", "11")
_OPUS_4_5_GLOBAL = Card("5", "25", "0.5", "6.25", "10")
_LLAMA_3_1_70B = Card("0.72", "0.72")
_LLAMA_3_1_405B = Card("2.4", "2.4")
_LLAMA_3_3_70B = Card("0.72", "0.72")
_LLAMA_4_MAVERICK = Card("0.24", "0.97")
_LLAMA_4_SCOUT = Card("0.17", "0.66")
_DEEPSEEK_R1 = Card("1.35", "5.4")
_DEEPSEEK_V3_2 = Card("0.62", "1.85")
_PIXTRAL = Card("2", "6")
_PALMYRA_X4 = Card("2.5", "10")
_PALMYRA_X5 = Card("0.6", "6")
_EMBED_4 = Card("0.12")

TEXT: Mapping[str, Card] = {
    "anthropic.claude-3-haiku-20240307-v1:0": Card("0.25", "1.25"),
    "anthropic.claude-3-5-haiku-20241022-v1:0": _HAIKU_3_5,
    "us.anthropic.claude-3-5-haiku-20241022-v1:0": _HAIKU_3_5,
    "anthropic.claude-3-5-sonnet-20241022-v2:0": Card("6", "30", "0.6", "7.5"),
    "anthropic.claude-3-7-sonnet-20250219-v1:0": _SONNET_3_7,
    "us.anthropic.claude-3-7-sonnet-20250219-v1:0": _SONNET_3_7,
    "anthropic.claude-haiku-4-5-20251001-v1:0": _HAIKU_4_5,
    "us.anthropic.claude-haiku-4-5-20251001-v1:0": _HAIKU_4_5,
    "global.anthropic.claude-haiku-4-5-20251001-v1:0": _HAIKU_4_5_GLOBAL,
    "anthropic.claude-sonnet-4-20250514-v1:0": _SONNET_4,
    "us.anthropic.claude-sonnet-4-20250514-v1:0": _SONNET_4,
    "global.anthropic.claude-sonnet-4-20250514-v1:0": _SONNET_4,
    "anthropic.claude-sonnet-4-5-20250929-v1:0": _SONNET_4_5,
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0": _SONNET_4_5,
    "global.anthropic.claude-sonnet-4-5-20250929-v1:0": _SONNET_4_5_GLOBAL,
    "us.anthropic.claude-sonnet-4-6": _SONNET_4_6,
    "us.anthropic.claude-opus-4-5-20251101-v1:0": _OPUS_4_5,
    "global.anthropic.claude-opus-4-5-20251101-v1:0": _OPUS_4_5_GLOBAL,
    "us.anthropic.claude-opus-4-6-v1": _OPUS_4_5,
    "global.anthropic.claude-opus-4-6-v1": _OPUS_4_5_GLOBAL,
    "amazon.nova-micro-v1:0": _NOVA_MICRO,
    "us.amazon.nova-micro-v1:0": _NOVA_MICRO,
    "amazon.nova-lite-v1:0": _NOVA_LITE,
    "us.amazon.nova-lite-v1:0": _NOVA_LITE,
    "amazon.nova-pro-v1:0": _NOVA_PRO,
    "us.amazon.nova-pro-v1:0": _NOVA_PRO,
    "us.amazon.nova-2-lite-v1:0": _NOVA_2_LITE,
    "amazon.titan-text-express-v1": Card("0.2", "0.6"),
    "amazon.titan-text-lite-v1": Card("0.15", "0.2"),
    "amazon.titan-embed-text-v1": Card("0.1"),
    "amazon.titan-embed-text-v2:0": Card("0.02"),
    "amazon.titan-embed-image-v1": Card("0.8"),
    "amazon.nova-2-multimodal-embeddings-v1:0": Card("0.135"),
    "meta.llama3-8b-instruct-v1:0": Card("0.3", "0.6"),
    "meta.llama3-1-70b-instruct-v1:0": _LLAMA_3_1_70B,
    "us.meta.llama3-1-70b-instruct-v1:0": _LLAMA_3_1_70B,
    "meta.llama3-1-405b-instruct-v1:0": _LLAMA_3_1_405B,
    "us.meta.llama3-1-405b-instruct-v1:0": _LLAMA_3_1_405B,
    "us.meta.llama3-3-70b-instruct-v1:0": _LLAMA_3_3_70B,
    "meta.llama3-3-70b-instruct-v1:0": _LLAMA_3_3_70B,
    "us.meta.llama4-maverick-17b-instruct-v1:0": _LLAMA_4_MAVERICK,
    "us.meta.llama4-scout-17b-instruct-v1:0": _LLAMA_4_SCOUT,
    "mistral.mistral-7b-instruct-v0:2": Card("0.15", "0.2"),
    "mistral.mistral-large-2402-v1:0": Card("4", "12"),
    "mistral.magistral-small-2509": Card("0.5", "1.5"),
    "mistral.ministral-3-8b-instruct": Card("0.15", "0.15"),
    "mistral.mistral-large-2407-v1:0": Card("2", "6"),
    "mistral.mixtral-8x7b-instruct-v0:1": Card("0.45", "0.7"),
    "us.mistral.pixtral-large-2502-v1:0": _PIXTRAL,
    "mistral.voxtral-mini-3b-2507": Card("0.04", "0.04"),
    "mistral.voxtral-small-24b-2507": Card("0.1", "0.3"),
    "cohere.command-text-v14": Card("1", "2"),
    "cohere.embed-english-v3": Card("0.1"),
    "cohere.embed-multilingual-v3": Card("0.1"),
    "cohere.embed-v4:0": _EMBED_4,
    "us.cohere.embed-v4:0": _EMBED_4,
    "global.cohere.embed-v4:0": _EMBED_4,
    "openai.gpt-oss-20b-1:0": Card("0.07", "0.3"),
    "openai.gpt-oss-120b-1:0": Card("0.15", "0.6"),
    "ai21.jamba-1-5-mini-v1:0": Card("0.2", "0.4"),
    "ai21.jamba-1-5-large-v1:0": Card("2", "8"),
    "deepseek.r1-v1:0": _DEEPSEEK_R1,
    "us.deepseek.r1-v1:0": _DEEPSEEK_R1,
    "deepseek.v3-v1:0": Card("0.58", "1.68"),
    "deepseek.v3.2": _DEEPSEEK_V3_2,
    "qwen.qwen3-32b-v1:0": Card("0.15", "0.6"),
    "qwen.qwen3-235b-a22b-2507-v1:0": Card("0.22", "0.88"),
    "qwen.qwen3-coder-480b-a35b-v1:0": Card("0.45", "1.8"),
    "moonshotai.kimi-k2-thinking": Card("0.6", "2.5"),
    "moonshotai.kimi-k2.5": Card("0.6", "3"),
    "minimax.minimax-m2": Card("0.3", "1.2"),
    "google.gemma-3-27b-it": Card("0.23", "0.38"),
    "nvidia.nemotron-nano-9b-v2": Card("0.06", "0.23"),
    "writer.palmyra-x4-v1:0": _PALMYRA_X4,
    "us.writer.palmyra-x4-v1:0": _PALMYRA_X4,
    "writer.palmyra-x5-v1:0": _PALMYRA_X5,
    "us.writer.palmyra-x5-v1:0": _PALMYRA_X5,
    "twelvelabs.pegasus-1-2-v1:0": Card(output="7.5"),
    "us.twelvelabs.pegasus-1-2-v1:0": Card(output="7.5"),
    "global.twelvelabs.pegasus-1-2-v1:0": Card(output="7.5"),
}

TIERS: Mapping[tuple[str, str], Card] = {
    ("amazon.nova-pro-v1:0", "flex"): _NOVA_PRO_FLEX,
    ("amazon.nova-pro-v1:0", "priority"): _NOVA_PRO_PRIORITY,
    ("us.amazon.nova-pro-v1:0", "flex"): _NOVA_PRO_FLEX,
    ("us.amazon.nova-pro-v1:0", "priority"): _NOVA_PRO_PRIORITY,
    ("openai.gpt-oss-20b-1:0", "flex"): Card("0.035", "0.15"),
    ("openai.gpt-oss-20b-1:0", "priority"): Card("0.1225", "0.525"),
    ("openai.gpt-oss-120b-1:0", "flex"): Card("0.075", "0.3"),
    ("openai.gpt-oss-120b-1:0", "priority"): Card("0.2625", "1.05"),
    ("qwen.qwen3-32b-v1:0", "flex"): Card("0.075", "0.3"),
    ("qwen.qwen3-32b-v1:0", "priority"): Card("0.2625", "1.05"),
    ("qwen.qwen3-235b-a22b-2507-v1:0", "flex"): Card("0.11", "0.44"),
    ("mistral.voxtral-small-24b-2507", "flex"): Card("0.05", "0.15"),
    ("deepseek.v3.2", "flex"): Card("0.31", "0.925"),
    ("deepseek.v3.2", "priority"): Card("1.085", "3.2375"),
    ("moonshotai.kimi-k2.5", "flex"): Card("0.3", "1.5"),
    ("moonshotai.kimi-k2.5", "priority"): Card("1.05", "5.25"),
}

OPTIMIZED: Mapping[str, Card] = {
    "us.amazon.nova-pro-v1:0": Card("1", "4"),
    "us.anthropic.claude-3-5-haiku-20241022-v1:0": Card("1", "5"),
    "us.meta.llama3-1-405b-instruct-v1:0": Card("3", "3"),
    "us.meta.llama3-1-70b-instruct-v1:0": Card("0.9", "0.9"),
}
"""Latency-optimised, the same wherever it is served; the page lists no prices of cached tokens."""

_GLOBAL = {
    "global.anthropic.claude-sonnet-4-5-20250929-v1:0": _SONNET_4_5_GLOBAL,
    "global.anthropic.claude-haiku-4-5-20251001-v1:0": _HAIKU_4_5_GLOBAL,
}
_EUROPEAN = _GLOBAL | {
    "eu.anthropic.claude-sonnet-4-20250514-v1:0": _SONNET_4,
    "eu.anthropic.claude-sonnet-4-5-20250929-v1:0": _SONNET_4_5,
    "eu.anthropic.claude-haiku-4-5-20251001-v1:0": _HAIKU_4_5,
}
_JAPANESE = _GLOBAL | {
    "jp.anthropic.claude-sonnet-4-5-20250929-v1:0": _SONNET_4_5,
    "jp.anthropic.claude-haiku-4-5-20251001-v1:0": _HAIKU_4_5,
}
_AUSTRALIAN = _GLOBAL | {
    "au.anthropic.claude-sonnet-4-5-20250929-v1:0": _SONNET_4_5,
    "au.anthropic.claude-haiku-4-5-20251001-v1:0": _HAIKU_4_5,
}
ELSEWHERE: Mapping[str, Mapping[str, Card]] = {
    "ap-northeast-1": _JAPANESE,
    "ap-southeast-2": _AUSTRALIAN,
    "eu-central-1": _EUROPEAN,
    "eu-north-1": _EUROPEAN,
    "eu-west-1": _EUROPEAN,
    "eu-west-3": _EUROPEAN,
}
"""Other regions: what is missing in one has no price there."""
