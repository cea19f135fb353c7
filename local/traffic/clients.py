"""Sixteen clients, by plain HTTP and by AWS's SDK; they keep what they sent with which key."""

import http.client
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import cycle
from threading import local
from typing import Self
from urllib.parse import quote, urlsplit

from local.traffic.plan import NativeRequest, Request
from local.traffic.sdk import Sdk
from local.traffic.sent import Sent

THREADS = 16
PATIENCE_SECONDS = 60  # as an SDK has
KEY_HEADERS: tuple[tuple[str, str], ...] = (
    ("authorization", "Bearer "),
    ("x-api-key", ""),
    ("api-key", ""),
)


class Gateway:
    """Sends requests to a gateway with each team's key, over one connection a thread.

    `urls` are those of a stack: gateway, gateway_tls, ca.

    A context manager, which closes the connections.
    """

    def __init__(self, urls: Mapping[str, str], keys: Mapping[str, str]) -> None:
        self._address = urlsplit(urls["gateway"]).netloc
        self._keys = keys
        self._sdk = Sdk(urls["gateway_tls"], urls["ca"], keys)
        self._headers = cycle(KEY_HEADERS)
        self._mine = local()
        self._opened: list[http.client.HTTPConnection] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sdk.close()
        for connection in self._opened:
            connection.close()

    def send(self, request: Request | NativeRequest) -> Sent:
        """Send once: what is retried, and when, is the caller's affair."""
        return self._post(request) if isinstance(request, Request) else self._sdk.send(request)

    def _post(self, request: Request) -> Sent:
        name, prefix = next(self._headers)
        headers = {"content-type": "application/json", **request.headers}
        headers[name] = prefix + self._keys[request.team]
        path = f"/invoke?model_id={quote(request.model_id, safe='')}"
        connection = self._connection()
        try:
            connection.request("POST", path, request.body, headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return Sent(request)
        return Sent(
            request,
            answer.status,
            answer.headers.get("x-request-id", ""),
            _error_code(answer.status, body),
            answer.headers.get("retry-after", ""),
        )

    def _connection(self) -> http.client.HTTPConnection:
        """Return this thread's connection; http.client opens a closed one again by itself."""
        connection: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._address, timeout=PATIENCE_SECONDS)
            self._mine.connection = connection
            self._opened.append(connection)
        return connection

    def send_all(
        self,
        requests: Sequence[Request | NativeRequest],
        progress: Callable[[int], object] = lambda done: None,
    ) -> list[Sent]:
        """Send from sixteen threads; `progress` is told, in the caller's thread, how many ended."""
        sent = []
        with ThreadPoolExecutor(THREADS, "client") as pool:
            for answer in as_completed([pool.submit(self.send, request) for request in requests]):
                sent.append(answer.result())
                progress(len(sent))
        return sent


def _error_code(status: int, body: bytes) -> str:
    if status < 400:
        return ""
    try:
        code = json.loads(body)["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return "unreadable"
    return str(code)
