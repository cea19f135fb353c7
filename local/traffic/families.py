"""What to send to every model that the simulator lists, by operation and family."""

from collections.abc import Mapping

from local.simulator.models import SERVED
from local.traffic import media, payloads
from local.traffic.payloads import Builder

INVOKE: Mapping[str, Builder] = {
    "": payloads.chat,
    "amazon.nova-": payloads.nova,
    "amazon.nova-2-multimodal-embeddings": media.nova_embedding,
    "amazon.nova-canvas": payloads.amazon_picture,
    "amazon.rerank": media.reranking,
    "amazon.titan-embed-image": media.titan_multimodal,
    "amazon.titan-embed-text": payloads.titan_embedding,
    "amazon.titan-image": payloads.amazon_picture,
    "amazon.titan-text": payloads.titan_text,
    "anthropic.": payloads.claude,
    "cohere.command-": payloads.completion,
    "cohere.command-r": payloads.command_r,
    "cohere.embed": payloads.cohere_embedding,
    "cohere.embed-v4": media.cohere_mixed,
    "cohere.rerank": media.cohere_reranking,
    "deepseek.r1": payloads.completion,
    "meta.": payloads.llama,
    "mistral.mistral-7b": payloads.completion,
    "mistral.mistral-large-2402": payloads.completion,
    "mistral.mixtral": payloads.completion,
    "stability.": payloads.edit,
    "stability.sd3": payloads.stable_image,
    "stability.stable-diffusion-xl": payloads.sdxl,
    "stability.stable-image-core": payloads.stable_image,
    "stability.stable-image-ultra": payloads.stable_image,
    "stability.stable-outpaint": payloads.outpainting,
    "stability.stable-style-transfer": payloads.style_transfer,
    "twelvelabs.marengo-embed-2": media.marengo_2,
    "twelvelabs.marengo-embed-3": media.marengo_3,
    "twelvelabs.pegasus": media.pegasus,
}
"""Bodies of InvokeModel, by the beginning of the base model's id; the longest decides."""

JOBS: Mapping[str, Builder] = {
    "amazon.nova-2-multimodal-embeddings": media.nova_embedding_job,
    "amazon.nova-reel": media.nova_reel,
    "luma.ray": media.luma_ray,
    "twelvelabs.marengo-embed-2": media.marengo_2_job,
    "twelvelabs.marengo-embed-3": media.marengo_3_job,
}
"""Inputs of StartAsyncInvoke."""

THROUGH_A_PROFILE = (
    *("amazon.nova-2-lite", "amazon.nova-premier", "anthropic.claude-3-5-haiku"),
    *("anthropic.claude-3-7", "anthropic.claude-haiku-4", "anthropic.claude-opus-4"),
    *("anthropic.claude-sonnet-4", "deepseek.r1", "meta.llama3-1", "meta.llama3-3"),
    *("meta.llama4", "mistral.pixtral", "twelvelabs.pegasus", "writer."),
)
"""Models that us-east-1 offers through an inference profile alone ("Supported foundation models in
Amazon Bedrock", Bedrock user guide)."""


def builder(bodies: Mapping[str, Builder], base_model: str) -> Builder:
    return bodies[max((p for p in bodies if base_model.startswith(p)), key=len)]


def served(operation: str) -> list[str]:
    """Return the base models that the simulator lists for an operation."""
    return [model_id for model_id, operations in SERVED.items() if operation in operations]


def called_as(base_model: str) -> str:
    """Return the id by which a tenant in us-east-1 calls a model."""
    return f"us.{base_model}" if base_model.startswith(THROUGH_A_PROFILE) else base_model
