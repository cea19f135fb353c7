"""A stored answer given again from its first event on, while it still grows.

To a client of AWS's event stream each event is framed anew: the model's own bytes, without the
padding that Bedrock adds to frames.
"""

import json
import time
from binascii import b2a_base64
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from chalicelib import delivery
from chalicelib.aws_json import AwsFault
from chalicelib.backends.container_streams import OCTETS, PAYLOAD_PART
from chalicelib.backends.eventstream import CONTENT_TYPE, encode_event, encode_exception
from chalicelib.errors import OutcomeUnknown, ProviderTimeout, StreamsUnavailable
from chalicelib.stream_event import StreamEvent
from chalicelib.streams.job import UnreadableJob
from chalicelib.streams.reading import Look, Reader
from chalicelib.streams.told import is_whole

KEPT_SECONDS: Final = 10.0
"""Of a Lambda's time, for a connection that has to end to do so in good order."""

BUFFERED_SECONDS: Final = 20.0
"""API Gateway ends a request whose answer is not streamed after 29."""

FORGOTTEN: Final = (
    "The model answered the first request of this kind, and its answer was not to be kept. Send a "
    "new Idempotency-Key to have the model called again."
)
NOT_WHOLE: Final = "The rest of this answer is not kept."

LOST: Final[Mapping[str, str]] = {
    "bedrock": "modelStreamErrorException",
    "sagemaker": "InternalStreamFailure",
}
"""What an event stream that is not whole ends with: an exception that no SDK repeats by itself.

Source: service models bedrock-runtime and sagemaker-runtime.
"""


class Replay:
    def __init__(self, reader: Reader, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._clock = clock

    def body(
        self, team_id: str, request_id: str, content_type: str, seconds_left: float
    ) -> Iterator[bytes] | None:
        """Return the bytes of a team's stored answer in this form; None where there is none.

        Raises StreamsUnavailable, and OutcomeUnknown where it has ended and is forgotten.
        """
        seconds = seconds_left - KEPT_SECONDS
        if not delivery.streaming:
            seconds = min(seconds, BUFFERED_SECONDS)
        try:
            look = self._reader.look(team_id, request_id, 0)
        except (AwsFault, UnreadableJob) as fault:
            raise StreamsUnavailable from fault
        if look is None:
            return None
        if look.ended and (look.job.deleted or not look.job.store):
            raise OutcomeUnknown(FORGOTTEN)
        if content_type == CONTENT_TYPE:
            return self._frames(look, seconds)
        return self._reader.frames(look, seconds)

    def _frames(self, look: Look, seconds: float) -> Iterator[bytes]:
        until = self._clock() + seconds
        while True:
            yield b"".join(framed(event) for _, event in look.events)
            if look.ended and not look.more:
                break
            later = self._later(look, until - self._clock())
            if later is None:
                yield _exception(look, ProviderTimeout.message)
                return
            look = later
        if not is_whole(look.job, look.position):
            yield _exception(look, look.job.error_message or NOT_WHOLE)

    def _later(self, look: Look, seconds: float) -> Look | None:
        job = look.job
        try:
            found = self._reader.await_news(job.team_id, job.request_id, look.position, seconds)
        except (AwsFault, UnreadableJob):
            return None
        return found if found and found.is_news else None


def framed(event: StreamEvent) -> bytes:
    """Frame an event as its operation does."""
    if event.name == PAYLOAD_PART:
        return encode_event(event.name, event.data, OCTETS)
    if event.name == "chunk":
        said = b2a_base64(event.data, newline=False).decode()
        return encode_event(event.name, json.dumps({"bytes": said}).encode())
    return encode_event(event.name, event.data)


def _exception(look: Look, message: str) -> bytes:
    return encode_exception(LOST[look.job.model.service], message)
