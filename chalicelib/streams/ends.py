"""How a stream ended: what its record says, what its job is then, and what its reader is told.

| what happened                             | record           | job         | its reader     |
|-------------------------------------------|------------------|-------------|----------------|
| nothing was sent; the provider refused    | failed           | failed      | the error      |
| sent, no head of an answer                | usage, `none`    | interrupted | 502, or 504    |
| an exception before any output            | failed           | failed      | the error      |
| an exception after some output            | usage, `partial` | interrupted | the error      |
| cut, time is up, not what a stream may be | usage, `partial` | interrupted | it was cut off |
| ended, without the provider's own counts  | usage, `partial` | interrupted | the answer     |
| ended, with them                          | usage, `stream`  | done        | the answer     |
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from chalicelib.backends.eventstream import Frame
from chalicelib.backends.faults import error_code, tenant_error
from chalicelib.endings import Ending, provider_request_id
from chalicelib.errors import AnswerLost, ProviderTimeout, TollgateError
from chalicelib.metering.metered import Metered
from chalicelib.metering.streams import StreamMeter
from chalicelib.transport import Reply
from chalicelib.usage_record import Outcome

EndState = Literal["done", "failed", "interrupted"]

_STATUSES: Final[Mapping[str, int]] = {
    "ValidationException": 400,
    "ModelTimeoutException": 408,
    "ModelStreamErrorException": 424,
    "ModelStreamError": 424,
    "ThrottlingException": 429,
    "ServiceUnavailableException": 503,
}
"""What an exception within a stream would have been as an answer of its own; others are 500.

Source: service models bedrock-runtime (ResponseStream, ConverseStreamOutput) and
sagemaker-runtime.
"""


@dataclass(frozen=True, slots=True)
class End:
    """How a stream ended. `problem` is a code for the log, where its use is not wholly known."""

    outcome: Outcome
    state: EndState
    error: TollgateError | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Loss:
    """Why a stream did not come to its own end."""

    error_code: str
    error: TollgateError
    exception: str = ""  # by which the provider said so in the stream; empty: it did not


TIME_IS_UP: Final = Loss("timeout", ProviderTimeout())
CUT: Final = Loss("cut_body", AnswerLost())
GARBLED: Final = Loss("bad_frame", AnswerLost())
BROKEN: Final = Loss("gateway_fault", AnswerLost())
"""The gateway broke in the middle of it."""


BROKE_AT_THE_START: Final = End(
    Outcome("usage", error_code="gateway_fault"), "interrupted", AnswerLost(), "gateway_fault"
)


def unopened(ending: Ending) -> End:
    """The provider gave no stream: its refusal, or nothing."""
    state: EndState = "failed" if ending.outcome.kind == "failed" else "interrupted"
    return End(ending.outcome, state, ending.error, ending.problem)


def ended(
    meter: StreamMeter,
    loss: Loss | None,
    headers: Mapping[str, str],
    *,
    latency_ms: int,
    busy: bool,
) -> End:
    """The stream was open, and came to its end, or to a loss.

    `busy` says that its model is billed by the time for which it was kept busy.
    """
    if isinstance(loss, Refusal) and not meter.wrote:
        return _refused(loss, headers, latency_ms)
    metered = meter.settle(complete=loss is None, busy_ms=latency_ms if busy else 0)
    code = loss.error_code if loss else "none"
    outcome = replace(_outcome(metered, headers, latency_ms), error_code=code)
    whole = loss is None and metered.usage_source != "partial"
    problem = metered.problem or ("" if whole else "stream_not_whole")
    return End(outcome, "done" if whole else "interrupted", loss.error if loss else None, problem)


@dataclass(frozen=True, slots=True)
class Refusal(Loss):
    """An exception that the provider sent in the stream."""

    status: int = 500


def refusal(frame: Frame) -> Refusal:
    """Read an exception frame: `throttlingException` is ThrottlingException."""
    kind = frame.name[:1].upper() + frame.name[1:]
    status = _STATUSES.get(kind, 500)
    body = frame.payload if frame.kind == "exception" else _unmodelled(frame)
    reply = Reply(status, {"x-amzn-errortype": kind}, body)
    return Refusal(error_code(reply), tenant_error(reply), frame.name, status)


def _unmodelled(frame: Frame) -> bytes:
    return json.dumps({"message": frame.headers.get(":error-message", "")}).encode()


def _refused(loss: Refusal, headers: Mapping[str, str], latency_ms: int) -> End:
    outcome = Outcome(
        "failed",
        provider_request_id=provider_request_id(headers),
        latency_ms=latency_ms,
        status_code=loss.status,
        error_code=loss.error_code,
    )
    return End(outcome, "failed", loss.error)


def _outcome(metered: Metered, headers: Mapping[str, str], latency_ms: int) -> Outcome:
    return Outcome(
        "usage",
        metered.usage,
        metered.usage_source,
        tier=metered.tier,
        variant=metered.variant,
        provider_request_id=provider_request_id(headers),
        latency_ms=latency_ms,
        status_code=200,
    )
