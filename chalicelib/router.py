"""The one path of every model call: authorise → record → call → meter → record.

Whatever surface a request came by, what is authorised here is what is dispatched, recorded and
priced; and every call to a provider leaves a pair of records, however it ends.
"""

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Final

from chalicelib import catalog, endings, metrics
from chalicelib.backends.guardrails import guardrail_model
from chalicelib.backends.operation import Operation, Payload, Prepared
from chalicelib.backends.s3_locations import check_s3_locations
from chalicelib.catalog import Model
from chalicelib.endings import Ending
from chalicelib.errors import AnswerLost, BadRequest, ModelNotAllowed, ProviderTimeout
from chalicelib.ledger import Ledger
from chalicelib.metering.meter import says_one_thing
from chalicelib.settings import Settings
from chalicelib.tenants.nouns import Identity, Tenant
from chalicelib.transport import NoAnswer, NotSent, Reply, Transport
from chalicelib.usage_record import Outcome, ProviderCall

if TYPE_CHECKING:
    from chalicelib.backends.identity import Identities

SETTLE_SECONDS: Final = 15.0
"""Kept back from a Lambda's time, so that the end record is written even after a timeout.

Enough for two writes to the log group, each made twice (`aws_json`).
"""

log = logging.getLogger("tollgate.router")


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A tenant's request for one model call, as a surface understood it."""

    request_id: str
    model_id: str  # in any of its forms
    payload: Payload
    operations: Mapping[str, Operation]  # by the service that the model turns out to run on
    surface: str  # the name of the surface it came by
    account: str  # the gateway's own AWS account id
    seconds_left: float  # of the Lambda that serves it
    model: Model | None = None  # where the route itself says what runs


@dataclass(frozen=True, slots=True)
class _Plan:
    """A call that was admitted, as it will be made."""

    call: ProviderCall
    model: Model
    operation: Operation
    prepared: Prepared
    deadline: float  # by the router's clock


class Router:
    """Makes model calls for tenants."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        transport: Transport,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._transport = transport
        self._clock = clock
        self._now = now

    def answer(self, identity: Identity, request: ModelRequest) -> Reply:
        """Make the call for this tenant and return the model's own answer, whole and recorded.

        Raises a TollgateError for anything else; LedgerUnavailable before any call is made.
        """
        deadline = self._clock() + request.seconds_left - SETTLE_SECONDS
        model = request.model or self._resolved(identity.tenant, request)
        if not identity.tenant.may_use(model.model_id):
            raise ModelNotAllowed
        operation = request.operations.get(model.service)
        if operation is None:
            raise ModelNotAllowed(f"{model.model_id} does not run behind this route.")
        if model.service == "bedrock":  # a container reads with its own role, not with ours
            check_s3_locations(request.payload.body, self._own_prefix(identity))
        prepared = operation.prepared(request.payload)
        if not says_one_thing(model, operation.name, request.payload.body):
            raise BadRequest("A key is there twice in the body: say what you ask for once.")
        self._check_guardrail(prepared.guardrail, identity.tenant, request.account)
        if deadline <= self._clock():
            raise ProviderTimeout(endings.NO_TIME)
        call = self._new_call(identity, request, model, operation)
        self._ledger.started(call)
        return self._recorded(_Plan(call, model, operation, prepared, deadline))

    def _check_guardrail(self, named: str, tenant: Tenant, account: str) -> None:
        """A guardrail is admitted as a model is: our own, and on the allow-list.

        Its trace tells what it looks for, so another team's is not everybody's to try.
        """
        if named:
            guardrail = guardrail_model(named, self._settings.region, account)
            if not tenant.may_use(guardrail.model_id):
                raise ModelNotAllowed("Your team may not use this guardrail.")

    def _resolved(self, tenant: Tenant, request: ModelRequest) -> Model:
        """Say which model is asked for. About an ARN, AWS is asked only for who may use it."""
        found = catalog.resolve(
            request.model_id,
            endpoints=self._settings.endpoints,
            region=self._settings.region,
            account=request.account,
            admitted=self._settings.model_arns,
        )
        if isinstance(found, Model):
            return found
        if found.is_arn and not tenant.may_use(found.identifier):
            raise ModelNotAllowed
        return self._identities.model(found)

    @cached_property
    def _identities(self) -> "Identities":
        from chalicelib.backends.identity import Identities

        return Identities(self._transport, self._clock, self._now)

    def _own_prefix(self, identity: Identity) -> str:
        return f"s3://{self._settings.payloads_bucket}/teams/{identity.tenant.team_id}/"

    def _new_call(
        self, identity: Identity, request: ModelRequest, model: Model, operation: Operation
    ) -> ProviderCall:
        return ProviderCall(
            call_id=secrets.token_hex(16),
            request_id=request.request_id,
            attempt=1,
            day=self._now().date().isoformat(),
            team_id=identity.tenant.team_id,
            key_id=identity.key_id,
            service=model.service,
            region=self._settings.region,
            account=f"aws:{request.account}",
            model_id=model.model_id,
            base_model=model.base_model,
            family=model.family,
            basis=model.basis,
            geo=model.geo,
            operation=operation.name,
            surface=request.surface,
            streamed=0,
        )

    def _recorded(self, plan: _Plan) -> Reply:
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
            metrics.emit(self._settings.stage, UsageNotKnown=1)
        if ending.error:
            raise ending.error
        return replace(reply, body=plan.prepared.restored(reply.body))

    def _attempt(self, plan: _Plan) -> tuple[Reply, Ending]:
        model, operation, prepared = plan.model, plan.operation, plan.prepared
        began = self._clock()
        timeout = min(plan.deadline - began, self._settings.model_timeout_seconds)
        if timeout <= 0:  # the ledger took it
            return NO_REPLY, endings.no_time_left()
        try:
            reply = operation.send(self._transport, model, prepared.payload, plan.call, timeout)
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
