"""Requests too large for the table: in the payloads bucket, which forgets them in a day."""

import logging
from collections.abc import Callable
from typing import Any

from chalicelib.errors import StreamsUnavailable
from chalicelib.streams.job import StreamJob

log = logging.getLogger("tollgate.streams")


class RequestAway(Exception):
    """A job's request could not be read."""


class Payloads:
    """Keys begin with the team, as those of large answers do. The client is made when needed."""

    def __init__(self, bucket: str, s3: Callable[[], Any]) -> None:
        self._bucket = bucket
        self._s3 = s3

    def keep(self, job: StreamJob, body: bytes) -> str:
        """Keep a job's request, and return its key. Raises StreamsUnavailable."""
        from botocore.exceptions import BotoCoreError, ClientError  # rare: not in a cold start

        key = f"requests/{job.team_id}/{job.request_id}"
        try:
            self._s3().put_object(Bucket=self._bucket, Key=key, Body=body)
        except (ClientError, BotoCoreError) as error:
            log.error("request not kept: %s", type(error).__name__)
            raise StreamsUnavailable from error
        return key

    def request_of(self, job: StreamJob) -> bytes:
        """Return a job's request, wherever it is kept. Raises RequestAway."""
        if job.body is not None:
            return job.body
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            kept = self._s3().get_object(Bucket=self._bucket, Key=job.body_key)
            body: bytes = kept["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise RequestAway(type(error).__name__) from error
        return body
