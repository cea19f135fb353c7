"""The sweep: settle every job that has ended, exactly once, on the day on which it ended.

Each job takes three steps, and a sweep that dies between two of them is resumed by the next:
decide how and when the job ended (a conditional write, so of two sweeps one decides), write its
pair of records (the same `event_id`s however often), close the job.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from chalicelib import metrics
from chalicelib.async_jobs.job import (
    Job,
    Settlement,
    UnreadableJob,
    settlement_call,
    settlement_outcome,
)
from chalicelib.async_jobs.table import JobsTable, KeptJob
from chalicelib.aws_json import AwsFault
from chalicelib.backends.async_invokes import AsyncInvokes, BedrockAway, content
from chalicelib.backends.faults import error_code
from chalicelib.ledger import Ledger
from chalicelib.transport import Reply

STARTS_END: Final = timedelta(minutes=16)
"""An announced job is let alone so long: a Lambda may still be starting it, 15 minutes at most."""

STARTS_SHOW: Final = timedelta(days=1)
"""A job that AWS does not list so long after it was announced was never started."""

CLOCK_SKEW: Final = timedelta(minutes=5)

REPORTED: Final = timedelta(days=1, hours=2, minutes=15)
"""When a day's report is made, from when the day began."""

FORGOTTEN: Final = timedelta(days=1)
"""A job so old that AWS does not know will not become known."""

REPORTS_READ: Final = timedelta(days=390)
"""The report of a day takes in what is written so long after it; the log keeps 400 days."""

TIME_KEPT_MS: Final = 15_000
"""What a sweep leaves of its Lambda's time."""

log = logging.getLogger("tollgate.async_jobs")


class SweepIncomplete(Exception):
    """Something could not be settled; the next sweep tries again."""


@dataclass(slots=True)
class Swept:
    """What a sweep did, in numbers of jobs."""

    settled: int = 0  # ended, and their records are written
    running: int = 0
    found: int = 0  # that were announced, and whose ARN AWS told
    never_started: int = 0
    left: int = 0  # that something went wrong with
    late_days: set[str] = field(default_factory=set)  # of settlements after the day's report

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "late_days": sorted(self.late_days)}


class Sweep:
    def __init__(
        self,
        jobs: JobsTable,
        invokes: AsyncInvokes,
        ledger: Ledger,
        *,
        stage: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._jobs = jobs
        self._invokes = invokes
        self._ledger = ledger
        self._stage = stage
        self._now = now

    def run(self, remaining_ms: Callable[[], int]) -> Swept:
        """Look for announced jobs, then settle those that have ended.

        One job's fault does not keep the others waiting. Raises SweepIncomplete after all of
        them, and AwsFault where the table cannot be read: the scheduler then sees a failure.
        """
        swept = Swept()
        try:
            self._find_announced(swept)
            for team_id, arn in self._jobs.unsettled():
                if remaining_ms() < TIME_KEPT_MS:
                    swept.left += 1
                else:
                    self._settle_one(team_id, arn, swept)
        finally:
            metrics.emit(
                self._stage,
                JobsSettled=swept.settled,
                JobsRunning=swept.running,
                JobsLeft=swept.left,
            )
        if swept.left:
            raise SweepIncomplete(f"{swept.left} jobs are left for the next sweep")
        return swept

    def _find_announced(self, swept: Swept) -> None:
        """Find by its token every job whose start was announced, and nothing more is known of."""
        from botocore.exceptions import BotoCoreError, ClientError  # seldom: not in a cold start

        before = self._now() - STARTS_END
        stale = []
        for job in self._jobs.announced():
            if isinstance(job, UnreadableJob):
                log.error("announced job not read: %s", job)
                swept.left += 1
            elif job.started_at < before:
                stale.append(job)
        if not stale:
            return
        since = min(job.started_at for job in stale) - CLOCK_SKEW
        try:
            arns = self._invokes.by_token(since)
        except (BotoCoreError, ClientError) as error:
            log.error("jobs not listed: %s", type(error).__name__)
            swept.left += len(stale)
            return
        for job in stale:
            self._find_one(job, arns.get(job.token), swept)

    def _find_one(self, job: Job, arn: str | None, swept: Swept) -> None:
        try:
            if arn:
                self._jobs.begin(job, arn)
                swept.found += 1
            elif job.started_at < self._now() - STARTS_SHOW:
                self._jobs.forget(job)
                swept.never_started += 1
        except (AwsFault, UnreadableJob) as fault:
            log.error("announced job not written down: %s: %s", job.start.call_id, fault)
            swept.left += 1

    def _settle_one(self, team_id: str, arn: str, swept: Swept) -> None:
        try:
            kept = self._jobs.find(team_id, arn)
            if kept is None:
                raise SweepIncomplete("the table has no such job")
            settlement = self._decided(kept)
            if settlement is None:
                swept.running += 1
                return
            self._record(kept.job, settlement)
            swept.settled += 1
            if self._now() >= _midnight(settlement.day) + REPORTED:
                log.warning("a job was settled late: report %s again", settlement.day)
                swept.late_days.add(settlement.day)
        except (AwsFault, BedrockAway, SweepIncomplete, UnreadableJob) as fault:
            log.error("job not settled: %s: %s", arn, fault or type(fault).__name__)
            swept.left += 1

    def _decided(self, kept: KeptJob) -> Settlement | None:
        """Return how a job ended; None while it runs, or while another sweep settles it."""
        if kept.settlement:
            return kept.settlement
        settlement = self._settlement(kept.job, self._invokes.get(kept.job.arn))
        if settlement is None or not self._jobs.settle(kept.job, settlement):
            return None
        return settlement

    def _settlement(self, job: Job, reply: Reply) -> Settlement | None:
        """Read GetAsyncInvoke's answer. Raises SweepIncomplete for one that says nothing."""
        if reply.status == 200:
            return self._ended(content(reply))
        if unknown_to_aws(reply) and job.started_at < self._now() - FORGOTTEN:
            log.error("AWS no longer knows a job, nor can its cost be known: %s", job.arn)
            return Settlement(self._now().date().isoformat(), "Unknown")
        raise SweepIncomplete(error_code(reply))

    def _ended(self, told: Mapping[str, Any]) -> Settlement | None:
        if told.get("status") not in ("Completed", "Failed"):
            return None
        # Its message may quote the prompt.
        answer = json.dumps({name: told[name] for name in told if name != "failureMessage"})
        return Settlement(self._billed_on(told.get("endTime")), told["status"], answer)

    def _billed_on(self, end_time: object) -> str:
        """Return the UTC day of an end time; today, where that day's report reads no more."""
        today = self._now().date().isoformat()
        try:
            day = datetime.fromisoformat(str(end_time)).astimezone(UTC).date().isoformat()
        except ValueError:
            return today
        still_read = self._now() < _midnight(day) + REPORTS_READ - CLOCK_SKEW
        return day if day < today and still_read else today

    def _record(self, job: Job, settlement: Settlement) -> None:
        call, outcome = settlement_call(job, settlement), settlement_outcome(job, settlement)
        if outcome.kind == "usage" and outcome.usage_source == "none":
            log.error("usage not known: %s, call %s", job.due.problem or "job", call.call_id)
            metrics.emit(self._stage, UsageNotKnown=1)
        if not self._ledger.settled(call, outcome):
            raise SweepIncomplete("its records were not written")
        self._jobs.close(job, self._now())


def unknown_to_aws(reply: Reply) -> bool:
    """Say whether GetAsyncInvoke's answer is that there is no such job."""
    return error_code(reply) in ("ValidationException", "ResourceNotFoundException")


def _midnight(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)
