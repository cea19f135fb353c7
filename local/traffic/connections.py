"""Connections to the gateway, one a thread; a key goes in any of the headers that take one."""

import http.client
from collections.abc import Mapping
from itertools import cycle
from threading import local
from urllib.parse import urlsplit

PATIENCE_SECONDS = 60  # as an SDK has
KEY_HEADERS: tuple[tuple[str, str], ...] = (
    ("authorization", "Bearer "),
    ("x-api-key", ""),
    ("api-key", ""),
)
LOST = (OSError, http.client.HTTPException)
"""What a connection that ends too early raises."""

_NOTHING: Mapping[str, str] = {}


class Connections:
    def __init__(self, url: str, keys: Mapping[str, str]) -> None:
        self._address = urlsplit(url).netloc
        self._keys = keys
        self._headers = cycle(KEY_HEADERS)
        self._mine = local()
        self._opened: list[http.client.HTTPConnection] = []

    def ask(
        self,
        team: str,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] = _NOTHING,
    ) -> http.client.HTTPResponse:
        """Send a request, and return its answer when its head has come. Raises LOST."""
        name, prefix = next(self._headers)
        kind = {} if body is None else {"content-type": "application/json"}
        connection = self._connection()
        try:
            key = {name: prefix + self._keys[team]}
            connection.request(method, path, body, {**kind, **headers, **key})
            return connection.getresponse()
        except LOST:
            connection.close()
            raise

    def hang_up(self) -> None:
        """Close this thread's connection; http.client opens a closed one again by itself."""
        self._connection().close()

    def close(self) -> None:
        for connection in self._opened:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._address, timeout=PATIENCE_SECONDS)
            self._mine.connection = connection
            self._opened.append(connection)
        return connection
