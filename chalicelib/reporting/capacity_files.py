"""Samples of capacity in S3: one small CSV file an hour, from which a day can be rated again.

`capacity/date=D/hour=HH.csv`, in UTC. An hour whose file holds no rows is an hour in which nothing
ran; an hour without a file is not known.
"""

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from chalicelib.pricing.capacity import HOURS_OF_A_DAY, Capacity, Resource, Sample
from chalicelib.reporting.csv_writer import render
from chalicelib.usage_record import rfc3339

COLUMNS: Final = (
    *("sampled_at", "service", "region", "model_id", "sku", "variant", "count", "concurrency"),
)


@dataclass(frozen=True, slots=True)
class SampledDay:
    """A day's samples, and what tells them from others."""

    capacity: Capacity
    sha256: str  # of what `sha256sum hour=*.csv` prints in the day's folder


NOT_SAMPLED: Final = SampledDay(Capacity(), hashlib.sha256().hexdigest())


def hour_key(day: date, hour: int) -> str:
    return f"{_folder(day)}hour={hour:02}.csv"


def write_hour(samples: Iterable[Sample], sampled_at: datetime) -> bytes:
    """Render an hour's file; `sampled_at` is when AWS was asked, in UTC."""
    rows = (
        (*sample.resource, sample.sku, sample.variant, str(sample.count), str(sample.concurrency))
        for sample in samples
    )
    at = rfc3339(sampled_at.astimezone(UTC))
    return render(COLUMNS, sorted((at, *row) for row in rows))


def read_hour(content: bytes) -> list[Sample]:
    """Read an hour's file. Raises ValueError where it is not one: a guess would be a wrong bill."""
    header, *rows = csv.reader(content.decode("utf-8").splitlines(), strict=True)
    if tuple(header) != COLUMNS:
        raise ValueError(f"the header of an hour's samples is {','.join(header)}")
    return [_sample(row) for row in rows]


def read_samples(s3: Any, bucket: str, day: date) -> SampledDay:
    """Read what was sampled in a UTC day's hours; files of no hour are left alone.

    Raises ValueError, with the file's key, where one cannot be read, and botocore's errors.
    """
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=_folder(day)).get("Contents", [])
    there = {entry["Key"] for entry in listed}
    keys = [key for hour in range(HOURS_OF_A_DAY) if (key := hour_key(day, hour)) in there]
    files = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
    samples = tuple(sample for key in keys for sample in _samples(key, files[key]))
    return SampledDay(Capacity(samples, HOURS_OF_A_DAY - len(keys)), _sha256(files))


def _folder(day: date) -> str:
    return f"capacity/date={day}/"


def _samples(key: str, content: bytes) -> list[Sample]:
    try:
        return read_hour(content)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


def _sample(row: list[str]) -> Sample:
    _at, service, region, model_id, sku, variant, count, concurrency = row
    return Sample(
        Resource(service, region, model_id), sku, variant, _whole(count), _whole(concurrency)
    )


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def _sha256(files: dict[str, bytes]) -> str:
    lines = (
        f"{hashlib.sha256(content).hexdigest()}  {key.rpartition('/')[2]}\n"
        for key, content in files.items()
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()
