"""Pictures: making small PNGs of a given size, and reading the size of those that are given."""

import base64
import binascii
import struct
from functools import lru_cache
from zlib import compress, crc32

from local.simulator.refusals import malformed

_LONGEST_SIDE = 4_096  # pixels
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15, less tables


@lru_cache(maxsize=128)
def png(width: int, height: int, pattern: int = 0) -> str:
    """Return a valid PNG of one bit a pixel, in base64: a kilobyte or two at any usual size."""
    row = b"\x00" + bytes([0x0F << pattern % 5 & 0xFF]) * ((width + 7) // 8)
    data = (
        _PNG
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
        + _chunk(b"IDAT", compress(row * height, 6))
        + _chunk(b"IEND", b"")
    )
    return base64.b64encode(data).decode()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc32(kind + content))
    )


def given(encoded: object, place: str) -> tuple[int, int]:
    """Return the size of a picture that a request gives at `place`; raises Refusal."""
    found = size(encoded) if isinstance(encoded, str) else None
    if found is None:
        raise malformed(f"{place}: the image is not a PNG or JPEG in base64")
    if not all(1 <= side <= _LONGEST_SIDE for side in found):
        raise malformed(f"{place}: an image's sides are from 1 to {_LONGEST_SIDE} pixels")
    return found


def given_bytes(data: bytes, place: str) -> tuple[int, int]:
    """Return the size of a picture that a request gives as bytes; raises Refusal."""
    return given(base64.b64encode(data).decode(), place)


def size(encoded: str) -> tuple[int, int] | None:
    """Return (width, height) of a PNG or JPEG in base64, or None where it is neither."""
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    if data.startswith(_PNG) and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    return _jpeg_size(data) if data.startswith(b"\xff\xd8") else None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None
