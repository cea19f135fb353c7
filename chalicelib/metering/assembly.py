"""Assembly: a stream's counts, put together as the answer that it would have been at once. Pure.

So the meters of whole answers read streams as well, and a streamed call costs what the same call
costs buffered.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from chalicelib.metering.exchange import Exchange
from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import Usage
from chalicelib.stream_event import StreamEvent


@dataclass(frozen=True)
class Assembled(Exchange):
    """An exchange whose answer came in events: what of it counts, where a whole answer has it."""

    answer: object = None

    @cached_property
    def response_json(self) -> object:
        return self.answer


class Assembly(Protocol):
    """Takes the events of one operation's stream, in order."""

    def add(self, event: StreamEvent) -> None: ...

    @property
    def progress(self) -> Usage:
        """What was reported so far, at most what will have been used at the end."""

    def whole(self, complete: bool) -> Assembled | None:
        """Return the answer as it would have come at once; None unless its final counts came.

        `complete` says that the stream came to its own end.
        """

    def served(self, metered: Metered) -> Metered:
        """Put into a reading of part of a stream what was said of its tier and latency."""
