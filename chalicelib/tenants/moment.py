"""Now, by both clocks of a process, because either can mislead.

A process that is frozen between requests may wake with its monotonic clock where it stopped, and a
wall clock can be set back.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

Clock = Callable[[], float]
Now = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class Moment(NamedTuple):
    """A moment by the monotonic clock, in seconds, and in UTC."""

    monotonic: float
    utc: datetime

    @classmethod
    def now(cls, clock: Clock = time.monotonic, now: Now = utc_now) -> "Moment":
        return cls(clock(), now())

    def plus(self, seconds: int) -> "Moment":
        return Moment(self.monotonic + seconds, self.utc + timedelta(seconds=seconds))

    def has_come(self, now: "Moment") -> bool:
        """Whether either clock says that this moment has come."""
        return now.monotonic >= self.monotonic or now.utc >= self.utc
