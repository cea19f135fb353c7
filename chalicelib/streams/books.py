"""The books of a stream: how its job ended, decided once, and the end record of its call."""

import logging
from dataclasses import dataclass, replace
from typing import Final

from chalicelib import metrics
from chalicelib.admission import Plan
from chalicelib.aws_json import AwsFault
from chalicelib.ledger import Ledger
from chalicelib.streams.ends import End
from chalicelib.streams.job import Settlement, StreamJob, UnreadableJob
from chalicelib.streams.keeper import Kept
from chalicelib.streams.table import JobGone, StreamsTable

DECIDE_SECONDS: Final = 8.0
"""Of what is kept back from a Lambda's time: how long a table that is away is asked again."""

log = logging.getLogger("tollgate.streams")


@dataclass(frozen=True, slots=True)
class Settled:
    """A job as its call's end left it."""

    job: StreamJob
    closable: bool  # that is decided in the table, and recorded


class Books:
    def __init__(self, table: StreamsTable, ledger: Ledger, *, stage: str) -> None:
        self._table = table
        self._ledger = ledger
        self._stage = stage

    def settle(
        self, job: StreamJob, plan: Plan, end: End, kept: Kept, stop_reason: str = ""
    ) -> Settled:
        """Decide how the call ended, and record it. The record is the bill: nothing stops it.

        Where somebody else decided first, it is as they did.
        """
        self._tell(plan, end)
        settlement = Settlement(
            end.outcome,
            end.state,
            kept.last_event,
            kept.whole,
            stop_reason,
            end.error.code if end.error else "",
            end.error.message if end.error else "",
        )
        decided = self._decided(job, settlement)
        outcome = decided.outcome if decided and decided.outcome else end.outcome
        recorded = self._ledger.ended(plan.call, outcome)
        return Settled(decided or settled_here(job, settlement), recorded and decided is not None)

    def close(self, settled: Settled) -> None:
        """Say that nobody has to look at the job again; where this fails, the sweep will."""
        if not settled.closable:
            return
        try:
            self._table.emitted(settled.job)
        except AwsFault as fault:
            log.error("stream not closed: %s, request %s", fault, settled.job.request_id)

    def _decided(self, job: StreamJob, settlement: Settlement) -> StreamJob | None:
        try:
            return self._table.settle(job, settlement, DECIDE_SECONDS)
        except (AwsFault, JobGone, UnreadableJob) as fault:
            why = str(fault) or type(fault).__name__
            log.error("stream not settled: %s, request %s", why, job.request_id)
            return None

    def _tell(self, plan: Plan, end: End) -> None:
        """Say aloud where what a call used is not wholly known."""
        if end.problem:
            log.error("usage not known: %s, call %s", end.problem, plan.call.call_id)
            metrics.emit(self._stage, UsageNotKnown=1)


def settled_here(job: StreamJob, settlement: Settlement) -> StreamJob:
    """The job as its reader is to see it where the table does not know."""
    return replace(
        job,
        step="settled",
        state=settlement.state,
        outcome=settlement.outcome,
        last_event=settlement.last_event,
        whole=settlement.whole,
        stop_reason=settlement.stop_reason,
        error_code=settlement.error_code,
        error_message=settlement.error_message,
    )
