"""An unmodified boto3 on the gateway's native routes, over TLS, with each team's key.

Of the gateway it knows the URL, the certificate authority and the key: for Bedrock the bearer token
that boto3 reads from the environment, for SageMaker, where boto3 knows none, a header that a hook
adds. It retries only where a request says so; every attempt is kept.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from threading import Lock, local
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EventStreamError
from urllib3.exceptions import HTTPError

from chalicelib.backends.container_streams import PAYLOAD_PART
from local.project import REGION
from local.traffic.plan import NativeRequest
from local.traffic.reading import CUT, Notes, Read, Unframed
from local.traffic.sent import Sent

BEARER_TOKEN = "AWS_BEARER_TOKEN_BEDROCK"  # noqa: S105 - a name
ReadAgain = Callable[[str, str], Read]
"""Given the team and the request id: reads what is kept of a streamed answer."""


class Sdk:
    """Clients of every team, each made when it is first needed."""

    def __init__(self, url: str, ca: str, keys: Mapping[str, str], read_again: ReadAgain) -> None:
        self._where = {"endpoint_url": url, "verify": ca, "region_name": REGION}
        self._keys = keys
        self._read_again = read_again
        self._clients: dict[tuple[str, str, int], Any] = {}
        self._making = Lock()  # boto3's default session makes one client at a time
        self._mine = local()

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def send(self, request: NativeRequest) -> Sent:
        """Make one call, and read its answer to the end."""
        hosted = request.operation.startswith("invoke_endpoint")
        client = self._client("sagemaker-runtime" if hosted else "bedrock-runtime", request)
        self._mine.answers = []
        try:
            answer = getattr(client, request.operation)(**request.parameters)
        except ClientError as refused:
            sent = _sent(request, refused.response, refused.response["Error"]["Code"])
        except BotoCoreError:  # no answer came
            sent = Sent(request)
        else:
            sent = self._read(request, answer)
        before = self._mine.answers[:-1] if sent.status else self._mine.answers
        return sent.with_others(*(_sent(request, each, "retried") for each in before))

    def _read(self, request: NativeRequest, answer: Mapping[str, Any]) -> Sent:
        sent = _sent(request, answer)
        if not request.streamed:
            for name in answer.keys() & {"body", "Body"}:
                answer[name].read()
            return sent
        [stream] = (answer[name] for name in answer.keys() & {"body", "Body", "stream"})
        notes = Notes(sent.request_id)
        ended = _take(stream, notes)
        again = self._read_again(request.team, sent.request_id)
        notes.end(again.status if ended else CUT, whole=ended and again.whole)
        return sent.with_reads(notes.read(), again)

    def _client(self, service: str, request: NativeRequest) -> Any:
        named = service, request.team, request.attempts
        with self._making:
            if named not in self._clients:
                make = self._sagemaker if service == "sagemaker-runtime" else self._bedrock
                client = make(self._keys[request.team], _config(request.attempts))
                client.meta.events.register(f"response-received.{service}", self._keep)
                self._clients[named] = client
            return self._clients[named]

    def _bedrock(self, key: str, config: Config) -> Any:
        with _bearer_token(key):
            return boto3.client("bedrock-runtime", config=config, **self._where)

    def _sagemaker(self, key: str, config: Config) -> Any:
        unused = {"aws_access_key_id": "unused", "aws_secret_access_key": "unused"}
        client = boto3.client("sagemaker-runtime", config=config, **self._where, **unused)

        def with_key(request: Any, **_: Any) -> None:
            request.headers["x-api-key"] = key

        client.meta.events.register("before-send.sagemaker-runtime", with_key)
        return client

    def _keep(self, parsed_response: Mapping[str, Any] | None, **_: Any) -> None:
        """Keep what each attempt of this thread's call was answered."""
        if parsed_response:
            self._mine.answers.append(parsed_response)


def _config(attempts: int) -> Config:
    return Config(
        retries={"total_max_attempts": attempts, "mode": "standard"},
        max_pool_connections=16,
        # The token is read when a client is made; whether to use it, at each call.
        auth_scheme_preference="httpBearerAuth",
    )


def _take(stream: Any, notes: Notes) -> bool:
    """Read an event stream; say whether it came to its end."""
    unframed = Unframed()
    try:
        with closing(stream):
            for event in stream:
                [(name, content)] = event.items()
                for each in unframed.events(name, _data(name, content)):
                    notes.event(each)
    except (EventStreamError, BotoCoreError, HTTPError):
        return False
    for each in unframed.rest():
        notes.event(each)
    return True


def _data(name: str, content: Mapping[str, Any]) -> bytes:
    """Return what the model says in an event as boto3 has read it."""
    if name == "chunk":
        return bytes(content["bytes"])
    return bytes(content["Bytes"]) if name == PAYLOAD_PART else json.dumps(content).encode()


@contextmanager
def _bearer_token(key: str) -> Iterator[None]:
    """Let boto3 find the key where it looks while it makes a client."""
    before = os.environ.get(BEARER_TOKEN)
    os.environ[BEARER_TOKEN] = key
    try:
        yield
    finally:
        del os.environ[BEARER_TOKEN]
        if before is not None:
            os.environ[BEARER_TOKEN] = before


def _sent(request: NativeRequest, answer: Mapping[str, Any], error_code: str = "") -> Sent:
    metadata = answer["ResponseMetadata"]
    headers = metadata["HTTPHeaders"]
    return Sent(
        request,
        metadata["HTTPStatusCode"],
        headers.get("x-request-id", ""),
        error_code,
        headers.get("retry-after", ""),
        answer.get("invocationArn", ""),
    )
