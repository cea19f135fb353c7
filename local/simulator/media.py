"""Video and audio: making the smallest real files of a given length, and reading given lengths.

MP4: ISO/IEC 14496-12, 8.2.2, the movie header says `timescale` units a second and how many the
movie lasts. WAV: "Multimedia Programming Interface and Data Specifications 1.0", the format chunk
says bytes a second and the data chunk how many there are. Both are exact, so lengths are integers.
"""

import base64
import binascii
import struct
from collections.abc import Iterator

from local.simulator.calls import Ask, required
from local.simulator.refusals import invalid, malformed

_WAV_BYTES_A_SECOND = 8_000  # mono, 8 bits: 8 bytes a millisecond
_HEADER_BOXES = frozenset({b"moov"})
_UNITY_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def mp4(milliseconds: int, timescale: int = 1_000, version: int = 0) -> bytes:
    """Return an MP4 that lasts so long and shows nothing.

    `version` is that of the movie header: 1 has times of 64 bits. Raises ValueError where the
    length is not a whole number of the timescale's units.
    """
    duration, rest = divmod(milliseconds * timescale, 1_000)
    if rest:
        raise ValueError(f"{milliseconds} ms are no whole number of 1/{timescale} s")
    times = struct.pack(">QQIQ" if version else ">IIII", 0, 0, timescale, duration)
    rates = struct.pack(">IH10x", 0x10000, 0x100)
    header = bytes([version, 0, 0, 0]) + times + rates + _UNITY_MATRIX + bytes(24)
    movie = _box(b"moov", _box(b"mvhd", header + struct.pack(">I", 1)))
    brands = b"isom" + struct.pack(">I", 0x200) + b"isommp41"
    return _box(b"ftyp", brands) + movie + _box(b"mdat", b"")


def wav(milliseconds: int) -> bytes:
    """Return silence as WAV: 8,000 samples a second, 8 bits, mono."""
    rate = _WAV_BYTES_A_SECOND
    sound = b"\x80" * (milliseconds * rate // 1_000)
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, rate, 1, 8)
    chunks = b"WAVE" + form + b"data" + struct.pack("<I", len(sound)) + sound
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def duration_ms(content: bytes) -> int | None:
    """Return how long an MP4 or WAV lasts, or None where it does not say."""
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return _wav_ms(content)
    header = next((box for kind, box in _boxes(content, 0) if kind == b"mvhd"), b"")
    if len(header) < 32:
        return None
    layout, at = (">IQ", 20) if header[0] else (">II", 12)
    timescale, duration = struct.unpack_from(layout, header, at)
    return (duration * 1_000 + timescale // 2) // timescale if timescale else None


def given(ask: Ask, source: dict[str, object], place: str) -> int:
    """Return how long the media lasts that a request gives at `place`; raises Refusal."""
    length = duration_ms(given_bytes(ask, source, place))
    if not length:
        raise invalid(f"{place}: the media could not be decoded")
    return length


def given_bytes(ask: Ask, source: dict[str, object], place: str) -> bytes:
    """Return media that a request gives in base64 or names in S3, in either vendor's spelling."""
    if "s3Location" in source:
        location = required(source, "s3Location", dict, place)
        return ask.storage.read(required(location, "uri", str, f"{place}/s3Location"))
    key = "bytes" if "bytes" in source else "base64String"
    try:
        return base64.b64decode(required(source, key, str, place), validate=True)
    except (binascii.Error, ValueError):
        raise malformed(f"{place}/{key}: expected base64") from None


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def _boxes(content: bytes, at: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield every box with its content, those inside the movie after it."""
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        if size < 8 or at + size > len(content):
            return
        box = content[at + 8 : at + size]
        yield kind, box
        if kind in _HEADER_BOXES:
            yield from _boxes(box, 0)
        at += size


def _wav_ms(content: bytes) -> int | None:
    at, rate = 12, 0
    while at + 8 <= len(content):
        kind, size = struct.unpack_from("<4sI", content, at)
        if kind == b"fmt " and at + 20 <= len(content):
            (rate,) = struct.unpack_from("<I", content, at + 16)
        if kind == b"data":
            return (size * 1_000 + rate // 2) // rate if rate else None
        at += 8 + size + size % 2
    return None
