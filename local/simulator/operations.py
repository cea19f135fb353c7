"""The operations that are served: how each is addressed, and how it finds its answer.

A new operation is a row in OPERATIONS and a function from a Call to a Reply.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from local.simulator import containers, families, models, refusals
from local.simulator.calls import Ask, Direction, Reply
from local.simulator.models import Model
from local.simulator.prompt_cache import PromptCache
from local.simulator.refusals import Refusal, Service, malformed
from local.simulator.tokens import Scribe


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose signature is good and whose model or endpoint is known by name."""

    region: str
    model: Model  # an endpoint's name is both its id and its base
    body: bytes
    scribe: Scribe
    cache: PromptCache
    direction: Direction
    endpoints: dict[str, str]


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    service: Service
    method: str
    path: re.Pattern[str]
    identify: Callable[[str], Model]
    answer: Callable[[Call], Reply]
    resource: Callable[[Model], str]  # as an ARN ends


def invoke_model(call: Call) -> Reply:
    if len(call.body) > 25_000_000:
        raise refusals.invalid(_TOO_LONG.format(25_000_000))
    return families.family(call.model)(_ask(call, _json_object(call.body)))


def invoke_endpoint(call: Call) -> Reply:
    name = call.model.id
    if len(call.body) > 6_291_456:
        raise refusals.sagemaker(400, "ValidationError", _TOO_LONG.format(6_291_456))
    if name not in call.endpoints:
        raise refusals.sagemaker(
            400, "ValidationError", f"Endpoint {name} of account {refusals.ACCOUNT} not found."
        )
    try:
        return containers.CONTAINERS[call.endpoints[name]](_ask(call, _json_object(call.body)))
    except Refusal as refused:
        raise refusals.model_error(name, call.region, 422, refused.message) from refused


_TOO_LONG = (
    "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have "
    "length less than or equal to {}"
)


def _ask(call: Call, payload: dict[str, Any]) -> Ask:
    return Ask(call.model, payload, call.scribe, call.cache, call.direction)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise malformed("#: expected a JSON object") from None
    if not isinstance(payload, dict):
        raise malformed("#: expected type: JSONObject")
    return payload


def _endpoint(name: str) -> Model:
    return Model(name, name)


def _model_resource(model: Model) -> str:
    kind = "foundation-model" if model.id == model.base else "inference-profile"
    return f"{kind}/{model.id}"


OPERATIONS = (
    Operation(
        "InvokeModel",
        "bedrock",
        "POST",
        re.compile(r"/model/([^/]+)/invoke"),
        models.parse,
        invoke_model,
        _model_resource,
    ),
    Operation(
        "InvokeEndpoint",
        "sagemaker",
        "POST",
        re.compile(r"/endpoints/([^/]+)/invocations"),
        _endpoint,
        invoke_endpoint,
        lambda model: f"endpoint/{model.id}",
    ),
)


def route(method: str, path: str) -> tuple[Operation, str]:
    """Find the operation by the path as it stood on the wire, and unquote its label once.

    Model ids hold slashes and colons, so a decoded path cannot be routed. Raises Refusal.
    """
    for operation in OPERATIONS:
        if operation.method == method and (match := operation.path.fullmatch(path)):
            return operation, unquote(match[1])
    raise refusals.unknown_operation()
