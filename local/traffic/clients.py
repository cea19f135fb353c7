"""Eight clients, by plain HTTP and by AWS's SDK; they keep what they sent with which key."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Self
from urllib.parse import quote

from local.traffic.connections import LOST, Connections
from local.traffic.plan import AnyRequest, NativeRequest, Request, StreamRequest
from local.traffic.sdk import Sdk
from local.traffic.sent import Sent, error_code
from local.traffic.streams import StreamClient, Watch

THREADS = 8


class Gateway:
    """Sends requests to a gateway with each team's key, over one connection a thread.

    `urls` are those of a stack: gateway, gateway_tls, ca. `watch` is told what is read of streams.

    A context manager, which closes the connections.
    """

    def __init__(
        self,
        urls: Mapping[str, str],
        keys: Mapping[str, str],
        watch: Watch = lambda request, notes: None,
    ) -> None:
        self._connections = Connections(urls["gateway"], keys)
        self.streams = StreamClient(self._connections, watch)
        self._sdk = Sdk(urls["gateway_tls"], urls["ca"], keys, self.streams.read_again)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sdk.close()
        self._connections.close()

    def send(self, request: AnyRequest) -> Sent:
        """Send once, or as its client does: what else is retried, and when, is the caller's."""
        match request:
            case Request():
                return self._post(request)
            case StreamRequest():
                return self.streams.send(request)
            case NativeRequest():
                return self._sdk.send(request)

    def _post(self, request: Request) -> Sent:
        path = f"/invoke?model_id={quote(request.model_id, safe='')}"
        try:
            answer = self._connections.ask(
                request.team, "POST", path, request.body, request.headers
            )
            body = answer.read()
        except LOST:
            self._connections.hang_up()
            return Sent(request)
        return Sent(
            request,
            answer.status,
            answer.headers.get("x-request-id", ""),
            error_code(answer.status, body),
            answer.headers.get("retry-after", ""),
        )

    def send_all(
        self,
        requests: Sequence[AnyRequest],
        progress: Callable[[int], object] = lambda done: None,
    ) -> list[Sent]:
        """Send from eight threads; `progress` is told, in the caller's thread, how many ended."""
        sent = []
        with ThreadPoolExecutor(THREADS, "client") as pool:
            for answer in as_completed([pool.submit(self.send, request) for request in requests]):
                sent.append(answer.result())
                progress(len(sent))
        return sent
