"""The daily report: a day's records become counts.csv, costs.csv, its prices and a manifest in S3.

Nothing is written until every query is complete and every byte is rendered, and the manifest is
written last. Whoever reads a report trusts a file whose SHA-256 the manifest states: if S3 fails
half-way through a repeated report, the manifest there does not match the newer file, and reporting
the day again mends it.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import boto3
from botocore.config import Config

from chalicelib import metrics
from chalicelib.pricing import price_file
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.capacity_files import read_samples
from chalicelib.reporting.csv_writer import cost_chunks, count_chunks
from chalicelib.reporting.insights import Insights, Patience
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.price_override import book_in_force
from chalicelib.reporting.rated import rated
from chalicelib.reporting.reported_day import (
    CSV,
    JSON,
    File,
    ReportedDay,
    costs_key,
    counts_key,
    manifest_key,
    price_rows_key,
)
from chalicelib.reporting.store import Rendered, ReportStore, hashes, rendered
from chalicelib.reporting.usage_query import read_day
from chalicelib.settings import SettingError, Settings

# A report's calls change nothing that is billed, so boto3 may repeat them unseen.
_CLIENT = Config(retries={"mode": "standard"})
FilesOf = Callable[[ReportedDay], Iterable[File]]


def _counts(reported: ReportedDay) -> Iterator[File]:
    yield File(counts_key(reported.day), CSV, lambda: count_chunks(reported.lines))


def _costs(reported: ReportedDay) -> Iterator[File]:
    yield File(costs_key(reported.day), CSV, lambda: cost_chunks(reported.costs))


def _price_rows(reported: ReportedDay) -> Iterator[File]:
    yield File(
        price_rows_key(reported.day), CSV, lambda: iter((price_file.write(reported.prices),))
    )


FILES_OF_RECORDS: Final[tuple[FilesOf, ...]] = (_counts,)
"""What a day's records alone decide: re-rating leaves these as they are."""

FILES_OF_PRICES: Final[tuple[FilesOf, ...]] = (_costs, _price_rows)
FILES: Final[tuple[FilesOf, ...]] = FILES_OF_RECORDS + FILES_OF_PRICES
"""All that a day's report is made of but its manifest, which is written last."""


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
        counted = read_day(insights, day, now)
        reported = rated(day, counted.lines, counted.orphaned, prices, sampled)
        made = list(files(reported))
        manifest = Manifest.of(reported, counted, hashes(made))
        write(ReportStore(s3, settings.reports_bucket), made, manifest)
        outcome = {
            "ReportIncomplete": 0,
            "Orphaned": manifest.orphaned,
            "Lost": manifest.lost,
            "Unpriced": manifest.unpriced,
        }
    finally:
        metrics.emit(settings.stage, **outcome)
    return manifest


def files(reported: ReportedDay, makers: Iterable[FilesOf] = FILES) -> Iterator[Rendered]:
    """Render a day's files, each to its end."""
    return (rendered(file) for make in makers for file in make(reported))


def write(store: ReportStore, made: Iterable[Rendered], manifest: Manifest) -> None:
    """Write files that are rendered already, and last the manifest that speaks of them."""
    for each in made:
        store.write(each)
    key = manifest_key(date.fromisoformat(manifest.date))
    store.write(File(key, JSON, lambda: iter((manifest.to_json(),))))
