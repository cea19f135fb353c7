"""The sweep: every few minutes, look for streams that nobody has, and bring each to its end.

A job is looked for from when its lease ends until its records are written: an engine that lives
renews it, and a job that waits for a worker has one as long as its message should need. Where more
is asked for than the workers get through, messages need longer: no job is given up then, before its
answer could not be read any more.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Final

from chalicelib import metrics
from chalicelib.aws_json import AwsFault
from chalicelib.streams.job import StreamJob, UnreadableJob
from chalicelib.streams.queue import Queue
from chalicelib.streams.recovery import LivingLease, RecordsNotWritten, Recovery
from chalicelib.streams.table import StreamsTable

TIME_KEPT_MS: Final = 15_000
"""What a sweep leaves of its Lambda's time."""

log = logging.getLogger("tollgate.streams")


class SweepIncomplete(Exception):
    """Something could not be brought to its end; the next sweep tries again."""


@dataclass(slots=True)
class Swept:
    """What a sweep did, in numbers of jobs."""

    resumed: int = 0  # lost by their engines
    sent_again: int = 0  # queued, and their messages must be lost
    waiting: int = 0  # … or are behind others
    not_begun: int = 0  # … and sending them again did not help
    left: int = 0  # that something went wrong with

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


class Sweep:
    def __init__(
        self, table: StreamsTable, queue: Queue, recovery: Recovery, *, stage: str
    ) -> None:
        self._table = table
        self._queue = queue
        self._recovery = recovery
        self._stage = stage

    def run(self, remaining_ms: Callable[[], int]) -> Swept:
        """Look at every job whose lease is over. One job's fault keeps no other waiting.

        Raises SweepIncomplete after all of them, and AwsFault where the table cannot be read: the
        scheduler then sees a failure.
        """
        swept = Swept()
        backlog = cache(self._queue.backlog)
        try:
            for team_id, request_id in self._table.dead():
                if remaining_ms() < TIME_KEPT_MS:
                    swept.left += 1
                    break
                self._look_at(team_id, request_id, swept, backlog)
        finally:
            metrics.emit(
                self._stage,
                StreamsResumed=swept.resumed,
                StreamsSentAgain=swept.sent_again,
                StreamsNotBegun=swept.not_begun,
                StreamsLeft=swept.left,
            )
        if swept.left:
            raise SweepIncomplete(f"{swept.left} streams are left for the next sweep")
        return swept

    def _look_at(
        self, team_id: str, request_id: str, swept: Swept, backlog: Callable[[], int]
    ) -> None:
        try:
            job = self._table.find(team_id, request_id)
            if job and job.step == "queued":
                self._begin_again(job, swept, backlog)
            elif job and job.step != "emitted":
                self._recovery.resume(job)
                swept.resumed += 1
        except LivingLease:
            return  # its engine, or somebody who resumes it, was heard of meanwhile
        except (AwsFault, RecordsNotWritten, UnreadableJob) as fault:
            log.error("stream %s not swept: %s", request_id, fault or type(fault).__name__)
            swept.left += 1

    def _begin_again(self, job: StreamJob, swept: Swept, backlog: Callable[[], int]) -> None:
        """Send a queued job's message once more; then give the job up, unless others wait, too."""
        if job.sends == 1:
            self._queue.send(job.team_id, job.request_id, job.attempt)
            self._table.resent(job)
            swept.sent_again += 1
        elif backlog() and self._table.wait_longer(job):
            swept.waiting += 1
        elif self._recovery.give_up(job):
            swept.not_begun += 1
