"""A Lambda's clock for a command of the operator's: the milliseconds that are left."""

import time
from collections.abc import Callable


def countdown(seconds: float, clock: Callable[[], float] = time.monotonic) -> Callable[[], int]:
    """Begin to count down; what is returned says how many milliseconds are left."""
    end = clock() + seconds
    return lambda: int((end - clock()) * 1000)
