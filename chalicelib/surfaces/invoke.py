"""`POST /invoke?model_id=ID`: the model's own payload in, the model's own answer out.

With `stream=true` the answer grows: in the table, for a worker's call (202), or on the tenant's own
connection as well, where the request accepts a form of live answers.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from chalicelib.admission import ModelRequest
from chalicelib.backends.bedrock import INVOKE_MODEL, INVOKE_MODEL_WITH_RESPONSE_STREAM
from chalicelib.backends.operation import Operation
from chalicelib.backends.sagemaker import INVOKE_ENDPOINT, INVOKE_ENDPOINT_WITH_RESPONSE_STREAM
from chalicelib.errors import BadRequest
from chalicelib.repeats.repeats import Repeats
from chalicelib.router import Router
from chalicelib.surfaces.answers import Answer, json_answer
from chalicelib.surfaces.invocation import Invocation
from chalicelib.surfaces.large_answers import Kept, LargeAnswers
from chalicelib.tenants.nouns import Identity
from chalicelib.transport import Patience

if TYPE_CHECKING:
    from chalicelib.surfaces.streamed import StreamedSurface

OPERATIONS: Final[Mapping[str, Operation]] = {
    "bedrock": INVOKE_MODEL,
    "sagemaker": INVOKE_ENDPOINT,
}
STREAMED: Final[Mapping[str, Operation]] = {
    "bedrock": INVOKE_MODEL_WITH_RESPONSE_STREAM,
    "sagemaker": INVOKE_ENDPOINT_WITH_RESPONSE_STREAM,
}
LIVE_TYPES: Final = ("text/event-stream", "application/vnd.amazon.eventstream")
"""What a request accepts that wants its answer on its own connection."""


class InvokeSurface:
    name: Final = "invoke"

    def __init__(
        self,
        router: Router,
        large_answers: LargeAnswers,
        repeats: Repeats,
        streamed: Callable[[], "StreamedSurface"],
    ) -> None:
        """`streamed` is made when the first stream is asked for."""
        self._router = router
        self._large_answers = large_answers
        self._repeats = repeats
        self._streamed = streamed

    def answer(self, identity: Identity, invocation: Invocation) -> Answer:
        """Answer as the model does, or raise a TollgateError."""
        model_id = _only_model_id(invocation.query)
        if not invocation.flag("stream", default=False):
            whole = partial(self._whole, identity, model_id)
            answer = self._repeats.once(identity, invocation, self.name, whole)
            kept = self._large_answers.keep(answer, identity)  # for each repeat, its own link
            return _sent_there(answer, kept) if kept else answer
        content_type = invocation.accepts(*LIVE_TYPES)
        request = partial(_streamed, model_id, self.name)
        if content_type is None:
            return self._streamed().queued(identity, invocation, self.name, request)
        return self._streamed().live(identity, invocation, self.name, request, content_type)

    def _whole(
        self, identity: Identity, model_id: str, invocation: Invocation, patience: Patience | None
    ) -> Answer:
        request = invocation.model_request(model_id, OPERATIONS, self.name, patience=patience)
        return invocation.answer(self._router.answer(identity, request))


def _streamed(
    model_id: str, surface: str, invocation: Invocation, patience: Patience | None
) -> ModelRequest:
    return invocation.model_request(model_id, STREAMED, surface, patience=patience)


def _only_model_id(query: Mapping[str, Sequence[str]]) -> str:
    given = query.get("model_id", ())
    if len(given) != 1:
        raise BadRequest("Name one model: POST /invoke?model_id=ID, once.")
    return given[0]


def _sent_there(answer: Answer, kept: Kept) -> Answer:
    """Send the tenant to where an answer is kept: 303, and the same as JSON."""
    told = {"location": kept.location, "expires": kept.expires, "bytes": kept.bytes}
    headers = {name: str(value) for name, value in answer.headers.items()}
    return json_answer(303, told, {**headers, "location": kept.location})
