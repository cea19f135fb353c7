"""An unmodified boto3 on the gateway's native routes, over TLS, with each team's key.

Of the gateway it knows the URL, the certificate authority and the key: for Bedrock the bearer token
that boto3 reads from the environment, for SageMaker, where boto3 knows none, a header that a hook
adds. It retries nothing, so that a request is a call.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.project import REGION
from local.traffic.plan import NativeRequest
from local.traffic.sent import Sent

BEARER_TOKEN = "AWS_BEARER_TOKEN_BEDROCK"  # noqa: S105 - a name
_CONFIG = Config(
    retries={"total_max_attempts": 1},
    max_pool_connections=16,
    # The token is read when a client is made; whether to use it, at each call.
    auth_scheme_preference="httpBearerAuth",
)


class Sdk:
    """Clients of every team, each made when it is first needed."""

    def __init__(self, url: str, ca: str, keys: Mapping[str, str]) -> None:
        self._where = {"endpoint_url": url, "verify": ca, "region_name": REGION}
        self._keys = keys
        self._clients: dict[tuple[str, str], Any] = {}
        self._making = Lock()  # boto3's default session makes one client at a time

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def send(self, request: NativeRequest) -> Sent:
        """Make one call, and read its answer to the end."""
        hosted = request.operation == "invoke_endpoint"
        client = self._client("sagemaker-runtime" if hosted else "bedrock-runtime", request.team)
        try:
            answer = getattr(client, request.operation)(**request.parameters)
        except ClientError as refused:
            return _sent(request, refused.response, refused.response["Error"]["Code"])
        except BotoCoreError:  # no answer came
            return Sent(request)
        for name in answer.keys() & {"body", "Body"}:
            answer[name].read()
        return _sent(request, answer)

    def _client(self, service: str, team: str) -> Any:
        with self._making:
            if (service, team) not in self._clients:
                make = self._sagemaker if service == "sagemaker-runtime" else self._bedrock
                self._clients[service, team] = make(self._keys[team])
            return self._clients[service, team]

    def _bedrock(self, key: str) -> Any:
        with _bearer_token(key):
            return boto3.client("bedrock-runtime", config=_CONFIG, **self._where)

    def _sagemaker(self, key: str) -> Any:
        unused = {"aws_access_key_id": "unused", "aws_secret_access_key": "unused"}
        client = boto3.client("sagemaker-runtime", config=_CONFIG, **self._where, **unused)

        def with_key(request: Any, **_: Any) -> None:
            request.headers["x-api-key"] = key

        client.meta.events.register("before-send.sagemaker-runtime", with_key)
        return client


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
