"""Admission: may this tenant make this call, and what exactly will be called?

What is authorised here is what is dispatched, recorded and priced, whatever surface a request came
by, and whether its answer is streamed or not.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from chalicelib import catalog
from chalicelib.backends.guardrails import guardrail_model
from chalicelib.backends.operation import Operation, Payload, Prepared
from chalicelib.backends.s3_locations import check_s3_locations
from chalicelib.catalog import Model
from chalicelib.errors import BadRequest, ModelNotAllowed, NoTimeLeft
from chalicelib.metering.meter import says_one_thing
from chalicelib.pricing.listed import is_unlisted
from chalicelib.settings import Settings
from chalicelib.tenants.blocks import Blocks
from chalicelib.tenants.nouns import Identity, Tenant
from chalicelib.transport import Patience, Transport
from chalicelib.usage_record import ProviderCall

if TYPE_CHECKING:
    from chalicelib.backends.identity import Identities

SETTLE_SECONDS: Final = 15.0
"""Kept back from a Lambda's time, so that the end record is written even after a timeout.

Enough for two writes to the log group, each made twice (`aws_json`).
"""

STREAM_SETTLE_SECONDS: Final = 30.0
"""The same for a stream: its last events are kept as well, and its job is settled."""


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
    patience: Patience | None = None  # what to do when the model is slow to answer


@dataclass(frozen=True, slots=True)
class Plan:
    """A call that was admitted, as it will be made."""

    call: ProviderCall
    model: Model
    operation: Operation
    prepared: Prepared
    deadline: float  # by the clock of who makes it
    patience: Patience | None = None


class Admission:
    """Says yes or no to model calls. Only an opaque id costs a call to AWS."""

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        blocks: Blocks,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._blocks = blocks
        self._clock = clock
        self._now = now

    def admit(self, identity: Identity, request: ModelRequest) -> Plan:
        """Plan the call, or raise the TollgateError that says why not. Nothing is spent here."""
        arrived = self._clock()
        model = request.model or self._resolved(identity.tenant, request)
        if not identity.tenant.may_use(model.model_id):
            raise ModelNotAllowed
        self._blocks.check(model)
        operation = request.operations.get(model.service)
        if operation is None:
            raise ModelNotAllowed(f"{model.model_id} does not run behind this route.")
        if model.service == "bedrock":  # a container reads with its own role, not with ours
            check_s3_locations(request.payload.body, self._own_prefix(identity))
        prepared = operation.prepared(request.payload, model.container)
        if not says_one_thing(model, operation.name, request.payload.body):
            raise BadRequest("A key is there twice in the body: say what you ask for once.")
        self._check_guardrail(prepared.guardrail, identity.tenant, request.account)
        deadline = self.deadline(arrived, request.seconds_left, operation)
        call = self.new_call(
            request_id=request.request_id,
            team_id=identity.tenant.team_id,
            key_id=identity.key_id,
            account=request.account,
            surface=request.surface,
            model=model,
            operation=operation,
        )
        return Plan(call, model, operation, prepared, deadline, request.patience)

    def check_waiting(self, team_id: str, model: Model) -> None:
        """Check again, of a call that was admitted and has waited, what may have changed since.

        Raises ModelNotAllowed, and DirectoryUnavailable where that cannot be read.
        """
        self._blocks.check_waiting(team_id, model)

    def deadline(self, arrived: float, seconds_left: float, operation: Operation) -> float:
        """Say by when a call must have ended, in a Lambda that had so long left when it arrived.

        Raises NoTimeLeft where that has passed.
        """
        settling = STREAM_SETTLE_SECONDS if operation.streams else SETTLE_SECONDS
        deadline = arrived + seconds_left - settling
        if deadline <= self._clock():
            raise NoTimeLeft
        return deadline

    def new_call(
        self,
        *,
        request_id: str,
        team_id: str,
        key_id: str,
        account: str,
        surface: str,
        model: Model,
        operation: Operation,
        attempt: int = 1,
    ) -> ProviderCall:
        """Name a call that begins now."""
        return ProviderCall(
            call_id=secrets.token_hex(16),
            request_id=request_id,
            attempt=attempt,
            day=self._now().date().isoformat(),
            team_id=team_id,
            key_id=key_id,
            service=model.service,
            region=self._settings.region,
            account=f"aws:{account}",
            model_id=model.model_id,
            base_model=model.base_model,
            family=model.family,
            basis=model.basis,
            geo=model.geo,
            operation=operation.name,
            surface=surface,
            streamed=int(operation.streams),
            unlisted=int(is_unlisted(model)),
        )

    def _check_guardrail(self, named: str, tenant: Tenant, account: str) -> None:
        """A guardrail is admitted as a model is: our own, and on the allow-list.

        Its trace tells what it looks for, so another team's is not everybody's to try.
        """
        if named:
            guardrail = guardrail_model(named, self._settings.region, account)
            if not tenant.may_use(guardrail.model_id):
                raise ModelNotAllowed("Your team may not use this guardrail.")
            self._blocks.check(guardrail)

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
