"""The runner: a queued job's call, planned again from what was written down of it, and made.

Whether its tenant may make it was decided when the job was taken in; what an operator has stopped
since is not begun.
"""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

from chalicelib.admission import Admission, Plan
from chalicelib.backends.bedrock import CONVERSE_STREAM, INVOKE_MODEL_WITH_RESPONSE_STREAM
from chalicelib.backends.operation import Operation, Payload
from chalicelib.backends.sagemaker import INVOKE_ENDPOINT_WITH_RESPONSE_STREAM
from chalicelib.errors import LedgerUnavailable, ModelNotAllowed, NoTimeLeft, TollgateError
from chalicelib.streams.engine import Engine
from chalicelib.streams.job import StreamJob
from chalicelib.streams.payloads import Payloads, RequestAway
from chalicelib.streams.table import StreamsTable
from chalicelib.usage_record import ProviderCall

OPERATIONS: Final[Mapping[str, Operation]] = {
    each.name: each
    for each in (
        CONVERSE_STREAM,
        INVOKE_ENDPOINT_WITH_RESPONSE_STREAM,
        INVOKE_MODEL_WITH_RESPONSE_STREAM,
    )
}

log = logging.getLogger("tollgate.streams")


class Runner:
    def __init__(
        self,
        admission: Admission,
        engine: Engine,
        table: StreamsTable,
        payloads: Payloads,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._admission = admission
        self._engine = engine
        self._table = table
        self._payloads = payloads
        self._clock = clock

    def refusal(self, job: StreamJob) -> TollgateError | None:
        """Say why a job that has waited must not be begun any more, if so.

        Raises DirectoryUnavailable where that cannot be read: the job waits on.
        """
        try:
            self._admission.check_waiting(job.team_id, job.model)
        except ModelNotAllowed as refused:
            return refused
        return None

    def new_call(self, job: StreamJob) -> ProviderCall:
        """Name the call that a job's attempt is about to make."""
        return self._admission.new_call(
            request_id=job.request_id,
            team_id=job.team_id,
            key_id=job.key_id,
            account=job.account,
            surface=job.surface,
            model=job.model,
            operation=OPERATIONS[job.operation],
            attempt=job.attempt,
        )

    def run_to_end(self, job: StreamJob, seconds_left: float) -> None:
        """Run a job that is opened in the table, whatever comes of its call.

        Raises what kept the call from being made, and then the job is queued as before:
        LedgerUnavailable, RequestAway, NoTimeLeft. One that can be planned no more, as a later
        release is stricter, fails without a call.
        """
        try:
            plan = self._plan(job, seconds_left)
        except (RequestAway, NoTimeLeft):
            self._table.unopen(job)
            raise
        except TollgateError as refused:
            self._fail(job, refused)
            return
        try:
            self._engine.begin(job, plan).close()
        except LedgerUnavailable:
            self._table.unopen(job)
            raise
        except TollgateError as refused:  # settled and recorded
            log.info("stream refused: %s", refused.code)

    def _fail(self, job: StreamJob, refused: TollgateError) -> None:
        log.warning("stream not begun: %s, request %s", refused.code, job.request_id)
        if self._table.unopen(job):
            self._table.fail(job, refused.code, refused.message)

    def _plan(self, job: StreamJob, seconds_left: float) -> Plan:
        if job.call is None:
            raise ValueError("an opened job has a call")
        operation = OPERATIONS[job.operation]
        body = self._payloads.request_of(job)
        return Plan(
            job.call,
            job.model,
            operation,
            operation.prepared(Payload(job.headers, body), job.model.container),
            self._admission.deadline(self._clock(), seconds_left, operation),
        )
