"""StreamJob: one streamed request, from its acceptance until its last record is written. Pure.

Its `step` says how far the billing of its call has come, and moves only as the table allows:

    queued ──▶ opened ──▶ settled ──▶ emitted
      ▲                      │
      └────── retry=true ────┘

`opened` is written before the provider is called and `settled` when the call has ended, each with
the call itself, so that whoever finds the job in between knows what may have to be paid. `emitted`
means that both records of the call are written, and that nobody has to look at the job again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from chalicelib.catalog import Model
from chalicelib.metering.usage import NO_USAGE, Usage
from chalicelib.usage_record import Outcome, ProviderCall

State = Literal["queued", "running", "done", "failed", "interrupted"]
EndState = Literal["done", "failed", "interrupted"]
Step = Literal["queued", "opened", "settled", "emitted"]

LEASE_SECONDS: Final = 60
"""How long nobody else touches a job after its engine was last heard of."""

QUEUED_SECONDS: Final = 1_200
"""How long after it was queued a job must have begun; later, the sweep looks for its message."""

EVENTS_PER_ATTEMPT: Final = 1_000_000
"""Event numbers of each attempt: the second one's begin at 1,000,001."""

MAX_INLINE_BODY: Final = 200_000
"""Bytes of a request that is kept in the table; a larger one is in the payloads bucket."""


class UnreadableJob(ValueError):
    """What the table has of a job cannot be billed exactly: by a later release, or not at all."""


@dataclass(frozen=True, slots=True)
class StreamJob:
    """A request for a streamed answer, and what became of it."""

    request_id: str
    team_id: str
    key_id: str
    created_at: int  # epoch seconds
    expires_at: int  # epoch seconds: when its answer can be read no more
    surface: str
    operation: str  # AWS's own name
    model: Model
    account: str  # the gateway's own, 12 digits
    headers: Mapping[str, str]  # those that are passed on, lower-case names
    body: bytes | None = None  # None where it was not read, or is in the payloads bucket
    body_key: str = ""  # … under this key
    retry: bool = False  # a lost call is made again
    store: bool = True  # False: the answer is forgotten when the job ends
    # What follows changes as the job runs.
    state: State = "queued"
    step: Step = "queued"
    deleted: bool = False  # by its tenant: nobody reads it any more, and it runs on
    attempt: int = 1
    sends: int = 1  # messages that were sent for this attempt
    lease_until: int = 0  # epoch milliseconds; 0 once it is emitted
    call: ProviderCall | None = None  # of this attempt, once it is opened
    progress: Usage = NO_USAGE  # what the provider itself has reported so far
    outcome: Outcome | None = None  # once it is settled
    last_event: int = 0  # number of the last event that is kept, once it is settled
    whole: bool = True  # False: events after the last one were lost on their way to the table
    stop_reason: str = ""
    error_code: str = ""
    error_message: str = ""

    @property
    def first_event(self) -> int:
        """The number of this attempt's first event."""
        return first_event(self.attempt)


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a job's call ended: decided once, and kept."""

    outcome: Outcome
    state: EndState
    last_event: int = 0
    whole: bool = True
    stop_reason: str = ""
    error_code: str = ""
    error_message: str = ""


def first_event(attempt: int) -> int:
    return (attempt - 1) * EVENTS_PER_ATTEMPT + 1


def attempt_of(event_number: int) -> int:
    """Return the attempt whose event has this number; 1 for 0, which is before every event."""
    return max(event_number - 1, 0) // EVENTS_PER_ATTEMPT + 1
