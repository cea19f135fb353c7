"""Signed, kept-alive HTTP to AWS: the one hot path for key look-ups, records and model calls.

botocore's clients are left out: a client costs more than the call, retries behind our back, and
drops what its service model does not know. Here one call is one attempt, and every way it can end
is told apart, because they are billed apart:

- `NotSent`: the provider never had the whole request, so nothing ran and nothing is billed;
- `NoAnswer`: it had the request and no answer's headers came back: it may have run and be billed;
- a `Reply` that is not `complete`: the headers came, the body was cut;
- a `Reply`.
"""

import http.client
import io
import os
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from chalicelib.signing import CredentialsNotFound, find_credentials, sign

CONNECT_TIMEOUT: Final = 5.0
IDLE_LIMIT: Final = 20.0
"""Seconds before a kept-alive connection is not trusted: a frozen Lambda wakes to dead ones."""

MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 65_536


class NotSent(Exception):
    """The request did not reach the service whole; it cannot have been carried out."""


class NoAnswer(Exception):
    """The request was sent and no answer came; it may have been carried out."""

    def __init__(self, *, timed_out: bool) -> None:
        self.timed_out = timed_out
        super().__init__("timed out" if timed_out else "connection lost")


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. Header names are in lower case; of a repeated one the last value counts."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """An AWS service: its signing name, its host's prefix, and its id in AWS_ENDPOINT_URL_<ID>."""

    signing_name: str
    host_prefix: str
    service_id: str


BEDROCK: Final = Service("bedrock", "bedrock", "BEDROCK")
BEDROCK_RUNTIME: Final = Service("bedrock", "bedrock-runtime", "BEDROCK_RUNTIME")
SAGEMAKER_RUNTIME: Final = Service("sagemaker", "runtime.sagemaker", "SAGEMAKER_RUNTIME")
DYNAMODB: Final = Service("dynamodb", "dynamodb", "DYNAMODB")
CLOUDWATCH_LOGS: Final = Service("logs", "logs", "CLOUDWATCH_LOGS")


def endpoint_url(service: Service, region: str, environ: Mapping[str, str]) -> str:
    """Where a service is: AWS_ENDPOINT_URL_<ID>, AWS_ENDPOINT_URL, or AWS's own address."""
    configured = environ.get(f"AWS_ENDPOINT_URL_{service.service_id}") or environ.get(
        "AWS_ENDPOINT_URL"
    )
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return (configured or f"https://{service.host_prefix}.{region}.{suffix}").rstrip("/")


class Transport:
    """Signed calls to AWS services in one region, over kept-alive connections. Thread-safe."""

    def __init__(
        self,
        region: str,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._region = region
        self._environ = environ
        self._clock = clock
        self._now = now
        self._credentials = find_credentials(environ)
        self._channels: dict[Service, _Channel] = {}

    def call(
        self,
        service: Service,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        timeout: float,
    ) -> Reply:
        """Make one signed attempt, whole within `timeout` seconds however slowly bytes come.

        `path` is sent as it is: already percent-encoded, once.
        Raises NotSent and NoAnswer.
        """
        channel = self._channel(service)
        try:
            credentials = self._credentials()
        except CredentialsNotFound as error:
            raise NotSent(str(error)) from error
        signature = sign(
            credentials,
            service=service.signing_name,
            region=self._region,
            method=method,
            host=channel.host,
            path=channel.base_path + path,
            headers=headers,
            body=body,
            at=self._now(),
        )
        return channel.exchange(
            method,
            channel.base_path + path,
            {**signature, **headers},
            body,
            self._clock() + timeout,
        )

    def close(self) -> None:
        """Close the connections that are idle. A call made later opens its own."""
        for channel in self._channels.values():
            channel.close()

    def _channel(self, service: Service) -> "_Channel":
        channel = self._channels.get(service)
        if channel is None:
            url = endpoint_url(service, self._region, self._environ)
            channel = _Channel(url, self._environ.get("AWS_CA_BUNDLE"), self._clock)
            channel = self._channels.setdefault(service, channel)
        return channel


class _Channel:
    """Kept-alive connections to one endpoint: as many as there are threads that use it at once."""

    def __init__(self, url: str, ca_bundle: str | None, clock: Callable[[], float]) -> None:
        parts = urlsplit(url)
        self.url = url
        self.host = parts.netloc
        self.base_path = parts.path
        self._host = parts.hostname or ""
        self._port = parts.port
        self._tls = (
            ssl.create_default_context(cafile=ca_bundle) if parts.scheme == "https" else None
        )
        self._clock = clock
        self._idle: deque[tuple[_Connection, float, float]] = deque()

    def exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> Reply:
        connection = self._take(deadline)
        reply = connection.exchange(method, path, headers, body, deadline)
        if connection.reusable:
            self._idle.append((connection, self._clock(), time.time()))
        return reply

    def close(self) -> None:
        while self._idle:
            self._idle.pop()[0].close()

    def _take(self, deadline: float) -> "_Connection":
        while self._idle:
            try:
                connection, since, since_utc = self._idle.pop()
            except IndexError:  # another thread took the last one
                break
            # By both clocks: while a Lambda is frozen its monotonic clock may stand still.
            idle = max(self._clock() - since, time.time() - since_utc)
            if idle <= IDLE_LIMIT and connection.is_quiet():
                return connection
            connection.close()
        return self._open(deadline)

    def _open(self, deadline: float) -> "_Connection":
        timeout = min(CONNECT_TIMEOUT, max(deadline - self._clock(), 0.001))
        try:
            return _Connection(self._host, self._port, self._tls, timeout, self._clock)
        except OSError as error:
            raise NotSent(str(error)) from error


class _Connection:
    """One open connection. Every read is bounded by the deadline of the call that it serves."""

    def __init__(
        self,
        host: str,
        port: int | None,
        tls: ssl.SSLContext | None,
        connect_timeout: float,
        clock: Callable[[], float],
    ) -> None:
        self._sock = socket.create_connection((host, port or (443 if tls else 80)), connect_timeout)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self._sock = tls.wrap_socket(self._sock, server_hostname=host)
        self._clock = clock
        self._deadline = 0.0
        self.reusable = False

    def exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> Reply:
        """Send one request and read its answer. Raises NotSent and NoAnswer."""
        self._deadline = deadline
        self.reusable = False
        try:
            request = _head(method, path, headers, len(body)) + body  # in one piece: one wake-up
            self._sock.settimeout(self._remaining())
            self._sock.sendall(request)
        except (OSError, ValueError) as error:  # before the last byte: it cannot have begun
            self.close()
            raise NotSent(str(error)) from error
        response = _Response(_BoundedSocket(self._sock, self._remaining), method=method)  # type: ignore[arg-type]
        try:
            response.begin()
        except (OSError, http.client.HTTPException) as error:
            response.close()
            self.close()
            raise NoAnswer(timed_out=isinstance(error, TimeoutError)) from error
        reply = _read(response)
        self.reusable = reply.complete and not response.will_close
        if not self.reusable:
            self.close()
        return reply

    def is_quiet(self) -> bool:
        """Say whether an idle connection has nothing to read: one that has was closed."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        self._sock.close()

    def _remaining(self) -> float:
        remaining = self._deadline - self._clock()
        if remaining <= 0:
            raise TimeoutError
        return remaining


def _head(method: str, path: str, headers: Mapping[str, str], length: int) -> bytes:
    """Write a request's head. Raises ValueError where a value would add a line to it."""
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([*lines, f"Content-Length: {length}", "", ""])
    if head.count("\n") != len(lines) + 2 or head.count("\r") != len(lines) + 2:
        raise ValueError("a header has a line break")
    return head.encode("latin-1")


class _BoundedSocket:
    """The reading side of a socket, as http.client asks for it."""

    def __init__(self, sock: socket.socket, remaining: Callable[[], float]) -> None:
        self._sock = sock
        self._remaining = remaining

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_BoundedReads(self._sock, self._remaining), 65536)


class _BoundedReads(io.RawIOBase):
    """Reads that share one deadline, so that a trickling answer cannot outlast it."""

    def __init__(self, sock: socket.socket, remaining: Callable[[], float]) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)  # keeps the socket open until it is closed
        self._remaining = remaining

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._remaining())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """http.client's response, but for its header parser: that is email's, a tenth of a call."""

    headers: dict[str, str]  # type: ignore[assignment]

    def begin(self) -> None:
        """Read the status and the headers. Raises IncompleteRead where they are cut."""
        status = http.client.CONTINUE
        while status == http.client.CONTINUE:
            version, status, reason = self._read_status()  # type: ignore[attr-defined]
            self.headers = _read_headers(self.fp)
        self.code = self.status = status
        self.reason = reason.strip()
        self.version = 10 if version == "HTTP/1.0" else 11
        self.chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        length = self.headers.get("content-length", "")
        self.length = int(length) if length.isdigit() and not self.chunked else None
        if status in (http.client.NO_CONTENT, http.client.NOT_MODIFIED):
            self.length = 0
        unbounded = not self.chunked and self.length is None
        self.will_close = unbounded or self._check_close()  # type: ignore[attr-defined]


def _read_headers(lines: io.BufferedIOBase) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = lines.readline(MAX_HEADER_BYTES)
        if not line.endswith(b"\n"):
            raise http.client.IncompleteRead(line)  # http.client would take it for the end
        if line in (b"\r\n", b"\n"):
            return headers
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    raise http.client.HTTPException("too many headers")


def _read(response: _Response) -> Reply:
    headers = response.headers
    try:
        return Reply(response.status, headers, response.read())
    except http.client.IncompleteRead as cut:
        return Reply(response.status, headers, cut.partial, complete=False)
    except (OSError, http.client.HTTPException) as error:
        timed_out = isinstance(error, TimeoutError)
        return Reply(response.status, headers, b"", complete=False, timed_out=timed_out)
    finally:
        response.close()
