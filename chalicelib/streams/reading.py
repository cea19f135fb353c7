"""Reading a streamed answer out of the table, while it grows and as often as its tenant likes.

A reader is at a position: the number of the last event that they have, 0 before the first. First
the job is looked at, then its events: so what a job that has ended is shown with is all there is.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from chalicelib.aws_json import AwsFault
from chalicelib.stream_event import StreamEvent
from chalicelib.streams import sse
from chalicelib.streams.job import StreamJob, UnreadableJob
from chalicelib.streams.recovery import is_due_again
from chalicelib.streams.table import StreamsTable
from chalicelib.streams.text import as_json
from chalicelib.streams.told import last_frame

PAGE_BYTES: Final = 1_000_000
"""Of events in one look: their text and their JSON together fit into a Lambda's 6 MB, escaped."""

PING_SECONDS: Final = 15.0
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 1.0
GROWTH: Final = 1.5
"""Seconds between two looks at an answer that does not grow: each pause longer than the last."""

NumberedEvent = tuple[int, StreamEvent]

log = logging.getLogger("tollgate.streams")


@dataclass(frozen=True, slots=True)
class Look:
    """What there is of an answer beyond a reader's position."""

    job: StreamJob
    events: tuple[NumberedEvent, ...]
    more: bool  # there are later ones already
    restarted: bool  # the model was called anew: what the reader had before is void
    position: int  # of a reader who has these events

    @property
    def ended(self) -> bool:
        """Nothing will be added to what there is now."""
        return self.status not in ("queued", "running")

    @property
    def is_news(self) -> bool:
        return bool(self.events) or self.restarted or self.ended

    @property
    def status(self) -> str:
        """The job's state; a lost call that is to be followed by another has not ended it."""
        if self.job.deleted:
            return "deleted"
        if self.job.step == "settled" and is_due_again(self.job):
            return "running"
        return self.job.state


class Reader:
    """Looks are None for whoever does not own the job. They raise AwsFault and UnreadableJob."""

    def __init__(
        self,
        table: StreamsTable,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = table
        self._clock = clock
        self._wait = wait

    def look(self, team_id: str, request_id: str, position: int) -> Look | None:
        """Look once."""
        job = self._table.find(team_id, request_id)
        if job is None:
            return None
        begins = job.first_event - 1
        at = max(position, begins)
        restarted = 0 < position < begins
        if job.deleted:
            return Look(job, (), more=False, restarted=False, position=position)
        page = self._table.answers.page(team_id, request_id, at, PAGE_BYTES)
        position = page.events[-1][0] if page.events else at
        return Look(job, page.events, page.more, restarted, position)

    def await_news(
        self, team_id: str, request_id: str, position: int, seconds: float
    ) -> Look | None:
        """Look until there is something new, or for so many seconds."""
        until = self._clock() + seconds
        pauses = _pauses()
        while (look := self.look(team_id, request_id, position)) and not look.is_news:
            pause = min(next(pauses), until - self._clock())
            if pause <= 0:
                break
            self._wait(pause)
        return look

    def frames(self, look: Look, seconds: float, *, briefly: bool = False) -> Iterator[bytes]:
        """Yield an answer as Server-Sent Events, from a first look at it on. Raises nothing.

        After so many seconds, or `briefly` as soon as there was anything, the client is asked to
        come back for the rest.
        """
        until = self._clock() + seconds
        job = look.job
        if not (look.is_news or briefly):
            yield sse.PING  # the head goes out with it: who comes back knows that they are heard
        while True:
            if frames := _new_frames(look):
                yield frames
            if look.ended and not look.more:
                yield last_frame(look.job, look.position)
                return
            left = until - self._clock()
            if left <= 0 or (briefly and look.is_news):
                break
            quiet = min(PING_SECONDS, left)
            try:
                later = self.await_news(job.team_id, job.request_id, look.position, quiet)
            except (AwsFault, UnreadableJob) as fault:
                log.error("stream not read on: %s", fault)
                break
            if later is None:  # expired just now
                break
            look = later
            if not look.is_news:
                yield sse.PING
        yield sse.RETRY


def _new_frames(look: Look) -> bytes:
    frames = [sse.chunk(number, as_json(event)) for number, event in look.events]
    if look.restarted:
        before = look.job.first_event - 1
        frames.insert(0, sse.restart(before, {"attempt": look.job.attempt}))
    return b"".join(frames)


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * GROWTH, LONGEST_PAUSE)
