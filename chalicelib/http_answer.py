"""An HTTP/1.1 answer as bytes: what its head says, and where its body ends. Pure.

A body is fed the bytes of the connection as they come, however they are split, and gives back what
of them belongs to it: so that one that is read as it grows and one that is read whole are read
alike. Source: RFC 9112, HTTP/1.1, sections 4 to 7.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

MAX_HEAD_BYTES: Final = 65_536
MAX_CHUNK_HEAD_BYTES: Final = 4_096
HEAD_END: Final = b"\r\n\r\n"

_STATUS: Final = re.compile(r"HTTP/1\.([01]) ([1-9][0-9]{2})(?: |$)")
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")
_GAP: Final = b"\r\n"
_NO_BODY: Final = frozenset({204, 304})


class Malformed(Exception):
    """This is not what HTTP/1.1 asks for."""


class Body(Protocol):
    """The rest of an answer, by the rule that tells where it ends."""

    ended: bool
    excess: bool  # the connection is of no more use: what came last is not of this answer

    def feed(self, data: bytes) -> bytes:
        """Return what the next bytes hold of the body. Raises Malformed."""
        ...

    def close(self) -> None:
        """There are no more bytes. Raises Malformed where the body should have gone on."""
        ...


class _Bounded:
    """A body that says itself where it ends."""

    def __init__(self) -> None:
        self.ended = False
        self.excess = False

    def close(self) -> None:
        raise Malformed("the body was cut")


class Sized(_Bounded):
    """A body of `Content-Length`."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self._left = length
        self.ended = length == 0

    def feed(self, data: bytes) -> bytes:
        part = data[: self._left]
        self._left -= len(part)
        self.ended = not self._left
        self.excess = len(part) < len(data)
        return part


class UntilClosed:
    """A body that the end of its connection ends."""

    excess = True

    def __init__(self) -> None:
        self.ended = False

    def feed(self, data: bytes) -> bytes:
        return data

    def close(self) -> None:
        self.ended = True


class Chunked(_Bounded):
    """A body of `Transfer-Encoding: chunked`; extensions and trailers are read over."""

    def __init__(self) -> None:
        super().__init__()
        self._left = 0  # of the chunk's data
        self._line = self._size  # what the next line is
        self._begun = b""  # a line that has not ended

    def feed(self, data: bytes) -> bytes:
        data, self._begun = self._begun + data, b""
        parts, at = [], 0
        while at < len(data) and not self.ended:
            if self._left:
                part = data[at : at + self._left]
                parts.append(part)
                self._left -= len(part)
                at += len(part)
                if data.startswith(_GAP, at):  # it came whole, as events do
                    self._line = self._size
                    at += len(_GAP)
                continue
            end = data.find(b"\n", at)
            if end < 0:
                self._begin(data[at:])
                return b"".join(parts)
            self._line(data[at:end].rstrip(b"\r"))
            at = end + 1
        self.excess = at < len(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _begin(self, line: bytes) -> None:
        if len(line) > MAX_CHUNK_HEAD_BYTES:
            raise Malformed("a chunk's head is too long")
        self._begun = line

    def _size(self, line: bytes) -> None:
        found = _CHUNK_SIZE.fullmatch(line)
        if not found:
            raise Malformed("a chunk has no size")
        self._left = int(found[1], 16)
        self._line = self._gap if self._left else self._trailer

    def _gap(self, line: bytes) -> None:
        if line:
            raise Malformed("a chunk is longer than its size")
        self._line = self._size

    def _trailer(self, line: bytes) -> None:
        self.ended = not line


class Head(NamedTuple):
    """A status, and headers by lower-case name; of a repeated one the last value counts."""

    status: int
    headers: Mapping[str, str]
    is_1_1: bool

    @property
    def keeps_connection(self) -> bool:
        return self.is_1_1 and "close" not in self.headers.get("connection", "").lower()

    def body(self) -> Body:
        """Return the body that follows it."""
        if self.status in _NO_BODY:
            return Sized(0)
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            return Chunked()
        length = self.headers.get("content-length", "")
        return Sized(int(length)) if _LENGTH.fullmatch(length) else UntilClosed()


def read_head(head: bytes) -> Head:
    """Read an answer's head, without the empty line that ends it. Raises Malformed."""
    status_line, *lines = head.decode("latin-1").split("\r\n")
    found = _STATUS.match(status_line)
    if not found:
        raise Malformed("not an HTTP/1.1 answer")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Head(int(found[2]), headers, found[1] == "1")
