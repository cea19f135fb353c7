"""The one way in: what did the provider say this call used? Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from chalicelib.catalog import Model
from chalicelib.json_text import Ambiguous, parsed
from chalicelib.metering import (
    amazon_images,
    anthropic,
    containers,
    converse,
    embeddings,
    grounding,
    guardrails,
    rerank,
    stability,
    text,
    twelvelabs,
)
from chalicelib.metering.exchange import Exchange
from chalicelib.metering.metered import DEFERRED, TOKENS_COUNTED, Metered, unknown
from chalicelib.metering.served import DEFAULT, LATENCY, STANDARD, TIER, as_served

Read = Callable[[Exchange], Metered]

CHAT = ("InvokeModel", "InvokeModelWithResponseStream", "Converse", "ConverseStream")
AT_ONCE = ("InvokeModel",)
TALKS = ("InvokeModel", "InvokeModelWithResponseStream")
JOB = ("StartAsyncInvoke",)


@dataclass(frozen=True, slots=True)
class Meter:
    """How a family's answers to InvokeModel are read, and what can be told of it."""

    read: Read
    operations: tuple[str, ...]  # that AWS offers for the family, by AWS's own names
    headers: bool = True  # Bedrock's counts are read first
    body: str = ""  # what is read in the answer's body, and where
    request: str = ""  # what is read in the request, or was in a job's: a `derived` reading


def _no_operation_here(_exchange: Exchange) -> Metered:
    return unknown("family_not_metered")


def _text(name: str, family: text.TextFamily) -> Meter:
    read = grounding.meter_nova if name == "nova" else partial(text.meter, family)
    return Meter(read, CHAT if family.writes_text else AT_ONCE, body=family.where)


def _pictures(read: Read, body: str) -> Meter:
    return Meter(read, AT_ONCE, headers=False, body=body)


METERS: Mapping[str, Meter] = {
    **{name: _text(name, family) for name, family in text.FAMILIES.items()},
    "claude": Meter(anthropic.meter, CHAT, body=anthropic.WHERE),
    "cohere_embed": Meter(
        embeddings.meter_cohere, AT_ONCE, request="the request's `images`, `inputs`"
    ),
    "luma_ray": Meter(_no_operation_here, JOB, headers=False, request="`duration`, `resolution`"),
    "marengo": Meter(
        twelvelabs.meter_marengo,
        AT_ONCE + JOB,
        headers=False,
        request="`inputType`, and media in the request",
    ),
    "nova_canvas": _pictures(
        partial(amazon_images.meter, amazon_images.canvas_class), amazon_images.WHERE
    ),
    "nova_embed": Meter(
        embeddings.meter_nova,
        AT_ONCE + JOB,
        request="`image`, and `audio` or `video` in the request",
    ),
    "nova_reel": Meter(
        _no_operation_here,
        JOB,
        headers=False,
        request="`taskType`, `videoGenerationConfig`, the number of `shots`",
    ),
    "nova_sonic": Meter(_no_operation_here, (), headers=False),
    "pegasus": Meter(twelvelabs.meter_pegasus, TALKS, request="the video in the request"),
    "rerank": Meter(rerank.meter, AT_ONCE, headers=False, request="the number of `documents`"),
    "sdxl": _pictures(stability.meter_sdxl, "`artifacts`"),
    "stability": _pictures(stability.meter, "`images`, `finish_reasons`"),
    "titan_embed_image": Meter(
        embeddings.meter_titan,
        AT_ONCE,
        body=text.FAMILIES["titan_embed"].where,
        request="the request's `inputImage`",
    ),
    "titan_image": _pictures(
        partial(amazon_images.meter, amazon_images.titan_class), amazon_images.WHERE
    ),
}
"""By `Model.family`. Nova Sonic needs HTTP/2 both ways, which no client of boto3 speaks."""


OF_THE_REQUEST = frozenset(
    {
        *("documents", "image_quality", "image_size", "image_steps"),
        *("input_images", "input_kind", "media_duration"),
    }
)
"""Problems that a request has which cannot be read, or has a key twice."""

AMBIGUOUS = "request_ambiguous"


READS_REQUEST = frozenset(name for name, each in METERS.items() if each.request or not each.headers)
"""Families that are billed by what the request asks for."""


def says_one_thing(model: Model, operation: str, request: bytes) -> bool:
    """Say whether a request whose words set its price means the same to every JSON parser.

    Of one that has a key twice the provider may obey either. What is no JSON at all is the
    provider's to refuse.
    """
    if operation not in TALKS or model.family not in READS_REQUEST:
        return True
    try:
        parsed(request)
    except Ambiguous:
        return False
    except ValueError:
        return True
    return True


def meter(model: Model, exchange: Exchange, busy_ms: int = 0) -> Metered:
    """Read what an answered call used. Never raises, and never guesses: `none` says unknown.

    A call that the provider refused is not metered: it is recorded `failed`. What an asynchronous
    job used is settled when it ends (`async_jobs`). `busy_ms` counts where capacity is billed by
    time.
    """
    if model.service == "sagemaker":
        return containers.meter(model.container, exchange, busy_ms)
    read = OPERATIONS.get(exchange.operation)
    metered = unknown("operation_not_metered") if read is None else read(model, exchange)
    if not model.billed_by_time:
        return metered
    return replace(metered, usage=replace(metered.usage, busy_ms=busy_ms))


def _invoke_model(model: Model, exchange: Exchange) -> Metered:
    family = METERS.get(model.family)
    if family is None:
        return unknown("family_not_metered")
    metered = family.read(exchange)
    if metered.problem in OF_THE_REQUEST and exchange.request_is_ambiguous():
        metered = replace(metered, problem=AMBIGUOUS)
    if guardrails.went_with(exchange):
        metered = guardrails.added_to_invoke(metered, exchange)
    headers = exchange.headers
    return as_served(
        metered, model.base_model, headers.get(TIER, DEFAULT), headers.get(LATENCY, STANDARD)
    )


def _converse(model: Model, exchange: Exchange) -> Metered:
    family = METERS.get(model.family)
    if family is None or "Converse" not in family.operations:
        return unknown("family_not_metered")
    return converse.meter(model, exchange)


def _apply_guardrail(_model: Model, exchange: Exchange) -> Metered:
    return guardrails.meter(exchange)


def _count_tokens(_model: Model, _exchange: Exchange) -> Metered:
    return TOKENS_COUNTED


def _start_async_invoke(_model: Model, _exchange: Exchange) -> Metered:
    return DEFERRED


OPERATIONS: Mapping[str, Callable[[Model, Exchange], Metered]] = {
    "ApplyGuardrail": _apply_guardrail,
    "Converse": _converse,
    "CountTokens": _count_tokens,
    "InvokeModel": _invoke_model,
    "StartAsyncInvoke": _start_async_invoke,
}
"""By AWS's own names. A stream is put together as an answer of one of these (`streams`)."""
