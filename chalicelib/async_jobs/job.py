"""Job: what is kept of an asynchronous job until it is settled, and how it is settled. Pure.

Amazon Bedrock bills a job when it completes and reports no usage for it, so what a job will be
billed is derived from its request when it starts, and kept. The request itself is not.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, replace
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import COUNTERS, Usage
from chalicelib.usage_record import Outcome, ProviderCall, UsageSource

SETTLEMENT = "AsyncInvokeSettlement"
"""The `operation` in the records of a settlement; AWS has no such operation."""

EndState = Literal[
    "Completed",
    "Failed",
    "Unknown",  # AWS no longer knows the job, so nobody can say what became of it
]

_FOR_PEOPLE: Final[Mapping[str, object]] = {
    "request_id": "none",
    "attempt": 1,
    "key_id": "none",
    "operation": "none",
    "surface": "none",
    "streamed": 0,
}
"""What a record says for a field of a call that a job was kept without. No other can be missing:
it says who pays, or what the price is."""


class UnreadableJob(ValueError):
    """What the table has of a job cannot be billed exactly: by a later release, or not at all."""


@dataclass(frozen=True, slots=True)
class Job:
    """An asynchronous job that a tenant started."""

    start: ProviderCall  # the call that started it
    due: Metered  # what it is billed for if it completes
    token: str  # its clientRequestToken, as AWS knows it
    given_token: str  # … as the tenant knows it
    started_at: datetime
    arn: str = ""  # empty until AWS has named it

    @property
    def team_id(self) -> str:
        return self.start.team_id

    def to_json(self) -> str:
        values = {**asdict(self), "started_at": self.started_at.isoformat()}
        return json.dumps(values, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """Read a job as this release, an earlier or a later one has kept it.

        Raises UnreadableJob where what is missing or not known decides
        on the bill.
        """
        try:
            values = json.loads(text)
            return cls(
                start=ProviderCall(**_plain(ProviderCall, values["start"], _FOR_PEOPLE)),
                due=_due(values["due"]),
                started_at=_moment(values["started_at"]),
                **_plain(cls, values),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise UnreadableJob(f"{type(error).__name__}: {error}") from error


def _due(values: Mapping[str, Any]) -> Metered:
    counts, source = values["usage"], values["usage_source"]
    if source not in get_args(UsageSource):
        raise ValueError("its usage_source is not known")
    for name, number in counts.items():
        if type(number) is not int or number < 0 or (number and name not in COUNTERS):
            raise ValueError(f"{name!a} is no count")
    return Metered(Usage.from_counts(counts), source, **_plain(Metered, values))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("started_at has no time zone")
    return moment


def _plain(
    noun: type, values: Mapping[str, Any], absent: Mapping[str, object] = MappingProxyType({})
) -> dict[str, Any]:
    """Take a noun's texts and numbers out of wider values.

    One that is missing is its own default or that of `absent`. Raises KeyError and TypeError.
    """
    found = {}
    for field in fields(noun):
        if field.type not in (str, int) or (
            field.name not in values and field.default is not MISSING
        ):
            continue
        value = values[field.name] if field.name in values else absent[field.name]
        if type(value) is not field.type:
            raise TypeError(f"{field.name} is no {field.type}")
        found[field.name] = value
    return found


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a job ended, and the UTC day on which it is billed: decided once, and kept."""

    day: str  # YYYY-MM-DD
    end_state: EndState
    answer: str = ""  # what AWS said of the ended job, as JSON, for its team's list


def token_of(team_id: str, given_token: str) -> str:
    """Return the token that AWS gets for a tenant's own: always the same, and never another team's.

    To AWS all tenants are one account, so without this one team's `job-1` would be another's.
    """
    return sha256(f"{team_id}\n{given_token}".encode()).hexdigest()


def settlement_call(job: Job, settlement: Settlement) -> ProviderCall:
    """Make the call that bills a job. The same job always makes the same `call_id`.

    So however often its records are written, the report counts each of them once.
    """
    return replace(
        job.start,
        call_id=sha256(job.arn.encode()).hexdigest()[:32],
        day=settlement.day,
        operation=SETTLEMENT,
    )


def settlement_outcome(job: Job, settlement: Settlement) -> Outcome:
    """Say what a job that ended is billed: what was due, nothing, or nobody knows."""
    if settlement.end_state == "Failed":
        return Outcome("failed", provider_request_id=job.arn, error_code="job_failed")
    if settlement.end_state == "Unknown":
        return Outcome("usage", provider_request_id=job.arn, error_code="job_unknown")
    return Outcome(
        "usage",
        job.due.usage,
        job.due.usage_source,
        tier=job.due.tier,
        variant=job.due.variant,
        provider_request_id=job.arn,
        status_code=200,
    )
