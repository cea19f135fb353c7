"""AWS's event stream: the frames that a streamed answer comes in, both ways.

    u32 length of all | u32 length of the headers | u32 CRC-32 of these eight bytes
    headers: u8 length, name, u8 type, value
    payload
    u32 CRC-32 of all before

Sources: Smithy, "Event Stream specification"; limits as in botocore's eventstream.py. This runs for
every token: hence a frame is a tuple, and headers, of which a stream has a handful, are read once
for the same bytes.
"""

from collections.abc import Mapping
from functools import lru_cache
from json import dumps
from struct import Struct
from types import MappingProxyType
from typing import Final, NamedTuple
from zlib import crc32

CONTENT_TYPE: Final = "application/vnd.amazon.eventstream"
JSON: Final = "application/json"
MAX_HEADERS_BYTES: Final = 131_072
MAX_PAYLOAD_BYTES: Final = 25_165_824

_PRELUDE: Final = Struct(">III")
_PRELUDE_BYTES: Final = 12
_LENGTHS: Final = Struct(">II")
_U32: Final = Struct(">I")
_FIXED_BYTES: Final = 16  # of what is neither headers nor payload
_TEXT: Final = 7
_SIZES: Final[Mapping[int, int]] = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value, by its type; of the other types the value says so itself."""
_MEASURED: Final = frozenset({6, _TEXT})


class BadFrame(Exception):
    """The bytes are no frame: a checksum differs, or something is too large or ends too soon."""


class Frame(NamedTuple):
    """One message of a stream: the headers that are texts, the payload, and all its bytes."""

    headers: Mapping[str, str]
    payload: bytes
    raw: bytes

    @property
    def kind(self) -> str:
        """`event`, `exception`; `error` for what the service does not model."""
        return self.headers.get(":message-type", "")

    @property
    def name(self) -> str:
        """AWS's own name of the event, or of what went wrong."""
        headers = self.headers
        return (
            headers.get(":event-type")
            or headers.get(":exception-type")
            or headers.get(":error-code", "")
        )

    def with_payload(self, payload: bytes) -> bytes:
        """Write this frame with another payload; its headers stay as they are, byte for byte."""
        (length,) = _U32.unpack_from(self.raw, 4)
        return _framed(self.raw[_PRELUDE_BYTES : _PRELUDE_BYTES + length], payload)


class Decoder:
    """Bytes, however they are split → frames."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []  # of what is no frame yet
        self._have = 0
        self._need = 0

    @property
    def pending(self) -> bool:
        """Say whether bytes are left that are no frame: the beginning of one, or a bad one."""
        return bool(self._parts)

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that these bytes complete.

        Raises BadFrame: where good frames stand before the bad one, not before the next call.
        """
        if self._parts:
            self._parts.append(data)
            self._have += len(data)
            if self._have < self._need:
                return []
            data = b"".join(self._parts)
        frames: list[Frame] = []
        at, size, need = 0, len(data), _PRELUDE_BYTES
        while size - at >= need:
            try:
                frame = _frame(data, at, size)
            except BadFrame:
                if not frames:
                    raise
                break
            if isinstance(frame, int):
                need = frame
                continue
            frames.append(frame)
            at += len(frame.raw)
        self._parts = [data[at:]] if at < size else []
        self._have, self._need = size - at, need
        return frames


def _frame(data: bytes, at: int, size: int) -> Frame | int:
    """Read the frame that begins at `at`; where it ends beyond `size`, return its length."""
    length, headers_length, checksum = _PRELUDE.unpack_from(data, at)
    if crc32(data[at : at + 8]) != checksum:
        raise BadFrame("the checksum of the lengths differs")
    payload_length = length - headers_length - _FIXED_BYTES
    if not 0 <= payload_length <= MAX_PAYLOAD_BYTES or headers_length > MAX_HEADERS_BYTES:
        raise BadFrame("the lengths are not possible")
    end = at + length
    if end > size:
        return int(length)
    raw = data[at:end]
    if crc32(raw[8:-4], checksum) != _U32.unpack_from(raw, length - 4)[0]:
        raise BadFrame("the checksum differs")
    payload_at = _PRELUDE_BYTES + headers_length
    return Frame(_headers(raw[_PRELUDE_BYTES:payload_at]), raw[payload_at:-4], raw)


@lru_cache(maxsize=64)
def _headers(block: bytes) -> Mapping[str, str]:
    """Read a block of headers; those that are no texts are read over. Raises BadFrame."""
    names: set[bytes] = set()
    texts: dict[str, str] = {}
    at = 0
    while at < len(block):
        name, at = _measured(block, at, 1)
        if name in names or at >= len(block):
            raise BadFrame("a header is there twice, or has no value")
        names.add(name)
        kind, at = block[at], at + 1
        if kind in _MEASURED:
            value, at = _measured(block, at, 2)
            if kind == _TEXT:
                texts[_text(name)] = _text(value)
        elif kind in _SIZES:
            at += _SIZES[kind]
        else:
            raise BadFrame("a header's type is not known")
    if at != len(block):
        raise BadFrame("a header's value is cut")
    return MappingProxyType(texts)


def _measured(block: bytes, at: int, width: int) -> tuple[bytes, int]:
    """Read what is preceded by its length, of so many bytes, and say where it ends."""
    begin = at + width
    end = begin + int.from_bytes(block[at:begin])
    return block[begin:end], end


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise BadFrame("a header is not UTF-8") from error


def encode(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Write a frame whose headers are texts."""
    return _framed(_header_block(tuple(headers.items())), payload)


def encode_event(name: str, payload: bytes, content_type: str = JSON) -> bytes:
    headers = {":event-type": name, ":content-type": content_type, ":message-type": "event"}
    return encode(headers, payload)


def encode_exception(name: str, message: str) -> bytes:
    """Write an exception that the service models, by its member's name: `throttlingException`."""
    headers = {":exception-type": name, ":content-type": JSON, ":message-type": "exception"}
    return encode(headers, dumps({"message": message}).encode())


def _framed(block: bytes, payload: bytes) -> bytes:
    lengths = _LENGTHS.pack(_FIXED_BYTES + len(block) + len(payload), len(block))
    message = b"".join((lengths, _U32.pack(crc32(lengths)), block, payload))
    return message + _U32.pack(crc32(message))


@lru_cache(maxsize=64)
def _header_block(headers: tuple[tuple[str, str], ...]) -> bytes:
    return b"".join(_header(name.encode(), value.encode()) for name, value in headers)


def _header(name: bytes, value: bytes) -> bytes:
    return b"".join((len(name).to_bytes(1), name, _TEXT.to_bytes(1), len(value).to_bytes(2), value))
