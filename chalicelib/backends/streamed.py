"""What one frame of a provider's stream comes to: for the meter, for the tenant, to be kept.

Bytes pass as they came. Only what the gateway itself had asked for, to be able to meter, is taken
out of what the tenant gets (`guardrails`, `container_usage`).
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from chalicelib.backends.eventstream import Frame
from chalicelib.stream_event import StreamEvent


class Step(NamedTuple):
    """What a frame came to. A tuple, because one is made for every token."""

    raw: bytes  # for a native client; b"" where nothing is sent
    events: tuple[StreamEvent, ...]  # for the meter, as the provider sent them
    shown: tuple[StreamEvent, ...]  # for the tenant
    final: bool = False  # has the usage, or the end: it waits until the end record is written


NOTHING = Step(b"", (), ())


def joined(steps: Sequence[Step]) -> Step:
    """What several frames came to, one after the other."""
    if len(steps) == 1:
        return steps[0]
    return Step(
        b"".join(step.raw for step in steps),
        tuple(event for step in steps for event in step.events),
        tuple(event for step in steps for event in step.shown),
        any(step.final for step in steps),
    )


class Reading(Protocol):
    """Reads one stream, frame by frame in order."""

    def frame(self, frame: Frame) -> Step:
        """Take the next event; exceptions are not its business. Never raises."""
        ...

    def end(self) -> Step:
        """Give what is left when the stream has ended: a last line without an end."""
        ...
