"""Lambda's side of the Runtime API, over the one connection that a function's process opens.

docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, and "Implementing response streaming in a
custom runtime" there.
"""

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

ROOT = "/2018-06-01/runtime"
NEXT = f"{ROOT}/invocation/next"
INIT_ERROR = f"{ROOT}/init/error"
_REASONS = {200: "OK", 202: "Accepted"}


class Gone(Exception):
    """The process ended, or said what no runtime says."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The head of a request that the process made; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def is_for_the_next_event(self) -> bool:
        return (self.method, self.path) == ("GET", NEXT)


class RuntimeConnection:
    """Reads what a process asks and answers it. Every read ends by the deadline: TimeoutError."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._lines = sock.makefile("rb")
        self.deadline = 0.0
        """When reads end, by the monotonic clock."""

    def asked(self) -> Asked:
        """Read the head of the next request. Raises Gone and TimeoutError."""
        method, _, rest = self._line().partition(" ")
        return Asked(method, rest.partition(" ")[0], self._headers())

    def body(self, asked: Asked) -> bytes:
        return b"".join(self.pieces(asked, {}))

    def pieces(self, asked: Asked, trailers: dict[str, str]) -> Iterator[bytes]:
        """Read a body as it comes; what follows it is put into `trailers`."""
        if asked.headers.get("transfer-encoding") != "chunked":
            yield self._exactly(_whole(asked.headers.get("content-length", "0"), 10))
            return
        while size := _whole(self._line(), 16):
            yield self._exactly(size)
            self._line()
        trailers.update(self._headers())

    def answer(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Answer what was asked. Raises Gone."""
        lines = [f"HTTP/1.1 {status} {_REASONS[status]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
        try:
            self._sock.settimeout(self._left())
            self._sock.sendall(head.encode() + body)
        except TimeoutError:
            raise
        except OSError as error:
            raise Gone(str(error)) from error

    def close(self) -> None:
        self._lines.close()
        self._sock.close()

    def _headers(self) -> dict[str, str]:
        headers = {}
        while line := self._line():
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return headers

    def _line(self) -> str:
        line = self._read(self._lines.readline)
        if not line.endswith(b"\r\n"):
            raise Gone("the process ended")
        return line[:-2].decode("latin-1")

    def _exactly(self, size: int) -> bytes:
        data = self._read(lambda: self._lines.read(size))
        if len(data) < size:
            raise Gone("the process ended in the middle of an answer")
        return data

    def _read(self, read: Callable[[], bytes]) -> bytes:
        self._sock.settimeout(self._left())
        try:
            return read()
        except TimeoutError:
            raise
        except OSError as error:
            raise Gone(str(error)) from error

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _whole(text: str, base: int) -> int:
    try:
        return int(text, base)
    except ValueError:
        raise Gone(f"{text!r} is no size") from None
