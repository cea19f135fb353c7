"""How one provider call ended: what its record says, and what the tenant is told.

| what happened                        | record            | tenant               |
|--------------------------------------|-------------------|----------------------|
| nothing was sent                     | failed            | 503, or 504          |
| the provider refused (error status)  | failed            | by the error's kind  |
| sent, no answer: time is up          | usage, `none`     | 504                  |
| sent, no answer: connection lost     | usage, `none`     | 502                  |
| headers came, the body was cut       | usage, as metered | 502, or 504          |
| answered                             | usage, as metered | the model's answer   |

A call that starts a job counts nothing: its usage is `deferred`, with or without an answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.backends.faults import error_code, tenant_error
from chalicelib.backends.operation import Prepared
from chalicelib.catalog import Model
from chalicelib.errors import (
    AnswerLost,
    NoTimeLeft,
    ProviderTimeout,
    ProviderUnavailable,
    TollgateError,
)
from chalicelib.metering.exchange import Exchange
from chalicelib.metering.meter import JOB, meter
from chalicelib.metering.usage import NO_USAGE, Usage
from chalicelib.transport import NoAnswer, Reply
from chalicelib.usage_record import Outcome, UsageSource, is_name


@dataclass(frozen=True, slots=True)
class Ending:
    """What goes into the end record, and the error to raise, if the tenant gets no answer."""

    outcome: Outcome
    error: TollgateError | None = None
    problem: str = ""  # why the usage of an answer is not known: a code for the log


def no_time_left() -> Ending:
    return Ending(Outcome("failed", error_code="no_time_left"), NoTimeLeft())


def not_sent(latency_ms: int) -> Ending:
    outcome = Outcome("failed", latency_ms=latency_ms, error_code="not_sent")
    return Ending(outcome, ProviderUnavailable())


def unanswered(model: Model, operation: str, loss: NoAnswer, latency_ms: int) -> Ending:
    """The provider had the request; whether it ran, and what it cost, is not known.

    Of a job it is known later: the sweep finds it, and settles it if it was started.
    """
    usage = Usage(busy_ms=latency_ms) if model.billed_by_time else NO_USAGE
    source: UsageSource = "deferred" if operation in JOB else "none"
    code = "timeout" if loss.timed_out else "no_answer"
    outcome = Outcome("usage", usage, source, latency_ms=latency_ms, error_code=code)
    error = ProviderTimeout() if loss.timed_out else AnswerLost()
    return Ending(outcome, error, code if source == "none" else "")


def answered(
    model: Model, operation: str, prepared: Prepared, reply: Reply, latency_ms: int
) -> Ending:
    """The provider's headers came, and perhaps its whole answer."""
    if not 200 <= reply.status < 300:
        refused = Outcome(
            "failed",
            provider_request_id=provider_request_id(reply.headers),
            latency_ms=latency_ms,
            status_code=reply.status,
            error_code=error_code(reply),
        )
        return Ending(refused, tenant_error(reply))
    exchange = Exchange(
        prepared.payload.body,
        reply.headers,
        reply.body,
        complete=reply.complete,
        operation=operation,
        guardrail=bool(prepared.guardrail),
    )
    metered = meter(model, exchange, latency_ms)
    code, error = _loss(reply)
    outcome = Outcome(
        "usage",
        metered.usage,
        metered.usage_source,
        tier=metered.tier,
        variant=metered.variant,
        provider_request_id=provider_request_id(reply.headers),
        latency_ms=latency_ms,
        status_code=reply.status,
        error_code=code,
        image_width=metered.image_width,
        image_height=metered.image_height,
        image_steps=metered.image_steps,
    )
    return Ending(outcome, error, metered.problem)


def _loss(reply: Reply) -> tuple[str, TollgateError | None]:
    """Say what of an answer was lost on its way, as a code and as the tenant is told."""
    if reply.complete:
        return "none", None
    if reply.timed_out:
        return "timeout", ProviderTimeout()
    return "cut_body", AnswerLost()


def provider_request_id(headers: Mapping[str, str]) -> str:
    """Return AWS's own id of a request, by which CloudTrail names it, or `none`."""
    request_id = headers.get("x-amzn-requestid", "")
    return request_id if is_name(request_id) else "none"
