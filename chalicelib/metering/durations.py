"""How long media plays, as its own header says: WAV, and the MP4 family (MP4, MOV, 3GP, M4A).

Nothing is played and next to nothing decoded. A format whose header does not say it exactly (MP3,
Matroska, a fragmented MP4, a WAV that was written as a stream) has no duration here.
"""

from base64 import b64decode
from collections.abc import Iterator
from typing import NamedTuple

_MOST_BOXES = 1_000  # of one level; a file with more is not read on
_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
_PCM = frozenset({1, 3, 0xFFFE})  # integers, floats, and either with more channels


class _Media:
    """Bytes in base64, decoded only where they are read."""

    def __init__(self, encoded: str) -> None:
        self._encoded = encoded
        self.size = len(encoded) // 4 * 3 - encoded[-2:].count("=")

    def read(self, at: int, length: int) -> bytes:
        """Return the bytes at a place; fewer, or none, where there are not as many."""
        first, last = at // 3 * 4, -(-(at + length) // 3) * 4
        try:
            decoded = b64decode(self._encoded[first:last], validate=True)
        except ValueError:  # not base64
            return b""
        return decoded[at % 3 :][:length]

    def number(self, at: int, length: int) -> int:
        return int.from_bytes(self.read(at, length), "big")

    def little(self, at: int, length: int) -> int:
        return int.from_bytes(self.read(at, length), "little")


class _Box(NamedTuple):
    """A chunk of an ISO base media file: its four letters, and where its content lies."""

    kind: bytes
    start: int
    end: int


def milliseconds(encoded: str) -> int | None:
    """Return how long media in base64 plays, rounded up to a millisecond, or None."""
    media = _Media(encoded)
    head = media.read(0, 12)
    if head[:4] == b"RIFF" and head[8:] == b"WAVE":
        return _wav(media)
    return _mp4(media) if head[4:8] in _FIRST_BOXES else None


def _rounded_up(units: int, a_second: int) -> int | None:
    return -(-units * 1000 // a_second) if units and a_second else None


def _wav(media: _Media) -> int | None:
    """Multimedia Programming Interface 1.0, "Waveform Audio": `fmt ` tells the rate, `data` is."""
    at, rate, frame = 12, 0, 0
    for _ in range(_MOST_BOXES):
        kind, length = media.read(at, 4), media.little(at + 4, 4)
        if kind == b"fmt ":
            if media.little(at + 8, 2) not in _PCM:
                return None
            rate, frame = media.little(at + 12, 4), media.little(at + 20, 2)
        elif kind == b"data":
            if not frame or at + 8 + length > media.size:
                return None
            return _rounded_up(length // frame, rate)
        elif len(kind) < 4:
            return None
        at += 8 + length + length % 2
    return None


def _mp4(media: _Media) -> int | None:
    """ISO/IEC 14496-12, 8.2.2: `moov/mvhd` has the longest track's duration and its timescale."""
    movie = next((box for box in _boxes(media, 0, media.size) if box.kind == b"moov"), None)
    if movie is None:
        return None
    parts = {box.kind: box for box in _boxes(media, movie.start, movie.end)}
    header = parts.get(b"mvhd")
    if header is None or b"mvex" in parts:  # mvex: fragments, that the header does not count
        return None
    wide = media.number(header.start, 1) == 1
    at, length = (header.start + 20, 8) if wide else (header.start + 12, 4)
    timescale, duration = media.number(at, 4), media.number(at + 4, length)
    if at + 4 + length > header.end or duration == (1 << 8 * length) - 1:  # all ones: not known
        return None
    return _rounded_up(duration, timescale)


def _boxes(media: _Media, at: int, end: int) -> Iterator[_Box]:
    """Walk the boxes of one level, none beyond its end."""
    for _ in range(_MOST_BOXES):
        head = media.read(at, 16)
        length, kind, start = int.from_bytes(head[:4], "big"), head[4:8], at + 8
        if length == 1:
            length, start = int.from_bytes(head[8:], "big"), at + 16
        elif length == 0:
            length = end - at  # the last one, to the end
        if len(kind) < 4 or start > at + length or at + length > end:
            return
        yield _Box(kind, start, at + length)
        at += length
