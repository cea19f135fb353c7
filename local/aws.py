"""AWS on this machine: moto, served over kept-alive HTTP/1.1, with its gaps filled.

moto's own server closes each connection after one answer and lets threads race in backends
that are not made for it; this one keeps connections, answers without delay and gives each
service one request at a time.
"""

import io
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from threading import Condition, Thread
from types import TracebackType
from typing import Any, Self

from flask import Flask
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.logs.models import logs_backends
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.datastructures import Headers
from werkzeug.serving import make_server
from werkzeug.test import run_wsgi_app

from local import (
    bedrock_control,
    cloudtrail,
    cloudwatch,
    cost_explorer,
    endpoints,
    foundation_models,
    function_interfaces,
    function_versions,
    invoice,
    long_polls,
    outages,
    rest_apis,
    stack_contents,
    stack_updates,
    swagger,
)
from local.insights import moto_logs
from local.insights import service as insights
from local.project import ACCOUNT, REGION

ENVIRON = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}
"""What an SDK needs besides AWS_ENDPOINT_URL. Any credentials are accepted."""
_LOOK_SECONDS = 0.05  # how often to see whether it is to end

GAPS = (
    *(swagger, rest_apis, function_versions, function_interfaces, stack_updates, endpoints),
    *(stack_contents, foundation_models),
)
"""What of moto is mended, and needs nothing to be told."""


class Aws:
    """A context manager that serves AWS at `url`; `insights` answers Logs Insights queries,
    `bedrock` keeps the resources of Bedrock's control plane, `counters` are those of its calls,
    `history` is CloudTrail's of them, `invoice` what they cost, `outages` says what is away.

    moto's state is global to the process, so one lives at a time; it starts empty.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.insights = insights.InsightsService()
        self.bedrock = bedrock_control.BedrockControl()
        self.counters = cloudwatch.Counters()
        self.history = cloudtrail.EventHistory()
        self.invoice = invoice.Invoice()
        self.outages = outages.Outages()
        self._polls = long_polls.LongPolls()
        self._server = make_server(
            host,
            port,
            _Dispatcher(self._polls, self.outages),
            threaded=True,
            request_handler=_Handler,
        )
        self.url = f"http://{host}:{self._server.server_port}"
        self._thread = Thread(
            target=self._server.serve_forever, args=(_LOOK_SECONDS,), name="aws", daemon=True
        )
        self._patches = ExitStack()

    def __enter__(self) -> Self:
        BackendDict.reset()
        reset_model_data()
        self._patches.enter_context(moto_logs.installed(self.insights))
        for gap in GAPS:
            self._patches.enter_context(gap.installed())
        self._patches.enter_context(long_polls.installed(self._polls))
        self._patches.enter_context(bedrock_control.installed(self.bedrock))
        self._patches.enter_context(cloudwatch.installed(self.counters))
        self._patches.enter_context(cloudtrail.installed(self.history))
        self._patches.enter_context(cost_explorer.installed(self.invoice))
        self._thread.start()
        return self

    def messages(self, log_group: str) -> list[str]:
        """Return what a log group holds, stream by stream, in the order in which it came."""
        group = logs_backends[ACCOUNT][REGION].groups[log_group]
        return [event.message for stream in group.streams.values() for event in stream.events]

    def end_long_polls(self) -> None:
        """Answer every long poll of SQS, now; whoever asks again is told at once."""
        self._polls.end()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._patches.close()


class _Dispatcher(DomainDispatcherApplication):
    """moto's choice of a service by signature and host, remembered; one request at a time each."""

    def __init__(self, polls: long_polls.LongPolls, outages: outages.Outages) -> None:
        super().__init__(partial(_application, polls))
        self._outages = outages
        self._services: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        if host not in self._services:
            self._services[host] = super().get_backend_for_host(host)
        return self._services[host]

    def answer(self, environ: dict[str, Any]) -> tuple[Iterable[bytes], str, Headers]:
        app = self.get_application(environ)
        if refusal := self._outages.answer(app.config["SERVICE"]):
            return refusal
        turn: Condition = app.config["TURN"]
        with turn:
            answer = run_wsgi_app(app, environ, buffered=True)
            turn.notify_all()
        return answer


def _application(polls: long_polls.LongPolls, service: Any) -> Flask:
    app = create_backend_app(service)
    app.debug = False  # or a fault in moto would end the connection, not answer 500
    app.config["SERVICE"] = service
    app.config["TURN"] = polls.turn if service == "sqs" else Condition()
    return app


class _Handler(MotoRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together

    def run_wsgi(self) -> None:
        """Answer one request and leave the connection where the next one starts."""
        environ = self.make_environ()
        body = self._body(environ)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        dispatcher: _Dispatcher = self.server.app  # type: ignore[assignment]
        chunks, status, headers = dispatcher.answer(environ)
        code, _, reason = status.partition(" ")
        self._send(int(code), reason, headers, b"".join(chunks))

    def _body(self, environ: dict[str, Any]) -> bytes:
        if environ.get("wsgi.input_terminated"):
            return environ["wsgi.input"].read()
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _send(self, code: int, reason: str, headers: Headers, body: bytes) -> None:
        self.send_response(code, reason)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "date", "server"):
                self.send_header(name, value)
        # A HEAD's length is that of the body which it does not send.
        length = headers.get("Content-Length") if self.command == "HEAD" else None
        if code not in (204, 304):
            self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_expect_100(self) -> bool:
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of answered requests."""
