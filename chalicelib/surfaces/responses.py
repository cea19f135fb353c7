"""`/responses/{request_id}`: a team's own streamed answers, read again and forgotten.

Whoever does not own an answer is told what they are told of one that never was.
"""

import json
import re
from collections.abc import Callable
from typing import Final, TypeVar

from chalicelib import delivery
from chalicelib.aws_json import AwsFault
from chalicelib.errors import BadRequest, NotFound, StreamsUnavailable
from chalicelib.streams import sse
from chalicelib.streams.job import UnreadableJob
from chalicelib.streams.reading import Look, Reader
from chalicelib.streams.table import StreamsTable
from chalicelib.streams.text import as_json, text_of
from chalicelib.streams.told import how_it_ended
from chalicelib.surfaces.answers import Answer, StreamedAnswer, json_answer
from chalicelib.surfaces.invocation import Invocation
from chalicelib.tenants.nouns import Identity

MAX_WAIT_SECONDS: Final = 20
"""Of a long poll, and of Server-Sent Events where answers are buffered: API Gateway ends such a
call after 29."""

KEPT_SECONDS: Final = 10.0
"""Of a Lambda's time, for a connection that has to end to do so in good order."""

MAX_POSITION: Final = 10**12 - 1
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")  # as API Gateway makes them
NO_SUCH_ANSWER: Final = "Your team has no streamed answer of this id."
UNREADABLE: Final = "Streamed answers cannot be read just now. Try again."

Found = TypeVar("Found")


class ResponsesSurface:
    def __init__(self, table: StreamsTable, reader: Reader) -> None:
        self._table = table
        self._reader = reader

    def get(self, identity: Identity, invocation: Invocation, request_id: str) -> Answer:
        """Answer with what there is after event `after`; wait for it, for up to `wait` seconds."""
        position = _number(invocation, "after", MAX_POSITION)
        wait = _number(invocation, "wait", MAX_WAIT_SECONDS)
        seconds = min(float(wait), invocation.seconds_left - KEPT_SECONDS)
        team_id = identity.tenant.team_id
        look = _found(
            request_id,
            lambda: self._reader.await_news(team_id, request_id, position, seconds),
        )
        return Answer(200, _page(look), _headers(invocation))

    def events(self, identity: Identity, invocation: Invocation, request_id: str) -> StreamedAnswer:
        """Answer with Server-Sent Events, from the one after `Last-Event-ID` on."""
        position = _last_event_id(invocation) or _number(invocation, "after", MAX_POSITION)
        team_id = identity.tenant.team_id
        look = _found(request_id, lambda: self._reader.look(team_id, request_id, position))
        seconds = invocation.seconds_left - KEPT_SECONDS
        if not delivery.streaming:
            seconds = min(seconds, MAX_WAIT_SECONDS)
        frames = self._reader.frames(look, seconds, briefly=not delivery.streaming)
        return StreamedAnswer(200, frames, _headers(invocation), sse.CONTENT_TYPE)

    def delete(self, identity: Identity, invocation: Invocation, request_id: str) -> Answer:
        """Forget an answer. A running call goes on to its end, and is billed."""
        team_id = identity.tenant.team_id
        _found(request_id, lambda: self._table.delete(team_id, request_id) or None)
        told = {"request_id": request_id, "status": "deleted"}
        return json_answer(200, told, _headers(invocation))


def _headers(invocation: Invocation) -> dict[str, str]:
    return {"x-request-id": invocation.request_id, "cache-control": "no-store"}


def _found(request_id: str, find: Callable[[], Found | None]) -> Found:
    """Return what is found under a well-formed id. Raises NotFound and StreamsUnavailable."""
    try:
        found = find() if _REQUEST_ID.fullmatch(request_id) else None
    except (AwsFault, UnreadableJob) as fault:
        raise StreamsUnavailable(UNREADABLE) from fault
    if found is None:
        raise NotFound(NO_SUCH_ANSWER)
    return found


def _page(look: Look) -> bytes:
    """Render a page. The model's events stand in it as they came."""
    request_id = look.job.request_id
    if look.status == "deleted":
        return json.dumps({"request_id": request_id, "status": "deleted"}).encode()
    told = {
        "request_id": request_id,
        "model_id": look.job.model.model_id,
        "status": look.status,
        "stored": look.job.store,
        "next_after": look.position,
        "more": look.more,
        **({"restarted": True} if look.restarted else {}),
        **(how_it_ended(look.job, look.position) if look.ended and not look.more else {}),
        "text": "".join(text_of(event) for _, event in look.events),
    }
    head = json.dumps(told, ensure_ascii=False, separators=(",", ":"))[:-1]
    events = ",".join(as_json(event) for _, event in look.events)
    return f'{head},"events":[{events}]}}'.encode()


def _last_event_id(invocation: Invocation) -> int:
    text = invocation.headers.get("last-event-id", "")
    return _whole("Last-Event-ID", text, MAX_POSITION) if text else 0


def _number(invocation: Invocation, name: str, largest: int) -> int:
    given = invocation.query.get(name, ("0",))
    if len(given) > 1:
        raise BadRequest(f"{name} is there twice.")
    return _whole(name, given[0], largest)


def _whole(name: str, text: str, largest: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and int(text) <= largest):
        raise BadRequest(f"{name} is a whole number from 0 to {largest}.")
    return int(text)
