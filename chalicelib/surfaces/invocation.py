"""One HTTP request for a model call, and what every surface does with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Self

from chalicelib.admission import ModelRequest
from chalicelib.backends.operation import Operation, Payload
from chalicelib.catalog import Model
from chalicelib.errors import BadRequest, PayloadTooLarge
from chalicelib.surfaces.answers import JSON, Answer
from chalicelib.transport import Patience, Reply

MAX_BODY_BYTES: Final = 6_291_456
"""What SageMaker takes (service model sagemaker-runtime), and about what a Lambda can be sent."""

MODEL_HEADERS: Final = ("x-amzn-bedrock-", "x-amzn-sagemaker-", "x-amzn-invoked-")
"""The model's own answer headers, by how they begin."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One HTTP request. Header names are in lower case; queries are decoded."""

    request_id: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes
    account: str
    seconds_left: float
    base_path: str = ""  # of every route, as the client sees it: the API's stage

    @classmethod
    def of(
        cls, event: Mapping[str, Any], body: bytes, *, request_id: str, account: str, context: Any
    ) -> Self:
        """Read an API Gateway proxy event, with its body decoded and its Lambda context."""
        return cls(
            request_id=request_id,
            query=event["multiValueQueryStringParameters"] or {},
            headers=headers_of(event),
            body=body,
            account=account,
            seconds_left=context.get_remaining_time_in_millis() / 1000,
            base_path=_base_path(event),
        )

    def flag(self, name: str, *, default: bool) -> bool:
        """Read a parameter of the query that is `true` or `false`. Raises BadRequest."""
        given = self.query.get(name)
        if not given:
            return default
        if len(given) > 1 or given[0] not in ("true", "false"):
            raise BadRequest(f"{name} is true or false, and there once.")
        return given[0] == "true"

    def accepts(self, *types: str) -> str | None:
        """Say which of these media types the request accepts first, by name."""
        accept = self.headers.get("accept", "").lower().split(",")
        named = (part.partition(";")[0].strip() for part in accept)
        return next((each for each in named if each in types), None)

    def model_request(
        self,
        model_id: str,
        operations: Mapping[str, Operation],
        surface: str,
        model: Model | None = None,
        patience: Patience | None = None,
    ) -> ModelRequest:
        """Ask for one of the operations on a model. Raises BadRequest and PayloadTooLarge."""
        if not self.body:
            raise BadRequest("The body is empty: send the model's own payload.")
        if len(self.body) > MAX_BODY_BYTES:
            raise PayloadTooLarge(
                f"The body has {len(self.body)} bytes; the limit is {MAX_BODY_BYTES}."
            )
        return ModelRequest(
            request_id=self.request_id,
            model_id=model_id,
            payload=Payload(self.headers, self.body),
            operations=operations,
            surface=surface,
            account=self.account,
            seconds_left=self.seconds_left,
            model=model,
            patience=patience,
        )

    def answer(self, reply: Reply) -> Answer:
        """Answer with the model's own status, bytes, content type and headers."""
        content_type = reply.headers.get("content-type", JSON)
        return Answer(reply.status, reply.body, self.answer_headers(reply.headers), content_type)

    def answer_headers(self, provider: Mapping[str, str]) -> dict[str, str]:
        """Return the model's own headers, out of the provider's, and the id of the request."""
        own = {name: value for name, value in provider.items() if name.startswith(MODEL_HEADERS)}
        return {**own, "x-request-id": self.request_id}


def _base_path(event: Mapping[str, Any]) -> str:
    """Return what stands before a route, as the client sees it: API Gateway's stage, `/api`, or the
    base path by which a domain name of one's own is mapped to it.

    Such a base path is in both of the event's paths, so a route is known by its resource.
    """
    context = event["requestContext"]
    resource, path = context.get("resourcePath"), context.get("path", "")
    found = _route(resource).fullmatch(path) if resource else None
    return found[1] if found else ""


@cache
def _route(resource: str) -> re.Pattern[str]:
    """Match a path that ends in a route, such as `/model/{model_id}/{operation}`."""
    parts = re.split(r"\{[^}]*\}", resource)
    return re.compile(f"(.*?){'.+'.join(map(re.escape, parts))}/?")


def headers_of(event: Mapping[str, Any]) -> dict[str, str]:
    """Read a proxy event's headers by their names in lower case.

    Of one that is repeated with other values all are kept, joined as HTTP joins them (RFC 9110,
    5.3): two keys in two headers of one name are then no key at all. `chalice local` gives single
    values only.
    """
    repeated: Mapping[str, list[str]] | None = event.get("multiValueHeaders")
    if repeated is None:
        repeated = {name: [value] for name, value in (event["headers"] or {}).items()}
    headers: dict[str, str] = {}
    for name, values in repeated.items():
        value = values[0] if len(values) == 1 else ", ".join(dict.fromkeys(values))
        known = headers.setdefault(name.lower(), value)
        if known != value:
            headers[name.lower()] = f"{known}, {value}"
    return headers
