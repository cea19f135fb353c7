"""One HTTP request for a model call, and what every surface does with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

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
