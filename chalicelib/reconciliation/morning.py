"""The morning's reconciliation: every day and month that is due, and what it says to whom."""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, partial
from typing import Any

from chalicelib import metrics
from chalicelib.reconciliation import days, months
from chalicelib.reconciliation.keeping import mark_told
from chalicelib.reconciliation.statement import Statement
from chalicelib.reconciliation.telling import notice
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.notices.after_report import tell, tell_left
from chalicelib.reporting.notices.notices import Cause, Notices
from chalicelib.reporting.store import ReportStore
from chalicelib.settings import Settings

Client = Callable[[str], Any]
"""Makes the boto3 client of a service, or gives the one that there is."""


log = logging.getLogger("tollgate.reconciliation")


class MorningFailed(RuntimeError):
    """Days or months could not be reconciled; the others were. The next run tries again."""


@dataclass(frozen=True, slots=True)
class _Due:
    name: str  # a date or a month
    first: date  # the day under which people are told of it
    cause: Cause
    reconcile: Callable[[], Statement]


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

        As a metric it says how many numbers differ. What one day or month raises stops no other:
        raises MorningFailed at the end.
        """
        made: dict[str, Statement] = {}
        failed: dict[str, str] = {}
        notices = Notices.of(self.settings, self._store())
        for each in self._due(_day_of(event_time)):
            try:
                made[each.name] = each.reconcile()
                self._tell(notices, each, made[each.name])
            except Exception as error:
                log.exception("%s was not reconciled", each.name)
                failed[each.name] = str(error)
        tell_left(notices, self.settings)
        self._count(made.values())
        if failed:
            raise MorningFailed("; ".join(f"{name}: {why}" for name, why in failed.items()))
        return list(made.values())

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

    def _due(self, today: date) -> list[_Due]:
        store = self._store()
        return [
            *(
                _Due(f"{day}", day, "reconciliation", partial(self.day, day))
                for day in days.in_turn(days.due(store, today))
            ),
            *(
                _Due(f"{month}", month.first, "month_reconciliation", partial(self.month, month))
                for month in months.due(store, today)
            ),
        ]

    def _tell(self, notices: Notices, each: _Due, statement: Statement) -> None:
        found = notice(statement, each.cause, self.settings.reports_bucket)
        tell(notices, self.settings, each.first, [found])

    def _count(self, made: Collection[Statement]) -> None:
        """Ring for what differs; then it counts as told."""
        differing = sum(len(each.differences) for each in made)
        metrics.emit(self.settings.stage, ReconciliationDifference=differing)
        for each in made:
            mark_told(self._store(), each)

    def _store(self) -> ReportStore:
        return ReportStore(self.client("s3"), self.settings.reports_bucket)


def _day_of(event_time: str) -> date:
    at = datetime.fromisoformat(event_time)
    if at.tzinfo is None:
        raise ValueError(f"{event_time!r} has no time zone")
    return at.astimezone(UTC).date()
