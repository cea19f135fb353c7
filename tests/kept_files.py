"""A boto3 `s3` client that keeps a bucket's files, or fails at one of them."""

import hashlib
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)
"""When all files were written: this bucket has no clock."""


@dataclass
class Bucket:
    """What S3 does with a report: keep it, give it back, or fail."""

    fails_at: str = ""
    fails_to_put: str = ""
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def reports(self) -> dict[str, bytes]:
        """The files but for those that say who writes them, and what is kept for other runs."""
        ours = ("claims/", "late/", "work/")
        return {key: body for key, body in self.files.items() if not key.startswith(ours)}

    def put_object(self, **request: Any) -> dict[str, str]:
        key = request["Key"]
        self._fail_at(key, "PutObject")
        if key == self.fails_to_put:
            raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")
        found = self._etag(key) if key in self.files else None
        if "IfMatch" in request and found is None:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "PutObject")
        refused = "IfNoneMatch" in request and found is not None
        if refused or request.get("IfMatch", found) != found:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject")
        self.files[key] = request["Body"]
        return {"ETag": self._etag(key)}

    def delete_object(self, **request: Any) -> None:
        self._fail_at(request["Key"], "DeleteObject")
        self.files.pop(request["Key"], None)

    def get_object(self, **request: Any) -> dict[str, Any]:
        self._fail_at(request["Key"], "GetObject")
        if request["Key"] not in self.files:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        key = request["Key"]
        return {"Body": io.BytesIO(self.files[key]), "ETag": self._etag(key)}

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        after = request.get("StartAfter", "")
        named = (key for key in sorted(self.files) if key.startswith(request["Prefix"]))
        found = [{"Key": key, "LastModified": WRITTEN} for key in named if key > after]
        return {"Contents": found} if found else {}

    def _etag(self, key: str) -> str:
        return f'"{hashlib.md5(self.files[key]).hexdigest()}"'

    def _fail_at(self, key: str, operation: str) -> None:
        if key == self.fails_at:
            raise ClientError({"Error": {"Code": "SlowDown"}}, operation)
