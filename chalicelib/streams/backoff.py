"""Asking AWS again, for as long as the caller can wait."""

import random
from collections.abc import Callable
from typing import Final, TypeVar

from chalicelib.aws_json import AwsFault

FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 2.0
"""Seconds between two attempts: doubled each time, and as much less as chance will have it."""

FOR_GOOD: Final = frozenset(
    {"AccessDeniedException", "ResourceNotFoundException", "ValidationException"}
)
"""How DynamoDB says that it will not do this, now or later.

Source: Amazon DynamoDB developer guide, "Error handling with DynamoDB".
"""

Answer = TypeVar("Answer")


def pause(failures: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds to wait after so many failures in a row: from half to the whole of a longest."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(failures - 1, 10)))
    return longest * (1 + chance()) / 2


def insist(
    call: Callable[[], Answer],
    seconds: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Answer:
    """Make a call until it succeeds, at least once. Raises its last AwsFault after `seconds`."""
    deadline = clock() + seconds
    failures = 0
    while True:
        try:
            return call()
        except AwsFault as fault:
            failures += 1
            wait = pause(failures)
            if fault.code in FOR_GOOD or clock() + wait > deadline:
                raise
        sleep(wait)
