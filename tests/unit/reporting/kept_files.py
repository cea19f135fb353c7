"""A boto3 `s3` client that keeps a bucket's files, or fails at one of them."""

import io
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError


@dataclass
class Bucket:
    """What S3 does with a report: keep it, give it back, or fail."""

    fails_at: str = ""
    files: dict[str, bytes] = field(default_factory=dict)

    def put_object(self, **request: Any) -> None:
        self._fail_at(request["Key"], "PutObject")
        self.files[request["Key"]] = request["Body"]

    def get_object(self, **request: Any) -> dict[str, io.BytesIO]:
        self._fail_at(request["Key"], "GetObject")
        if request["Key"] not in self.files:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.files[request["Key"]])}

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        found = [{"Key": key} for key in sorted(self.files) if key.startswith(request["Prefix"])]
        return {"Contents": found} if found else {}

    def _fail_at(self, key: str, operation: str) -> None:
        if key == self.fails_at:
            raise ClientError({"Error": {"Code": "SlowDown"}}, operation)
