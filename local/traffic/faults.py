"""What goes wrong on the provider's side, as rules for the simulator's control API."""

from collections.abc import Mapping, Sequence
from typing import Any

Rule = Mapping[str, Any]

ANYWHERE: Sequence[Rule] = (
    {"do": "throttle"},
    {"do": "error_500"},
    {"do": "error_503"},
    {"do": "validation"},
    {"do": "access_denied"},
    {"do": "bad_credentials"},
    {"do": "timeout"},
    {"do": "hang"},
    {"do": "slow", "latency_ms": 300},
    {"do": "cut_headers"},
    {"do": "cut_body"},
    {"do": "trickle"},
    {"do": "bad_usage", "value": -5},
    {"do": "bad_usage", "value": 12.5},
    {"do": "bad_usage", "value": "many", "where": "headers"},
    {"do": "bad_usage", "value": "missing", "where": "headers"},
    {"do": "bad_usage", "value": 10**12, "where": "body"},
    {"do": "guardrail_floats"},
)
"""Faults that any model's call can meet."""

IN_STREAMS: Sequence[Rule] = (
    {"do": "stream_exception", "exception": "throttlingException", "after": 0},
    {"do": "stream_exception", "exception": "modelStreamErrorException", "after": 5},
    {"do": "stream_cut", "after": 4},
    {"do": "stream_truncated"},
    {"do": "stream_corrupt", "after": 3},
    {"do": "stream_idle", "after": 2},
    {"do": "stream_unknown_event", "after": 2},
    {"do": "stream_split"},
)
"""Faults that streams alone can meet."""

SOMEWHERE: Sequence[Rule] = (
    {"do": "filtered", "match": {"model": "*canvas*", "rate": "0.1"}},
    {"do": "filtered", "match": {"model": "stability.*", "rate": "0.1"}},
    {"do": "mixed_sizes", "match": {"model": "*titan-image*", "rate": "0.1"}},
    {"do": "tier", "tier": "default", "match": {"model": "*nova-pro*", "rate": "0.2"}},
    {"do": "latency", "match": {"model": "us.amazon.nova-pro*", "rate": "0.2"}},
    {"do": "rerank_chunks", "per_document": 50, "match": {"model": "*rerank*", "nth": 1}},
    {"do": "rerank_chunks", "per_document": 50, "match": {"model": "*rerank*", "rate": "0.2"}},
)
"""Faults of certain models."""

LARGE_ANSWER: Sequence[Rule] = (
    {"do": "big_answer", "match": {"model": "*claude*", "team": "ada", "nth": 1}},
)
"""One answer larger than a Lambda returns, of a team that streams nothing."""


STREAMS_BETWEEN = 7
"""Every so manyth stream meets a fault of its own."""


def one_of_each(spacing: int = 20) -> list[Rule]:
    """Return rules that hit every `spacing`th call from the start, with one kind after another."""
    return [*_every(spacing, ANYWHERE), *_every(STREAMS_BETWEEN, IN_STREAMS), *SOMEWHERE]


def rules(share: float) -> list[Rule]:
    """Return rules under which about this share of all calls meets a fault, each kind as often.

    Each kind is met at least once. Streams meet their own beside.
    """
    at_random = (
        {**rule, "match": {"rate": f"{share / len(kinds):.6f}"}}
        for kinds in (ANYWHERE, IN_STREAMS)
        for rule in kinds
    )
    return [*LARGE_ANSWER, *one_of_each(), *at_random]


def _every(spacing: int, kinds: Sequence[Rule]) -> list[Rule]:
    return [{**rule, "match": {"nth": number * spacing}} for number, rule in enumerate(kinds, 1)]
