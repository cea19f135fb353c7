"""Waiting for another process's call: pauses that grow, until the time is up."""

from collections.abc import Callable
from typing import Final

FIRST_PAUSE: Final = 0.25
GROWTH: Final = 1.5
LONGEST_PAUSE: Final = 2.0
"""Seconds. A wait of 25 s asks 17 times."""


class Waiting:
    """How long one request has waited, and how long it still may."""

    def __init__(
        self, seconds: float, clock: Callable[[], float], wait: Callable[[float], None]
    ) -> None:
        self._clock = clock
        self._wait = wait
        self._began = clock()
        self._seconds = seconds
        self._pause = FIRST_PAUSE

    @property
    def waited(self) -> float:
        return self._clock() - self._began

    def pause(self) -> bool:
        """Wait a little longer than before; False where the time is up."""
        left = self._seconds - self.waited
        if left <= 0:
            return False
        self._wait(min(self._pause, left))
        self._pause = min(self._pause * GROWTH, LONGEST_PAUSE)
        return True
