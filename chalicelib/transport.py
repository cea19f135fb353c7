"""Signed, kept-alive HTTP to AWS: the one hot path for key look-ups, records and model calls.

botocore's clients are left out: a client costs more than the call, retries behind our back, and
drops what its service model does not know. Here one call is one attempt.
"""

import os
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from chalicelib.connection import (
    Connection,
    Cut,
    NoAnswer,
    NotSent,
    Patience,
    Reply,
    Request,
    Stream,
    read_whole,
)
from chalicelib.signing import Credentials, CredentialsNotFound, find_credentials, sign

__all__ = [
    "BEDROCK",
    "BEDROCK_RUNTIME",
    "CLOUDWATCH_LOGS",
    "DYNAMODB",
    "SAGEMAKER_RUNTIME",
    "SQS",
    "STS",
    "Cut",
    "NoAnswer",
    "NotSent",
    "Patience",
    "Reply",
    "Service",
    "Stream",
    "Transport",
    "endpoint_url",
]

CONNECT_TIMEOUT: Final = 5.0
IDLE_LIMIT: Final = 20.0
"""Seconds before a kept-alive connection is not trusted: a frozen Lambda wakes to dead ones."""


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
SQS: Final = Service("sqs", "sqs", "SQS")
STS: Final = Service("sts", "sts", "STS")


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
        team_credentials: Callable[[str], Credentials] | None = None,
    ) -> None:
        """Take what signs the calls that are made for a team; None: our own credentials do.

        It may raise CredentialsNotFound.
        """
        self._region = region
        self._environ = environ
        self._clock = clock
        self._now = now
        self._credentials = find_credentials(environ)
        self._team_credentials = team_credentials
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
        patience: Patience | None = None,
        team_id: str = "",
    ) -> Reply:
        """Make one signed attempt, whole within `timeout` seconds however slowly bytes come.

        `path` is sent as it is: already percent-encoded, once. `team_id` is the team for which
        a model is called. Raises NotSent and NoAnswer.
        """
        return read_whole(
            self._begin(service, method, path, headers, body, timeout, patience, team_id)
        )

    def open(
        self,
        service: Service,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        timeout: float,
        patience: Patience | None = None,
        team_id: str = "",
    ) -> Stream | Reply:
        """Make one signed attempt whose answer is read as it comes; what is no success, whole.

        `timeout` bounds the whole call, reads included. Raises NotSent and NoAnswer.
        """
        stream = self._begin(service, method, path, headers, body, timeout, patience, team_id)
        return stream if 200 <= stream.status < 300 else read_whole(stream)

    def close(self) -> None:
        """Close the connections that are idle. A call made later opens its own."""
        for channel in self._channels.values():
            channel.close()

    def _begin(
        self,
        service: Service,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout: float,
        patience: Patience | None,
        team_id: str,
    ) -> Stream:
        channel = self._channel(service)
        path = channel.base_path + path
        deadline = self._clock() + timeout
        try:
            credentials = self._credentials_for(team_id)
        except CredentialsNotFound as error:
            raise NotSent(str(error)) from error
        signature = sign(
            credentials,
            service=service.signing_name,
            region=self._region,
            method=method,
            host=channel.host,
            path=path,
            headers=headers,
            body=body,
            at=self._now(),
        )
        return channel.open(
            Request(method, path, {**signature, **headers}, body, deadline, patience)
        )

    def _credentials_for(self, team_id: str) -> Credentials:
        if team_id and self._team_credentials:
            return self._team_credentials(team_id)
        return self._credentials()

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
        self._idle: deque[tuple[Connection, float, float]] = deque()

    def open(self, request: Request) -> Stream:
        return self._take(request.deadline).open(request, self._keep)

    def close(self) -> None:
        while self._idle:
            self._idle.pop()[0].close()

    def _keep(self, connection: Connection) -> None:
        self._idle.append((connection, self._clock(), time.time()))

    def _take(self, deadline: float) -> "Connection":
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
        return self._connect(deadline)

    def _connect(self, deadline: float) -> "Connection":
        timeout = min(CONNECT_TIMEOUT, max(deadline - self._clock(), 0.001))
        try:
            return Connection(self._host, self._port, self._tls, timeout, self._clock)
        except OSError as error:
            raise NotSent(str(error)) from error
