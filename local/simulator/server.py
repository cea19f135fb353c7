"""The simulator over HTTP/1.1: both services and the control API on one port."""

import json
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from local.simulator.containers import CONTAINERS
from local.simulator.control import Control
from local.simulator.delivery import Holds, Postman
from local.simulator.models import Resources, no_resources
from local.simulator.provider import Provider
from local.simulator.signatures import Principals, Request, nobody
from local.simulator.storage import Storage

MOTO_CREDENTIALS = {"testing": "testing"}
_LONGEST_GOODBYE = 5.0  # seconds


class Simulator:
    """Amazon Bedrock Runtime and SageMaker Runtime of one account, on this machine.

    `endpoints` maps a SageMaker endpoint's name to its container: tgi, lmi, openai or none.
    `credentials` maps the access keys that are known to their secrets, `principals` knows others,
    and `resources` maps an ARN or a name to the model that it runs. `s3_url` is where media that
    requests name are read and jobs leave their output; without it, neither happens. `job_looks` is
    after how many looks a job completes by itself; without it, only when the control API says so.
    """

    def __init__(
        self,
        seed: int = 1,
        endpoints: Mapping[str, str] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        credentials: Mapping[str, str] | None = None,
        resources: Resources = no_resources,
        s3_url: str | None = None,
        job_looks: int | None = None,
        principals: Principals = nobody,
    ) -> None:
        endpoints, credentials = endpoints or {}, credentials or MOTO_CREDENTIALS
        if unknown := set(endpoints.values()) - set(CONTAINERS):
            raise ValueError(f"no such container: {', '.join(sorted(unknown))}")
        self._storage = Storage(s3_url, *next(iter(credentials.items())))
        self.provider = Provider(
            seed, endpoints, credentials, self._storage, job_looks, resources, principals
        )
        self._server = _Server((host, port), self.provider)
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="simulator", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, hang up on every client and wait for the handlers to end."""
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        if self._thread:
            self._thread.join()
        self._storage.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], provider: Provider) -> None:
        self.provider = provider
        self.holds = Holds()
        self.control = Control(provider, self.holds)
        self._open: set[socket.socket] = set()
        self._closed = threading.Condition()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own looks up the host's name, which can take seconds.
        socket.socket.bind(self.socket, self.server_address)
        self.server_address = self.socket.getsockname()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self._closed:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._closed:
            self._open.discard(request)
            self._closed.notify_all()
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a client go that hung up; a fault of the simulator is not printed and forgotten."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            raise error

    def hang_up(self) -> None:
        with self._closed:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._closed.wait_for(lambda: not self._open, _LONGEST_GOODBYE)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _handle(self) -> None:
        path, _, query = self.path.partition("?")
        length = self.headers.get("Content-Length") or "0"
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.send_error(411)
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):  # the client left in the middle: this was no call
            self.close_connection = True
            return
        if path.startswith("/_sim/"):
            self._answer_control(path, query, body)
            return
        request = Request(self.command, path, query, _fold(self.headers.items()), body)
        delivery = self.server.provider.handle(request)
        postman = Postman(self.connection, self.server.holds, self.server.provider.ledger)
        try:
            self.close_connection |= not postman.deliver(delivery)
        except OSError:  # the client has gone
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _handle  # noqa: N815

    def _answer_control(self, path: str, query: str, body: bytes) -> None:
        status, answer = self.server.control.handle(self.command, path, query, body)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the ledger is the log."""


def _fold(items: list[tuple[str, str]]) -> dict[str, str]:
    folded: dict[str, str] = {}
    for name, value in items:
        key = name.lower()
        folded[key] = f"{folded[key]},{value}" if key in folded else value
    return folded
