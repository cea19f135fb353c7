"""The reports bucket: files written once they are wholly rendered, and puts that only one wins.

Conditional writes: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from chalicelib.reporting.reported_day import JSON, File

PART: Final = 8 * 2**20
"""Bytes of a part of a multipart upload, and most that a file may have to be put at once."""

KEPT: Final = 2**20
"""Bytes up to which a file that was rendered for its hash is kept, and not rendered again."""

_NOT_THERE: Final = frozenset({"NoSuchKey", "404"})
_LOST: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict", *_NOT_THERE})
"""What S3 says to a conditional put that somebody else was faster than; NoSuchKey: deleted."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An object's content, and the ETag that tells it from what may stand there later."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A file whose bytes are known by their hash; a small one's are kept."""

    file: File
    sha256: str
    body: bytes | None

    def chunks(self) -> Iterator[bytes]:
        return self.file.render() if self.body is None else iter((self.body,))


class FileChanged(RuntimeError):
    """A file was not the same bytes when it was rendered again. Nothing of it was written."""


def rendered(file: File) -> Rendered:
    """Render a file to its end, and keep no more of it than KEPT bytes."""
    digest, size, kept = hashlib.sha256(), 0, bytearray()
    for chunk in file.render():
        digest.update(chunk)
        size += len(chunk)
        if size <= KEPT:
            kept += chunk
    return Rendered(file, digest.hexdigest(), bytes(kept) if size <= KEPT else None)


def hashes(files: Iterable[Rendered]) -> dict[str, str]:
    """Return the SHA-256 of each file, by its key."""
    return {each.file.key: each.sha256 for each in files}


class ReportStore:
    """A bucket of reports, by a boto3 client for S3. Raises botocore's errors where S3 refuses."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self.bucket = bucket

    def read(self, key: str) -> bytes | None:
        """Return an object's content, or None where there is none."""
        kept = self.kept(key)
        return kept.body if kept else None

    def kept(self, key: str) -> Kept | None:
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NOT_THERE:
                raise
            return None
        return Kept(answer["Body"].read(), answer["ETag"])

    def chunks(self, key: str) -> Iterator[bytes]:
        """Yield an object's content in pieces. Raises botocore's error where there is none."""
        body = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"]
        while chunk := body.read(PART):
            yield chunk

    def write(self, file: File | Rendered) -> None:
        """Put a file, in parts where it is large: all of it, or nothing.

        Raises FileChanged where a Rendered file's bytes are not those of its hash any more.
        """
        digest, parts = hashlib.sha256(), _parts(_chunks(file))
        expected = file.sha256 if isinstance(file, Rendered) else ""
        about = file.file if isinstance(file, Rendered) else file
        first = next(parts, b"")
        digest.update(first)
        if len(first) < PART:
            _hold(digest.hexdigest(), expected, about.key)
            self._put(about.key, first, about.content_type)
            return
        self._put_parts(about, first, parts, digest, expected)

    def put_if(
        self, key: str, body: bytes, expected_etag: str | None, content_type: str = JSON
    ) -> bool:
        """Put an object if it is still what it was: of that ETag; None: not there.

        Returns False where somebody else was faster.
        """
        condition = {"IfNoneMatch": "*"} if expected_etag is None else {"IfMatch": expected_etag}
        try:
            self._put(key, body, content_type, **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _LOST:
                raise
            return False
        return True

    def delete(self, key: str) -> None:
        """Delete an object; the bucket keeps its versions. One that is not there is no error."""
        self._s3.delete_object(Bucket=self.bucket, Key=key)

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """Yield the keys that begin with `prefix` and come after `after`, in their order."""
        while True:
            page = self._s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix, StartAfter=after)
            found = [entry["Key"] for entry in page.get("Contents", ())]
            yield from found
            if not page.get("IsTruncated") or not found:
                return
            after = found[-1]

    def _put(self, key: str, body: bytes, content_type: str, **condition: str) -> str:
        answer = self._s3.put_object(
            Bucket=self.bucket, Key=key, Body=body, ContentType=content_type, **condition
        )
        etag: str = answer["ETag"]
        return etag

    def _put_parts(
        self, file: File, first: bytes, rest: Iterator[bytes], digest: Any, expected: str
    ) -> None:
        target = {"Bucket": self.bucket, "Key": file.key}
        begun = self._s3.create_multipart_upload(**target, ContentType=file.content_type)
        upload = {**target, "UploadId": begun["UploadId"]}
        try:
            done = [self._put_part(upload, 1, first)]
            for number, part in enumerate(rest, start=2):
                digest.update(part)
                done.append(self._put_part(upload, number, part))
            _hold(digest.hexdigest(), expected, file.key)
            self._s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": done})
        except BaseException:
            self._s3.abort_multipart_upload(**upload)
            raise

    def _put_part(self, upload: dict[str, str], number: int, part: bytes) -> dict[str, Any]:
        answer = self._s3.upload_part(**upload, PartNumber=number, Body=part)
        return {"PartNumber": number, "ETag": answer["ETag"]}


def _chunks(file: File | Rendered) -> Iterator[bytes]:
    return file.chunks() if isinstance(file, Rendered) else file.render()


def _parts(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Gather chunks into parts of PART bytes, as S3 takes them; the last has what is left."""
    gathered = bytearray()
    for chunk in chunks:
        gathered += chunk
        while len(gathered) >= PART:
            yield bytes(gathered[:PART])
            del gathered[:PART]
    if gathered:
        yield bytes(gathered)


def _hold(found: str, expected: str, key: str) -> None:
    if expected and found != expected:
        raise FileChanged(f"{key} was rendered again and is not the same bytes")
