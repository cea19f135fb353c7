"""Gates: where a function in a process of its own waits until a test lets it through.

The function calls `pass_through(port, word)`; the test has a `Gate`, which tells the word and holds
the function up until it is opened. A process that ends without passing is seen, too.
"""

import socket
from types import TracebackType
from typing import Self

PATIENCE_SECONDS = 20


class Gate:
    """A context manager; `port` is what a function needs to find it."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_SECONDS)
        self.port = self._listener.getsockname()[1]
        self._waiting: list[socket.socket] = []

    def arrival(self) -> str:
        """Wait until somebody is at the gate; return the word that they said."""
        sock, _ = self._listener.accept()
        sock.settimeout(PATIENCE_SECONDS)
        self._waiting.append(sock)
        return sock.recv(1024).decode()

    def open(self) -> None:
        """Let whoever arrived last go on."""
        with self._waiting.pop() as sock:
            sock.sendall(b".")

    def is_left(self) -> bool:
        """Wait until whoever arrived last has ended, in front of it."""
        return self._waiting[-1].recv(1) == b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for sock in (*self._waiting, self._listener):
            sock.close()


def arrive(port: int, word: str) -> socket.socket:
    """Say a word at a gate; the connection lasts as long as whoever is there."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(word.encode())
    return sock


def pass_through(port: int, word: str) -> None:
    """Say a word at a gate and wait until it opens; if it is gone, go on."""
    try:
        with arrive(port, word) as sock:
            sock.recv(1)
    except OSError:
        return
