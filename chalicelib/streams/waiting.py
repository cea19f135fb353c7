"""Events on their way from the thread that reads a stream to the one that keeps it."""

import threading
from collections import deque
from collections.abc import Sequence
from typing import Final, Protocol

from chalicelib.stream_event import StreamEvent

EVENT_OVERHEAD: Final = 150
"""Bytes of memory that an event takes besides its data."""


class Alarm(Protocol):
    """What a thread sleeps by."""

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds, or once it is rung: now, if it was since the last sleep."""

    def ring(self) -> None: ...


class Bell:
    """The alarm of real threads."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def sleep(self, seconds: float) -> None:
        self._rung.wait(seconds)
        self._rung.clear()

    def ring(self) -> None:
        self._rung.set()


class Waiting:
    """A bounded queue for two threads without a lock: one calls `add`, the other all the rest.

    Each number has one thread that changes it. Sizes are in bytes of memory. Beyond `limit` the
    queue is closed, so that what was added is always the beginning of the stream.
    """

    def __init__(self, alarm: Alarm, limit: int) -> None:
        self.closed = False
        self.lossy = False  # something that was added, or is yet to be, is not here
        self._limit = limit
        self._alarm = alarm
        self._events: deque[StreamEvent] = deque()
        self._added = 0
        self._done = 0
        self._ring_at: float = limit

    @property
    def size(self) -> int:
        """What was added and is not done with; not negative, even while something is added."""
        return max(self._added - self._done, 0)

    def add(self, events: Sequence[StreamEvent]) -> None:
        """Add events, and ring if the other thread waits for so many. After a close: nothing."""
        if self.closed:
            return
        self._events.extend(events)
        added = self._added
        for event in events:
            added += len(event.data) + EVENT_OVERHEAD
        self._added = added
        if added > self._ring_at:
            self._ring()

    def take(self, size: int) -> list[StreamEvent]:
        """Take events until they have this size: at least one, if there is any."""
        taken: list[StreamEvent] = []
        while self._events and size > 0:
            event = self._events.popleft()
            size -= len(event.data) + EVENT_OVERHEAD
            taken.append(event)
        return taken

    def done(self, events: Sequence[StreamEvent]) -> None:
        """Say that these events, which were taken, need no memory any more."""
        self._done += sum(len(event.data) + EVENT_OVERHEAD for event in events)

    def reaches(self, size: float) -> bool:
        """Say whether more than `size` waits; if not, the alarm rings once it does."""
        self._ring_at = self._done + min(size, self._limit)
        return size < self.size

    def close(self, *, lossy: bool = True) -> None:
        """Take no more."""
        self.closed = True
        self.lossy = self.lossy or lossy

    def _ring(self) -> None:
        if self.size > self._limit:
            self.close()
        self._ring_at = self._done + self._limit
        self._alarm.ring()
