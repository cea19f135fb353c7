"""Every AWS service that the gateway calls, answering at once: `python -m bench.upstream`.

A process of its own, so that its work is not measured as ours; on bare sockets, so that its time
hides little of ours. It reads a whole request and answers by the first path or target it knows.
The first line on stdin is JSON: the `items` of its tables, and the `pace` of its models. The first
line on stdout is its port.
"""

import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench import model_streams
from bench.memory_table import MemoryTable

COUNTS: Final = (
    "X-Amzn-Bedrock-Input-Token-Count: 30\r\n"
    "X-Amzn-Bedrock-Output-Token-Count: 51\r\n"
    "X-Amzn-Bedrock-Invocation-Latency: 347\r\n"
)


def answer(body: bytes, headers: str = "") -> bytes:
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        "x-amzn-RequestId: 0e9a8f2c-6f0f-4a44-9f0e-2f6c8b1d7e11\r\n"
        f"{headers}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def model_answer(size: int) -> bytes:
    """A Nova answer of about `size` bytes, with the counts in its headers, as Bedrock sends it."""
    body = {
        "output": {"message": {"content": [{"text": "x" * size}], "role": "assistant"}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 30, "outputTokens": 51, "totalTokens": 81},
    }
    return answer(json.dumps(body).encode(), COUNTS)


Stream = Callable[[Sequence[str]], Iterator[bytes]]
STREAM_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\n"
    b"x-amzn-RequestId: 0e9a8f2c-6f0f-4a44-9f0e-2f6c8b1d7e11\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
STREAMS: Final = {
    b"/converse-stream HTTP": model_streams.converse,
    b"/invoke-with-response-stream HTTP": model_streams.invoke,
}
TOKENS: Final = re.compile(rb'"max_?[tT]okens": ?(\d+)')
"""A stream has as many tokens as its request allows."""


@dataclass(frozen=True)
class Pace:
    """How long a model takes, in seconds, to its first token and to each that follows."""

    first: float = 0.0
    token: float = 0.0


class Upstream:
    """Answers by what a request's head contains; an answer's size follows the request's."""

    def __init__(self, items: Mapping[str, Mapping[str, object]], pace: Pace) -> None:
        self._table = MemoryTable(items)
        self._pace = pace
        self._small, self._large = model_answer(900), model_answer(100_000)
        self._empty = answer(b"{}")

    def serve(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection:
            while request := _read_request(connection):
                head, body = request
                if stream := next((s for path, s in STREAMS.items() if path in head), None):
                    self._stream(connection, stream, body)
                else:
                    connection.sendall(self._answer(head, body))

    def _answer(self, head: bytes, body: bytes) -> bytes:
        if head.startswith(b"POST /model/"):
            return self._large if len(body) > 50_000 else self._small
        if found := re.search(rb"DynamoDB_20120810\.(\w+)", head):
            return answer(
                json.dumps(self._table.call(found[1].decode(), json.loads(body))).encode()
            )
        return self._empty

    def _stream(self, connection: socket.socket, stream: Stream, body: bytes) -> None:
        """Send an answer token by token, each in a piece of its own."""
        time.sleep(self._pace.first)
        found = TOKENS.search(body)
        words = model_streams.words(int(found[1]) if found else 20)
        ahead = STREAM_HEAD
        for frame in stream((model_streams.now(), *words[1:])):
            connection.sendall(ahead + b"%x\r\n%b\r\n" % (len(frame), frame))
            ahead = b""
            if self._pace.token:
                time.sleep(self._pace.token)
        connection.sendall(b"0\r\n\r\n")


def _read_request(connection: socket.socket) -> tuple[bytes, bytes] | None:
    data = connection.recv(262_144)
    while data and b"\r\n\r\n" not in data:
        data += connection.recv(262_144)
    if not data:
        return None
    head, _, body = data.partition(b"\r\n\r\n")
    at = head.lower().index(b"content-length:") + 15
    length = int(head[at:].split(b"\r\n", 1)[0])
    parts = [body]
    while (missing := length - sum(map(len, parts))) > 0:
        parts.append(connection.recv(min(missing, 262_144)))
    return head, b"".join(parts)


def main() -> None:
    told = json.loads(sys.stdin.readline())
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        print(listener.getsockname()[1], flush=True)
        Upstream(told["items"], Pace(*told["pace"])).serve(listener)


if __name__ == "__main__":
    main()
