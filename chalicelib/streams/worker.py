"""The worker: what one message of the queue comes to.

Once `handle` returns, SQS forgets the message. Whatever it raises, SQS delivers the message again
when its visibility ends, and puts it with the dead letters after five deliveries.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from chalicelib.errors import TollgateError
from chalicelib.streams.job import StreamJob
from chalicelib.streams.queue import Message, Queue
from chalicelib.streams.recovery import LivingLease, Recovery
from chalicelib.streams.table import StreamsTable
from chalicelib.usage_record import ProviderCall

PAUSES_SECONDS: Final = (15, 60, 240)
"""How long a message waits that came to nothing, by its delivery; later ones as the last.

Else it would wait for the rest of the queue's visibility, which is as long as a stream may run.
"""


class Runner(Protocol):
    def refusal(self, job: StreamJob) -> TollgateError | None:
        """Say why a job that has waited must not be begun any more, if so."""

    def new_call(self, job: StreamJob) -> ProviderCall:
        """Name the call that a job's attempt is about to make."""

    def run_to_end(self, job: StreamJob, seconds_left: float) -> None:
        """Run an opened job. Raises where its call could not be made: it is queued again then."""


class Worker:
    def __init__(
        self,
        table: StreamsTable,
        queue: Queue,
        runner: Runner,
        recovery: Recovery,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._table = table
        self._queue = queue
        self._runner = runner
        self._recovery = recovery
        self._now = now

    def handle(self, record: Mapping[str, Any], seconds_left: float) -> None:
        """Run the job of an SQS record, or resume it. Raises whatever keeps it from its end."""
        message = Message.of(record)
        try:
            self._run(message, seconds_left)
        except LivingLease as lease:
            self._queue.postpone(message.receipt_handle, lease.until)
            raise
        except Exception:
            pause = PAUSES_SECONDS[min(message.deliveries, len(PAUSES_SECONDS)) - 1]
            until = self._now().timestamp() + pause
            self._queue.postpone(message.receipt_handle, int(until * 1000))
            raise

    def _run(self, message: Message, seconds_left: float) -> None:
        job = self._table.find_whole(message.team_id, message.request_id)
        if job is None or message.attempt < job.attempt:
            return  # it was taken back; or a later attempt has a message of its own
        if job.step == "queued":
            self._begin(job, seconds_left)
        elif job.step != "emitted":
            self._recovery.resume(job)

    def _begin(self, job: StreamJob, seconds_left: float) -> None:
        if job.deleted:
            self._table.fail(job, "deleted", "The answer was deleted before it was begun.")
            return
        if refused := self._runner.refusal(job):
            self._table.fail(job, refused.code, refused.message)
            return
        lease_until = self._table.lease_end()
        opened = self._table.open(job, self._runner.new_call(job), lease_until)
        if opened is None:  # by another delivery of the same message
            raise LivingLease(lease_until)
        self._runner.run_to_end(opened, seconds_left)
