"""The keeper: writes a running stream's events and renews its lease, beside the stream's reader.

The reader only ever hands events over. Where DynamoDB is slow or away they wait in memory, in
order; beyond MAX_WAITING the stream goes on, is metered and billed, and what comes later is not
kept (`Kept.whole`). The tenant reads the beginning, and is told that it is no more than that.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from chalicelib.metering.usage import Usage
from chalicelib.stream_event import StreamEvent
from chalicelib.streams.job import StreamJob
from chalicelib.streams.table import JobGone, StreamsTable
from chalicelib.streams.waiting import Alarm, Bell, Waiting
from chalicelib.streams.writer import Writer

MAX_WAITING: Final = 64 * 1024 * 1024

log = logging.getLogger("tollgate.streams")


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a stream is in the table."""

    last_event: int  # the number before its first one's, if it is nothing
    whole: bool = True


class Keeper:
    """Keeps the stream of an opened job, from when it is made until `finish`, in its own thread."""

    def __init__(
        self,
        table: StreamsTable,
        job: StreamJob,
        *,
        clock: Callable[[], float] = time.monotonic,
        alarm: Alarm | None = None,
    ) -> None:
        self._job = job
        self._clock = clock
        self._alarm = alarm or Bell()
        self._waiting = Waiting(self._alarm, MAX_WAITING)
        self._writer = Writer(table, job, self._waiting, clock)
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def add(self, events: Sequence[StreamEvent], progress: Usage | None = None) -> None:
        """Hand over what comes next, and what the provider has reported by then. Never waits."""
        if progress is not None:
            self._writer.progress = progress
        self._waiting.add(events)

    def finish(self, timeout: float) -> Kept:
        """Wait until all is kept, for `timeout` seconds at most.

        After that nothing more is written, but a write under way may still arrive.
        """
        self._writer.ends_at = self._clock() + timeout
        self._writer.finishing = True
        self._alarm.ring()
        self._thread.join(timeout)
        return Kept(self._writer.last_event, self._writer.whole)

    def _run(self) -> None:
        try:
            self._write()
        except JobGone:
            log.warning("a stream's lease was lost: %s", self._job.request_id)
            self._waiting.close()

    def _write(self) -> None:
        """Write until all is kept that may be, or the time is up."""
        writer = self._writer
        while self._clock() < writer.ends_at:
            rest = writer.turn()
            if writer.over:
                return
            if not self._waiting.reaches(rest.size):
                self._alarm.sleep(max(min(rest.seconds, writer.ends_at - self._clock()), 0.0))
