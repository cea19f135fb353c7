"""The provider's own ledger: one entry a call, by request id, with what it would bill."""

import re
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from local.simulator.calls import Counts

SETTLEMENT = "AsyncInvokeEnded"
LOOK_UPS = frozenset({"CountTokens", "GetAsyncInvoke", "ListAsyncInvokes"})
"""Operations that run no model and never cost anything; entered like every other call."""

Outcome = Literal["answered", "refused", "cut_headers", "cut_body", "cut_stream", "timeout"]

_TEAM = re.compile(r"md/team#(\S+)")
_GATEWAY_REQUEST = re.compile(r"md/request#(\S+)")
_ATTEMPT = re.compile(r"attempt=(\d+)")


@dataclass(slots=True)
class Entry:
    """One call, filled while it is answered. `refused` counts and bills nothing; cut and timed-out
    calls are billed in full.

    A stream is `cut_stream` from the start, and becomes `answered` when the event that tells its
    counts is sent: so it stays cut where a fault broke it or the caller left before. Only one that
    ended in an exception, which is its `error`, is billed for no more than was written by then;
    before any event the exception makes it `refused`.

    `model` keeps the geography, names the endpoint, or is `guardrail/<id>`. `caller` is the ARN of
    whom the access key is of, `agent` what the caller calls himself. `status` is the HTTP status
    that was sent or meant. `billed_usd` is an exact decimal, or None where no price is listed
    (SageMaker bills instances by the hour, so never a call). `items` is the same by unit, and
    `listed` the model of the price list. `attempt` counts the tries that an SDK made under one
    `invocation_id`. `media_class` is what the price of the call's media depends on.

    The call that begins a job bills nothing. When the job ends, an entry of its own follows, whose
    operation is SETTLEMENT and whose request id is the `invocation_arn`: what it used, and when it
    `ended`. A job that failed is `refused`.
    """

    request_id: str
    time: str  # RFC 3339, UTC, when the call arrived
    service: str = "unknown"
    operation: str = "unknown"
    region: str = ""
    model: str = ""
    base_model: str = ""
    team: str | None = None
    gateway_request: str | None = None
    caller: str = ""
    access_key: str = ""
    agent: str = ""
    invocation_id: str | None = None
    attempt: int = 1
    status: int = 200
    error: str | None = None
    outcome: Outcome = "refused"
    fault: str | None = None
    tier: str = "default"
    latency: str = "standard"
    guardrail: str | None = None
    counts: Counts = field(default_factory=Counts)
    image: dict[str, Any] | None = None
    media_class: str | None = None
    listed: str = ""
    billed_usd: str | None = "0"
    items: dict[str, str] = field(default_factory=dict)
    characters_in: int = 0
    characters_out: int = 0
    invocation_arn: str | None = None
    ended: str | None = None  # RFC 3339, UTC


def open_entry(headers: Mapping[str, str]) -> Entry:
    """Begin an entry with what the caller says of himself.

    The gateway names team and request in its user agent, `md/team#… md/request#…`; SDKs number
    their attempts in `amz-sdk-request`.
    """
    agent = headers.get("user-agent", "")
    attempt = _ATTEMPT.search(headers.get("amz-sdk-request", ""))
    return Entry(
        request_id=str(uuid4()),
        time=timestamp(datetime.now(UTC)),
        team=_first(_TEAM, agent),
        gateway_request=_first(_GATEWAY_REQUEST, agent),
        agent=agent,
        invocation_id=headers.get("amz-sdk-invocation-id"),
        attempt=int(attempt[1]) if attempt else 1,
    )


def timestamp(moment: datetime) -> str:
    """Return a moment in RFC 3339, in milliseconds."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None


class Ledger:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        with self._changed:
            self._entries[entry.request_id] = entry
            self._changed.notify_all()

    def amend(self, request_id: str, outcome: Outcome) -> None:
        """Correct how a call ended; one that a reset has forgotten stays forgotten."""
        with self._changed:
            if entry := self._entries.get(request_id):
                entry.outcome = outcome

    def clear(self) -> None:
        with self._changed:
            self._entries.clear()

    def wait_for(self, at_least: int, seconds: float) -> None:
        """Wait until there are so many entries, or time is up.

        A caller who gives up is gone before their call may be entered.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._entries) >= at_least, seconds)

    def entries(self) -> list[dict[str, Any]]:
        """Return every entry in order of arrival, as JSON holds it."""
        with self._changed:
            return [asdict(entry) for entry in self._entries.values()]
