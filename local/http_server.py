"""API Gateway's HTTP: kept-alive HTTP/1.1, strict where it matters, over TCP or TLS."""

import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.api_gateway import MAX_REQUEST_BYTES, ApiGateway
from local.functions.faults import FunctionError
from local.http_answer import HttpAnswer, StreamedHttpAnswer, refusal
from local.proxy_event import HttpRequest

_LINGER_SECONDS = 1.0


class Server(ThreadingHTTPServer):
    """A thread for each connection."""

    request_queue_size = 128

    def __init__(self, address: tuple[str, int], api: ApiGateway) -> None:
        super().__init__(address, Handler)
        self.api = api

    def shutdown_request(self, request: Any) -> None:
        """End a connection after the client: what it sent unread would reset it, answer and all."""
        with suppress(OSError):
            request.shutdown(socket.SHUT_WR)
            request.settimeout(_LINGER_SECONDS)
            while request.recv(65536):
                pass
        self.close_request(request)

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
        answer = self.server.api.answer(request)
        self._stream(answer) if isinstance(answer, StreamedHttpAnswer) else self._send(answer)

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
        self._begin(answer, "Content-Length", str(len(answer.body)))
        if self._has_body(answer):
            self.wfile.write(answer.body)

    def _stream(self, answer: StreamedHttpAnswer) -> None:
        """Pass an answer on as it comes. Though the client leaves, the function goes on."""
        try:
            self._begin(answer, "Transfer-Encoding", "chunked")
            if self._has_body(answer):
                self._pass_on(answer.pieces)
            self.wfile.flush()
        except (OSError, FunctionError):
            self.close_connection = True  # before the last chunk: what was cut looks cut
        finally:
            answer.close()

    def _pass_on(self, pieces: Iterator[bytes]) -> None:
        for piece in pieces:
            if piece:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _begin(self, answer: HttpAnswer | StreamedHttpAnswer, *framing: str) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status not in _BODILESS:
            self.send_header(*framing)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _has_body(self, answer: HttpAnswer | StreamedHttpAnswer) -> bool:
        return getattr(self, "command", None) != "HEAD" and answer.status not in _BODILESS


_BODILESS = (204, 304)
_HTTP_ERRORS = frozenset({400, 413, 414, 431, 501, 505})


class _Unreadable(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status
