"""Lambda's Runtime API: the next event in, an answer, a stream or a fault out.

Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes" and
"Implementing response streaming in a custom runtime".
"""

import base64
import json
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from chalicelib.http_answer import HEAD_END, Head, Malformed, read_head

_ROOT: Final = "/2018-06-01/runtime"
_ERROR_TYPE: Final = "Lambda-Runtime-Function-Error-Type"
_ERROR_BODY: Final = "Lambda-Runtime-Function-Error-Body"
_JSON: Final = {"Content-Type": "application/json"}
_STREAM: Final = {
    "Content-Type": "application/vnd.awslambda.http-integration-response",
    "Lambda-Runtime-Function-Response-Mode": "streaming",
    "Transfer-Encoding": "chunked",
    "Trailer": f"{_ERROR_TYPE}, {_ERROR_BODY}",
}
_CHUNK_BYTES: Final = 262_144  # what one chunk of HTTP carries at most
_RECEIVED_AT_ONCE: Final = 262_144
_AT_ONCE_S: Final = 0.001  # what a write takes that does not wait for its reader
_RESERVED_S: Final = 60.0  # of an invocation's time, in which no reader blocks what is to be ended
_RESERVED_AT_THE_END_S: Final = 5.0  # once nothing is left that he could block


class NotRun(Exception):
    """There is no such handler, or what it takes or gives is no JSON: no trace of it helps."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = f"Runtime.{kind}"
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong, as Lambda tells it to whoever invokes a function."""

    kind: str
    message: str
    trace: tuple[str, ...] = ()

    @classmethod
    def of(cls, error: Exception, hidden: Iterable[str] = ()) -> Self:
        """Describe an error; the frames of the files that are `hidden` are left out."""
        if isinstance(error, NotRun):
            return cls(error.kind, str(error))
        trace = traceback.format_list(
            (frame.filename, frame.lineno or 0, frame.name, frame.line)
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename not in hidden
        )
        return cls(type(error).__name__, str(error), tuple(trace))

    def to_json(self, request_id: str = "") -> bytes:
        told = {
            "errorMessage": self.message,
            "errorType": self.kind,
            "requestId": request_id,
            "stackTrace": self.trace,
        }
        return json.dumps(told).encode()

    def log(self) -> None:
        """Write it to stderr, with its lines so parted that a log keeps them in one event."""
        text = f"[ERROR] {self.kind}: {self.message}\n{''.join(self.trace)}"
        sys.stderr.write(text.rstrip().replace("\n", "\r") + "\n")
        sys.stderr.flush()


class RuntimeApi:
    """One connection to the Runtime API, opened again where it was lost."""

    def __init__(self, address: str) -> None:
        self._connection = _Connection(address)

    def next(self) -> tuple[Mapping[str, str], bytes]:
        """Wait for the next invocation; return its headers, in lower case, and its event."""
        self._connection.send(self._connection.head("GET", f"{_ROOT}/invocation/next", {}))
        head, event = self._connection.answer()
        return head.headers, event

    def respond(self, request_id: str, payload: bytes) -> None:
        self._post(f"/invocation/{request_id}/response", payload, _JSON)

    def fail(self, request_id: str, fault: Fault) -> None:
        headers = {**_JSON, _ERROR_TYPE: fault.kind}
        self._post(f"/invocation/{request_id}/error", fault.to_json(request_id), headers)

    def fail_to_start(self, fault: Fault) -> None:
        self._post("/init/error", fault.to_json(), {**_JSON, _ERROR_TYPE: fault.kind})

    def stream(self, request_id: str, leeway: "Leeway | None") -> "Stream":
        """Begin to stream an answer; `leeway` as Stream has it."""
        path = f"{_ROOT}/invocation/{request_id}/response"
        return Stream(self._connection, path, leeway)

    def _post(self, path: str, payload: bytes, headers: Mapping[str, str]) -> None:
        headers = {**headers, "Content-Length": str(len(payload))}
        self._connection.send(self._connection.head("POST", _ROOT + path, headers) + payload)
        head, told = self._connection.answer()
        if head.status >= 400:  # too large, or too late; the next invocation may do better
            text = told.decode(errors="replace")
            Fault("Runtime.AnswerRefused", f"{head.status} {text}").log()


class Leeway:
    """For how long a reader may block his writer: some seconds in all, and only while enough of
    the invocation's time is left to end what is behind the writer.
    """

    def __init__(
        self, seconds: float, deadline: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the invocation's deadline, by the clock."""
        self._seconds = seconds
        self._deadline = deadline
        self._clock = clock
        self._reserved = _RESERVED_S

    @property
    def seconds(self) -> float:
        """What is left: without any, as good as none, or a write that need not wait would fail."""
        in_time = self._deadline - self._reserved - self._clock()
        return max(_AT_ONCE_S, min(self._seconds, in_time))

    def spend(self, seconds: float) -> None:
        if seconds > _AT_ONCE_S:
            self._seconds -= seconds

    def end(self) -> None:
        """Nothing is behind the writer any more."""
        self._reserved = _RESERVED_AT_THE_END_S


class Stream:
    """An answer on its way out. Once its reader is lost, the rest is dropped without a word.

    The connection stays open to the end even so: to close it in the middle could end the process,
    and with it what is still to be read and recorded.
    """

    def __init__(self, connection: "_Connection", path: str, leeway: Leeway | None) -> None:
        """Take for how long the reader may block; None: for ever."""
        self._connection = connection
        self._leeway = leeway
        self._lost = False
        self._unsent = connection.head("POST", path, _STREAM)  # it leaves with the first bytes

    def send(self, data: bytes) -> None:
        for start in range(0, len(data), _CHUNK_BYTES):
            part = data[start : start + _CHUNK_BYTES]
            self._write(b"".join((self._unsent, b"%x\r\n" % len(part), part, b"\r\n")))
            self._unsent = b""

    def end(self, fault: Fault | None = None) -> None:
        """End the answer. A fault follows it, in trailers, as its head has left."""
        if self._leeway:
            self._leeway.end()
        self._write(b"0\r\n%b\r\n" % (_trailers(fault) if fault else b""))
        self._try(self._connection.answer)
        if self._lost:
            self._connection.close()
        self._connection.wait_for(None)

    def _write(self, data: bytes) -> None:
        self._try(self._connection.send, data)

    def _try(self, act: Callable[..., object], *arguments: bytes) -> None:
        """Do it, in the time that the reader has left, if it is not lost; see whether it is."""
        if self._lost:
            return
        began = time.monotonic()
        if self._leeway:
            self._connection.wait_for(self._leeway.seconds)
        try:
            act(*arguments)
        except (OSError, Malformed):
            self._lost = True
        if self._leeway:
            self._leeway.spend(time.monotonic() - began)


class _Connection:
    """HTTP/1.1 on one socket, opened when there is something to send.

    `http.client` would do, but it is a seventh of what a cold start imports.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(f"//{address}")
        self._host = address
        self._address = parts.hostname, parts.port or 80
        self._sock: socket.socket | None = None
        self._timeout: float | None = None

    def head(self, method: str, path: str, headers: Mapping[str, str]) -> bytes:
        """Write a request's head."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def wait_for(self, seconds: float | None) -> None:
        """Bound each wait from now on. None: the next event may be days away."""
        if self._sock and seconds != self._timeout:  # the socket is not told twice
            self._sock.settimeout(seconds)
        self._timeout = seconds

    def send(self, data: bytes) -> None:
        self._opened().sendall(data)

    def answer(self) -> tuple[Head, bytes]:
        """Read an answer whole. Raises OSError and Malformed."""
        data = b""
        while HEAD_END not in data:
            data += self._received()
        text, _, rest = data.partition(HEAD_END)
        head = read_head(text)
        body = head.body()
        parts = [body.feed(rest)]
        while not body.ended:
            parts.append(body.feed(self._received()))
        if not head.keeps_connection:
            self.close()
        return head, b"".join(parts)

    def close(self) -> None:
        if self._sock:
            self._sock.close()
            self._sock = None

    def _opened(self) -> socket.socket:
        if self._sock is None:
            self._sock = socket.create_connection(self._address)
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sock.settimeout(self._timeout)
        return self._sock

    def _received(self) -> bytes:
        data = self._opened().recv(_RECEIVED_AT_ONCE)
        if not data:
            raise ConnectionError("the Runtime API closed the connection")
        return data


def _trailers(fault: Fault) -> bytes:
    body = base64.b64encode(fault.to_json()).decode()
    return f"{_ERROR_TYPE}: {fault.kind}\r\n{_ERROR_BODY}: {body}\r\n".encode()
