"""boto3 clients of the local stack."""

from collections.abc import Mapping
from threading import Lock
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

from local import project
from local.aws import ENVIRON


class Clients:
    """Makes one client a service, `clients("s3")`, and closes them at the end of its context.

    They take no notice of this shell's AWS account, and retry nothing.
    """

    def __init__(self, urls: Mapping[str, str]) -> None:
        """Take endpoint URLs by service; `""` stands for every other service."""
        self._urls = urls
        self._clients: dict[str, Any] = {}
        self._making = Lock()  # boto3 cannot make two at once

    def __call__(self, service: str) -> Any:
        with self._making:
            if service not in self._clients:
                self._clients[service] = self._made(service)
            return self._clients[service]

    def _made(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._urls.get(service, self._urls[""]),
            region_name=project.REGION,
            aws_access_key_id=ENVIRON["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=ENVIRON["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=32),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for client in self._clients.values():
            client.close()
