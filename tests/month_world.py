"""A gateway's month in the small: its records, its nights, and the bucket that its books are in."""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from builders import price_book, provider_call
from kept_files import Bucket

from chalicelib.metering.usage import Usage
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting import daily, late_question, nightly, rerating
from chalicelib.reporting.insights import Insights, Patience
from chalicelib.reporting.late_question import Held
from chalicelib.reporting.months import closing
from chalicelib.reporting.months.balance import Balance, balance
from chalicelib.reporting.months.closed import Closed
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.nightly import NOTHING_YET, Night
from chalicelib.reporting.restating import Outcome
from chalicelib.reporting.store import ReportStore
from chalicelib.reporting.tenant_tree import NO_TENANTS, Tenants
from chalicelib.settings import Settings
from chalicelib.usage_record import Outcome as Ended
from chalicelib.usage_record import record_line
from local.insights.client import LogsClient
from local.insights.table import Event

SETTINGS = Settings(
    region="us-east-1",
    tenants_table="tenants",
    reports_bucket="reports",
    payloads_bucket="payloads",
    stage="test",
    usage_log_groups=("usage",),
)
MODEL = "acme.writer-v1:0"


def prices(input_usd: str) -> PriceBook:
    """So many dollars a million input tokens, and 15 a million output tokens."""
    key = f"{MODEL},us-east-1,none,on_demand,default,none"
    return price_book(
        f"{key},input_tokens,{input_usd}E-6,2026-01-01,,contract,2026-10-01",
        f"{key},output_tokens,15E-6,2026-01-01,,contract,2026-10-01",
    )


@dataclass
class World:
    """Time stands still but for what moves `now`. `bucket` is a client for S3, or plays one."""

    now: datetime = datetime(2026, 10, 30, tzinfo=UTC)
    book: PriceBook = field(default_factory=lambda: prices("3"))
    bucket: Any = field(default_factory=Bucket)
    events: list[Event] = field(default_factory=list)
    numbers: Counter[str] = field(default_factory=Counter)
    tenants: Tenants = NO_TENANTS
    told: list[Mapping[str, int]] = field(default_factory=list)  # records that no report can have

    @property
    def store(self) -> ReportStore:
        return ReportStore(self.bucket, "reports")

    def records(
        self,
        day: date,
        team: str,
        tokens: tuple[int, int],
        *,
        call: str,
        instance: str = "i1",
        written: datetime | None = None,
    ) -> tuple[Event, Event]:
        """Number a call's two records, and return them: it depends on the world who sees them.

        They are written at noon of their day, or when somebody says.
        """
        at = written or datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        made = provider_call(
            call_id=call,
            request_id=f"request-{call}",
            day=day.isoformat(),
            team_id=team,
            model_id=MODEL,
            base_model=MODEL,
            family="other",
            geo="none",
        )
        usage = Usage(input_tokens=tokens[0], output_tokens=tokens[1])
        began = self._event(at, instance, record=(made, None))
        return began, self._event(at, instance, record=(made, Ended("usage", usage, "header")))

    def write(self, *events: Event) -> None:
        self.events.extend(events)

    def report(self, day: date, *, reread: bool = True) -> Outcome:
        return daily.report(
            day,
            logs=LogsClient.over(self.events),
            s3=self.bucket,
            settings=SETTINGS,
            book=self.book,
            now=self.now,
            remaining_ms=lambda: 900_000,
            reread=reread,
            sleep=lambda seconds: None,
            clock=lambda: self.now,
            read_tenants=lambda: self.tenants,
        )

    def night_report(self, day: date) -> Outcome:
        """Report a day as the nightly run does."""
        return self.report(day, reread=False)

    def night(self, day: date) -> Night:
        """Let the night before a day's morning come, and report what is due."""
        self.now = datetime(day.year, day.month, day.day, 2, 15, tzinfo=UTC)
        due = nightly.report_due(self.now, self.store, self.night_report)
        return due.then(self.late(due).night)

    def late(self, before: Night = NOTHING_YET) -> nightly.Late:
        """Report the days of late records, after what the run did before."""
        return nightly.report_late(
            self.now,
            self.store,
            self.night_report,
            ask=self.ask,
            tell=self.tell,
            before=before,
            now=self.now,
        )

    def tell(self, unreported: Mapping[str, int]) -> None:
        self.told.append(unreported)

    def ask(self, start: datetime, end: datetime) -> Held:
        """Count what the log holds, by day."""
        patience = Patience(lambda: 900_000, lambda seconds: None)
        insights = Insights(LogsClient.over(self.events), SETTINGS.usage_log_groups, patience)
        return late_question.ask(insights, start, end)

    def rerate(self, day: date) -> rerating.Restatement:
        return rerating.rerate(
            day, s3=self.bucket, settings=SETTINGS, book=self.book, clock=lambda: self.now
        )

    def close(self, month: Month, *, with_gaps: bool = False) -> Closed:
        return closing.close(
            month,
            store=self.store,
            report=self.report,
            with_gaps=with_gaps,
            clock=lambda: self.now,
        )

    def balance(self, month: Month) -> Balance:
        return balance(self.store, month)

    def rows(self, key: str, *columns: str) -> list[tuple[str, ...]]:
        """Return these columns of a file's rows."""
        rows = csv.DictReader(io.StringIO(self.bucket.files[key].decode()))
        return [tuple(row[name] for name in columns) for row in rows]

    def _event(self, at: datetime, instance: str, record: tuple[Any, Any]) -> Event:
        call, ended = record
        self.numbers[instance] += 1
        seq = self.numbers[instance]
        at += timedelta(seconds=seq)
        line = record_line(call, ended, at=at, instance=instance, seq=seq)
        return int(at.timestamp() * 1000), line, instance
