"""Model families: how each reads a body, counts it and words its answer.

A family is a function from an Ask to a Reply. It is chosen by how the base model's id begins.
"""

from collections.abc import Callable

from local.simulator.calls import Ask, Reply
from local.simulator.families import (
    amazon_images,
    anthropic,
    cohere,
    llama,
    mistral,
    nova,
    openai,
    stability,
    titan,
)
from local.simulator.models import Model
from local.simulator.refusals import invalid

Family = Callable[[Ask], Reply]

_NOT_SERVED = (
    *("amazon.nova-reel", "amazon.nova-sonic", "amazon.nova-2-sonic", "luma.", "twelvelabs."),
    *("amazon.rerank", "cohere.rerank", "amazon.titan-embed-image", "amazon.titan-embed-g1"),
    *("amazon.nova-2-multimodal-embeddings", "cohere.embed-v4", "ai21.j2-"),
    *("anthropic.claude-v", "anthropic.claude-instant", "stability.stable-outpaint"),
    *("stability.stable-style", "stability.stable-creative", "stability.stable-conservative"),
    *("stability.stable-fast", "stability.stable-image-"),
)
"""Models whose request schema is another; the longest prefix of either table decides."""

_FAMILIES: dict[str, Family] = {
    "anthropic.": anthropic.messages,
    "amazon.nova-": nova.messages,
    "amazon.nova-canvas": amazon_images.canvas,
    "amazon.titan-": titan.text,
    "amazon.titan-embed-text": titan.embedding,
    "amazon.titan-image": amazon_images.titan,
    "meta.": llama.completion,
    "mistral.": mistral.chat_completion,
    "mistral.mistral-7b": mistral.completion,
    "mistral.mixtral": mistral.completion,
    "mistral.mistral-large-2402": mistral.completion,
    "mistral.mistral-small-2402": mistral.completion,
    "cohere.command-": cohere.command,
    "cohere.command-r": cohere.command_r,
    "cohere.embed-": cohere.embed,
    "openai.": openai.caching_chat_completion,
    "openai.gpt-oss": openai.chat_completion,
    "stability.": stability.stable_image,
    "stability.stable-image-core": stability.stable_image,
    "stability.stable-image-ultra": stability.stable_image,
    "stability.stable-diffusion-xl": stability.sdxl,
}


def family(model: Model) -> Family:
    """Return the model's family; raises Refusal for one that InvokeModel here does not serve."""
    base = model.base
    known = max((p for p in _FAMILIES if base.startswith(p)), key=len, default="")
    unserved = max((p for p in _NOT_SERVED if base.startswith(p)), key=len, default="")
    if len(unserved) > len(known):
        raise invalid(f"The model {base} is not supported for this operation.")
    return _FAMILIES[known] if known else openai.chat_completion
