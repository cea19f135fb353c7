"""A plan: the requests that tenants will send, in order. Seeded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from local import project
from local.traffic.payloads import Body, Builder

Operation = Literal[
    "invoke_model",
    "invoke_endpoint",
    "converse",
    "count_tokens",
    "apply_guardrail",
    "start_async_invoke",
    "get_async_invoke",
    "list_async_invokes",
]
"""By the names that boto3 gives them."""

NATIVE_SHARE = 0.35
"""Of what `POST /invoke` serves, too; everything else is asked for on native routes alone."""

_HEADERS_AS_PARAMETERS: Mapping[str, str] = {
    "x-amzn-bedrock-guardrailidentifier": "guardrailIdentifier",
    "x-amzn-bedrock-guardrailversion": "guardrailVersion",
    "x-amzn-bedrock-performanceconfig-latency": "performanceConfigLatency",
    "x-amzn-bedrock-service-tier": "serviceTier",
    "x-amzn-bedrock-trace": "trace",
}
_PAYLOADS = project.environment()["PAYLOADS_BUCKET"]
_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that a tenant may ask of a model; `share` is how often, among its team's."""

    model_id: str  # or an endpoint's name, or guardrail/<id>
    build: Builder  # the body of InvokeModel or InvokeEndpoint, else the other parameters
    share: int = 2
    headers: Mapping[str, str] = field(default_factory=dict)
    operation: Operation = "invoke_model"


@dataclass(frozen=True, slots=True)
class Request:
    """One `POST /invoke`, to be sent with a key of `team`."""

    team: str
    model_id: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NativeRequest:
    """One call of an AWS SDK, to be made with a key of `team`."""

    team: str
    model_id: str
    operation: Operation
    parameters: Mapping[str, Any]  # all of them, the model's name included


def plan(
    seed: int, size: int, offers: Mapping[str, Sequence[Offer]]
) -> list[Request | NativeRequest]:
    """Plan `size` requests of the teams that `offers` names; the same seed plans the same.

    Every offer is taken up once, as far as `size` allows, and the rest by lot.
    """
    random = Random(seed)
    drawn = [(team, offer) for team, its_own in offers.items() for offer in its_own]
    random.shuffle(drawn)
    drawn = drawn[:size]
    while len(drawn) < size:
        team, its_own = random.choice(list(offers.items()))
        [offer] = random.choices(its_own, [each.share for each in its_own])
        drawn.append((team, offer))
    random.shuffle(drawn)
    return [_drawn(random, team, offer) for team, offer in drawn]


def request(
    team: str, model_id: str, body: Body, headers: Mapping[str, str] = _NO_HEADERS
) -> Request:
    return Request(team, model_id, json.dumps(body).encode(), headers)


def _drawn(random: Random, team: str, offer: Offer) -> Request | NativeRequest:
    native = random.random() < NATIVE_SHARE
    built = offer.build(random)
    if offer.operation in ("invoke_model", "invoke_endpoint") and not native:
        return request(team, offer.model_id, built, offer.headers)
    return NativeRequest(team, offer.model_id, offer.operation, _parameters(team, offer, built))


def _parameters(team: str, offer: Offer, built: Body) -> dict[str, Any]:
    match offer.operation:
        case "invoke_model":
            named = {_HEADERS_AS_PARAMETERS[name]: text for name, text in offer.headers.items()}
            return {"modelId": offer.model_id, "body": json.dumps(built), **named}
        case "invoke_endpoint":
            kind = {"ContentType": "application/json"}
            return {"EndpointName": offer.model_id, "Body": json.dumps(built), **kind}
        case "apply_guardrail":
            return {"guardrailIdentifier": offer.model_id.removeprefix("guardrail/"), **built}
        case "start_async_invoke":
            folder = {"s3OutputDataConfig": {"s3Uri": f"s3://{_PAYLOADS}/teams/{team}/jobs/"}}
            return {"modelId": offer.model_id, "modelInput": built, "outputDataConfig": folder}
    return {"modelId": offer.model_id, **built}
