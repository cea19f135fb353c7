"""Recovery: what becomes of a job that nobody has, wherever in the order of its steps it is.

| step    | what may have happened           | what is done                                      |
|---------|----------------------------------|---------------------------------------------------|
| queued  | nothing                          | given up: failed, without records                 |
| opened  | announced; called; read, in part | settled `partial` with what the provider reported |
| settled | its records may be written       | both records again, under the same ids            |
| emitted | all is done                      | nothing                                           |

A call that was opened is never opened again: it may be paid for. Where the tenant asked for it, a
lost call is followed by another, which is a call of its own, with records of its own.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from chalicelib import metrics
from chalicelib.ledger import Ledger
from chalicelib.streams.job import Settlement, StreamJob
from chalicelib.streams.queue import Queue
from chalicelib.streams.table import JobGone, StreamsTable
from chalicelib.usage_record import Outcome

LOST: Final = "interrupted"
"""The `error_code` of a call whose engine was lost, in its record and to its tenant."""

LOST_MESSAGE: Final = (
    "The gateway lost this answer while it was being written. What the model had reported by then "
    "is billed to your team."
)
NOT_BEGUN: Final = "not_begun"
NOT_BEGUN_MESSAGE: Final = (
    "The gateway could not begin this request. Nothing was called, and nothing is billed: send it "
    "again."
)
MAX_ATTEMPTS: Final = 3
"""Calls that are made for one request, where its tenant wants lost ones made again."""

log = logging.getLogger("tollgate.streams")


class LivingLease(Exception):
    """Somebody else has the job, and is not to be disturbed before `until` (epoch ms)."""

    def __init__(self, until: int) -> None:
        self.until = until
        super().__init__(f"somebody has the job until {until}")


class RecordsNotWritten(Exception):
    """The ledger is away: the job stays settled, and is to be resumed."""


class Recovery:
    def __init__(
        self,
        table: StreamsTable,
        queue: Queue,
        ledger: Ledger,
        *,
        stage: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._table = table
        self._queue = queue
        self._ledger = ledger
        self._stage = stage
        self._now = now

    def resume(self, job: StreamJob) -> None:
        """Bring an opened or settled job to its end, or to its next attempt.

        Raises LivingLease, RecordsNotWritten, and AwsFault: it is to be called again then.
        """
        if job.lease_until > self._now().timestamp() * 1000:
            raise LivingLease(job.lease_until)
        try:
            settled = self._lost(job) if job.step == "opened" else job
            if settled.step == "settled":
                self._record(settled)
                self._close(settled)
        except JobGone:
            log.info("a job went on without its recovery")

    def give_up(self, job: StreamJob) -> bool:
        """End a queued job that no worker could begin; False where one has. Raises AwsFault."""
        failed = self._table.fail(job, NOT_BEGUN, NOT_BEGUN_MESSAGE)
        if failed:
            self._tell_of_a_loss("stream not begun: request %s", job.request_id)
        return failed

    def _lost(self, job: StreamJob) -> StreamJob:
        """Settle a call that nobody reads any more; another's settlement stands, if it was first.

        How far its answer is kept nobody counts here: whoever reads it comes to its end.
        """
        outcome = Outcome("usage", job.progress, "partial", error_code=LOST)
        lost = Settlement(
            outcome,
            "interrupted",
            last_event=job.first_event - 1,
            whole=False,
            error_code=LOST,
            error_message=LOST_MESSAGE,
        )
        settled = self._table.settle(job, lost, lease_until=job.lease_until)
        if settled.step == "opened":  # its engine was heard of since the job was read
            raise LivingLease(settled.lease_until)
        if settled.outcome == outcome:
            self._tell_of_a_loss("stream lost: request %s", job.request_id)
        return settled

    def _tell_of_a_loss(self, words: str, request_id: str) -> None:
        log.error(words, request_id)
        metrics.emit(self._stage, StreamInterrupted=1)

    def _record(self, job: StreamJob) -> None:
        if job.call is None or job.outcome is None:
            raise ValueError("a settled job has a call and its outcome")
        if not self._ledger.settled(job.call, job.outcome):
            raise RecordsNotWritten

    def _close(self, job: StreamJob) -> None:
        if not is_due_again(job):
            self._table.emitted(job)
            return
        queued = self._table.requeue(job)
        self._queue.send(queued.team_id, queued.request_id, queued.attempt)


def is_due_again(job: StreamJob) -> bool:
    """Say whether a settled job is to be followed by another attempt."""
    lost = job.outcome is not None and job.outcome.error_code == LOST
    return lost and job.retry and not job.deleted and job.attempt < MAX_ATTEMPTS
