"""Bedrock models: their identifiers, as `modelId` accepts them, and what each can be asked."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.simulator.refusals import invalid, not_found

_GEOGRAPHIES = ("us", "eu", "apac", "jp", "au", "ca", "in", "sa", "us-gov", "global")
_ID = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,4}(:[a-z0-9]{1,63}){0,2}")
_FOUNDATION_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[a-z0-9-]{1,20}::foundation-model/(.+)")
_RETIRED = ("ai21.j2-", "amazon.titan-tg1", "anthropic.claude-instant", "anthropic.claude-v")
_PROFILE_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[a-z0-9-]{1,20}:\d{12}:inference-profile/(.+)")


@dataclass(frozen=True, slots=True)
class Model:
    """A model that was asked for: `id` keeps its geography (`us.…`), `base` does not.

    `listed` is what the price list knows it by: its id; for a resource of the account, the id that
    it stands for. `hourly` is capacity that is paid for by the hour, so a call costs nothing.
    """

    id: str
    base: str
    listed: str = ""
    hourly: bool = False


Resources = Callable[[str], Model | None]
"""The account's own resources, by what may stand in a path: an ARN, or a name."""


def no_resources(_identifier: str) -> Model | None:
    return None


def parse(identifier: str) -> Model:
    """Read a foundation model's or system inference profile's id or ARN.

    Raises Refusal for anything else: other ARNs name resources that this account does not have.
    """
    for arn in (_FOUNDATION_ARN, _PROFILE_ARN):
        if match := arn.fullmatch(identifier):
            return _from_id(match[1])
    if identifier.startswith("arn:"):
        raise not_found(
            "Could not resolve the foundation model from the provided model identifier."
        )
    return _from_id(identifier)


def _from_id(identifier: str) -> Model:
    if not _ID.fullmatch(identifier):
        raise invalid("The provided model identifier is invalid.")
    geography, _, rest = identifier.partition(".")
    profile = geography in _GEOGRAPHIES and "." in rest
    base = rest if profile else identifier
    if base.startswith(_RETIRED):
        raise not_found(
            "This model version has reached the end of its life. Please refer to the AWS "
            "documentation for more details."
        )
    return Model(identifier, base)


_STREAM = ("InvokeModel", "InvokeModelWithResponseStream")
_TALK = (*_STREAM, "Converse", "ConverseStream")
_COUNTED = (*_TALK, "CountTokens")
_INVOKE = ("InvokeModel",)
_JOB = ("StartAsyncInvoke",)

SERVED: Mapping[str, tuple[str, ...]] = {
    "ai21.jamba-1-5-large-v1:0": _TALK,
    "ai21.jamba-1-5-mini-v1:0": _TALK,
    "amazon.nova-2-lite-v1:0": _TALK,
    "amazon.nova-2-multimodal-embeddings-v1:0": (*_INVOKE, *_JOB),
    "amazon.nova-canvas-v1:0": _INVOKE,
    "amazon.nova-lite-v1:0": _TALK,
    "amazon.nova-micro-v1:0": _TALK,
    "amazon.nova-premier-v1:0": _TALK,
    "amazon.nova-pro-v1:0": _TALK,
    "amazon.nova-reel-v1:0": _JOB,
    "amazon.nova-reel-v1:1": _JOB,
    "amazon.rerank-v1:0": _INVOKE,
    "amazon.titan-embed-image-v1": _INVOKE,
    "amazon.titan-embed-text-v1": _INVOKE,
    "amazon.titan-embed-text-v2:0": _INVOKE,
    "amazon.titan-image-generator-v1": _INVOKE,
    "amazon.titan-image-generator-v2:0": _INVOKE,
    "amazon.titan-text-express-v1": _TALK,
    "amazon.titan-text-lite-v1": _TALK,
    "anthropic.claude-3-5-haiku-20241022-v1:0": _COUNTED,
    "anthropic.claude-3-5-sonnet-20241022-v2:0": _COUNTED,
    "anthropic.claude-3-7-sonnet-20250219-v1:0": _COUNTED,
    "anthropic.claude-3-haiku-20240307-v1:0": _TALK,
    "anthropic.claude-haiku-4-5-20251001-v1:0": _TALK,
    "anthropic.claude-opus-4-5-20251101-v1:0": _TALK,
    "anthropic.claude-opus-4-6-v1": _TALK,
    "anthropic.claude-sonnet-4-20250514-v1:0": _COUNTED,
    "anthropic.claude-sonnet-4-5-20250929-v1:0": _TALK,
    "anthropic.claude-sonnet-4-6": _TALK,
    "cohere.command-r-plus-v1:0": _TALK,
    "cohere.command-r-v1:0": _TALK,
    "cohere.command-text-v14": _TALK,
    "cohere.embed-english-v3": _INVOKE,
    "cohere.embed-multilingual-v3": _INVOKE,
    "cohere.embed-v4:0": _INVOKE,
    "cohere.rerank-v3-5:0": _INVOKE,
    "deepseek.r1-v1:0": _TALK,
    "deepseek.v3-v1:0": _TALK,
    "deepseek.v3.2": _TALK,
    "google.gemma-3-27b-it": _TALK,
    "luma.ray-v2:0": _JOB,
    "meta.llama3-1-405b-instruct-v1:0": _TALK,
    "meta.llama3-1-70b-instruct-v1:0": _TALK,
    "meta.llama3-3-70b-instruct-v1:0": _TALK,
    "meta.llama3-8b-instruct-v1:0": _TALK,
    "meta.llama4-maverick-17b-instruct-v1:0": _TALK,
    "meta.llama4-scout-17b-instruct-v1:0": _TALK,
    "minimax.minimax-m2": _TALK,
    "mistral.magistral-small-2509": _TALK,
    "mistral.ministral-3-8b-instruct": _TALK,
    "mistral.mistral-7b-instruct-v0:2": _TALK,
    "mistral.mistral-large-2402-v1:0": _TALK,
    "mistral.mistral-large-2407-v1:0": _TALK,
    "mistral.mixtral-8x7b-instruct-v0:1": _TALK,
    "mistral.pixtral-large-2502-v1:0": _TALK,
    "mistral.voxtral-mini-3b-2507": _TALK,
    "mistral.voxtral-small-24b-2507": _TALK,
    "moonshotai.kimi-k2-thinking": _TALK,
    "moonshotai.kimi-k2.5": _TALK,
    "nvidia.nemotron-nano-9b-v2": _TALK,
    "openai.gpt-oss-120b-1:0": _TALK,
    "openai.gpt-oss-20b-1:0": _TALK,
    "qwen.qwen3-235b-a22b-2507-v1:0": _TALK,
    "qwen.qwen3-32b-v1:0": _TALK,
    "qwen.qwen3-coder-480b-a35b-v1:0": _TALK,
    "stability.sd3-5-large-v1:0": _INVOKE,
    "stability.stable-conservative-upscale-v1:0": _INVOKE,
    "stability.stable-creative-upscale-v1:0": _INVOKE,
    "stability.stable-diffusion-xl-v1": _INVOKE,
    "stability.stable-fast-upscale-v1:0": _INVOKE,
    "stability.stable-image-control-sketch-v1:0": _INVOKE,
    "stability.stable-image-control-structure-v1:0": _INVOKE,
    "stability.stable-image-core-v1:1": _INVOKE,
    "stability.stable-image-erase-object-v1:0": _INVOKE,
    "stability.stable-image-inpaint-v1:0": _INVOKE,
    "stability.stable-image-remove-background-v1:0": _INVOKE,
    "stability.stable-image-search-recolor-v1:0": _INVOKE,
    "stability.stable-image-search-replace-v1:0": _INVOKE,
    "stability.stable-image-style-guide-v1:0": _INVOKE,
    "stability.stable-image-ultra-v1:1": _INVOKE,
    "stability.stable-outpaint-v1:0": _INVOKE,
    "stability.stable-style-transfer-v1:0": _INVOKE,
    "twelvelabs.marengo-embed-2-7-v1:0": (*_INVOKE, *_JOB),
    "twelvelabs.marengo-embed-3-0-v1:0": (*_INVOKE, *_JOB),
    "twelvelabs.pegasus-1-2-v1:0": _STREAM,
    "writer.palmyra-x4-v1:0": _TALK,
    "writer.palmyra-x5-v1:0": _TALK,
}
"""Models with the operations that each answers here, by base id; profiles of them (`us.…`) do too,
but for CountTokens. A model that is not listed is answered as its family would be."""
