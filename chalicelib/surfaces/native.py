"""Bedrock Runtime and SageMaker Runtime as they are, for an unmodified AWS SDK.

The same bytes both ways, AWS's own error shapes; the tenant's key as the bearer token.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from chalicelib.admission import ModelRequest
from chalicelib.backends.bedrock import (
    CONVERSE,
    CONVERSE_STREAM,
    COUNT_TOKENS,
    INVOKE_MODEL,
    INVOKE_MODEL_WITH_RESPONSE_STREAM,
    apply_guardrail,
)
from chalicelib.backends.guardrails import guardrail_model
from chalicelib.backends.operation import Operation
from chalicelib.backends.sagemaker import INVOKE_ENDPOINT, INVOKE_ENDPOINT_WITH_RESPONSE_STREAM
from chalicelib.catalog import Model
from chalicelib.errors import AnswerKept, BadRequest, NotFound
from chalicelib.repeats.repeats import Repeats
from chalicelib.router import Router
from chalicelib.surfaces.answers import Answer
from chalicelib.surfaces.invocation import Invocation
from chalicelib.surfaces.large_answers import LargeAnswers
from chalicelib.tenants.nouns import Identity
from chalicelib.transport import Patience

if TYPE_CHECKING:
    from chalicelib.surfaces.streamed import StreamedSurface

MODEL_OPERATIONS: Final[Mapping[str, Operation]] = {
    "invoke": INVOKE_MODEL,
    "converse": CONVERSE,
    "count-tokens": COUNT_TOKENS,
    "invoke-with-response-stream": INVOKE_MODEL_WITH_RESPONSE_STREAM,
    "converse-stream": CONVERSE_STREAM,
}
"""`POST /model/{modelId}/…`, by the last part of the path."""

ENDPOINT_OPERATIONS: Final[Mapping[str, Operation]] = {
    "invocations": INVOKE_ENDPOINT,
    "invocations-response-stream": INVOKE_ENDPOINT_WITH_RESPONSE_STREAM,
}
"""`POST /endpoints/{EndpointName}/…`"""


class NativeSurface:
    name: Final = "native"

    def __init__(
        self,
        router: Router,
        large_answers: LargeAnswers,
        repeats: Repeats,
        streamed: Callable[[], "StreamedSurface"],
        region: str,
    ) -> None:
        """`streamed` is made when the first stream is asked for."""
        self._router = router
        self._large_answers = large_answers
        self._repeats = repeats
        self._streamed = streamed
        self._region = region

    def model(
        self, identity: Identity, invocation: Invocation, model_id: str, operation: str
    ) -> Answer:
        """Run an operation of Bedrock Runtime on a model. The id is still percent-encoded."""
        found = _known(MODEL_OPERATIONS, operation)
        call = _Call(_once_unquoted(model_id), "bedrock", found)
        return self._answer(identity, invocation, call)

    def endpoint(
        self, identity: Identity, invocation: Invocation, name: str, operation: str
    ) -> Answer:
        """Run an operation of SageMaker Runtime on an endpoint."""
        found = _known(ENDPOINT_OPERATIONS, operation)
        return self._answer(identity, invocation, _Call(_once_unquoted(name), "sagemaker", found))

    def guardrail(
        self, identity: Identity, invocation: Invocation, guardrail_id: str, version: str
    ) -> Answer:
        """Apply a guardrail by itself; an allow-list admits it as `guardrail/<id>`."""
        wanted = unquote(version)
        if not (wanted == "DRAFT" or (wanted.isascii() and wanted.isdigit())):
            raise BadRequest("A guardrail's version is a number, or DRAFT.")
        model = guardrail_model(_once_unquoted(guardrail_id), self._region, invocation.account)
        call = _Call(model.model_id, "bedrock", apply_guardrail(wanted), model)
        return self._answer(identity, invocation, call)

    def _answer(self, identity: Identity, invocation: Invocation, call: "_Call") -> Answer:
        if call.operation.streams:
            return self._streamed().native(identity, invocation, call.route, call.request)
        whole = partial(self._whole, identity, call)
        answer = self._repeats.joined(identity, invocation, call.route, whole)
        if kept := self._large_answers.keep(answer, identity):
            raise AnswerKept(
                f"The model answered and was billed. Its answer of {kept.bytes} bytes is too large "
                f"to return here; until {kept.expires} it is at {kept.location}"
            )
        return answer

    def _whole(
        self, identity: Identity, call: "_Call", invocation: Invocation, patience: Patience | None
    ) -> Answer:
        request = call.request(invocation, patience)
        return invocation.answer(self._router.answer(identity, request))


@dataclass(frozen=True, slots=True)
class _Call:
    """What a path asks for: an operation of a service, on what it names."""

    model_id: str
    service: str
    operation: Operation
    model: Model | None = None  # where the path itself says what runs

    @property
    def route(self) -> str:
        return f"{self.operation.path} {self.model_id}"

    def request(self, invocation: Invocation, patience: Patience | None) -> ModelRequest:
        return invocation.model_request(
            self.model_id,
            {self.service: self.operation},
            NativeSurface.name,
            self.model,
            patience,
        )


def _known(operations: Mapping[str, Operation], name: str) -> Operation:
    if name not in operations:
        raise NotFound(f"This gateway does not serve the operation {unquote(name)!r}.")
    return operations[name]


def _once_unquoted(part: str) -> str:
    """Decode a path's part, which arrives still percent-encoded, exactly once."""
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError as error:
        raise BadRequest("The path is not valid UTF-8.") from error
