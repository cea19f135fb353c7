"""The one path of every model call: authorise → record → call → meter → record.

Admission says what may be called; every call to a provider then leaves a pair of records, however
it ends. Here an answer is whole; a stream takes the same path in `streams.engine`.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from math import ceil
from typing import Final

from chalicelib import endings, metrics
from chalicelib.admission import Admission, ModelRequest, Plan
from chalicelib.endings import Ending
from chalicelib.errors import AnswerLost
from chalicelib.ledger import Ledger
from chalicelib.settings import Settings
from chalicelib.tenants.blocks import Blocks
from chalicelib.tenants.nouns import Identity
from chalicelib.transport import NoAnswer, NotSent, Reply, Transport
from chalicelib.usage_record import Outcome

log = logging.getLogger("tollgate.router")


class Router:
    """Makes model calls for tenants."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        transport: Transport,
        blocks: Blocks,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.admission = Admission(settings, transport, blocks, clock=clock, now=now)
        self._stage = settings.stage
        self._timeout = settings.model_timeout_seconds
        self._ledger = ledger
        self._transport = transport
        self._clock = clock

    def answer(self, identity: Identity, request: ModelRequest) -> Reply:
        """Make the call for this tenant and return the model's own answer, whole and recorded.

        Raises a TollgateError for anything else; LedgerUnavailable before any call is made.
        """
        plan = self.admission.admit(identity, request)
        self._ledger.started(plan.call)
        return self._recorded(plan)

    def _recorded(self, plan: Plan) -> Reply:
        """Make the call, and record how it ended before anything else is done with it."""
        outcome = Outcome("usage", error_code="gateway_fault")  # stands if anything here breaks
        try:
            reply, ending = self._attempt(plan)
            outcome = ending.outcome
        except Exception as error:  # ours; the model may have run, so no SDK may repeat it
            log.exception("the gateway broke in call %s", plan.call.call_id)
            raise AnswerLost from error
        finally:
            self._ledger.ended(plan.call, outcome)
        if ending.problem:
            log.error("usage not known: %s, call %s", ending.problem, plan.call.call_id)
            metrics.emit(self._stage, UsageNotKnown=1)
        if ending.error:
            raise ending.error
        return replace(reply, body=plan.prepared.restored(reply.body))

    def _attempt(self, plan: Plan) -> tuple[Reply, Ending]:
        model, operation, prepared = plan.model, plan.operation, plan.prepared
        began = self._clock()
        timeout = min(plan.deadline - began, self._timeout)
        if timeout <= 0:  # the ledger took it
            return NO_REPLY, endings.no_time_left()
        try:
            reply = operation.send(
                self._transport, model, prepared.payload, plan.call, timeout, plan.patience
            )
        except NotSent:
            return NO_REPLY, endings.not_sent(self._ms_since(began))
        except NoAnswer as loss:
            return NO_REPLY, endings.unanswered(model, operation.name, loss, self._ms_since(began))
        ending = endings.answered(model, operation.name, prepared, reply, self._ms_since(began))
        return reply, ending

    def _ms_since(self, began: float) -> int:
        """Whole milliseconds, a begun one included: no use of an endpoint takes no time."""
        return ceil((self._clock() - began) * 1000)


NO_REPLY: Final = Reply(0, {}, b"", complete=False)
