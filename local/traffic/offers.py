"""What tenants ask for: every family, every operation, every dimension of a price."""

from collections.abc import Iterable, Mapping
from typing import Any

from local.traffic import families, media, native, payloads
from local.traffic.families import builder, called_as, served
from local.traffic.native import GUARDRAILS
from local.traffic.payloads import Builder
from local.traffic.plan import Offer
from local.traffic.resources import PROFILE, THROUGHPUT

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA_LITE = "us.amazon.nova-lite-v1:0"
NOVA_PRO = "us.amazon.nova-pro-v1:0"
TITAN_TEXT = "amazon.titan-text-express-v1"
TITAN_EMBED = "amazon.titan-embed-text-v2:0"
CANVAS = "amazon.nova-canvas-v1:0"
CHAT_ENDPOINT, LMI_ENDPOINT = "demo-chat-tgi", "demo-chat-lmi"
OPENAI_ENDPOINT, EMBED_ENDPOINT = "demo-chat-openai", "demo-embed"

ENDPOINTS: Mapping[str, Mapping[str, Any]] = {
    CHAT_ENDPOINT: {"container": "tgi", "instance": "ml.g5.xlarge"},
    LMI_ENDPOINT: {"container": "lmi", "instance": "ml.g5.xlarge"},
    OPENAI_ENDPOINT: {"container": "openai", "instance": "ml.g5.xlarge"},
    EMBED_ENDPOINT: {"container": "none", "instance": "ml.m5.large"},
}
"""The SageMaker endpoints that are called."""

_TIER = "x-amzn-bedrock-service-tier"
_OPTIMIZED = {"x-amzn-bedrock-performanceconfig-latency": "optimized"}


def _guarded(guardrail: str) -> dict[str, str]:
    return {
        "x-amzn-bedrock-guardrailidentifier": guardrail,
        "x-amzn-bedrock-guardrailversion": "1",
    }


def _invoked(base_models: Iterable[str]) -> tuple[Offer, ...]:
    return tuple(
        Offer(called_as(model), builder(families.INVOKE, model), 1) for model in base_models
    )


def _of(*providers: str) -> list[str]:
    return [model for model in served("InvokeModel") if model.startswith(providers)]


CACHED_HAIKU = Offer(HAIKU, payloads.cached_claude, 5)
CACHED_NOVA = Offer(NOVA_LITE, payloads.cached_nova, 3)
ORDINARY = (
    Offer(HAIKU, payloads.claude, 4),
    CACHED_HAIKU,
    Offer(HAIKU, native.conversation, 3, operation="converse"),
)
CHAT = (
    *_invoked(served("Converse")),
    *(
        Offer(called_as(m), native.conversation, 1, operation="converse")
        for m in served("Converse")
    ),
)
"""Every model that talks, in its own schema and by Converse."""

CACHED = (
    Offer(SONNET, payloads.cached_claude, 3),
    CACHED_NOVA,
    Offer(NOVA_LITE, native.cached_conversation, 3, operation="converse"),
    Offer(SONNET, native.conversation_cached_an_hour, 3, operation="converse"),
)
DIMENSIONS = (
    Offer(SONNET, payloads.vast_claude, 1),
    Offer("amazon.nova-pro-v1:0", payloads.cached_nova, headers={_TIER: "flex"}),
    Offer("amazon.nova-pro-v1:0", payloads.nova, headers={_TIER: "priority"}),
    Offer("openai.gpt-oss-120b-1:0", payloads.chat, headers={_TIER: "priority"}),
    Offer("qwen.qwen3-32b-v1:0", native.flexible_conversation, operation="converse"),
    Offer(NOVA_PRO, payloads.nova, headers=_OPTIMIZED),
    Offer(NOVA_PRO, native.hurried_conversation, operation="converse"),
    Offer(f"global.{SONNET.removeprefix('us.')}", payloads.claude),
    Offer(NOVA_LITE, native.conversation_about_a_picture, operation="converse"),
    *(
        Offer(called_as(model), native.token_count, 1, operation="count_tokens")
        for model in ("anthropic.claude-3-5-sonnet-20241022-v2:0",)
    ),
)
"""Long context, tiers, latency, geography; and a count that costs nothing."""

GUARDED = (
    *(Offer(TITAN_TEXT, payloads.titan_text, 1, _guarded(each)) for each in GUARDRAILS),
    *(Offer(NOVA_LITE, payloads.cached_nova, 1, _guarded(each)) for each in GUARDRAILS),
    Offer(HAIKU, payloads.briefly_cached_claude, 1, _guarded(GUARDRAILS[1])),
    Offer("openai.gpt-oss-120b-1:0", payloads.chat, 1, _guarded(GUARDRAILS[1])),
    Offer("amazon.rerank-v1:0", media.reranking, 1, _guarded(GUARDRAILS[2])),
    Offer(TITAN_TEXT, native.guarded_conversation, operation="converse"),
    Offer(HAIKU, native.guarded_conversation, operation="converse"),
    *(
        Offer(f"guardrail/{each}", native.guardrail_application, 1, operation="apply_guardrail")
        for each in GUARDRAILS
    ),
    Offer(
        f"guardrail/{native.GROUNDED}",
        native.grounded_application,
        1,
        operation="apply_guardrail",
    ),
)
EMBEDDINGS = (
    *_invoked(_of("amazon.titan-embed", "amazon.nova-2-multimodal", "cohere.embed", "twelvelabs.")),
    Offer(TITAN_EMBED, payloads.titan_embedding, 3),
    Offer("amazon.nova-2-multimodal-embeddings-v1:0", media.nova_embedding, 3),
    Offer("cohere.embed-english-v3", media.cohere_picture, 1),
)
RERANKERS = tuple(
    Offer(model, builder(families.INVOKE, model)) for model in _of("amazon.rerank", "cohere.rerank")
)
PICTURES = (
    *_invoked(_of("amazon.titan-image", "stability.")),
    Offer(CANVAS, payloads.amazon_picture, 3),
    Offer(CANVAS, payloads.background_removal),
    Offer("amazon.titan-image-generator-v2:0", payloads.amazon_picture, 3),
    Offer("stability.stable-diffusion-xl-v1", payloads.sdxl),
)
JOBS = tuple(
    Offer(model, builder(families.JOBS, model), 1, operation="start_async_invoke")
    for model in served("StartAsyncInvoke")
)
HOSTED = (
    Offer(CHAT_ENDPOINT, payloads.generation, 4, operation="invoke_endpoint"),
    Offer(LMI_ENDPOINT, payloads.generation, 1, operation="invoke_endpoint"),
    Offer(LMI_ENDPOINT, payloads.bare_generation, 1, operation="invoke_endpoint"),
    Offer(OPENAI_ENDPOINT, payloads.chat, 2, operation="invoke_endpoint"),
    Offer(EMBED_ENDPOINT, payloads.container_embedding, 3, operation="invoke_endpoint"),
)


def _streaming(model_id: str, build: Builder, **fields: Any) -> Offer:
    return Offer(model_id, build, 0, operation="invoke_model_with_response_stream", **fields)


def _talking(model_id: str, build: Builder) -> Offer:
    return Offer(model_id, build, 0, operation="converse_stream")


def _parts_of(endpoint: str, build: Builder) -> Offer:
    return Offer(endpoint, build, 0, operation="invoke_endpoint_with_response_stream")


def _streamed(number: int, model: str) -> Offer:
    if number % 2 and model in served("ConverseStream"):
        return _talking(called_as(model), native.conversation)
    return _streaming(called_as(model), builder(families.INVOKE, model))


STREAMED = (
    *(
        _streamed(number, model)
        for number, model in enumerate(served("InvokeModelWithResponseStream"))
    ),
    _streaming(SONNET, payloads.cached_claude),
    _streaming(NOVA_LITE, payloads.cached_nova),
    _streaming("cohere.command-text-v14", payloads.streamed(payloads.completion)),
    _streaming("qwen.qwen3-32b-v1:0", payloads.counted_stream(payloads.chat)),
    _streaming("amazon.nova-pro-v1:0", payloads.nova, headers={_TIER: "flex"}),
    _talking(NOVA_LITE, native.cached_conversation),
    _talking(SONNET, native.conversation_cached_an_hour),
)
"""Every model that streams, by turns in its own schema and by ConverseStream; caches and a tier."""

STREAMED_GUARDED = (
    *(_streaming(TITAN_TEXT, payloads.titan_text, headers=_guarded(each)) for each in GUARDRAILS),
    _streaming(HAIKU, payloads.briefly_cached_claude, headers=_guarded(GUARDRAILS[1])),
    _talking(HAIKU, native.guarded_conversation),
)
STREAMED_HOSTED = (
    _parts_of(CHAT_ENDPOINT, payloads.streamed(payloads.generation)),
    _parts_of(CHAT_ENDPOINT, payloads.streamed(payloads.bare_generation)),
    _parts_of(LMI_ENDPOINT, payloads.streamed(payloads.bare_generation)),
    _parts_of(LMI_ENDPOINT, payloads.bare_generation),
    _parts_of(OPENAI_ENDPOINT, payloads.streamed(payloads.chat)),
    _parts_of(OPENAI_ENDPOINT, payloads.counted_stream(payloads.chat)),
)
"""Containers that count because they are asked, by the tenant or by the gateway; and one that does
not stream, nor count."""
OWN_ARNS = (
    Offer(PROFILE, payloads.cached_claude),
    Offer(PROFILE, native.conversation, 1, operation="converse"),
    Offer(THROUGHPUT, payloads.nova),
    Offer(THROUGHPUT, payloads.nova, 1, _guarded(GUARDRAILS[0])),
    Offer(THROUGHPUT, native.conversation, 1, operation="converse"),
)
