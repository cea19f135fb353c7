"""Reading the streams of SageMaker's containers: lines, whatever frames they come in.

The payload of a `PayloadPart` is bytes of the container, cut anywhere: within a line, within a
letter (service model sagemaker-runtime, ResponseStream). Containers write JSON lines or Server-Sent
Events. Either way a line is an event here, with what ends it, so that the events one after the
other are the bytes that the container wrote.
"""

import re
from typing import Final

from chalicelib.backends.container_usage import Restored, ends_answer, reports
from chalicelib.backends.eventstream import Frame, encode_event
from chalicelib.backends.streamed import Step
from chalicelib.stream_event import StreamEvent

PAYLOAD_PART: Final = "PayloadPart"
OCTETS: Final = "application/octet-stream"
MAX_LINE_BYTES: Final = 8_388_608
"""A longer line is cut, so that the memory that it takes has a bound."""

_SERVER_SENT: Final = re.compile(rb"(?:data|event|id|retry)?:")
_BLANK: Final = re.compile(rb"\r?\n")


class Lines:
    """Bytes, however they are split → lines with what ends them.

    The empty line that ends a Server-Sent Event belongs to the line before it, so that one is
    given out when the byte after it is there: containers write both at once.
    """

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that these bytes complete."""
        held = self._held
        unbroken = b"\n" not in data and not held.endswith((b"\n", b"\r"))
        held += data
        if unbroken and len(held) < MAX_LINE_BYTES:
            return []
        lines, at = [], 0
        while end := _end_of_line(held, at):
            lines.append(bytes(held[at:end]))
            at = end
        del held[:at]
        return lines

    def rest(self) -> bytes:
        """Return what has no end, and forget it."""
        rest = bytes(self._held)
        self._held.clear()
        return rest


def _end_of_line(data: bytearray, at: int) -> int:
    """Say where the line that begins at `at` ends; 0 where that is not to be seen yet."""
    end = data.find(b"\n", at, at + MAX_LINE_BYTES) + 1
    if not end:
        return at + MAX_LINE_BYTES if len(data) - at >= MAX_LINE_BYTES else 0
    if _SERVER_SENT.match(data, at):
        if blank := _BLANK.match(data, end):
            return blank.end()
        if len(data) - end <= 1 and bytes(data[end:]) in (b"", b"\r"):
            return 0
    return end


class ContainerReading:
    """InvokeEndpointWithResponseStream.

    `restored` takes out of a line what the gateway had asked the container for, and then only whole
    lines are sent on. None: it asked for nothing, and frames pass as they come.
    """

    def __init__(self, restored: Restored | None = None) -> None:
        self._restored = restored
        self._lines = Lines()

    def frame(self, frame: Frame) -> Step:
        if frame.name != PAYLOAD_PART:
            other = (StreamEvent(frame.name, frame.payload),)
            return Step(frame.raw, other, other)
        return self._step(self._lines.feed(frame.payload), frame.payload, frame.raw)

    def end(self) -> Step:
        """Give a last line without an end: its bytes were sent on before, or had to wait."""
        line = self._lines.rest()
        return self._step([line] if line else [], b"", b"")

    def _step(self, lines: list[bytes], came: bytes, raw: bytes) -> Step:
        events = _events(lines)
        reporting = any(map(reports, lines))
        final = reporting and any(map(ends_answer, lines))
        if self._restored is None:
            return Step(raw, events, events, final)
        shown = [rest for line in lines if (rest := self._restored(line))] if reporting else lines
        told = b"".join(shown)
        if told != came:
            raw = encode_event(PAYLOAD_PART, told, OCTETS) if told else b""
        return Step(raw, events, events if shown == lines else _events(shown), final)


def _events(lines: list[bytes]) -> tuple[StreamEvent, ...]:
    return tuple([StreamEvent(PAYLOAD_PART, line) for line in lines])
