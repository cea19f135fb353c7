"""The daily report: a day's records become counts.csv, costs.csv and what is made of them, in S3.

Nothing is written until every query is complete and every byte is rendered, and the manifest is
written last, all of it under a claim that keeps other reports of the day out. Whoever reads a
report trusts a file whose SHA-256 the manifest states: if S3 fails half-way through a repeated
report, the manifest there does not match the newer file, and reporting the day again mends it.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from typing import Any, Final

import boto3
from botocore.config import Config

from chalicelib import metrics
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting import day_files, exception_files, team_files
from chalicelib.reporting.capacity_files import SampledDay, read_samples
from chalicelib.reporting.claims import Busy, Clock, claimed, utc_now
from chalicelib.reporting.cost_text import CostText
from chalicelib.reporting.day_files import FilesOf
from chalicelib.reporting.focus import export as focus
from chalicelib.reporting.insights import IncompleteReport, Insights, NotFinished, Patience
from chalicelib.reporting.kept_counts import Unchanged, unchanged
from chalicelib.reporting.known_day import KnownDay
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.months.adjusting import adjust, last_said
from chalicelib.reporting.months.closed import is_closed
from chalicelib.reporting.notices.after_report import after_report
from chalicelib.reporting.notices.notices import Notices
from chalicelib.reporting.price_override import book_in_force
from chalicelib.reporting.progress import Progress
from chalicelib.reporting.rated import rated
from chalicelib.reporting.reported_day import ReportedDay
from chalicelib.reporting.restating import HeldDay, Outcome
from chalicelib.reporting.store import ReportStore
from chalicelib.reporting.tenant_snapshots import tenants_of
from chalicelib.reporting.tenant_tree import NO_TENANTS, Tenants
from chalicelib.reporting.usage_query import DayCounts, read_day
from chalicelib.settings import SettingError, Settings
from chalicelib.usage_record import rfc3339

# A report's calls change nothing that is billed, so boto3 may repeat them unseen.
_CLIENT = Config(retries={"mode": "standard"})
FILES_OF_RECORDS: Final[tuple[FilesOf, ...]] = (
    day_files.counts,
    day_files.tenants,
    exception_files.files,
)
"""What prices have no part in: re-rating leaves these as they are."""

FILES_OF_PRICES: Final[tuple[FilesOf, ...]] = (
    day_files.costs,
    day_files.price_rows,
    focus.files,
    team_files.files,
    team_files.day,
)
FILES_WITHOUT_THE_LOG: Final[tuple[FilesOf, ...]] = (day_files.tenants, *FILES_OF_PRICES)
"""What can be new of a day of whose records nothing is."""

FILES: Final[tuple[FilesOf, ...]] = FILES_OF_RECORDS + FILES_OF_PRICES
"""All that a day's report is made of but its manifest, which is written last."""


class RecordsGone(IncompleteReport):
    """The log has fewer records of a day than it has been reported by."""


def day_before(event_time: str) -> date:
    """Return the UTC day before a scheduled event's `time`, such as `2026-11-24T02:15:00Z`.

    The event's time, not the clock's: an event that is delivered late or again reports the same
    day. Raises ValueError where it is not a time with its offset.
    """
    at = datetime.fromisoformat(event_time)
    if at.tzinfo is None:
        raise ValueError(f"{event_time!r} has no time zone")
    return at.astimezone(UTC).date() - timedelta(days=1)


def run(
    day: date, settings: Settings, *, remaining_ms: Callable[[], int], reread: bool = True
) -> Outcome:
    """Report a UTC day with clients of our own; `remaining_ms` is the time the Lambda has left.

    Raises what `report` raises, and SettingError where no setting says where the records are.
    """
    dynamodb = boto3.client("dynamodb", settings.region, config=_CLIENT)
    s3 = boto3.client("s3", settings.region, config=_CLIENT)
    notices = Notices.of(settings, ReportStore(s3, settings.reports_bucket))
    return report(
        day,
        logs=boto3.client("logs", settings.region, config=_CLIENT),
        s3=s3,
        settings=settings,
        book=PriceBook.load(),
        now=datetime.now(UTC),
        remaining_ms=remaining_ms,
        reread=reread,
        read_tenants=partial(Tenants.read_all, dynamodb, settings.tenants_table),
        tell=partial(after_report, notices, settings=settings) if notices else None,
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
    reread: bool = True,
    sleep: Callable[[float], None] = time.sleep,
    clock: Clock = utc_now,
    read_tenants: Callable[[], Tenants] = lambda: NO_TENANTS,
    tell: Callable[[ReportedDay, Manifest], None] | None = None,
) -> Outcome:
    """Report a UTC day, once or again: the same records make the same bytes of every file.

    `book` is the list prices, over which the operator's own are laid; `now` is until when records
    are read, and `clock` tells how long the day may be written. A day of a closed month stays as
    it is, and what moved becomes adjustments. Without `reread`, records are only counted where
    they are those of the last report, and its counts are rated anew. What is written is `tell`'s
    to tell people of.
    Raises IncompleteReport where the records cannot be read whole, PriceBookError or SettingError
    where the operator's prices cannot be trusted, botocore's errors where AWS refuses; the
    scheduler then sees a failure, and the metric ReportIncomplete is 1. NotFinished and Busy are
    for the next run to see to: ReportWaiting is 1.
    """
    if not settings.usage_log_groups:
        raise SettingError(
            "USAGE_LOG_GROUPS is not set, nor is USAGE_LOG_GROUP: "
            "the report needs to know where the usage records are"
        )
    told = {"ReportIncomplete": 1}
    try:
        prices = book_in_force(book, s3, settings)
        sampled = read_samples(s3, settings.reports_bucket, day)
        insights = Insights(logs, settings.usage_log_groups, Patience(remaining_ms, sleep))
        store = ReportStore(s3, settings.reports_bucket)
        progress = Progress(store, day)
        same = None
        if not reread:
            same = unchanged(insights, store, day, prices, sampled, now, read_tenants)
        found = same or read_day(insights, day, now, progress)
        with claimed(store, day.isoformat(), clock) as claim:
            said = last_said(store, claim, day)
            if isinstance(found, Unchanged):
                known = found.under(said)
            else:
                tenants = tenants_of(store, day, read_tenants)
                until, closed = progress.end or now, is_closed(store, day)
                known = _known(day, found, prices, sampled, tenants, until, closed)
            outcome = _written(said, known, found)
        progress.forget()
        manifest = outcome.manifest
        told = {
            "ReportIncomplete": 0,
            "Orphaned": manifest.orphaned,
            "Lost": manifest.lost,
            "Unpriced": manifest.unpriced,
        }
    except (NotFinished, Busy):
        told = {"ReportWaiting": 1}
        raise
    finally:
        metrics.emit(settings.stage, **told)
    if tell:
        tell(known.rate(prices), manifest)
    return outcome


def _known(
    day: date,
    counted: DayCounts,
    prices: PriceBook,
    sampled: SampledDay,
    tenants: Tenants,
    read_until: datetime,
    closed: bool,
) -> KnownDay:
    @cache
    def rate(book: PriceBook) -> ReportedDay:
        return rated(
            day,
            counted.lines,
            counted.orphaned,
            book,
            sampled,
            exceptions=counted.exceptions,
            tenants=tenants,
            lost=counted.lost,
            keep=CostText if closed else list,
        )

    def manifest(reported: ReportedDay, hashes: Mapping[str, str]) -> Manifest:
        return Manifest.of(reported, counted, hashes, read_until)

    return KnownDay(day, prices, rate, manifest, read_until, closed)


def _written(said: HeldDay, known: KnownDay, found: DayCounts | Unchanged) -> Outcome:
    """Write the day, unless whoever wrote it last knew more of it.

    Of two reports at once the one that read the records later stays, whichever ends first.
    """
    if said.manifest and said.manifest.reported_at > rfc3339(known.at):
        return Outcome(said.manifest)
    makers = FILES_WITHOUT_THE_LOG
    if isinstance(found, DayCounts):
        _hold_records(said, found)
        makers = FILES
    return adjust(said, known) if known.closed else said.restate(known.remade(makers))


def _hold_records(said: HeldDay, counted: DayCounts) -> None:
    """Raise RecordsGone where records are gone that the day has been reported by."""
    found = sum(line.n_started + line.n_usage + line.n_failed for line in counted.lines)
    before = said.manifest
    if before and found < before.started + before.usage + before.failed:
        raise RecordsGone(
            f"{found} records are left of those by which {said.day} was reported: a log group is "
            "gone, or keeps them no longer; the report stays as it is"
        )
