"""One HTTP/1.1 connection to a service, and the ways in which an exchange over it can end.

They are told apart because they are billed apart:

- `NotSent`: the service never had the whole request, so nothing ran and nothing is billed;
- `NoAnswer`: it had the request and no answer's headers came back: it may have run and be billed;
- a `Reply` that is not `complete`: the headers came, the body was cut;
- a `Reply`.
"""

import http.client
import io
import select
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 65_536


class NotSent(Exception):
    """The request did not reach the service whole; it cannot have been carried out."""


class NoAnswer(Exception):
    """The request was sent and no answer came; it may have been carried out."""

    def __init__(self, *, timed_out: bool) -> None:
        self.timed_out = timed_out
        super().__init__("timed out" if timed_out else "connection lost")


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. Header names are in lower case; of a repeated one the last value counts."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True
    timed_out: bool = False


class Connection:
    """One open connection. Every read is bounded by the deadline of the call that it serves."""

    def __init__(
        self,
        host: str,
        port: int | None,
        tls: ssl.SSLContext | None,
        connect_timeout: float,
        clock: Callable[[], float],
    ) -> None:
        self._sock = socket.create_connection((host, port or (443 if tls else 80)), connect_timeout)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self._sock = tls.wrap_socket(self._sock, server_hostname=host)
        self._clock = clock
        self._deadline = 0.0
        self.reusable = False

    def exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> Reply:
        """Send one request and read its answer. Raises NotSent and NoAnswer."""
        self._deadline = deadline
        self.reusable = False
        try:
            request = _head(method, path, headers, len(body)) + body  # in one piece: one wake-up
            self._sock.settimeout(self._remaining())
            self._sock.sendall(request)
        except (OSError, ValueError) as error:  # before the last byte: it cannot have begun
            self.close()
            raise NotSent(str(error)) from error
        response = _Response(_BoundedSocket(self._sock, self._remaining), method=method)  # type: ignore[arg-type]
        try:
            response.begin()
        except (OSError, http.client.HTTPException) as error:
            response.close()
            self.close()
            raise NoAnswer(timed_out=isinstance(error, TimeoutError)) from error
        reply = _read(response)
        self.reusable = reply.complete and not response.will_close
        if not self.reusable:
            self.close()
        return reply

    def is_quiet(self) -> bool:
        """Say whether an idle connection has nothing to read: one that has was closed."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        self._sock.close()

    def _remaining(self) -> float:
        remaining = self._deadline - self._clock()
        if remaining <= 0:
            raise TimeoutError
        return remaining


def _head(method: str, path: str, headers: Mapping[str, str], length: int) -> bytes:
    """Write a request's head. Raises ValueError where a value would add a line to it."""
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([*lines, f"Content-Length: {length}", "", ""])
    if head.count("\n") != len(lines) + 2 or head.count("\r") != len(lines) + 2:
        raise ValueError("a header has a line break")
    return head.encode("latin-1")


class _BoundedSocket:
    """The reading side of a socket, as http.client asks for it."""

    def __init__(self, sock: socket.socket, remaining: Callable[[], float]) -> None:
        self._sock = sock
        self._remaining = remaining

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_BoundedReads(self._sock, self._remaining), 65536)


class _BoundedReads(io.RawIOBase):
    """Reads that share one deadline, so that a trickling answer cannot outlast it."""

    def __init__(self, sock: socket.socket, remaining: Callable[[], float]) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)  # keeps the socket open until it is closed
        self._remaining = remaining

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._remaining())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """http.client's response, but for its header parser: that is email's, a tenth of a call."""

    headers: dict[str, str]  # type: ignore[assignment]

    def begin(self) -> None:
        """Read the status and the headers. Raises IncompleteRead where they are cut."""
        status = http.client.CONTINUE
        while status == http.client.CONTINUE:
            version, status, reason = self._read_status()  # type: ignore[attr-defined]
            self.headers = _read_headers(self.fp)
        self.code = self.status = status
        self.reason = reason.strip()
        self.version = 10 if version == "HTTP/1.0" else 11
        self.chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        length = self.headers.get("content-length", "")
        self.length = int(length) if length.isdigit() and not self.chunked else None
        if status in (http.client.NO_CONTENT, http.client.NOT_MODIFIED):
            self.length = 0
        unbounded = not self.chunked and self.length is None
        self.will_close = unbounded or self._check_close()  # type: ignore[attr-defined]


def _read_headers(lines: io.BufferedIOBase) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = lines.readline(MAX_HEADER_BYTES)
        if not line.endswith(b"\n"):
            raise http.client.IncompleteRead(line)  # http.client would take it for the end
        if line in (b"\r\n", b"\n"):
            return headers
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    raise http.client.HTTPException("too many headers")


def _read(response: _Response) -> Reply:
    headers = response.headers
    try:
        return Reply(response.status, headers, response.read())
    except http.client.IncompleteRead as cut:
        return Reply(response.status, headers, cut.partial, complete=False)
    except (OSError, http.client.HTTPException) as error:
        timed_out = isinstance(error, TimeoutError)
        return Reply(response.status, headers, b"", complete=False, timed_out=timed_out)
    finally:
        response.close()
