"""Anthropic Messages: a prompt written to the cache costs one price for 5 minutes, another for 1 h.

Bedrock's headers give both as one number. Only the body's `usage.cache_creation` tells them
apart (Anthropic, "Prompt caching"), so a call that wrote to the cache needs both, and they must
agree.
"""

from functools import partial

from chalicelib.metering import bedrock_headers, cache_hour
from chalicelib.metering.exchange import Exchange, at, at_or_zero
from chalicelib.metering.metered import Metered, unknown
from chalicelib.metering.text import meter_body
from chalicelib.metering.usage import Usage, count, exact_tokens

WHERE = (
    "`usage.{input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens}`; "
    "always for `usage.cache_creation`"
)


def meter(exchange: Exchange) -> Metered:
    """Read the headers, and the body only for the kinds of a cache write; else the body alone."""
    counted = bedrock_headers.token_counts(exchange.headers)
    if counted is None:
        return meter_body(partial(read_body, exchange.request), exchange)
    if counted.cache_write_tokens == 0:
        return Metered(counted, "header")
    split = _split(
        exchange.request, at(exchange.response_json, "usage"), counted.cache_write_tokens
    )
    if split is None:
        return unknown("cache_write_split")
    return Metered(
        Usage(counted.input_tokens, counted.output_tokens, counted.cache_read_tokens, *split),
        "header",
    )


def read_body(request: bytes, answer: object) -> Usage | None:
    """Read the body's own `usage`: all of its counts, exactly, or None."""
    usage = at(answer, "usage")
    written = count(at_or_zero(usage, "cache_creation_input_tokens"))
    split = None if written is None else _split(request, usage, written)
    if split is None:
        return None
    return exact_tokens(
        at(usage, "input_tokens"),
        at(usage, "output_tokens"),
        at_or_zero(usage, "cache_read_input_tokens"),
        *split,
    )


def _split(request: bytes, usage: object, written: int) -> tuple[int, int] | None:
    """Return the tokens written to the cache for 5 minutes and for 1 hour, or None.

    They must sum to what was written. A model that knows only the 5 minutes reports no split;
    where the request asked for an hour, its absence leaves the price unknown.
    """
    if not isinstance(usage, dict):
        return None
    split = usage.get("cache_creation")
    if split is None:
        return None if written and cache_hour.asked_for(request) else (written, 0)
    if not isinstance(split, dict):
        return None
    short = count(at_or_zero(split, "ephemeral_5m_input_tokens"))
    long = count(at_or_zero(split, "ephemeral_1h_input_tokens"))
    if short is None or long is None or short + long != written:
        return None
    return short, long
