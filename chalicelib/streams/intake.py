"""A streamed request becomes a job: queued for a worker, or opened at once for a live reader."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from chalicelib.admission import Plan
from chalicelib.aws_json import AwsFault
from chalicelib.backends.operation import Payload
from chalicelib.errors import Conflict, IntakeUnknown, StreamsUnavailable
from chalicelib.streams.job import LEASE_SECONDS, MAX_INLINE_BODY, StreamJob, UnreadableJob
from chalicelib.streams.payloads import Payloads
from chalicelib.streams.queue import Queue
from chalicelib.streams.table import AlreadyThere, StreamsTable

HOUR_SECONDS: Final = 3600
MAY_BE_WRITTEN: Final = frozenset({"NoAnswer", "AnswerCut", "InternalServerError"})
"""Faults after which DynamoDB may have made the write all the same."""

log = logging.getLogger("tollgate.streams")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a tenant wants of a stream besides its answer."""

    retry: bool = False  # a lost call is made again, and billed again
    store: bool = True  # False: the answer is forgotten when it has ended


class Intake:
    """Takes jobs in. Its methods raise StreamsUnavailable where none was."""

    def __init__(
        self,
        table: StreamsTable,
        queue: Queue,
        payloads: Payloads,
        *,
        ttl_hours: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._table = table
        self._queue = queue
        self._payloads = payloads
        self._ttl_seconds = ttl_hours * HOUR_SECONDS
        self._now = now

    def queued(self, plan: Plan, payload: Payload, wishes: Wishes) -> StreamJob:
        """Write the job, then send it to a worker; one that cannot be sent is taken back.

        Unless it runs already: SQS may have the message whose acknowledgement was lost.
        """
        passed_on = plan.operation.passed_on
        headers = {n: value for n, value in payload.headers.items() if n in passed_on}
        job = replace(self._job(plan, wishes), headers=headers)
        if len(payload.body) > MAX_INLINE_BODY:
            job = replace(job, body_key=self._payloads.keep(job, payload.body))
        else:
            job = replace(job, body=payload.body)
        try:
            created = self._created(job)
        except StreamsUnavailable as away:
            written = getattr(away.__cause__, "code", "") in MAY_BE_WRITTEN
            if self.take_back(job) or not written:
                raise
            raise IntakeUnknown from away
        try:
            self._queue.send(job.team_id, job.request_id, job.attempt)
        except AwsFault as fault:
            if self.take_back(job):
                raise StreamsUnavailable from fault
        return created

    def opened(self, plan: Plan, wishes: Wishes) -> StreamJob:
        """Write a job whose call is about to be made, for a live reader.

        A lost one is not made again: its request is not kept, and who loses it can ask again.
        """
        job = self._job(plan, replace(wishes, retry=False))
        lease_until = int(self._now().timestamp() * 1000) + LEASE_SECONDS * 1000
        return self._created(
            replace(job, state="running", step="opened", call=plan.call, lease_until=lease_until)
        )

    def cost_nothing(self, team_id: str, request_id: str) -> bool:
        """Say whether a job has ended, and for certain is not billed.

        Its tenant sees the end before it is recorded, and may ask again at once: what was decided
        is what will be recorded, by whomever.
        """
        try:
            job = self._table.find(team_id, request_id)
        except (AwsFault, UnreadableJob):
            return False
        if job is None or job.step not in ("settled", "emitted"):
            return False
        return job.state == "failed" and (job.outcome is None or job.outcome.kind == "failed")

    def _job(self, plan: Plan, wishes: Wishes) -> StreamJob:
        call, now = plan.call, int(self._now().timestamp())
        return StreamJob(
            request_id=call.request_id,
            team_id=call.team_id,
            key_id=call.key_id,
            created_at=now,
            expires_at=now + self._ttl_seconds,
            surface=call.surface,
            operation=call.operation,
            model=plan.model,
            account=call.account.removeprefix("aws:"),
            headers={},
            retry=wishes.retry,
            store=wishes.store,
        )

    def _created(self, job: StreamJob) -> StreamJob:
        try:
            return self._table.create(job)
        except AlreadyThere as there:
            raise Conflict("There is a stream of this request id already.") from there
        except AwsFault as fault:
            raise StreamsUnavailable from fault

    def take_back(self, job: StreamJob) -> bool:
        """Remove a job whose call is not made. False where it stays, to be run or ended later."""
        try:
            if job.step == "opened":
                self._table.unopen(job)
            return self._table.remove(job)
        except AwsFault as fault:
            log.error("stream not taken back: %s", fault)
            return False
