"""The body of a live answer: a running stream as AWS's event stream, or as Server-Sent Events.

Whoever has a body exhausts or closes it; closing it reads the stream on to its end.
"""

from collections.abc import Callable, Iterator

from chalicelib.backends.eventstream import encode_exception
from chalicelib.streams import sse
from chalicelib.streams.engine import Running
from chalicelib.streams.replay import LOST
from chalicelib.streams.text import as_json
from chalicelib.streams.told import last_frame


class LiveBody:
    """An iterator of a live answer's bytes; at the end of its stream `ended` is called, once."""

    def __init__(
        self,
        running: Running,
        rendered: Callable[[Running], Iterator[bytes]],
        ended: Callable[[], None],
    ) -> None:
        self._running = running
        self._rendered = rendered(running)
        self._ended = ended

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._rendered)
        except StopIteration:
            self.close()
            raise

    def close(self) -> None:
        self._running.close()
        ended, self._ended = self._ended, _nothing
        ended()


def _nothing() -> None:
    """It has been called."""


def as_event_stream(running: Running) -> Iterator[bytes]:
    """The provider's own frames; an SDK raises its own exception for a stream that was cut."""
    for batch in running:
        if batch and batch.raw:
            yield batch.raw
    if loss := running.loss:
        yield encode_exception(loss.exception or LOST[running.service], loss.error.message)


def as_sse(running: Running) -> Iterator[bytes]:
    """Numbered frames, so that a reader can go on elsewhere; the last says how it ended."""
    for batch in running:
        if batch is None:
            yield sse.PING
        elif batch.events:
            yield b"".join(
                sse.chunk(number, as_json(event))
                for number, event in enumerate(batch.events, batch.first)
            )
    yield last_frame(running.job, running.last_event)
