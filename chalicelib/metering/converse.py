"""Converse: one shape for every model that converses, and all of it in the body.

A ConverseStream's last event, `metadata`, has the same members. Source: service model
bedrock-runtime, ConverseResponse and ConverseStreamMetadataEvent.
"""

from chalicelib.catalog import Model
from chalicelib.metering import grounding, guardrails, token_usage
from chalicelib.metering.exchange import Exchange, at
from chalicelib.metering.metered import Metered, unknown
from chalicelib.metering.served import DEFAULT, STANDARD, as_served
from chalicelib.metering.usage import Usage

NOVA = "nova"


def meter(model: Model, exchange: Exchange) -> Metered:
    """Read an answer of Converse."""
    if not exchange.complete:
        return unknown("body_cut")
    return read(model, exchange.response_json, exchange)


def read(model: Model, answer: object, exchange: Exchange) -> Metered:
    """Read the object that holds `usage`, `trace`, `serviceTier` and `performanceConfig`.

    Where a guardrail blocks the input, its counts are 0: only the guardrail's units are billed.
    """
    usage = tokens(model, answer, exchange.request)
    if usage is None:
        return unknown("no_exact_counts")
    metered = Metered(usage, "body")
    if model.family == NOVA:  # has tools of its own
        metered = grounding.added(metered, exchange)
    trace = at(answer, "trace", "guardrail")
    intervened = at(answer, "stopReason") == "guardrail_intervened"
    if exchange.guardrail or intervened or trace is not None:
        metered = guardrails.added_to_converse(metered, trace)
    return served(metered, model, answer)


def tokens(model: Model, answer: object, request: bytes) -> Usage | None:
    """Read the model's own counts. Nova's cache has no hour to ask for."""
    return token_usage.read(at(answer, "usage"), b"" if model.family == NOVA else request)


def served(metered: Metered, model: Model, answer: object) -> Metered:
    """Put the tier, the latency and the long context of an answer into its reading."""
    tier, latency = at(answer, "serviceTier", "type"), at(answer, "performanceConfig", "latency")
    return as_served(
        metered,
        model.base_model,
        DEFAULT if tier is None else tier,
        STANDARD if latency is None else latency,
    )
