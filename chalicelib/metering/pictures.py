"""The size of a picture, read from its own first bytes: PNG, JPEG, WebP.

An answer holds its pictures in base64; or it is one, where the client accepts `image/png` alone.
"""

from base64 import b64decode
from collections.abc import Callable
from typing import NamedTuple


class Size(NamedTuple):
    """Pixels."""

    width: int
    height: int


_JPEG_HEAD = 1 << 18  # bytes: the frame header stands behind profiles and previews
_HEAD = 32  # bytes: enough for every other format


def size_of(picture: str) -> Size | None:
    """Return the size of a picture in base64, or None where its header does not say it.

    Only the header is decoded, never the picture.
    """
    return _size(lambda length: _decoded(picture, length))


def size_in(body: bytes) -> Size | None:
    """Return the size of a body that is itself a picture, or None."""
    return _size(lambda length: body[:length])


def _size(first: Callable[[int], bytes]) -> Size | None:
    """Read a size; `first` gives as many of a picture's first bytes as are asked for, or fewer."""
    head = first(_HEAD)
    for magic, read in _FORMATS:
        if head.startswith(magic):
            size = read(first(_JPEG_HEAD) if read is _jpeg else head)
            return size if size and size.width > 0 and size.height > 0 else None
    return None


def _decoded(picture: str, size: int) -> bytes:
    try:
        return b64decode(picture[: (size + 2) // 3 * 4])
    except ValueError:  # not base64, or cut within a group of four
        return b""


def _png(head: bytes) -> Size | None:
    """W3C PNG, 11.2.2: IHDR is the first chunk, width and height its first fields."""
    if head[12:16] != b"IHDR" or len(head) < 24:
        return None
    return Size(int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big"))


def _jpeg(head: bytes) -> Size | None:
    """ITU-T T.81, B.1.1: segments `FF marker length`; SOF0-15 (not C4, C8, CC) hold the size."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if marker == 0xFF:  # fill
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = head[at + 5 : at + 7], head[at + 7 : at + 9]
            return Size(int.from_bytes(width, "big"), int.from_bytes(height, "big"))
        else:
            at += 2 + max(int.from_bytes(head[at + 2 : at + 4], "big"), 2)
    return None


def _webp(head: bytes) -> Size | None:
    """RFC 9649: a VP8X chunk gives the canvas; VP8L and VP8 their own frame (RFC 6386, 9.1)."""
    if head[8:12] != b"WEBP" or len(head) < 30:
        return None
    chunk = head[12:16]
    if chunk == b"VP8X":
        width, height = head[24:27], head[27:30]
        return Size(int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1)
    if chunk == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        return Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if chunk == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = head[26:28], head[28:30]
        return Size(
            int.from_bytes(width, "little") & 0x3FFF, int.from_bytes(height, "little") & 0x3FFF
        )
    return None


_FORMATS: tuple[tuple[bytes, Callable[[bytes], Size | None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"\xff\xd8\xff", _jpeg),
    (b"RIFF", _webp),
)
