"""Every AWS service that the gateway calls, answering at once: `python -m bench.upstream`.

A process of its own, so that its work is not measured as ours; on bare sockets, so that its time
hides little of ours. It reads a whole request and answers by the first path or target it knows.
The first line on stdout is its port.
"""

import json
import socket
import sys
import threading
from collections.abc import Mapping
from typing import Final

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


class Upstream:
    """Answers by what a request's head contains; an answer's size follows the request's."""

    def __init__(self, items: Mapping[str, Mapping[str, object]]) -> None:
        self._items = {
            pk.encode(): answer(json.dumps({"Item": item}).encode()) for pk, item in items.items()
        }
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
                connection.sendall(self._answer(*request))

    def _answer(self, head: bytes, body: bytes) -> bytes:
        if b"GetItem" in head:
            return next((item for pk, item in self._items.items() if pk in body), self._empty)
        if head.startswith(b"POST /model/"):
            return self._large if len(body) > 50_000 else self._small
        return self._empty


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
    items = json.loads(sys.stdin.readline())
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        print(listener.getsockname()[1], flush=True)
        Upstream(items).serve(listener)


if __name__ == "__main__":
    main()
