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
    "invoke_model_with_response_stream",
    "invoke_endpoint",
    "invoke_endpoint_with_response_stream",
    "converse",
    "converse_stream",
    "count_tokens",
    "apply_guardrail",
    "start_async_invoke",
    "get_async_invoke",
    "list_async_invokes",
]
"""By the names that boto3 gives them."""

STREAMED: frozenset[Operation] = frozenset(
    {
        "converse_stream",
        "invoke_endpoint_with_response_stream",
        "invoke_model_with_response_stream",
    }
)
Form = Literal["queued", "sse", "event_stream"]
"""How `POST /invoke` streams: for a worker, or live in one of two ways."""

FORMS: Sequence[Form] = ("queued", "queued", "sse", "sse", "event_stream")
Repeated = Literal["never", "at_once", "later"]
REPEATED: Sequence[Repeated] = ("at_once", "later")

NATIVE_SHARE = 0.35
"""Of what `POST /invoke` serves, too; everything else is asked for on native routes alone."""

LEAVES, REPEATS, RETRIES = 0.25, 0.2, 0.2
"""Shares: of live streams whose client hangs up, of streams that are sent twice under a key, and of
SDK calls whose SDK may try again."""

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
    """Something that a tenant may ask of a model; `share` is how often, among its team's.

    Of share 0 is what is asked once.
    """

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
class StreamRequest:
    """One `POST /invoke` whose answer is streamed, and what its client does."""

    team: str
    model_id: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Form = "queued"
    query: str = ""  # what is wished besides: `&retry=true`
    leaves_after: int = 0  # events, after which the client hangs up; 0: they do not
    key: str = ""  # an Idempotency-Key
    repeated: Repeated = "never"


@dataclass(frozen=True, slots=True)
class NativeRequest:
    """One call of an AWS SDK, to be made with a key of `team`."""

    team: str
    model_id: str
    operation: Operation
    parameters: Mapping[str, Any]  # all of them, the model's name included
    attempts: int = 1  # that the SDK may make

    @property
    def streamed(self) -> bool:
        return self.operation in STREAMED


AnyRequest = Request | StreamRequest | NativeRequest


def plan(seed: int, size: int, offers: Mapping[str, Sequence[Offer]]) -> list[AnyRequest]:
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


def native(team: str, offer: Offer, built: Body, attempts: int = 1) -> NativeRequest:
    """Ask for what is offered by AWS's SDK."""
    parameters = _parameters(team, offer, built)
    return NativeRequest(team, offer.model_id, offer.operation, parameters, attempts)


def _drawn(random: Random, team: str, offer: Offer) -> AnyRequest:
    by_sdk = random.random() < NATIVE_SHARE
    built = offer.build(random)
    if offer.operation.startswith("invoke_") and not by_sdk:
        asked = request(team, offer.model_id, built, offer.headers)
        return _streamed(random, asked) if offer.operation in STREAMED else asked
    return native(team, offer, built, attempts=2 if random.random() < RETRIES else 1)


def _streamed(random: Random, asked: Request) -> StreamRequest:
    """Draw how an answer is streamed, and what its client does meanwhile."""
    form = random.choice(FORMS)
    leaves = form != "queued" and random.random() < LEAVES
    repeated = random.choice(REPEATED) if random.random() < REPEATS else "never"
    return StreamRequest(
        asked.team,
        asked.model_id,
        asked.body,
        asked.headers,
        form,
        leaves_after=random.randint(1, 20) if leaves else 0,
        key=f"order-{random.getrandbits(64):x}" if repeated != "never" else "",
        repeated=repeated,
    )


def _parameters(team: str, offer: Offer, built: Body) -> dict[str, Any]:
    match offer.operation:
        case "invoke_model" | "invoke_model_with_response_stream":
            named = {_HEADERS_AS_PARAMETERS[name]: text for name, text in offer.headers.items()}
            return {"modelId": offer.model_id, "body": json.dumps(built), **named}
        case "invoke_endpoint" | "invoke_endpoint_with_response_stream":
            kind = {"ContentType": "application/json"}
            return {"EndpointName": offer.model_id, "Body": json.dumps(built), **kind}
        case "apply_guardrail":
            return {"guardrailIdentifier": offer.model_id.removeprefix("guardrail/"), **built}
        case "start_async_invoke":
            folder = {"s3OutputDataConfig": {"s3Uri": f"s3://{_PAYLOADS}/teams/{team}/jobs/"}}
            return {"modelId": offer.model_id, "modelInput": built, "outputDataConfig": folder}
    return {"modelId": offer.model_id, **built}
