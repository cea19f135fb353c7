"""An `s3` client over folders: what S3 does with a report's files, without a network or a process.

Bodies are read from the disk piece by piece, and parts are written to it, so that a measurement of
memory finds the memory of whoever reads and writes, and none of the bucket's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError


@dataclass
class FolderBucket:
    """Reads what was written, else what is kept; `kept` stays as it is."""

    kept: Path
    written: Path
    uploads: dict[str, Path] = field(default_factory=dict)

    def get_object(self, **request: Any) -> dict[str, Any]:
        path = self._path(request["Key"])
        if path is None:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": path.open("rb"), "ETag": _etag(path)}

    def put_object(self, **request: Any) -> dict[str, str]:
        path = self._path(request["Key"])
        found = _etag(path) if path else None
        if ("IfNoneMatch" in request and found) or request.get("IfMatch", found) != found:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject")
        target = self._target(request["Key"])
        target.write_bytes(request["Body"])
        return {"ETag": _etag(target)}

    def create_multipart_upload(self, **request: Any) -> dict[str, str]:
        upload_id = str(len(self.uploads))
        self.uploads[upload_id] = self._target(f"{request['Key']}.upload")
        self.uploads[upload_id].write_bytes(b"")
        return {"UploadId": upload_id}

    def upload_part(self, **request: Any) -> dict[str, str]:
        with self.uploads[request["UploadId"]].open("ab") as file:
            file.write(request["Body"])
        return {"ETag": f'"{request["PartNumber"]}"'}

    def complete_multipart_upload(self, **request: Any) -> dict[str, str]:
        target = self.uploads.pop(request["UploadId"]).rename(self._target(request["Key"]))
        return {"ETag": _etag(target)}

    def abort_multipart_upload(self, **request: Any) -> None:
        self.uploads.pop(request["UploadId"]).unlink()

    def delete_object(self, **request: Any) -> None:
        (self.written / request["Key"]).unlink(missing_ok=True)

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        after = request.get("StartAfter", "")
        keys = sorted({*_keys(self.kept), *_keys(self.written)})
        found = [key for key in keys if key.startswith(request["Prefix"]) and key > after]
        return {"Contents": [{"Key": key} for key in found]}

    def _path(self, key: str) -> Path | None:
        paths = (self.written / key, self.kept / key)
        return next((path for path in paths if path.exists()), None)

    def _target(self, key: str) -> Path:
        path = self.written / key
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _etag(path: Path) -> str:
    about = path.stat()
    return f'"{about.st_mtime_ns}-{about.st_size}"'


def _keys(folder: Path) -> Iterator[str]:
    return (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
