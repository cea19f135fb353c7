"""The morning's reconciliation: every day and month that is due, and what it says to whom."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from chalicelib import metrics
from chalicelib.reconciliation import days, months
from chalicelib.reconciliation.statement import Statement
from chalicelib.reconciliation.telling import notice
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.notices.after_report import tell
from chalicelib.reporting.notices.notices import Notices
from chalicelib.reporting.store import ReportStore
from chalicelib.settings import Settings

Client = Callable[[str], Any]
"""Makes the boto3 client of a service, or gives the one that there is."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    settings: Settings
    client: Client

    @classmethod
    def of(cls, settings: Settings) -> "Reconciler":
        """Reconcile with clients of our own, made when they are first needed."""
        import boto3
        from botocore.config import Config

        # Nothing that is asked here changes what is billed, so boto3 may repeat it unseen.
        config = Config(retries={"mode": "standard"})
        return cls(settings, cache(lambda name: boto3.client(name, settings.region, config=config)))

    def due(self, event_time: str) -> list[Statement]:
        """Reconcile what is due at a scheduled event's `time`, whenever that is delivered.

        As a metric it says how many numbers differ; of the days before one that fails, too.
        """
        made: list[Statement] = []
        try:
            made.extend(self._due(_day_of(event_time)))
        finally:
            differing = sum(len(each.differences) for each in made)
            metrics.emit(self.settings.stage, ReconciliationDifference=differing)
        return made

    def day(self, day: date) -> Statement:
        """Reconcile a day. Raises what `days.reconcile` raises."""
        return days.reconcile(
            day,
            cloudwatch=self.client("cloudwatch"),
            store=self._store(),
            settings=self.settings,
            now=datetime.now(UTC),
        )

    def month(self, month: Month) -> Statement:
        """Reconcile a month. Raises what `months.reconcile` raises."""
        return months.reconcile(
            month,
            cost_explorer=self.client("ce"),
            s3=self.client("s3"),
            store=self._store(),
            settings=self.settings,
        )

    def _due(self, today: date) -> Iterator[Statement]:
        store = self._store()
        notices = Notices.of(self.settings, store)
        bucket = self.settings.reports_bucket
        for day in days.due(store, today):
            statement = self.day(day)
            yield statement
            tell(notices, self.settings, day, [notice(statement, "reconciliation", bucket)])
        for month in months.due(store, today):
            statement = self.month(month)
            yield statement
            told = notice(statement, "month_reconciliation", bucket)
            tell(notices, self.settings, month.first, [told])

    def _store(self) -> ReportStore:
        return ReportStore(self.client("s3"), self.settings.reports_bucket)


def _day_of(event_time: str) -> date:
    at = datetime.fromisoformat(event_time)
    if at.tzinfo is None:
        raise ValueError(f"{event_time!r} has no time zone")
    return at.astimezone(UTC).date()
