"""The operations that are served: how each is addressed, and who answers it.

A new operation is a row in OPERATIONS and a function from a Call to a Reply. One that streams has
the buffered one's function, so that the model runs alike, and another that words its reply.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from local.simulator import models, refusals, terms
from local.simulator.actions import (
    Call,
    apply_guardrail,
    async_invoke,
    converse,
    converse_stream,
    count_tokens,
    invoke_endpoint,
    invoke_endpoint_stream,
    invoke_model,
    invoke_model_stream,
)
from local.simulator.arrival import Arrival
from local.simulator.calls import Reply
from local.simulator.faults import Fault
from local.simulator.models import Model, Resources
from local.simulator.refusals import Service
from local.simulator.streams import Stream
from local.simulator.terms import Terms

Word = Callable[[Call, Reply, Fault | None], Stream]


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    service: Service
    method: str
    path: re.Pattern[str]
    answer: Callable[[Call], Reply]
    identify: Callable[[Arrival, Resources], Model]
    terms: Callable[[Arrival], Terms] = terms.none
    counts_in_headers: bool = False
    stream: Word | None = None


def _model(arrival: Arrival, resources: Resources) -> Model:
    return resources(arrival.label) or models.parse(arrival.label)


def _endpoint(arrival: Arrival, _resources: Resources) -> Model:
    return Model(arrival.label, arrival.label)


def _path(pattern: str) -> re.Pattern[str]:
    """Return a path's pattern, each `*` a label as it stands on the wire."""
    return re.compile(pattern.replace("*", "([^/]+)"))


OPERATIONS = (
    Operation(
        "InvokeModel",
        "bedrock",
        "POST",
        _path("/model/*/invoke"),
        invoke_model.answer,
        _model,
        terms.in_headers,
        counts_in_headers=True,
    ),
    Operation(
        "InvokeModelWithResponseStream",
        "bedrock",
        "POST",
        _path("/model/*/invoke-with-response-stream"),
        invoke_model.answer,
        _model,
        terms.in_headers,
        stream=invoke_model_stream.stream,
    ),
    Operation(
        "Converse",
        "bedrock",
        "POST",
        _path("/model/*/converse"),
        converse.answer,
        _model,
        terms.in_body,
    ),
    Operation(
        "ConverseStream",
        "bedrock",
        "POST",
        _path("/model/*/converse-stream"),
        converse.answer,
        _model,
        terms.in_body,
        stream=converse_stream.stream,
    ),
    Operation(
        "CountTokens",
        "bedrock",
        "POST",
        _path("/model/*/count-tokens"),
        count_tokens.answer,
        _model,
    ),
    Operation(
        "ApplyGuardrail",
        "bedrock",
        "POST",
        _path("/guardrail/*/version/*/apply"),
        apply_guardrail.answer,
        apply_guardrail.identify,
    ),
    Operation(
        "StartAsyncInvoke",
        "bedrock",
        "POST",
        _path("/async-invoke"),
        async_invoke.start,
        async_invoke.identify,
    ),
    Operation(
        "GetAsyncInvoke",
        "bedrock",
        "GET",
        _path("/async-invoke/*"),
        async_invoke.get,
        async_invoke.identify_job,
    ),
    Operation(
        "ListAsyncInvokes",
        "bedrock",
        "GET",
        _path("/async-invoke"),
        async_invoke.list_jobs,
        async_invoke.identify_job,
    ),
    Operation(
        "InvokeEndpoint",
        "sagemaker",
        "POST",
        _path("/endpoints/*/invocations"),
        invoke_endpoint.answer,
        _endpoint,
    ),
    Operation(
        "InvokeEndpointWithResponseStream",
        "sagemaker",
        "POST",
        _path("/endpoints/*/invocations-response-stream"),
        invoke_endpoint.answer,
        _endpoint,
        stream=invoke_endpoint_stream.stream,
    ),
)


def route(method: str, path: str) -> tuple[Operation, tuple[str, ...]]:
    """Find the operation by the path as it stood on the wire, and unquote its labels once.

    Model ids hold slashes and colons, so a decoded path cannot be routed. Raises Refusal.
    """
    for operation in OPERATIONS:
        if operation.method == method and (match := operation.path.fullmatch(path)):
            return operation, tuple(map(unquote, match.groups()))
    raise refusals.unknown_operation()


def resource(operation: Operation, model: Model) -> str:
    """Return what the operation works on, as an ARN ends."""
    if operation.service == "sagemaker":
        return f"endpoint/{model.id}"
    if model.base == "guardrails":
        return model.id
    kind = "foundation-model" if model.id == model.base else "inference-profile"
    return f"{kind}/{model.id}"
