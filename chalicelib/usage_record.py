"""The usage record: the schema that the ledger writes and the daily report reads. Pure.

One provider call leaves a pair of records: `started` before it, `usage` or `failed` after it.
Never in a record: prompts, answers, keys, anything a tenant wrote free-hand.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

from chalicelib.metering.usage import COUNTERS, NO_USAGE, Usage

SCHEMA = 1

Kind = Literal["started", "usage", "failed"]
UsageSource = Literal[
    "header",  # the provider's own numbers stood in its response headers
    "body",  # … in its response body, or are images counted in it
    "stream",  # … in the stream's own events
    "derived",  # from the request or the media, where the provider reports nothing
    "clock",  # a container that reports nothing: only busy_ms
    "partial",  # a cut stream: what the provider had reported by then
    "none",  # sent, and its cost is not known; or nothing was used
    "deferred",  # an asynchronous job, settled by a call of its own
]

PRICE_FIELDS: tuple[str, ...] = (
    "service",
    "region",
    "account",
    "model_id",
    "base_model",
    "family",
    "basis",
    "geo",
    "tier",
    "variant",
    "usage_source",
)
"""What selects a price. Never empty in a record: `none` where nothing applies."""

KIND_COUNTERS: tuple[str, ...] = ("n_started", "n_usage", "n_failed")
RECORD_COUNTERS: tuple[str, ...] = KIND_COUNTERS + COUNTERS
"""Every integer that the report sums, in column order."""

UNANSWERED: Final = "unlisted/unanswered"
"""What calls of ids count as that no price list names and no model has answered by.

Its slash keeps it apart from a model's id, and from an endpoint's name.
"""


@dataclass(frozen=True, slots=True)
class ProviderCall:
    """One call to a provider: who makes it, and what is known of its price before the answer."""

    call_id: str
    request_id: str
    attempt: int
    day: str  # UTC date on which the call began, YYYY-MM-DD, on both of its records
    team_id: str
    key_id: str
    service: str  # bedrock | sagemaker
    region: str
    account: str  # aws:<account id>
    model_id: str  # normal form
    base_model: str
    family: str
    basis: str  # on_demand | provisioned | custom | imported | endpoint | marketplace
    geo: str  # none | us | eu | apac | … | global
    operation: str
    surface: str
    streamed: int  # 0 or 1
    unlisted: int = 0  # 1: no price list names it, nor did AWS; a tenant may have made it up


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a provider call ended."""

    kind: Literal["usage", "failed"]
    usage: Usage = NO_USAGE
    usage_source: UsageSource = "none"
    tier: str = "default"
    variant: str = "none"
    provider_request_id: str = "none"
    latency_ms: int = 0
    status_code: int = 0  # the provider's; 0 where none arrived
    error_code: str = "none"
    image_width: int = 0
    image_height: int = 0
    image_steps: int = 0

    @property
    def answered(self) -> bool:
        """Whether there is such a model: it used something, or its answer at least began."""
        return 200 <= self.status_code < 300 or self.usage != NO_USAGE


NOT_ENDED = Outcome("usage")
_LISTED: Mapping[str, str | int] = MappingProxyType({})
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")


def is_name(text: str) -> bool:
    """Say whether a provider's identifier is safe to keep in a record as it is."""
    return _NAME.fullmatch(text) is not None


def rfc3339(at: datetime) -> str:
    """Render a UTC time with milliseconds: `2026-11-23T08:54:35.123Z`."""
    return at.isoformat(timespec="milliseconds")[:23] + "Z"


def record_line(
    call: ProviderCall, outcome: Outcome | None, *, at: datetime, instance: str, seq: int
) -> str:
    """Render one record as a line of flat JSON, without the newline.

    `outcome` None makes the `started` record. The same call and kind always has the same
    `event_id`, so a record that is sent again can be told from a new one.
    """
    kind: Kind = outcome.kind if outcome else "started"
    end = outcome or NOT_ENDED
    return _ENCODE(
        {
            "tollgate": kind,
            "schema": SCHEMA,
            "call_id": call.call_id,
            "event_id": call.call_id + ("-e" if outcome else "-s"),
            "request_id": call.request_id,
            "provider_request_id": end.provider_request_id,
            "attempt": call.attempt,
            "time": rfc3339(at),
            "day": call.day,
            "instance": instance,
            "seq": seq,
            "team_id": call.team_id,
            "key_id": call.key_id,
            "service": call.service,
            "region": call.region,
            "account": call.account,
            "model_id": call.model_id,
            "base_model": call.base_model,
            "family": call.family,
            "basis": call.basis,
            "geo": call.geo,
            "tier": end.tier,
            "variant": end.variant,
            "usage_source": end.usage_source,
            "n_started": int(kind == "started"),
            "n_usage": int(kind == "usage"),
            "n_failed": int(kind == "failed"),
            **end.usage.as_dict(),
            "operation": call.operation,
            "surface": call.surface,
            "latency_ms": end.latency_ms,
            "streamed": call.streamed,
            "status_code": end.status_code,
            "error_code": end.error_code,
            "image_width": end.image_width,
            "image_height": end.image_height,
            "image_steps": end.image_steps,
            **(_of_unlisted(end) if call.unlisted else _LISTED),
        }
    )


def _of_unlisted(end: Outcome) -> Mapping[str, str | int]:
    """Say where a call is counted of which nobody but its tenant says that there is such a model.

    Under its own name once that answered: else made-up names would fill a day's report.
    """
    return {"unlisted": 1} if end.answered else {"unlisted": 1, "counted_as": UNANSWERED}
