"""How long to wait for what AWS shows late: its logs by seconds, its counters by minutes."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat


@dataclass(frozen=True, slots=True)
class Waiting:
    seconds: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def looks(self) -> Iterator[None]:
        """Yield at once, then after 2, 5, 10, 20, 40, 60, 60, … seconds, until the time is up."""
        end = self.clock() + self.seconds
        yield
        for pause in chain((2, 5, 10, 20, 40), repeat(60)):
            left = end - self.clock()
            if left <= 0:
                return
            self.sleep(min(pause, left))
            yield
