"""Bedrock Runtime and SageMaker Runtime as they are, for an unmodified AWS SDK.

The same bytes both ways, AWS's own error shapes; the tenant's key as the bearer token.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from chalicelib.backends.bedrock import CONVERSE, COUNT_TOKENS, INVOKE_MODEL, apply_guardrail
from chalicelib.backends.guardrails import guardrail_model
from chalicelib.backends.operation import Operation
from chalicelib.backends.sagemaker import INVOKE_ENDPOINT
from chalicelib.catalog import Model
from chalicelib.errors import AnswerKept, BadRequest, NotFound
from chalicelib.router import Router
from chalicelib.surfaces.answers import Answer
from chalicelib.surfaces.invocation import Invocation
from chalicelib.surfaces.large_answers import LargeAnswers
from chalicelib.tenants.nouns import Identity

MODEL_OPERATIONS: Final[Mapping[str, Operation]] = {
    "invoke": INVOKE_MODEL,
    "converse": CONVERSE,
    "count-tokens": COUNT_TOKENS,
}
"""`POST /model/{modelId}/…`, by the last part of the path."""

ENDPOINT_OPERATIONS: Final[Mapping[str, Operation]] = {"invocations": INVOKE_ENDPOINT}
"""`POST /endpoints/{EndpointName}/…`"""


class NativeSurface:
    name: Final = "native"

    def __init__(self, router: Router, large_answers: LargeAnswers, region: str) -> None:
        self._router = router
        self._large_answers = large_answers
        self._region = region

    def model(
        self, identity: Identity, invocation: Invocation, model_id: str, operation: str
    ) -> Answer:
        """Run an operation of Bedrock Runtime on a model. The id is still percent-encoded."""
        found = _known(MODEL_OPERATIONS, operation)
        return self._answer(identity, invocation, _once_unquoted(model_id), {"bedrock": found})

    def endpoint(
        self, identity: Identity, invocation: Invocation, name: str, operation: str
    ) -> Answer:
        """Run an operation of SageMaker Runtime on an endpoint."""
        found = _known(ENDPOINT_OPERATIONS, operation)
        return self._answer(identity, invocation, _once_unquoted(name), {"sagemaker": found})

    def guardrail(
        self, identity: Identity, invocation: Invocation, guardrail_id: str, version: str
    ) -> Answer:
        """Apply a guardrail by itself; an allow-list admits it as `guardrail/<id>`."""
        wanted = unquote(version)
        if not (wanted == "DRAFT" or (wanted.isascii() and wanted.isdigit())):
            raise BadRequest("A guardrail's version is a number, or DRAFT.")
        model = guardrail_model(_once_unquoted(guardrail_id), self._region, invocation.account)
        operations = {"bedrock": apply_guardrail(wanted)}
        return self._answer(identity, invocation, model.model_id, operations, model)

    def _answer(
        self,
        identity: Identity,
        invocation: Invocation,
        model_id: str,
        operations: Mapping[str, Operation],
        model: Model | None = None,
    ) -> Answer:
        request = invocation.model_request(model_id, operations, self.name, model)
        answer = invocation.answer(self._router.answer(identity, request))
        if kept := self._large_answers.keep(answer, identity):
            raise AnswerKept(
                f"The model answered and was billed. Its answer of {kept.bytes} bytes is too large "
                f"to return here; until {kept.expires} it is at {kept.location}"
            )
        return answer


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
