"""Trouble with AWS: what goes wrong at which step of which team's stream."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Literal

from local.stream_faults.steps import Step, Touch

How = Literal[
    "throttled",  # refused, in the service's own words
    "away",  # the connection ends, and nothing was done
    "unheard",  # done, and the connection ends before the answer
    "swallowed",  # answered as if it were done (SQS alone: a message is lost)
    "killed_before",  # the process that asks is killed, and nothing was done
    "killed_after",  # … and it was done
]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A team's requests at these steps: `skip` of them pass, and then so many are met."""

    team: str
    steps: frozenset[Step]
    how: How
    skip: int = 0
    times: int = 1


class Troubles:
    """Those that are still to come. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._of_team: dict[str, list[Trouble]] = {}
        self._seen: dict[Trouble, int] = {}
        self.met: list[Trouble] = []

    def add(self, troubles: Iterable[Trouble]) -> None:
        with self._lock:
            for trouble in troubles:
                self._of_team.setdefault(trouble.team, []).append(trouble)

    def meet(self, touches: Collection[Touch]) -> tuple[How, Touch] | None:
        """Count a request, and say what happens to it, and to which stream of those it is about."""
        if not touches:
            return None
        with self._lock:
            met = [
                (trouble, touch)
                for touch in touches
                for trouble in self._of_team.get(touch.team, ())
                if touch.step in trouble.steps and self._is_due(trouble)
            ]
            self.met += [trouble for trouble, _ in met]
        return (met[0][0].how, met[0][1]) if met else None

    def _is_due(self, trouble: Trouble) -> bool:
        seen = self._seen.get(trouble, 0)
        self._seen[trouble] = seen + 1
        return trouble.skip <= seen < trouble.skip + trouble.times
