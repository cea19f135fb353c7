"""A proxy between the gateway and AWS, where troubles happen."""

import http.client
import json
import socket
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Self
from urllib.parse import urlsplit

from local.stream_faults.steps import Touch, touches
from local.stream_faults.troubles import How, Troubles

SERVICES = ("CLOUDWATCH_LOGS", "DYNAMODB", "SQS")
"""Those whose requests come this way, by their ids in AWS_ENDPOINT_URL_<ID>."""

THROTTLED = {
    "DynamoDB_20120810": "ProvisionedThroughputExceededException",
    "Logs_20140328": "ThrottlingException",
    "AmazonSQS": "RequestThrottled",
}
Kill = Callable[[str], object]
"""Kills the processes that run a stream, by its request id."""


class Between:
    """A context manager. What asks it waits until AWS is `connected`."""

    def __init__(self, troubles: Troubles) -> None:
        self._server = _Server(troubles)
        url = f"http://127.0.0.1:{self._server.server_port}"
        self.environ = {f"AWS_ENDPOINT_URL_{service}": url for service in SERVICES}

    def connect(self, aws_url: str, kill: Kill) -> None:
        self._server.upstream, self._server.kill = urlsplit(aws_url).netloc, kill
        self._server.connected.set()

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    upstream: str
    kill: Kill

    def __init__(self, troubles: Troubles) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.troubles = troubles
        self.connected = Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: whoever was killed has left."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.connected.wait()
        self._upstream = http.client.HTTPConnection(self.server.upstream)

    def finish(self) -> None:
        super().finish()
        self._upstream.close()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers["X-Amz-Target"]
        met = self.server.troubles.meet(list(touches(target, json.loads(body))))
        if met is None:
            self._answer(*self._forward(body))
        else:
            _HAPPENS[met[0]](self, body, met[1])

    def _forward(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        connection = self._upstream
        connection.request("POST", self.path, body, dict(self.headers))
        if connection.sock:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _throttle(self, _body: bytes, _touch: Touch) -> None:
        service = self.headers["X-Amz-Target"].partition(".")[0]
        refused = {"__type": f"com.amazonaws#{THROTTLED[service]}", "message": "Rate exceeded"}
        self._answer(400, {"x-amzn-requestid": "none"}, json.dumps(refused).encode())

    def _hang_up(self, _body: bytes, _touch: Touch) -> None:
        self.close_connection = True

    def _go_unheard(self, body: bytes, touch: Touch) -> None:
        self._forward(body)
        self._hang_up(body, touch)

    def _swallow(self, _body: bytes, _touch: Touch) -> None:
        self._answer(200, {}, b"{}")

    def _kill(self, body: bytes, touch: Touch) -> None:
        self.server.kill(touch.request_id)
        self._hang_up(body, touch)

    def _kill_after(self, body: bytes, touch: Touch) -> None:
        self._forward(body)
        self._kill(body, touch)


_HAPPENS: Mapping[How, Callable[[_Handler, bytes, Touch], None]] = {
    "throttled": _Handler._throttle,
    "away": _Handler._hang_up,
    "unheard": _Handler._go_unheard,
    "swallowed": _Handler._swallow,
    "killed_before": _Handler._kill,
    "killed_after": _Handler._kill_after,
}
