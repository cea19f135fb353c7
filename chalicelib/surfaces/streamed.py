"""Streamed answers: queued for a worker, or live on the tenant's own connection. Called once each.

A request that comes again joins the stream that was called for it: the answer that is kept of that
is given from its first event on, while it still grows.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from chalicelib.admission import Admission, ModelRequest
from chalicelib.backends.eventstream import CONTENT_TYPE as EVENT_STREAM
from chalicelib.errors import BadRequest, LedgerUnavailable, TollgateError
from chalicelib.repeats.answers import REPLAYED
from chalicelib.repeats.hold import Hold
from chalicelib.repeats.repeats import Joined, Repeats
from chalicelib.streams import sse
from chalicelib.streams.engine import Engine, Running
from chalicelib.streams.intake import Intake, Wishes
from chalicelib.streams.live import LiveBody, as_event_stream, as_sse
from chalicelib.streams.replay import Replay
from chalicelib.surfaces.answers import Answer, StreamedAnswer, json_answer
from chalicelib.surfaces.invocation import Invocation
from chalicelib.tenants.nouns import Identity
from chalicelib.transport import Patience

STORE: Final = "x-tollgate-store"
"""The header that does what `store` does in a query, for SDKs, which have none."""

Request = Callable[[Invocation, Patience | None], ModelRequest]
"""What a surface asks of a model, for an invocation as it is when the call is made."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a live answer looks like: while it is written, and read again."""

    content_type: str
    rendered: Callable[[Running], Iterator[bytes]]


FORMS: Final[Mapping[str, Form]] = {
    "text/event-stream": Form(sse.CONTENT_TYPE, as_sse),
    EVENT_STREAM: Form(EVENT_STREAM, as_event_stream),
}
"""By the media type that a request accepts."""


class StreamedSurface:
    def __init__(
        self,
        admission: Admission,
        intake: Intake,
        engine: Engine,
        repeats: Repeats,
        replay: Replay,
    ) -> None:
        self._admission = admission
        self._intake = intake
        self._engine = engine
        self._repeats = repeats
        self._replay = replay

    def queued(
        self, identity: Identity, invocation: Invocation, route: str, request: Request
    ) -> Answer:
        """Have a worker make the call: 202 at once, and where its answer grows.

        Under an Idempotency-Key that is one job, until it has failed at no cost.
        """

        def call(invocation: Invocation, patience: Patience | None) -> Answer:
            asked = request(invocation, patience)
            plan = self._admission.admit(identity, asked)
            job = self._intake.queued(plan, asked.payload, wishes(invocation))
            url = f"{invocation.base_path}/responses/{job.request_id}"
            told = {"request_id": job.request_id, "status": job.state, "url": url}
            return json_answer(202, told, {"x-request-id": job.request_id, "Location": url})

        answer = self._repeats.once(identity, invocation, route, call)
        first_id = str(answer.headers["x-request-id"])
        if REPLAYED in answer.headers and self._intake.cost_nothing(
            identity.tenant.team_id, first_id
        ):
            self._repeats.freed(identity, invocation, route)
            answer = self._repeats.once(identity, invocation, route, call)
        return answer

    def live(
        self,
        identity: Identity,
        invocation: Invocation,
        route: str,
        request: Request,
        content_type: str,
    ) -> Answer:
        """Answer as the model writes, in one of FORMS; once, under an Idempotency-Key.

        Raises a TollgateError where the model does not begin to write.
        """
        found = self._repeats.stream_once(identity, invocation, route)
        return self._found(identity, invocation, found, request, content_type)

    def native(
        self, identity: Identity, invocation: Invocation, route: str, request: Request
    ) -> Answer:
        """The same for an AWS SDK, which knows no such key and marks its retries."""
        found = self._repeats.stream_joined(identity, invocation, route)
        return self._found(identity, invocation, found, request, EVENT_STREAM)

    def _found(
        self,
        identity: Identity,
        invocation: Invocation,
        found: Hold | Joined,
        request: Request,
        content_type: str,
    ) -> Answer:
        if isinstance(found, Joined):
            return self._joined(identity, invocation, found, content_type)
        try:
            return self._begun(identity, found, request, FORMS[content_type])
        except TollgateError as error:
            found.ended(may_be_billed=error.may_be_billed)
            raise

    def _begun(
        self, identity: Identity, hold: Hold, request: Request, form: Form
    ) -> StreamedAnswer:
        invocation = hold.invocation
        plan = self._admission.admit(identity, request(invocation, hold.patience))
        job = self._intake.opened(plan, wishes(invocation))
        try:
            running = self._engine.begin(job, plan)
        except LedgerUnavailable:
            self._intake.take_back(job)
            raise
        body = LiveBody(running, form.rendered, partial(_ended, hold, running))
        headers = invocation.answer_headers(running.headers)
        return StreamedAnswer(200, body, headers, form.content_type)

    def _joined(
        self, identity: Identity, invocation: Invocation, joined: Joined, content_type: str
    ) -> StreamedAnswer:
        """Give what is kept of the stream that was called for the same request."""
        team_id = identity.tenant.team_id
        body = self._replay.body(team_id, joined.request_id, content_type, invocation.seconds_left)
        if body is None:
            raise joined.missing()
        headers = {"x-request-id": joined.request_id, REPLAYED: "true"}
        return StreamedAnswer(200, body, headers, FORMS[content_type].content_type)


def _ended(hold: Hold, running: Running) -> None:
    outcome = running.job.outcome
    hold.ended(may_be_billed=outcome is None or outcome.kind != "failed")


def wishes(invocation: Invocation) -> Wishes:
    """Read what a tenant wants of a stream: `retry=true`, `store=false`. Raises BadRequest."""
    header = invocation.headers.get(STORE, "true")
    if header not in ("true", "false"):
        raise BadRequest(f"{STORE} is true or false.")
    store = invocation.flag("store", default=True) and header == "true"
    return Wishes(retry=invocation.flag("retry", default=False), store=store)
