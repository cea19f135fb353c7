"""Model families: how each reads a body, counts it and words its answer.

A family is a function from an Ask to a Reply. It is chosen by how the base model's id begins.
"""

from collections.abc import Callable

from local.simulator.calls import Ask, Reply
from local.simulator.families import (
    amazon_images,
    anthropic,
    cohere,
    deepseek,
    llama,
    mistral,
    nova,
    nova_embeddings,
    openai,
    rerank,
    stability,
    stability_services,
    titan,
    twelvelabs,
)
from local.simulator.models import Model
from local.simulator.refusals import invalid

Family = Callable[[Ask], Reply]

_NOT_SERVED = (
    *("amazon.nova-reel", "luma."),  # by StartAsyncInvoke alone
    *("amazon.nova-sonic", "amazon.nova-2-sonic"),  # over HTTP/2, both ways at once
)
"""Models that InvokeModel does not run; the longest prefix of either table decides."""

_FAMILIES: dict[str, Family] = {
    "anthropic.": anthropic.messages,
    "amazon.nova-": nova.messages,
    "amazon.nova-canvas": amazon_images.canvas,
    "amazon.nova-2-multimodal-embeddings": nova_embeddings.single,
    "amazon.rerank": rerank.amazon,
    "amazon.titan-": titan.text,
    "amazon.titan-embed-image": titan.multimodal_embedding,
    "amazon.titan-embed": titan.embedding,
    "amazon.titan-image": amazon_images.titan,
    "meta.": llama.completion,
    "mistral.": openai.chat_completion,
    "mistral.mistral-7b": mistral.completion,
    "mistral.mistral-large-2402": mistral.completion,
    "mistral.mistral-large-2407": mistral.chat_completion,
    "mistral.mistral-small-2402": mistral.completion,
    "mistral.mixtral": mistral.completion,
    "mistral.pixtral": mistral.chat_completion,
    "cohere.command-": cohere.command,
    "cohere.command-r": cohere.command_r,
    "cohere.embed-": cohere.embed,
    "cohere.embed-v4": cohere.embed_v4,
    "cohere.rerank": rerank.cohere,
    "deepseek.": deepseek.chat_completion,
    "deepseek.r1": deepseek.completion,
    "openai.": openai.caching_chat_completion,
    "openai.gpt-oss": openai.chat_completion,
    "stability.": stability.stable_image,
    "stability.stable-diffusion-xl": stability.sdxl,
    **dict.fromkeys(stability_services.SERVICES, stability_services.edit),
    "twelvelabs.marengo": twelvelabs.marengo,
    "twelvelabs.pegasus": twelvelabs.pegasus,
}
"""Any other model talks as OpenAI's do: Jamba, Qwen, Kimi, GLM, Gemma, Palmyra, any newcomer."""


def family(model: Model) -> Family:
    """Return the model's family; raises Refusal for one that InvokeModel does not serve."""
    base = model.base
    if base.startswith(_NOT_SERVED):
        raise invalid(f"The model {base} is not supported for this operation.")
    known = max((p for p in _FAMILIES if base.startswith(p)), key=len, default="")
    return _FAMILIES[known] if known else openai.chat_completion
