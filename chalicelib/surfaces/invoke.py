"""`POST /invoke?model_id=ID`: the model's own payload in, the model's own answer out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chalicelib.backends.bedrock import INVOKE_MODEL
from chalicelib.backends.operation import Operation, Payload
from chalicelib.backends.sagemaker import INVOKE_ENDPOINT
from chalicelib.errors import BadRequest, PayloadTooLarge
from chalicelib.router import ModelRequest, Router
from chalicelib.surfaces.answers import JSON, Answer
from chalicelib.surfaces.large_answers import LargeAnswers
from chalicelib.tenants.nouns import Identity
from chalicelib.transport import Reply

OPERATIONS: Final[Mapping[str, Operation]] = {
    "bedrock": INVOKE_MODEL,
    "sagemaker": INVOKE_ENDPOINT,
}
MAX_BODY_BYTES: Final = 6_291_456
"""What SageMaker takes (service model sagemaker-runtime), and about what a Lambda can be sent."""

MODEL_HEADERS: Final = ("x-amzn-bedrock-", "x-amzn-sagemaker-", "x-amzn-invoked-")
"""The model's own answer headers, by how they begin."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One HTTP request to this route. Header names are in lower case; queries are decoded."""

    request_id: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes
    account: str
    seconds_left: float


class InvokeSurface:
    name: Final = "invoke"

    def __init__(self, router: Router, large_answers: LargeAnswers) -> None:
        self._router = router
        self._large_answers = large_answers

    def answer(self, identity: Identity, invocation: Invocation) -> Answer:
        """Answer with the model's own status, bytes, content type and headers, or raise."""
        _refuse_streaming(invocation.query)
        request = ModelRequest(
            request_id=invocation.request_id,
            model_id=_only_model_id(invocation.query),
            payload=Payload(invocation.headers, _checked(invocation.body)),
            operations=OPERATIONS,
            surface=self.name,
            account=invocation.account,
            seconds_left=invocation.seconds_left,
        )
        reply = self._router.answer(identity, request)
        headers = _model_headers(reply) | {"x-request-id": invocation.request_id}
        content_type = reply.headers.get("content-type", JSON)
        answer = Answer(reply.status, reply.body, headers, content_type)
        return self._large_answers.fit(answer, identity)


def _only_model_id(query: Mapping[str, Sequence[str]]) -> str:
    given = query.get("model_id", ())
    if len(given) != 1:
        raise BadRequest("Name one model: POST /invoke?model_id=ID, once.")
    return given[0]


def _refuse_streaming(query: Mapping[str, Sequence[str]]) -> None:
    if any(value != "false" for value in query.get("stream", ())):
        raise BadRequest("This gateway does not stream yet: leave 'stream' out, or stream=false.")


def _checked(body: bytes) -> bytes:
    if not body:
        raise BadRequest("The body is empty: send the model's own payload.")
    if len(body) > MAX_BODY_BYTES:
        raise PayloadTooLarge(f"The body has {len(body)} bytes; the limit is {MAX_BODY_BYTES}.")
    return body


def _model_headers(reply: Reply) -> dict[str, str]:
    return {n: value for n, value in reply.headers.items() if n.startswith(MODEL_HEADERS)}
