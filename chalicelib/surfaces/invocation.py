"""One HTTP request for a model call, and what every surface does with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from chalicelib.backends.operation import Operation, Payload
from chalicelib.catalog import Model
from chalicelib.errors import BadRequest, PayloadTooLarge
from chalicelib.router import ModelRequest
from chalicelib.surfaces.answers import JSON, Answer
from chalicelib.transport import Reply

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
        )

    def model_request(
        self,
        model_id: str,
        operations: Mapping[str, Operation],
        surface: str,
        model: Model | None = None,
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
        )

    def answer(self, reply: Reply) -> Answer:
        """Answer with the model's own status, bytes, content type and headers."""
        headers = {n: value for n, value in reply.headers.items() if n.startswith(MODEL_HEADERS)}
        headers["x-request-id"] = self.request_id
        content_type = reply.headers.get("content-type", JSON)
        return Answer(reply.status, reply.body, headers, content_type)


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
