"""`POST /invoke?model_id=ID`: the model's own payload in, the model's own answer out."""

from collections.abc import Mapping, Sequence
from typing import Final

from chalicelib.backends.bedrock import INVOKE_MODEL
from chalicelib.backends.operation import Operation
from chalicelib.backends.sagemaker import INVOKE_ENDPOINT
from chalicelib.errors import BadRequest
from chalicelib.router import Router
from chalicelib.surfaces.answers import Answer, json_answer
from chalicelib.surfaces.invocation import Invocation
from chalicelib.surfaces.large_answers import Kept, LargeAnswers
from chalicelib.tenants.nouns import Identity

OPERATIONS: Final[Mapping[str, Operation]] = {
    "bedrock": INVOKE_MODEL,
    "sagemaker": INVOKE_ENDPOINT,
}


class InvokeSurface:
    name: Final = "invoke"

    def __init__(self, router: Router, large_answers: LargeAnswers) -> None:
        self._router = router
        self._large_answers = large_answers

    def answer(self, identity: Identity, invocation: Invocation) -> Answer:
        """Answer as the model does, or raise a TollgateError."""
        _refuse_streaming(invocation.query)
        model_id = _only_model_id(invocation.query)
        request = invocation.model_request(model_id, OPERATIONS, self.name)
        answer = invocation.answer(self._router.answer(identity, request))
        kept = self._large_answers.keep(answer, identity)
        return _sent_there(answer, kept) if kept else answer


def _only_model_id(query: Mapping[str, Sequence[str]]) -> str:
    given = query.get("model_id", ())
    if len(given) != 1:
        raise BadRequest("Name one model: POST /invoke?model_id=ID, once.")
    return given[0]


def _refuse_streaming(query: Mapping[str, Sequence[str]]) -> None:
    if any(value != "false" for value in query.get("stream", ())):
        raise BadRequest("This gateway does not stream yet: leave 'stream' out, or stream=false.")


def _sent_there(answer: Answer, kept: Kept) -> Answer:
    """Send the tenant to where an answer is kept: 303, and the same as JSON."""
    told = {"location": kept.location, "expires": kept.expires, "bytes": kept.bytes}
    headers = {name: str(value) for name, value in answer.headers.items()}
    return json_answer(303, told, {**headers, "location": kept.location})
