"""Job: what is kept of an asynchronous job until it is settled, and how it is settled. Pure.

Amazon Bedrock bills a job when it completes and reports no usage for it, so what a job will be
billed is derived from its request when it starts, and kept. The request itself is not.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Literal

from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import Usage
from chalicelib.usage_record import Outcome, ProviderCall

SETTLEMENT = "AsyncInvokeSettlement"
"""The `operation` in the records of a settlement; AWS has no such operation."""

EndState = Literal[
    "Completed",
    "Failed",
    "Unknown",  # AWS no longer knows the job, so nobody can say what became of it
]


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
        values = json.loads(text)
        due = values["due"]
        return cls(
            start=ProviderCall(**values["start"]),
            due=Metered(**{**due, "usage": Usage.from_counts(due["usage"])}),
            token=values["token"],
            given_token=values["given_token"],
            started_at=datetime.fromisoformat(values["started_at"]),
            arn=values["arn"],
        )


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
