"""Clients of streamed answers: live as Server-Sent Events or event stream, or queued and polled.

They may hang up in mid-stream and read on where they were, and send a request twice under its key.
"""

import http.client
import json
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from time import sleep
from typing import Any
from urllib.parse import quote

from chalicelib.backends.eventstream import CONTENT_TYPE, BadFrame, Decoder, Frame
from chalicelib.stream_event import StreamEvent
from local.traffic.connections import LOST, Connections
from local.traffic.plan import Form, StreamRequest
from local.traffic.reading import CUT, Notes, Read, Unframed
from local.traffic.sent import Sent, error_code

ACCEPTS: Mapping[Form, Mapping[str, str]] = {
    "queued": {},
    "sse": {"accept": "text/event-stream"},
    "event_stream": {"accept": CONTENT_TYPE},
}
LONGEST_POLL_SECONDS = 20
TRIES = 200
PAUSE_SECONDS = 0.1
"""How often, and how soon, a client asks again who was told to, or whose connection was lost."""

GONE = "gone"
"""The status of an answer that is not there: no job was taken in."""


Watch = Callable[[StreamRequest, Notes], object]
"""Is told whenever a client has read more of its answer."""


class StreamClient:
    def __init__(
        self, connections: Connections, watch: Watch = lambda request, notes: None
    ) -> None:
        self._connections = connections
        self._watch = watch

    def send(self, request: StreamRequest) -> Sent:
        """Send it, and read its answer to the end; as often as the request says."""
        if request.repeated == "at_once":
            with ThreadPoolExecutor(1) as beside:
                other = beside.submit(self._asked, request)
                return self._asked(request).with_others(other.result())
        sent = self._asked(request)
        return sent.with_others(self._asked(request)) if request.repeated == "later" else sent

    def read_again(self, team: str, request_id: str) -> Read:
        """Read a team's stored answer from its start to its end, page by page."""
        notes = Notes(request_id)
        self._read_on(team, notes, by_events=False)
        return notes.read()

    def forget(self, team: str, request_id: str) -> None:
        """Delete a team's stored answer. Raises LOST."""
        self._connections.ask(team, "DELETE", f"/responses/{request_id}").read()

    def _asked(self, request: StreamRequest) -> Sent:
        """Ask until the same request of another client does not stand in the way."""
        for _ in range(TRIES):
            sent = self._asked_once(request)
            if sent.error_code != "still_running":
                break
            sleep(PAUSE_SECONDS)
        return sent

    def _asked_once(self, request: StreamRequest) -> Sent:
        path = f"/invoke?model_id={quote(request.model_id, safe='')}&stream=true{request.query}"
        key = {"idempotency-key": request.key} if request.key else {}
        headers = {**request.headers, **ACCEPTS[request.form], **key}
        try:
            answer = self._connections.ask(request.team, "POST", path, request.body, headers)
            request_id = answer.headers.get("x-request-id", "")
            if answer.status not in (200, 202):
                code = error_code(answer.status, answer.read())
                retry_after = answer.headers.get("retry-after", "")
                return Sent(request, answer.status, request_id, code, retry_after)
        except LOST:
            return Sent(request)
        notes = Notes(request_id, partial(self._watch, request))
        reads = _READERS[request.form](self, request, answer, notes)
        return Sent(request, answer.status, request_id, reads=tuple(reads))

    def _polled(
        self, request: StreamRequest, answer: http.client.HTTPResponse, notes: Notes
    ) -> Iterator[Read]:
        answer.read()
        self._read_on(request.team, notes, by_events=False)
        yield notes.read()

    def _listened(
        self, request: StreamRequest, answer: http.client.HTTPResponse, notes: Notes
    ) -> Iterator[Read]:
        """Read Server-Sent Events, and go on by them where the connection was lost."""
        self._take_events(answer, notes, request.leaves_after)
        self._read_on(request.team, notes, by_events=True)
        yield notes.read()

    def _framed(
        self, request: StreamRequest, answer: http.client.HTTPResponse, notes: Notes
    ) -> Iterator[Read]:
        """Read AWS's event stream. It has no numbers: who loses it reads from the start."""
        ended = self._take_frames(answer, notes, request.leaves_after)
        again = self.read_again(request.team, notes.request_id)
        notes.end(again.status if ended else CUT, whole=ended and again.whole)
        yield from (notes.read(), again)

    def _take_frames(self, answer: http.client.HTTPResponse, notes: Notes, leaves: int) -> bool:
        """Say whether the stream came to its end, without an exception in it."""
        unframed, ended = Unframed(), False
        try:
            for frame in islice(_frames(answer), leaves or None):
                if frame.kind != "event":
                    break
                for event in unframed.events(frame.name, _data(frame)):
                    notes.event(event)
            else:
                ended = answer.isclosed()
        except (*LOST, BadFrame):
            pass
        if not ended:
            self._connections.hang_up()
            return False
        for event in unframed.rest():
            notes.event(event)
        return True

    def _take_events(self, answer: http.client.HTTPResponse, notes: Notes, leaves: int = 0) -> None:
        """Read Server-Sent Events, as far as they come, or until so many were read."""
        try:
            for fields in islice(_server_sent(answer), leaves or None):
                _take(fields, notes)
        except LOST:
            pass
        if not answer.isclosed():
            self._connections.hang_up()

    def _read_on(self, team: str, notes: Notes, *, by_events: bool) -> None:
        """Read what is kept of the answer until it has ended, from where the client was."""
        go_on = self._listen if by_events else self._poll
        for _ in range(TRIES):
            if notes.status:
                return
            try:
                go_on(team, notes)
            except LOST:
                sleep(PAUSE_SECONDS)

    def _listen(self, team: str, notes: Notes) -> None:
        last = {"last-event-id": str(notes.position)} if notes.position else {}
        path = f"/responses/{notes.request_id}/events"
        answer = self._connections.ask(team, "GET", path, headers=last)
        if answer.status == 200:
            self._take_events(answer, notes)
        else:
            answer.read()
            sleep(PAUSE_SECONDS)

    def _poll(self, team: str, notes: Notes) -> None:
        query = f"after={notes.position}&wait={LONGEST_POLL_SECONDS}"
        answer = self._connections.ask(team, "GET", f"/responses/{notes.request_id}?{query}")
        page = answer.read()
        if answer.status == 200:
            _take_page(json.loads(page), notes)
        elif answer.status == 404:
            notes.end(GONE, whole=False)
        else:
            sleep(PAUSE_SECONDS)


_READERS = {
    "queued": StreamClient._polled,
    "sse": StreamClient._listened,
    "event_stream": StreamClient._framed,
}


def _take(fields: Mapping[str, str], notes: Notes) -> None:
    number, data = int(fields["id"]), fields["data"]
    if fields["event"] == "chunk":
        notes.event(StreamEvent("chunk", data.encode()), number)
    elif fields["event"] == "restart":
        notes.restart(number)
    else:
        _end(json.loads(data), notes)


def _take_page(page: Mapping[str, Any], notes: Notes) -> None:
    if page["status"] == "deleted":
        notes.end("deleted", whole=False)
        return
    position, events = page["next_after"], len(page["events"])
    if page.get("restarted"):
        notes.restart(position - events)
    notes.text(page["text"], position, events)
    if page["status"] not in ("queued", "running") and not page["more"]:
        _end(page, notes)


def _end(told: Mapping[str, Any], notes: Notes) -> None:
    whole = told["status"] == "done" and told.get("whole", True) and told.get("stored", True)
    notes.end(told["status"], whole=whole)


def _server_sent(answer: http.client.HTTPResponse) -> Iterator[Mapping[str, str]]:
    """Yield the events of a body as they come: `event`, `id` and `data`. Raises LOST."""
    fields: dict[str, str] = {}
    while line := answer.readline():
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = f"{fields[name]}\n{value}" if name in fields else value
            continue
        if "event" in fields:
            yield fields
        fields = {}


def _frames(answer: http.client.HTTPResponse) -> Iterator[Frame]:
    decoder = Decoder()
    while data := answer.read1():
        yield from decoder.feed(data)


def _data(frame: Frame) -> bytes:
    """Return what the model says in a frame."""
    return b64decode(json.loads(frame.payload)["bytes"]) if frame.name == "chunk" else frame.payload
