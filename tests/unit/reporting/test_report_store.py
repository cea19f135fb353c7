"""The reports bucket: whole files or none, large ones in parts, and puts that only one wins."""

import hashlib
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from kept_files import Bucket

from chalicelib.reporting.reported_day import CSV, File
from chalicelib.reporting.store import (
    AT_ONCE,
    KEPT,
    KEPT_IN_ALL,
    MANY,
    PART,
    FileChanged,
    Rendered,
    ReportStore,
    all_rendered,
    rendered,
)


@dataclass
class PartedBucket(Bucket):
    """A bucket that takes large files in parts, as S3 does."""

    parts: dict[int, bytes] = field(default_factory=dict)
    aborted: int = 0

    def create_multipart_upload(self, **request: Any) -> dict[str, str]:
        self.parts.clear()
        return {"UploadId": "u1"}

    def upload_part(self, **request: Any) -> dict[str, str]:
        self.parts[request["PartNumber"]] = request["Body"]
        return {"ETag": str(request["PartNumber"])}

    def complete_multipart_upload(self, **request: Any) -> None:
        listed = request["MultipartUpload"]["Parts"]
        self.files[request["Key"]] = b"".join(self.parts[part["PartNumber"]] for part in listed)

    def abort_multipart_upload(self, **request: Any) -> None:
        self.aborted += 1


def file(*chunks: bytes, key: str = "f") -> File:
    return File(key, CSV, lambda: iter(chunks))


def test_a_small_file_is_put_at_once_as_it_was_first_rendered() -> None:
    bucket, times = Bucket(), []

    def render() -> Iterator[bytes]:
        times.append(1)
        yield b"a,b\n"

    ReportStore(bucket, "reports").write(rendered(File("f", CSV, render)))

    assert bucket.files == {"f": b"a,b\n"}
    assert len(times) == 1


@pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 5])
def test_a_file_of_any_size_is_put_whole(size: int) -> None:
    bucket, content = PartedBucket(), bytes(7) * (size // 7) + b"x" * (size % 7)
    pieces = [content[at : at + 999_999] for at in range(0, size, 999_999)]
    made = rendered(file(*pieces))

    ReportStore(bucket, "reports").write(made)

    assert bucket.files["f"] == content
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    assert all(len(part) >= PART for part in list(bucket.parts.values())[:-1])


@pytest.mark.parametrize("size", [KEPT + 1, PART + 1])
def test_a_file_that_is_other_bytes_when_it_is_rendered_again_is_not_written(size: int) -> None:
    bucket, letters = PartedBucket(), iter(b"ab")

    def render() -> Iterator[bytes]:
        yield bytes([next(letters)]) * size

    made = rendered(File("f", CSV, render))

    with pytest.raises(FileChanged, match="f was rendered again"):
        ReportStore(bucket, "reports").write(made)
    assert bucket.files == {}
    assert bucket.aborted == (size > PART)


def test_a_large_file_whose_claim_is_lost_while_it_is_put_takes_nobodys_place() -> None:
    bucket = PartedBucket(files={"f": b"theirs"})

    def lost() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        ReportStore(bucket, "reports").write(rendered(file(bytes(PART + 1))), lost)

    assert (bucket.files, bucket.aborted) == ({"f": b"theirs"}, 1)


@pytest.mark.parametrize("size", [7, PART + 1])
def test_a_file_that_is_rendered_once_is_put_whole_and_its_hash_is_told(size: int) -> None:
    bucket, times = PartedBucket(), []

    def render() -> Iterator[bytes]:
        times.append(1)
        yield bytes(size)

    sha256 = ReportStore(bucket, "reports").write_once(File("f", CSV, render))

    assert bucket.files == {"f": bytes(size)}
    assert (sha256, len(times)) == (hashlib.sha256(bytes(size)).hexdigest(), 1)


@pytest.mark.parametrize("size", [7, PART + 1])
def test_of_a_file_whose_rendering_breaks_off_nothing_is_there(size: int) -> None:
    bucket = PartedBucket()

    def render() -> Iterator[bytes]:
        yield bytes(size)
        raise ValueError("what it is made of is not what it should be")

    with pytest.raises(ValueError):
        ReportStore(bucket, "reports").write_once(File("f", CSV, render))

    assert bucket.files == {}
    assert bucket.aborted == (size > PART)


def test_the_bytes_of_many_small_files_are_kept_only_as_far_as_memory_allows() -> None:
    small = [file(bytes(KEPT), key=str(n)) for n in range(KEPT_IN_ALL // KEPT + 3)]

    kept = [made.body for made in all_rendered(small) if made.body]

    assert sum(map(len, kept)) == KEPT_IN_ALL


def test_of_two_puts_on_one_condition_only_the_first_wins() -> None:
    store = ReportStore(Bucket(), "reports")

    assert store.put_if("k", b"1", None)
    assert not store.put_if("k", b"2", None)
    kept = store.kept("k")
    assert kept
    assert store.put_if("k", b"3", kept.etag)
    assert not store.put_if("k", b"4", kept.etag)
    assert store.read("k") == b"3"


def test_a_put_on_what_was_deleted_meanwhile_is_lost() -> None:
    store = ReportStore(Bucket(), "reports")

    assert not store.put_if("k", b"1", '"etag"')


def test_what_is_not_there_reads_as_none_and_is_deleted_without_an_error() -> None:
    store = ReportStore(Bucket(), "reports")

    store.delete("k")

    assert store.read("k") is None


def test_keys_are_listed_over_all_pages_in_their_order() -> None:
    class Paged(Bucket):
        def list_objects_v2(self, **request: Any) -> dict[str, Any]:
            found = super().list_objects_v2(**request).get("Contents", [])
            return {"Contents": found[:2], "IsTruncated": len(found) > 2}

    bucket = Paged(files={f"a/{n}": b"" for n in range(5)} | {"b": io.BytesIO().getvalue()})

    listed = list(ReportStore(bucket, "reports").keys("a/", after="a/0"))

    assert listed == ["a/1", "a/2", "a/3", "a/4"]


@dataclass
class DeafBucket(Bucket):
    """Loses its answer to a put, which boto3 then repeats as it was."""

    def put_object(self, **request: Any) -> dict[str, str]:
        super().put_object(**request)
        return super().put_object(**request)


def test_a_put_that_is_refused_for_what_it_wrote_itself_has_won() -> None:
    store = ReportStore(DeafBucket(), "reports")

    assert store.put_if("k", b"1", None)
    kept = store.kept("k")
    assert kept
    assert store.put_if("k", b"2", kept.etag)
    assert not store.put_if("k", b"3", kept.etag)


@dataclass
class CrowdedBucket(PartedBucket):
    """Remembers the order of its puts, and answers small ones only when so many are under way."""

    together: threading.Barrier = field(default_factory=lambda: threading.Barrier(AT_ONCE))
    order: list[str] = field(default_factory=list)
    fails: bool = False

    def put_object(self, **request: Any) -> dict[str, str]:
        if request["Key"].startswith("team"):
            if self.fails:
                raise ConnectionError(request["Key"])
            self.together.wait(timeout=60)
        self.order.append(request["Key"])
        return super().put_object(**request)


def a_day_of(teams: int) -> list[Rendered]:
    small = [file(b"small", key=f"team{number}") for number in range(teams)]
    return all_rendered([file(bytes(KEPT + 1), key="large"), *small, file(b"!", key="last")])


def test_very_many_small_files_are_put_side_by_side_and_the_last_when_all_are_there() -> None:
    bucket = CrowdedBucket()

    ReportStore(bucket, "reports").write_all(a_day_of(MANY), lambda: None)

    assert MANY % AT_ONCE == 0
    assert sorted(bucket.order[:MANY]) == sorted(f"team{number}" for number in range(MANY))
    assert bucket.order[MANY:] == ["large", "last"]


def test_a_few_files_are_put_one_by_one_in_their_order() -> None:
    bucket = CrowdedBucket(together=threading.Barrier(1))

    ReportStore(bucket, "reports").write_all(a_day_of(2), lambda: None)

    assert bucket.order == ["large", "team0", "team1", "last"]


def test_where_one_of_many_cannot_be_put_the_last_is_not() -> None:
    bucket = CrowdedBucket(fails=True)

    with pytest.raises(ConnectionError, match="team"):
        ReportStore(bucket, "reports").write_all(a_day_of(MANY), lambda: None)

    assert bucket.order == []
