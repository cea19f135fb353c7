"""What a client reads of a streamed answer: its text so far, and what of it was out of order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chalicelib.backends.container_streams import PAYLOAD_PART, Lines
from chalicelib.stream_event import StreamEvent
from chalicelib.streams.job import attempt_of, first_event
from chalicelib.streams.text import text_of

CUT = "cut"
"""The status of an answer of which a client knows only that its connection ended too early."""


@dataclass(frozen=True, slots=True)
class Read:
    """What one client had read in the end.

    `texts` are the answer's, and before it those that a `restart` made void. Each only ever grew.
    """

    request_id: str
    texts: tuple[str, ...]
    status: str  # of the answer, as its client was told; empty where they were told none
    whole: bool  # they were told that this is all of it
    oddities: tuple[str, ...] = ()


class Notes:
    """Kept by a client while they read; `position` is the number of the last event they have.

    `watch` is told whenever they have read more.
    """

    def __init__(
        self, request_id: str, watch: "Callable[[Notes], object]" = lambda notes: None
    ) -> None:
        self.request_id = request_id
        self._watch = watch
        self.position = 0
        self.status = ""
        self._whole = False
        self._texts = [""]
        self._oddities: list[str] = []

    def event(self, event: StreamEvent, number: int | None = None) -> None:
        """Take the next event; where it has no number, it follows the last."""
        self.text(text_of(event), self.position + 1 if number is None else number, 1)

    def text(self, text: str, position: int, events: int) -> None:
        """Take the text of so many events, of which the last has this number."""
        before = position - events
        if before != self.position and not (self.position == 0 and before == _begins(position)):
            self._oddities.append(f"event {before + 1} follows {self.position}")
        self.position = position
        self._texts[-1] += text
        self._watch(self)

    def restart(self, position: int) -> None:
        """Begin anew, after the event of this number: the model was called again."""
        if position != _begins(position + 1) or position < self.position:
            self._oddities.append(f"restarted at {position}, from {self.position}")
        self.position = position
        self._texts.append("")

    def end(self, status: str, *, whole: bool) -> None:
        if self.status:
            self._oddities.append(f"{self.status}, and then {status}")
        self.status = status
        self._whole = whole

    def read(self) -> Read:
        texts, oddities = tuple(self._texts), tuple(self._oddities)
        return Read(self.request_id, texts, self.status, self._whole, oddities)


def _begins(number: int) -> int:
    """Return the number before the first of the attempt that an event belongs to."""
    return first_event(attempt_of(number)) - 1


class Unframed:
    """What a client makes of AWS's event stream: the events of the model.

    Those of a container are lines, which its parts have cut anywhere.
    """

    def __init__(self) -> None:
        self._lines = Lines()

    def events(self, name: str, data: bytes) -> Iterator[StreamEvent]:
        pieces = self._lines.feed(data) if name == PAYLOAD_PART else [data]
        return (StreamEvent(name, piece) for piece in pieces)

    def rest(self) -> Iterator[StreamEvent]:
        """Yield a last line without an end."""
        if rest := self._lines.rest():
            yield StreamEvent(PAYLOAD_PART, rest)
