"""The reports bucket: files written once they are wholly rendered, and puts that only one wins.

Conditional writes: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from chalicelib.reporting.reported_day import JSON, File

PART: Final = 8 * 2**20
"""Bytes of a part of a multipart upload, and most that a file may have to be put at once."""

PIECE: Final = 2**20
"""Bytes of an object that are read at once: cut into rows they take ten times as much memory."""

KEPT: Final = 2**20
"""Bytes up to which a file that was rendered for its hash is kept, and not rendered again."""

KEPT_IN_ALL: Final = 8 * KEPT
"""Bytes of a day's small files that are kept, be there a file for each of thousands of teams."""

AT_ONCE: Final = 8
"""Puts that run side by side where there are many; a boto3 client keeps ten connections."""

MANY: Final = 64
"""Files from which on they are put side by side: a put takes tens of ms, and a day may have a file
for each of 30,000 teams."""

_BATCH: Final = 1000
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
    size: int
    body: bytes | None

    def chunks(self) -> Iterator[bytes]:
        return self.file.render() if self.body is None else iter((self.body,))


class FileChanged(RuntimeError):
    """A file was not the same bytes when it was rendered again. Nothing of it was written."""


def rendered(file: File, keep: int = KEPT) -> Rendered:
    """Render a file to its end; its bytes are kept if they are no more than `keep`."""
    digest, size, kept = hashlib.sha256(), 0, bytearray()
    for chunk in file.render():
        digest.update(chunk)
        size += len(chunk)
        if size <= keep:
            kept += chunk
    return Rendered(file, digest.hexdigest(), size, bytes(kept) if size <= keep else None)


def all_rendered(files: Iterable[File]) -> list[Rendered]:
    """Render files to their ends, and keep the bytes of the small ones, KEPT_IN_ALL at most."""
    done, left = [], KEPT_IN_ALL
    for file in files:
        done.append(rendered(file, min(KEPT, left)))
        left -= len(done[-1].body or b"")
    return done


def is_missing(error: ClientError) -> bool:
    """Say whether S3 refused an object because there is none."""
    return error.response["Error"]["Code"] in _NOT_THERE


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
            if not is_missing(error):
                raise
            return None
        return Kept(answer["Body"].read(), answer["ETag"])

    def chunks(self, key: str) -> Iterator[bytes]:
        """Yield an object's content in pieces. Raises botocore's error where there is none."""
        body = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"]
        while chunk := body.read(PIECE):
            yield chunk

    def chunks_if_any(self, key: str) -> Iterator[bytes]:
        """Yield an object's content in pieces, and nothing where there is none."""
        try:
            yield from self.chunks(key)
        except ClientError as error:
            if not is_missing(error):
                raise

    def write(self, made: Rendered, allowed: Callable[[], None] = lambda: None) -> None:
        """Put a file, in parts where it is large: all of it, or nothing.

        `allowed` is called right before the bytes take their place, and may raise. Raises
        FileChanged where they are not those of the hash any more.
        """

        def check(sha256: str) -> None:
            _same(sha256, made)
            allowed()

        self._write(made.file, made.chunks(), check)

    def write_once(self, file: File, allowed: Callable[[], None] = lambda: None) -> str:
        """Put a file as it is rendered, which is once; return its SHA-256.

        For one that nobody has a hash to hold against yet, and that is too large to be rendered
        twice. Where its rendering raises, nothing of it is there.
        """
        return self._write(file, file.render(), lambda _: allowed())

    def write_all(self, files: Sequence[Rendered], allowed: Callable[[], None]) -> None:
        """Put files as `write` does, the last of them when all others are in place.

        Of very many the small ones go side by side; large ones would take too much memory.
        """
        small = [each for each in files[:-1] if each.size <= KEPT]
        if len(small) < MANY:
            small = []
        self._write_side_by_side(small, allowed)
        aside = {each.file.key for each in small}
        for each in files:
            if each.file.key not in aside:
                self.write(each, allowed)

    def put_if(
        self, key: str, body: bytes, expected_etag: str | None, content_type: str = JSON
    ) -> bool:
        """Put an object if it is still what it was: of that ETag; None: not there.

        Returns False where somebody else was faster. A put whose answer was lost is repeated by
        boto3, and then refused for what it wrote itself: what stands there tells.
        """
        condition = {"IfNoneMatch": "*"} if expected_etag is None else {"IfMatch": expected_etag}
        try:
            self._put(key, body, content_type, **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _LOST:
                raise
            return self.read(key) == body
        return True

    def delete(self, key: str) -> None:
        """Delete an object; the bucket keeps its versions. One that is not there is no error."""
        self._s3.delete_object(Bucket=self.bucket, Key=key)

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """Yield the keys that begin with `prefix` and come after `after`, in their order."""
        return (entry["Key"] for entry in self._listed(prefix, after))

    def written(self, prefix: str, after: str = "") -> Iterator[tuple[str, datetime]]:
        """Yield these keys, and when each object was last written."""
        return ((each["Key"], each["LastModified"]) for each in self._listed(prefix, after))

    def _listed(self, prefix: str, after: str) -> Iterator[Mapping[str, Any]]:
        while True:
            page = self._s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix, StartAfter=after)
            found = page.get("Contents", ())
            yield from found
            if not page.get("IsTruncated") or not found:
                return
            after = found[-1]["Key"]

    def _write_side_by_side(self, files: Sequence[Rendered], allowed: Callable[[], None]) -> None:
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for first in range(0, len(files), _BATCH):
                some = files[first : first + _BATCH]
                for _ in threads.map(lambda each: self.write(each, allowed), some):
                    pass  # of one that fails this raises, and none of the others is begun

    def _write(self, file: File, chunks: Iterator[bytes], check: Callable[[str], None]) -> str:
        """Put what `check` lets pass, by its SHA-256, right before it takes its place."""
        digest, parts = hashlib.sha256(), _parts(chunks)
        first = next(parts, b"")
        digest.update(first)
        if len(first) < PART:
            check(digest.hexdigest())
            self._put(file.key, first, file.content_type)
            return digest.hexdigest()
        with self._upload(file) as put_part:
            put_part(first)
            for part in parts:
                digest.update(part)
                put_part(part)
            check(digest.hexdigest())
        return digest.hexdigest()

    def _put(self, key: str, body: bytes, content_type: str, **condition: str) -> None:
        self._s3.put_object(
            Bucket=self.bucket, Key=key, Body=body, ContentType=content_type, **condition
        )

    @contextmanager
    def _upload(self, file: File) -> Iterator[Callable[[bytes], None]]:
        target = {"Bucket": self.bucket, "Key": file.key}
        begun = self._s3.create_multipart_upload(**target, ContentType=file.content_type)
        upload = {**target, "UploadId": begun["UploadId"]}
        done: list[dict[str, Any]] = []

        def put_part(part: bytes) -> None:
            number = len(done) + 1
            answer = self._s3.upload_part(**upload, PartNumber=number, Body=part)
            done.append({"PartNumber": number, "ETag": answer["ETag"]})

        try:
            yield put_part
            self._s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": done})
        except BaseException:
            self._s3.abort_multipart_upload(**upload)
            raise


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


def _same(found: str, made: Rendered) -> None:
    if found != made.sha256:
        raise FileChanged(f"{made.file.key} was rendered again and is not the same bytes")
