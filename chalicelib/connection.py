"""One HTTP/1.1 connection to a service, and the ways in which an exchange over it can end.

They are told apart because they are billed apart:

- `NotSent`: the service never had the whole request, so nothing ran and nothing is billed;
- `NoAnswer`: it had the request and no answer's headers came back: it may have run and be billed;
- a `Stream` that is `Cut`, a `Reply` that is not `complete`: the headers came, the body was cut;
- a `Stream` that is read to its end, a `Reply`.
"""

import select
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Final, NamedTuple

from chalicelib.http_answer import HEAD_END, MAX_HEAD_BYTES, Head, Malformed, read_head

RECEIVED_AT_ONCE: Final = 65_536
"""Bytes, at most."""

READS_WHEN_TIME_IS_UP: Final = 256
"""How often what has already arrived is still read: more than a socket's buffer holds, and an end
to what a service may add to it."""


class NotSent(Exception):
    """The request did not reach the service whole; it cannot have been carried out."""


class _Lost(Exception):
    def __init__(self, *, timed_out: bool) -> None:
        self.timed_out = timed_out
        super().__init__("timed out" if timed_out else "connection lost")


class NoAnswer(_Lost):
    """The request was sent and no answer came; it may have been carried out."""


class Cut(_Lost):
    """The connection was lost before the end of a stream, or the time of its call is up."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. Header names are in lower case; of a repeated one the last value counts."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True
    timed_out: bool = False


class Patience(NamedTuple):
    """Whom to tell, once, that no byte of an answer came within `seconds`. The wait goes on.

    `exhausted` is called by the thread that waits. It must not raise: the call is being made.
    """

    seconds: float
    exhausted: Callable[[], None]


class Request(NamedTuple):
    """A request as it is sent, and when, by the connection's clock, its answer must be there."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    deadline: float
    patience: Patience | None = None


class Connection:
    """One open connection. Every wait is bounded by the deadline of the call that it serves."""

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
        self._waits = -1.0  # the seconds for which the socket waits: it is not told them twice
        self._late_reads = 0

    def open(self, request: Request, kept: "Callable[[Connection], None]") -> "Stream":
        """Send a request and read the head of its answer. Raises NotSent and NoAnswer.

        `kept` is given the connection when the answer's end has left it ready for another.
        """
        self._deadline = request.deadline
        self._late_reads = READS_WHEN_TIME_IS_UP
        self._send(request)
        try:
            head, rest = self._head(request.patience)
        except (OSError, Malformed) as error:
            self.close()
            raise NoAnswer(timed_out=isinstance(error, TimeoutError)) from error
        return Stream(self, head, rest, kept)

    def receive(self, seconds: float = inf) -> bytes | None:
        """Return the next bytes as soon as any are there, b"" at their end; None after `seconds`.

        Raises OSError; TimeoutError when the time of the call is up and nothing more has arrived:
        whoever was kept from reading in time is given what came in time.
        """
        remaining = self._deadline - self._clock()
        if remaining <= 0:
            return self._arrived()
        self._wait_for(max(min(seconds, remaining), 0.001))
        try:
            return self._sock.recv(RECEIVED_AT_ONCE)
        except TimeoutError:
            if seconds < remaining:
                return None
            raise

    def _arrived(self) -> bytes:
        """Return what is there, without a wait."""
        if not self._late_reads:
            raise TimeoutError
        self._late_reads -= 1
        self._wait_for(0)
        try:
            return self._sock.recv(RECEIVED_AT_ONCE)
        except (BlockingIOError, ssl.SSLWantReadError) as error:
            raise TimeoutError from error

    def is_quiet(self) -> bool:
        """Say whether an idle connection has nothing to read: one that has was closed."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        self._sock.close()

    def _send(self, request: Request) -> None:
        try:
            message = _head(request) + request.body  # in one piece: one wake-up of the other side
            self._wait_for(self._remaining())
            self._sock.sendall(message)
        except (OSError, ValueError) as error:  # before the last byte: it cannot have begun
            self.close()
            raise NotSent(str(error)) from error

    def _head(self, patience: Patience | None) -> tuple[Head, bytes]:
        """Read the head of an answer, and what came with it of the body."""
        data = self._first(patience)
        while True:
            end = data.find(HEAD_END)
            if end < 0:
                if len(data) > MAX_HEAD_BYTES or not (more := self.receive()):
                    raise Malformed("a head without an end")
                data += more
                continue
            head, data = read_head(data[:end]), data[end + len(HEAD_END) :]
            if head.status >= 200:  # others are interim
                return head, data

    def _first(self, patience: Patience | None) -> bytes:
        if patience is not None:
            first = self.receive(patience.seconds)
            if first is not None:
                return first
            patience.exhausted()
        return self.receive() or b""

    def _wait_for(self, seconds: float) -> None:
        if seconds != self._waits:
            self._sock.settimeout(seconds)
            self._waits = seconds

    def _remaining(self) -> float:
        remaining = self._deadline - self._clock()
        if remaining <= 0:
            raise TimeoutError
        return remaining


class Stream:
    """An answer whose body is read as it comes. Header names are in lower case."""

    def __init__(
        self, connection: Connection, head: Head, rest: bytes, kept: Callable[[Connection], None]
    ) -> None:
        self.status = head.status
        self.headers = head.headers
        self._connection = connection
        self._body = head.body()
        self._rest = rest
        self._kept = kept
        self._keeps_connection = head.keeps_connection
        self._open = True

    def read(self, timeout: float) -> bytes | None:
        """Return the next bytes as soon as any are there (64 KB at most), b"" at the clean end.

        None when nothing came within `timeout` seconds. Raises Cut.
        """
        try:
            part = self._next(timeout)
        except (OSError, Malformed) as error:
            self.close()
            raise Cut(timed_out=isinstance(error, TimeoutError)) from error
        if self._body.ended:
            self._end()
        return part

    def close(self) -> None:
        """Give up what has not been read. After the end nothing is left to close."""
        if self._open:
            self._open = False
            self._connection.close()

    def _next(self, timeout: float) -> bytes | None:
        while not self._body.ended:
            data, self._rest = self._rest or self._connection.receive(timeout), b""
            if data is None:
                return None
            if not data:
                self._body.close()
            elif part := self._body.feed(data):
                return part
        return b""

    def _end(self) -> None:
        """Give the connection back, if another answer can follow this one."""
        if self._open and self._keeps_connection and not self._body.excess:
            self._open = False
            self._kept(self._connection)
        self.close()


def read_whole(stream: Stream) -> Reply:
    """Read a stream to its end, or to where it is cut."""
    parts = []
    try:
        while part := stream.read(inf):
            parts.append(part)
    except Cut as cut:
        body = b"".join(parts)
        return Reply(stream.status, stream.headers, body, False, cut.timed_out)
    return Reply(stream.status, stream.headers, b"".join(parts))


def _head(request: Request) -> bytes:
    """Write a request's head. Raises ValueError where a value would add a line to it."""
    lines = [f"{request.method} {request.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join([*lines, f"Content-Length: {len(request.body)}", "", ""])
    if head.count("\n") != len(lines) + 2 or head.count("\r") != len(lines) + 2:
        raise ValueError("a header has a line break")
    return head.encode("latin-1")
