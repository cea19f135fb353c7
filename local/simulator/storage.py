"""S3 as Bedrock sees it: what a request names is read from there, what a job makes is left there.

Without an S3 endpoint there is none: a job then only bills, and media must come in the request.
"""

import re
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.simulator.refusals import invalid

_URI = re.compile(r"s3://([a-z0-9][-.a-z0-9]{1,61}[a-z0-9])(?:/(.*))?")


class Storage:
    """The buckets behind one S3 endpoint, read and written with this account's key."""

    def __init__(self, url: str | None, access_key: str = "", secret: str = "") -> None:
        self.connected = url is not None
        self._s3: Any = url and boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret,
        )

    def close(self) -> None:
        if self.connected:
            self._s3.close()

    def read(self, uri: str) -> bytes:
        """Return an object's content; raises Refusal where Bedrock could not read it."""
        bucket, key = split(uri)
        if not self.connected:
            raise invalid(f"Unable to access the S3 location {uri}")
        try:
            content: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except (BotoCoreError, ClientError):
            raise invalid(f"Unable to access the S3 location {uri}") from None
        return content

    def write(self, folder: str, files: dict[str, bytes]) -> None:
        """Leave files under a folder's URI; raises Refusal where Bedrock could not write."""
        if not self.connected:
            return
        bucket, key = split(folder)
        try:
            for name, content in files.items():
                self._s3.put_object(Bucket=bucket, Key=f"{key}/{name}", Body=content)
        except (BotoCoreError, ClientError):
            raise invalid(f"Unable to write to the S3 location {folder}") from None


def split(uri: str) -> tuple[str, str]:
    """Return bucket and key of an S3 URI; raises Refusal for what is none."""
    match = _URI.fullmatch(uri)
    if match is None:
        raise invalid(f"Invalid S3 URI: {uri}")
    return match[1], match[2] or ""


NO_STORAGE = Storage(None)
