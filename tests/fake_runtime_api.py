"""Lambda's side of the Runtime API, as strict as a test needs: events out, answers in."""

import json
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO

PATIENCE_SECONDS = 20
ARN = "arn:aws:lambda:us-east-1:123456789012:function:probe"
DEADLINE_MS = 4_102_444_800_000


@dataclass
class Posted:
    """What a function posted: where, with which headers (lower case), and in which pieces."""

    path: str
    headers: dict[str, str]
    pieces: list[bytes] = field(default_factory=list)
    trailers: dict[str, str] = field(default_factory=dict)
    complete: bool = False

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class FakeRuntimeApi:
    """Hands out the events of `send`, and keeps what is posted for `answer` once it has ended.

    `on_piece` is called with each piece of a body as it arrives; an OSError that it raises ends
    the connection. `status` answers every post. `arn` is what a function is invoked by, unless an
    event's headers say otherwise.
    """

    def __init__(self) -> None:
        self._posted: queue.Queue[Posted] = queue.Queue()
        self.on_piece: Callable[[bytes], None] = lambda _piece: None
        self.status = 202
        self.arn = ARN
        self.keeps_bodies = True
        self.connections = 0
        self._events: queue.Queue[tuple[bytes, dict[str, str]]] = queue.Queue()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def send(self, event: Any, **headers: str) -> None:
        """Queue an event: bytes as they are, anything else as JSON; headers `trace_id="…"`."""
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        spelled = {name.replace("_", "-").title(): value for name, value in headers.items()}
        self._events.put((payload, {"Invoked-Function-Arn": self.arn, **spelled}))

    def answer(self) -> Posted:
        """Return the next post that has ended."""
        return self._posted.get(timeout=PATIENCE_SECONDS)

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _converse(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as lines:
            while line := lines.readline():
                method, path, _ = line.decode().split()
                headers = _headers(lines)
                if method == "GET":
                    connection.sendall(_next(*self._events.get()))
                else:
                    self._take(Posted(path, headers), lines)
                    connection.sendall(_status(self.status))

    def _take(self, posted: Posted, lines: BinaryIO) -> None:
        try:
            for piece in _pieces(posted, lines):
                if self.keeps_bodies:
                    posted.pieces.append(piece)
                self.on_piece(piece)
            posted.complete = True
        finally:
            self._posted.put(posted)


def _status(status: int) -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()


def _next(payload: bytes, headers: dict[str, str]) -> bytes:
    named = {
        "Aws-Request-Id": "r-1",
        "Deadline-Ms": str(DEADLINE_MS),
        **headers,
    }
    lines = [f"Lambda-Runtime-{name}: {value}\r\n" for name, value in named.items()]
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{''.join(lines)}"
    return f"{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload


def _headers(lines: BinaryIO) -> dict[str, str]:
    pairs = (line.decode().partition(":") for line in iter(lines.readline, b"\r\n"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _pieces(posted: Posted, lines: BinaryIO) -> Iterator[bytes]:
    if posted.headers.get("transfer-encoding") != "chunked":
        yield lines.read(int(posted.headers["content-length"]))
        return
    while size := int(_whole(lines.readline()), 16):
        yield lines.read(size)
        _whole(lines.readline())
    posted.trailers = _headers(lines)


def _whole(line: bytes) -> bytes:
    if not line.endswith(b"\r\n"):
        raise ConnectionAbortedError("the body was cut")
    return line


@contextmanager
def fake_runtime_api() -> Iterator[FakeRuntimeApi]:
    api = FakeRuntimeApi()
    threading.Thread(target=api.serve, daemon=True).start()
    try:
        yield api
    finally:
        api.close()
