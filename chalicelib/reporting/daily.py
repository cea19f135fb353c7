"""The daily report: a day's records become counts.csv, costs.csv, its prices and a manifest in S3.

Nothing is written until every query is complete and every byte is rendered, and the manifest is
written last. Whoever reads a report trusts a file whose SHA-256 the manifest states: if S3 fails
half-way through a repeated report, the manifest there does not match the newer file, and reporting
the day again mends it.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import boto3
from botocore.config import Config

from chalicelib import metrics
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.capacity_files import SampledDay, read_samples
from chalicelib.reporting.csv_writer import write_counts
from chalicelib.reporting.insights import Insights, Patience
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.price_override import book_in_force
from chalicelib.reporting.rated import Rated, rated
from chalicelib.reporting.usage_query import DayCounts, read_day
from chalicelib.settings import SettingError, Settings

# A report's calls change nothing that is billed, so boto3 may repeat them unseen.
_CLIENT = Config(retries={"mode": "standard"})
CSV: Final = "text/csv; charset=utf-8"


def counts_key(day: date) -> str:
    return f"counts/date={day}/counts.csv"


def costs_key(day: date) -> str:
    return f"costs/date={day}/costs.csv"


def price_rows_key(day: date) -> str:
    return f"prices/date={day}/prices.csv"


def manifest_key(day: date) -> str:
    return f"manifests/date={day}/manifest.json"


def day_before(event_time: str) -> date:
    """Return the UTC day before a scheduled event's `time`, such as `2026-11-24T02:15:00Z`.

    The event's time, not the clock's: an event that is delivered late or again reports the same
    day. Raises ValueError where it is not a time with its offset.
    """
    at = datetime.fromisoformat(event_time)
    if at.tzinfo is None:
        raise ValueError(f"{event_time!r} has no time zone")
    return at.astimezone(UTC).date() - timedelta(days=1)


def run(day: date, settings: Settings, *, remaining_ms: Callable[[], int]) -> Manifest:
    """Report a UTC day with clients of our own; `remaining_ms` is the time the Lambda has left.

    Raises what `report` raises, and SettingError where no setting says where the records are.
    """
    return report(
        day,
        logs=boto3.client("logs", settings.region, config=_CLIENT),
        s3=boto3.client("s3", settings.region, config=_CLIENT),
        settings=settings,
        book=PriceBook.load(),
        now=datetime.now(UTC),
        remaining_ms=remaining_ms,
    )


def report(
    day: date,
    *,
    logs: Any,
    s3: Any,
    settings: Settings,
    book: PriceBook,
    now: datetime,
    remaining_ms: Callable[[], int],
    sleep: Callable[[float], None] = time.sleep,
) -> Manifest:
    """Report a UTC day, once or again: the same records make the same bytes of both CSV files.

    `book` is the list prices, over which the operator's own are laid. Raises IncompleteReport
    where the records cannot be read whole, PriceBookError or SettingError where the operator's
    prices cannot be trusted, botocore's errors where AWS refuses; the scheduler then sees a
    failure, and the metric ReportIncomplete is 1.
    """
    if not settings.usage_log_groups:
        raise SettingError(
            "USAGE_LOG_GROUPS is not set, nor is USAGE_LOG_GROUP: "
            "the report needs to know where the usage records are"
        )
    outcome = {"ReportIncomplete": 1}
    try:
        prices = book_in_force(book, s3, settings)
        insights = Insights(logs, settings.usage_log_groups, Patience(remaining_ms, sleep))
        sampled = read_samples(s3, settings.reports_bucket, day)
        files = _render(day, read_day(insights, day, now), prices, sampled)
        _write(s3, settings.reports_bucket, day, files)
        outcome = {
            "ReportIncomplete": 0,
            "Orphaned": files.manifest.orphaned,
            "Lost": files.manifest.lost,
            "Unpriced": files.manifest.unpriced,
        }
    finally:
        metrics.emit(settings.stage, **outcome)
    return files.manifest


@dataclass(frozen=True, slots=True)
class _Files:
    counts: bytes
    rated: Rated
    manifest: Manifest


def _render(day: date, counted: DayCounts, book: PriceBook, sampled: SampledDay) -> _Files:
    counts = write_counts(counted.lines)
    made = rated(day, counted.lines, counted.orphaned, book, sampled)
    counts_sha256 = hashlib.sha256(counts).hexdigest()
    manifest = Manifest.of(day.isoformat(), counted, counts_sha256, made)
    return _Files(counts, made, manifest)


def _write(s3: Any, bucket: str, day: date, files: _Files) -> None:
    s3.put_object(Bucket=bucket, Key=counts_key(day), Body=files.counts, ContentType=CSV)
    write_rated(s3, bucket, day, files.rated, files.manifest)


def write_rated(s3: Any, bucket: str, day: date, made: Rated, manifest: Manifest) -> None:
    """Write what a rating made of a day's counts, and last the manifest that says so."""
    for key, body, kind in (
        (costs_key(day), made.costs, CSV),
        (price_rows_key(day), made.price_rows, CSV),
        (manifest_key(day), manifest.to_json(), "application/json"),
    ):
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind)
