"""What the keeper of one running stream has to write, and when. No thread, no waiting of its own.

Chunks are written one after the other, each again until it is there, so that a reader finds the
beginning of the answer at every moment. The lease goes first: what was used so far is on the job
before more of the answer is, and all of it before the whole answer is.
"""

import logging
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chalicelib.aws_json import AwsFault
from chalicelib.stream_event import StreamEvent
from chalicelib.streams import backoff
from chalicelib.streams.chunks import MAX_PACKED, Chunk, pack
from chalicelib.streams.job import EVENTS_PER_ATTEMPT, StreamJob
from chalicelib.streams.table import JobGone, StreamsTable
from chalicelib.streams.waiting import Waiting

FLUSH_SECONDS: Final = 0.5
FLUSH_BYTES: Final = 64 * 1024
"""What waits is written after so long, or once it takes so much memory."""

RENEW_SECONDS: Final = 20.0
"""A third of a lease: two renewals can fail before anybody else looks at the job."""

REPORT_SECONDS: Final = 5.0
"""What the provider reports is written at once the first time, and then no more often."""

LONGEST_SECONDS: Final = 960.0
"""More than a Lambda runs: an engine that broke cannot hold its lease for ever."""

log = logging.getLogger("tollgate.streams")


@dataclass(frozen=True, slots=True)
class Rest:
    """How long there is nothing to do: so many seconds, or until more than `size` waits."""

    seconds: float
    size: float


class Writer:
    """Raises JobGone where the job is not this engine's any more."""

    def __init__(
        self,
        table: StreamsTable,
        job: StreamJob,
        waiting: Waiting,
        clock: Callable[[], float],
    ) -> None:
        now = clock()
        self.last_event = job.first_event - 1
        self.progress = self._reported = job.progress
        self.finishing = False
        self.ends_at = now + LONGEST_SECONDS  # nothing is begun from then on
        self._table = table
        self._job = job
        self._waiting = waiting
        self._clock = clock
        self._stopped = False  # nothing more is kept, and the lease is renewed all the same
        self._batch: list[StreamEvent] = []
        self._chunks: deque[Chunk] = deque()
        self._flush_at = now  # the first event is there to be read at once
        self._lease_until = job.lease_until
        self._renew_at = now + RENEW_SECONDS
        self._report_at = now
        self._again_at = now
        self._failures = 0

    @property
    def idle(self) -> bool:
        """Everything that may be kept is kept."""
        return self._stopped or not self._waiting.size

    @property
    def over(self) -> bool:
        """The stream has ended, and what it came to is kept, and on the job what it used."""
        return self.finishing and self.idle and self.progress == self._reported

    @property
    def whole(self) -> bool:
        """Every event that the stream had is kept."""
        return self.idle and not self._waiting.lossy

    def turn(self) -> Rest:
        """Write what is due, and say when something will be."""
        if self._clock() >= self._again_at:
            try:
                self._renew()
                self._flush()
                self._failures = 0
            except AwsFault as fault:
                self._failed(fault)
            except JobGone:
                raise
            except Exception:  # ours: the stream itself goes on, is billed, and keeps its lease
                self._broke()
        return self._rest()

    def _failed(self, fault: AwsFault) -> None:
        self._pause()
        if self._failures == 1:
            log.warning("stream not kept just now: %s, %s", fault.code, self._job.request_id)

    def _broke(self) -> None:
        self._pause()
        if self._failures == 1:
            log.exception("a stream's keeper broke: %s", self._job.request_id)
        self._stop()
        self._reported = self.progress  # or as good as that: nobody waits for it

    def _pause(self) -> None:
        self._failures += 1
        self._again_at = self._clock() + backoff.pause(self._failures)

    def _stop(self) -> None:
        """Keep nothing from now on."""
        self._stopped = True
        self._waiting.close()

    def _renew(self) -> None:
        now = self._clock()
        if now < self._due_to_renew():
            return
        progress = self.progress
        if not self.finishing or now >= self._renew_at:
            self._lease_until = self._table.lease_end()  # else the index is written, too
        lives = self._table.renew(self._job, self._lease_until, progress)
        self._reported = progress
        self._renew_at, self._report_at = now + RENEW_SECONDS, now + REPORT_SECONDS
        if not lives:
            self._forget()

    def _due_to_renew(self) -> float:
        """When the lease, or what is reported, is next written; at the end, what is not yet."""
        reported = self.progress == self._reported
        if self.finishing:
            return math.inf if reported else -math.inf
        return self._renew_at if reported else min(self._report_at, self._renew_at)

    def _forget(self) -> None:
        """Its tenant has deleted it: nothing of it is kept from now on."""
        self._stop()
        self._table.answers.forget(self._job.team_id, self._job.request_id)

    def _due_to_flush(self) -> float:
        if self.idle:
            return math.inf
        if self.finishing or self._chunks or self._waiting.size > FLUSH_BYTES:
            return -math.inf
        return self._flush_at

    def _flush(self) -> None:
        """Write what waits, or as much of it as one chunk has."""
        now = self._clock()
        if now < self._due_to_flush():
            return
        if not self._chunks:
            self._pack()
        while self._chunks:
            if self._clock() >= self.ends_at:
                return
            self._put(self._chunks[0])
            self._chunks.popleft()
        self._waiting.done(self._batch)
        self._batch = []
        self._flush_at = now + FLUSH_SECONDS

    def _put(self, chunk: Chunk) -> None:
        self._table.answers.put(self._job, chunk)
        if chunk.part == chunk.parts:  # nobody reads an event without its last part
            self.last_event = chunk.last

    def _pack(self) -> None:
        first = self.last_event + 1
        room = self._job.first_event + EVENTS_PER_ATTEMPT - first
        self._batch = self._waiting.take(MAX_PACKED)
        if len(self._batch) > room:
            self._waiting.close()
        self._chunks.extend(pack(self._batch[:room], first))

    def _rest(self) -> Rest:
        now = self._clock()
        if self._failures:
            return Rest(max(self._again_at - now, 0.0), math.inf)
        due = min(self._due_to_renew(), self._due_to_flush())
        return Rest(max(due - now, 0.0), self._enough())

    def _enough(self) -> float:
        """How much must wait for it to be looked at before its time."""
        if self._stopped:
            return math.inf
        return FLUSH_BYTES if self._waiting.size else 0
