"""What AWS's price lists and bills call a model, and its Bedrock id. No attribute holds the id.

Names are matched whole: `Nova Lite` is a part of `Nova 2.0 Lite`'s words, and `Llama 3` of
`Llama 3.1`'s. A name that is not here is listed by the import of prices and by the reconciliation,
for somebody to add. Pure.
"""

from collections.abc import Mapping
from typing import Final

EDITION: Final = " (Amazon Bedrock Edition)"
"""What ends a `servicename` of AmazonBedrockFoundationModels; taken off before the look-up."""

_ONE: Final[Mapping[str, str]] = {
    # `servicename`: what AWS Marketplace bills
    "Claude Instant": "anthropic.claude-instant-v1",
    "Claude 3 Haiku": "anthropic.claude-3-haiku-20240307-v1:0",
    "Claude 3 Sonnet": "anthropic.claude-3-sonnet-20240229-v1:0",
    "Claude 3 Opus": "anthropic.claude-3-opus-20240229-v1:0",
    "Claude 3.5 Haiku": "anthropic.claude-3-5-haiku-20241022-v1:0",
    "Claude 3.5 Sonnet": "anthropic.claude-3-5-sonnet-20240620-v1:0",
    "Claude 3.5 Sonnet v2": "anthropic.claude-3-5-sonnet-20241022-v2:0",
    "Claude 3.7 Sonnet": "anthropic.claude-3-7-sonnet-20250219-v1:0",
    "Claude Sonnet 4": "anthropic.claude-sonnet-4-20250514-v1:0",
    "Claude Sonnet 4.5": "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "Claude Sonnet 4.6": "anthropic.claude-sonnet-4-6",
    "Claude Sonnet 5": "anthropic.claude-sonnet-5",
    "Claude Haiku 4.5": "anthropic.claude-haiku-4-5-20251001-v1:0",
    "Claude Opus 4": "anthropic.claude-opus-4-20250514-v1:0",
    "Claude Opus 4.1": "anthropic.claude-opus-4-1-20250805-v1:0",
    "Claude Opus 4.5": "anthropic.claude-opus-4-5-20251101-v1:0",
    "Claude Opus 4.6": "anthropic.claude-opus-4-6-v1",
    "Claude Opus 4.7": "anthropic.claude-opus-4-7",
    "Claude Opus 4.8": "anthropic.claude-opus-4-8",
    "Claude Opus 5": "anthropic.claude-opus-5",
    "Cohere Command R": "cohere.command-r-v1:0",
    "Cohere Command R+": "cohere.command-r-plus-v1:0",
    "Cohere Embed 3 Model - English": "cohere.embed-english-v3",
    "Cohere Embed Model 3 - Multilingual": "cohere.embed-multilingual-v3",
    "Cohere Embed 4 Model": "cohere.embed-v4:0",
    "Cohere Generate Model - Command": "cohere.command-text-v14",
    "Cohere Generate Model - Command-Light": "cohere.command-light-text-v14",
    "Jamba 1.5 Large": "ai21.jamba-1-5-large-v1:0",
    "Jamba 1.5 Mini": "ai21.jamba-1-5-mini-v1:0",
    "Jamba-Instruct": "ai21.jamba-instruct-v1:0",
    "Jurassic-2 Mid": "ai21.j2-mid-v1",
    "Jurassic-2 Ultra": "ai21.j2-ultra-v1",
    "Meta Llama 2 Chat 13B": "meta.llama2-13b-chat-v1",
    "Meta Llama 2 Chat 70B": "meta.llama2-70b-chat-v1",
    "Palmyra X4": "writer.palmyra-x4-v1:0",
    "Palmyra X5": "writer.palmyra-x5-v1:0",
    # `model`: what AWS itself bills
    "Nova Micro": "amazon.nova-micro-v1:0",
    "Nova Lite": "amazon.nova-lite-v1:0",
    "Nova Pro": "amazon.nova-pro-v1:0",
    "Nova Pro Latency Optimized": "amazon.nova-pro-v1:0",
    "Nova Premier": "amazon.nova-premier-v1:0",
    "Nova 2.0 Lite": "amazon.nova-2-lite-v1:0",
    "Nova Canvas": "amazon.nova-canvas-v1:0",
    "Nova MME": "amazon.nova-2-multimodal-embeddings-v1:0",
    "R1": "deepseek.r1-v1:0",
    "DeepSeek v3.2": "deepseek.v3.2",
    "Llama 3 8B": "meta.llama3-8b-instruct-v1:0",
    "Llama 3 70B": "meta.llama3-70b-instruct-v1:0",
    "Llama 3.1 8B": "meta.llama3-1-8b-instruct-v1:0",
    "Llama 3.1 70B": "meta.llama3-1-70b-instruct-v1:0",
    "Llama 3.2 1B": "meta.llama3-2-1b-instruct-v1:0",
    "Llama 3.2 3B": "meta.llama3-2-3b-instruct-v1:0",
    "Llama 3.2 11B": "meta.llama3-2-11b-instruct-v1:0",
    "Llama 3.2 90B": "meta.llama3-2-90b-instruct-v1:0",
    "Llama 3.3 70B": "meta.llama3-3-70b-instruct-v1:0",
    "Llama 4 Maverick 17B": "meta.llama4-maverick-17b-instruct-v1:0",
    "Llama 4 Scout 17B": "meta.llama4-scout-17b-instruct-v1:0",
    "Mistral 7B": "mistral.mistral-7b-instruct-v0:2",
    "Mixtral 8x7B": "mistral.mixtral-8x7b-instruct-v0:1",
    "Mistral Large": "mistral.mistral-large-2402-v1:0",
    "Mistral Large 3": "mistral.mistral-large-3-675b-instruct",
    "Mistral Small": "mistral.mistral-small-2402-v1:0",
    "Pixtral Large 25.02": "mistral.pixtral-large-2502-v1:0",
}
SEVERAL: Final[Mapping[str, tuple[str, ...]]] = {
    "Claude": ("anthropic.claude-v2", "anthropic.claude-v2:1"),
    "Nova Reel": ("amazon.nova-reel-v1:0", "amazon.nova-reel-v1:1"),
}
"""Names that stand for several versions at one price."""

MODELS: Final[Mapping[str, tuple[str, ...]]] = {
    **{name: (model,) for name, model in _ONE.items()},
    **SEVERAL,
}
"""By `servicename`, `model` or `titanModel`."""

CHANGES: Final[Mapping[str, str]] = {"Nova Pro Latency Optimized": "optimized"}
"""Names that say more than the model: the modifier of the price."""
