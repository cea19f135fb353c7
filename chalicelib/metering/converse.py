"""Converse: one shape for every model that converses, and all of it in the body.

A ConverseStream's last event, `metadata`, has the same members. Source: service model
bedrock-runtime, ConverseResponse and ConverseStreamMetadataEvent.
"""

from chalicelib.catalog import Model
from chalicelib.metering import grounding, guardrails, token_usage
from chalicelib.metering.exchange import Exchange, at
from chalicelib.metering.metered import Metered, unknown
from chalicelib.metering.served import DEFAULT, STANDARD, as_served


def meter(model: Model, exchange: Exchange) -> Metered:
    """Read an answer of Converse."""
    if not exchange.complete:
        return unknown("body_cut")
    return read(model, exchange.response_json, exchange)


def read(model: Model, answer: object, exchange: Exchange) -> Metered:
    """Read the object that holds `usage`, `trace`, `serviceTier` and `performanceConfig`.

    Where a guardrail blocks the input, its counts are 0: only the guardrail's units are billed.
    """
    nova = model.family == "nova"  # has no hour to ask for, and tools of its own
    usage = token_usage.read(at(answer, "usage"), b"" if nova else exchange.request)
    if usage is None:
        return unknown("no_exact_counts")
    metered = Metered(usage, "body")
    if nova:
        metered = grounding.added(metered, exchange)
    trace = at(answer, "trace", "guardrail")
    intervened = at(answer, "stopReason") == "guardrail_intervened"
    if exchange.guardrail or intervened or trace is not None:
        metered = guardrails.added_to_converse(metered, trace)
    tier, latency = at(answer, "serviceTier", "type"), at(answer, "performanceConfig", "latency")
    return as_served(
        metered,
        model.base_model,
        DEFAULT if tier is None else tier,
        STANDARD if latency is None else latency,
    )
