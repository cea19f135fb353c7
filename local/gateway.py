"""The gateway as a process of its own: `python -m local.gateway --port N`.

Serves the Chalice app as API Gateway and Lambda would, over kept-alive HTTP/1.1, and with a
certificate over TLS besides. The first line on stdout is `{"gateway": URL, "gateway_tls": URL}`;
everything after that is a log, on stderr. It ends with
SIGTERM, or when the pipe that is its stdin closes, as it does when the parent dies.
"""

import argparse
import json
import os
import signal
import ssl
import stat
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from typing import Any

from local import project
from local.api_gateway import (
    INTEGRATION_TIMEOUT_S,
    MAX_REQUEST_BYTES,
    ApiGateway,
    HttpAnswer,
    refusal,
)
from local.lambda_runtime import LambdaContext, load_app, send_stdout_to_stderr
from local.proxy_event import HttpRequest


class Server(ThreadingHTTPServer):
    """A thread for each connection."""

    request_queue_size = 128

    def __init__(self, address: tuple[str, int], api: ApiGateway) -> None:
        super().__init__(address, Handler)
        self.api = api

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Drop a connection that its client broke off; anything else is worth a traceback."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class TlsServer(Server):
    """The same over TLS. Hands are shaken in the connection's own thread, at its first read."""

    def __init__(self, address: tuple[str, int], api: ApiGateway, certificate: str) -> None:
        super().__init__(address, api)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )


class Handler(BaseHTTPRequestHandler):
    """Reads requests strictly: what could be understood in two ways ends the connection."""

    protocol_version = default_request_version = "HTTP/1.1"  # what cannot be read gets a head, too
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together
    server: Server

    def _handle(self) -> None:
        try:
            body = self._body()
        except _Unreadable as error:
            self.send_error(error.status)
            return
        headers = tuple(self.headers.items())
        request = HttpRequest(self.command, self.path, headers, body, self.client_address[0])
        self._send(self.server.api.answer(request))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle  # noqa: N815

    def _body(self) -> bytes:
        coding = self.headers.get("Transfer-Encoding")
        lengths = set(self.headers.get_all("Content-Length", []))
        if coding is None:
            return self._sized_body(lengths)
        if lengths or coding.strip().lower() != "chunked":
            raise _Unreadable(400)  # two lengths smuggle requests
        return self._chunked_body()

    def _sized_body(self, lengths: set[str]) -> bytes:
        if not lengths:
            return b""
        text = lengths.pop().strip()
        if lengths or not (text.isascii() and text.isdigit()):
            raise _Unreadable(400)
        if int(text) > MAX_REQUEST_BYTES:
            raise _Unreadable(413)
        return self._exactly(int(text))

    def _chunked_body(self) -> bytes:
        body = bytearray()
        while size := self._chunk_size():
            if len(body) + size > MAX_REQUEST_BYTES:
                raise _Unreadable(413)
            body += self._exactly(size)
            self._exactly(2)
        while self.rfile.readline(65537) not in (b"\r\n", b"\n", b""):
            pass  # trailers
        return bytes(body)

    def _chunk_size(self) -> int:
        text = self.rfile.readline(1024).partition(b";")[0].strip()
        try:
            size = int(text, 16)
        except ValueError:
            raise _Unreadable(400) from None
        if size < 0:
            raise _Unreadable(400)
        return size

    def _exactly(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if len(data) < size:
            raise ConnectionAbortedError("the client left in the middle of its request")
        return data

    def handle_expect_100(self) -> bool:
        """Ask for the body, unless its announced length alone is too much."""
        length = self.headers.get("Content-Length", "")
        if length.isdigit() and int(length) > MAX_REQUEST_BYTES:
            self.send_error(413)
            return False
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no good HTTP, in our shape; http.server would repeat the request."""
        self.close_connection = True
        status = 400 if code not in _HTTP_ERRORS else code
        self._send(refusal(status, "none"))

    def _send(self, answer: HttpAnswer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if getattr(self, "command", None) != "HEAD" and answer.status not in (204, 304):
            self.wfile.write(answer.body)


_HTTP_ERRORS = frozenset({400, 413, 414, 431, 501, 505})


class _Unreadable(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def main() -> None:
    arguments = _arguments()
    function = project.function("api_handler")
    region = os.environ.get("AWS_REGION", project.REGION)
    api = ApiGateway(
        load_app(arguments.app),
        context=lambda: LambdaContext(function, region),
        timeout_s=arguments.integration_timeout,
    )
    server = Server(("127.0.0.1", arguments.port), api)
    urls = {"gateway": f"http://127.0.0.1:{server.server_port}"}
    if arguments.certificate:
        tls_server = TlsServer(("127.0.0.1", 0), api, arguments.certificate)
        urls["gateway_tls"] = f"https://127.0.0.1:{tls_server.server_port}"
        threading.Thread(target=tls_server.serve_forever, args=(3600,), daemon=True).start()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _stop)
    _watch_parent()
    stdout = send_stdout_to_stderr()
    os.write(stdout, json.dumps(urls).encode() + b"\n")
    os.close(stdout)
    server.serve_forever(poll_interval=3600)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.gateway", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--certificate", help="PEM with key and chain: serve TLS as well")
    parser.add_argument("--app", default="app", help="the module that holds the Chalice app")
    parser.add_argument("--integration-timeout", type=float, default=INTEGRATION_TIMEOUT_S)
    return parser.parse_args()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    os._exit(0)  # functions that still run must not hold the process, as an ordinary exit would


def _watch_parent() -> None:
    """End when stdin does, if it is a pipe: its other end is held by the parent alone."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os._exit(0)

    if stat.S_ISFIFO(os.fstat(0).st_mode):
        threading.Thread(target=wait, name="parent", daemon=True).start()


if __name__ == "__main__":
    main()
