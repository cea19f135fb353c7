"""However a model's words fall into events: the counts are those of the same answer at once."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from exchanges import endpoint, exchange, model, token_headers
from hypothesis import given, settings
from hypothesis import strategies as st
from streamed_answers import (
    CONVERSE,
    ENDPOINT,
    INVOKE,
    METRICS,
    chunk,
    event,
    metering,
    metrics,
    sse,
)

from chalicelib.catalog import Model
from chalicelib.metering.chunk_families import CHUNK_FAMILIES
from chalicelib.metering.exchange import Exchange
from chalicelib.metering.meter import METERS, meter
from chalicelib.metering.usage import COUNTERS, MAX_COUNT, Usage
from chalicelib.settings import CONTAINERS
from chalicelib.stream_event import StreamEvent

BUSY_MS = 640


class Shape(NamedTuple):
    """One kind of stream, and the answer that it is of."""

    model: Model
    operation: str
    stream: Callable[[Usage, list[str]], list[StreamEvent]]
    at_once: Callable[[Usage], Exchange]
    caches: tuple[str, ...] = ()  # what it counts of a cache


def written(usage: Usage) -> int:
    return usage.cache_write_tokens + usage.cache_write_1h_tokens


def of_bedrock(usage: Usage, caches: bool = True) -> dict[str, Any]:
    cached = (usage.cache_read_tokens, written(usage)) if caches else ()
    return metrics(usage.input_tokens, usage.output_tokens, *cached)


def in_headers(usage: Usage, answer: object = None, caches: bool = True) -> Exchange:
    cached = (usage.cache_read_tokens, written(usage)) if caches else ()
    headers = token_headers(usage.input_tokens, usage.output_tokens, *cached)
    return exchange(answer, headers=headers)


def without_cache(usage: Usage) -> Exchange:
    return in_headers(usage, caches=False)


def claude_usage(usage: Usage, output_tokens: int) -> dict[str, object]:
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": output_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation_input_tokens": written(usage),
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_tokens,
            "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
        },
    }


def claude(usage: Usage, words: list[str]) -> list[StreamEvent]:
    output = {"output_tokens": usage.output_tokens}
    return [
        chunk(type="message_start", message={"usage": claude_usage(usage, 999)}),
        *(chunk(type="content_block_delta", delta={"text": word}) for word in words),
        chunk(type="message_delta", delta={"stop_reason": "end_turn"}, usage=output),
        chunk(type="message_stop", **of_bedrock(usage)),
    ]


def claude_at_once(usage: Usage) -> Exchange:
    return in_headers(usage, {"usage": claude_usage(usage, usage.output_tokens)})


def llama(usage: Usage, words: list[str]) -> list[StreamEvent]:
    """It counts what it has written in each chunk, and its prompt in the first."""
    generated = range(len(words) + 1)
    parts = [
        chunk(
            generation=word,
            prompt_token_count=None if place else usage.input_tokens,
            generation_token_count=min(place, usage.output_tokens),
            stop_reason=None,
        )
        for place, word in zip(generated, ["", *words], strict=True)
    ]
    last = {"generation_token_count": usage.output_tokens, "stop_reason": "stop"}
    return [*parts, chunk(generation="", **last)]


def titan(usage: Usage, words: list[str]) -> list[StreamEvent]:
    last = {"totalOutputTextTokenCount": usage.output_tokens, "completionReason": "FINISH"}
    return [
        chunk(outputText="", inputTextTokenCount=usage.input_tokens),
        *(chunk(outputText=word) for word in words),
        chunk(**last, **of_bedrock(usage, caches=False)),
    ]


def cohere(usage: Usage, words: list[str]) -> list[StreamEvent]:
    deltas = [chunk(text=word) for word in words]
    return [*deltas, chunk(is_finished=True, **of_bedrock(usage, caches=False))]


def openai_usage(usage: Usage, output_tokens: int) -> dict[str, Any]:
    cached = usage.cache_read_tokens
    return {
        "prompt_tokens": usage.input_tokens + cached,
        "completion_tokens": output_tokens,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def said(word: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]}


def openai(usage: Usage, words: list[str]) -> list[StreamEvent]:
    last = chunk(choices=[], usage=openai_usage(usage, usage.output_tokens))
    return [*(chunk(**said(word)) for word in words), last]


def vllm(usage: Usage, words: list[str]) -> list[StreamEvent]:
    """It counts in every chunk, where it is asked to."""
    begun = openai_usage(usage, 0)
    last = {"choices": [], "usage": openai_usage(usage, usage.output_tokens)}
    return [*(sse({**said(word), "usage": begun}) for word in words), sse(last)]


def openai_at_once(usage: Usage) -> Exchange:
    counts = openai_usage(usage, usage.output_tokens)
    return exchange({"object": "chat.completion", "usage": counts})


def tgi(usage: Usage, words: list[str]) -> list[StreamEvent]:
    details = {"generated_tokens": usage.output_tokens, "input_length": usage.input_tokens}
    tokens = [sse({"token": {"text": word}, "details": None}) for word in words]
    return [*tokens, sse({"token": {"text": ""}, "details": details})]


def tgi_at_once(usage: Usage) -> Exchange:
    prefill = [{"id": place} for place in range(usage.input_tokens)]
    details = {"generated_tokens": usage.output_tokens, "prefill": prefill}
    return exchange([{"generated_text": "", "details": details}])


def token_usage(usage: Usage) -> dict[str, Any]:
    return {
        "inputTokens": usage.input_tokens,
        "outputTokens": usage.output_tokens,
        "cacheReadInputTokens": usage.cache_read_tokens,
        "cacheWriteInputTokens": written(usage),
        "cacheDetails": [
            {"ttl": "5m", "inputTokens": usage.cache_write_tokens},
            {"ttl": "1h", "inputTokens": usage.cache_write_1h_tokens},
        ],
    }


def nova(usage: Usage, words: list[str]) -> list[StreamEvent]:
    deltas = [chunk(contentBlockDelta={"delta": {"text": word}}) for word in words]
    return [*deltas, chunk(metadata={"usage": token_usage(usage)}, **of_bedrock(usage))]


def converse(usage: Usage, words: list[str]) -> list[StreamEvent]:
    deltas = [event("contentBlockDelta", delta={"text": word}) for word in words]
    return [*deltas, event("messageStop"), event("metadata", usage=token_usage(usage))]


def conversed_at_once(usage: Usage) -> Exchange:
    return exchange({"usage": token_usage(usage)}, operation="Converse")


READS, WRITES, HOURS = "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens"
HAIKU = model("us.anthropic.claude-haiku-5-5")
SHAPES = {
    "claude": Shape(HAIKU, INVOKE, claude, claude_at_once, (READS, WRITES, HOURS)),
    "nova": Shape(model("amazon.nova-lite-v1:0"), INVOKE, nova, in_headers, (READS, WRITES)),
    "llama": Shape(model("meta.llama3-8b-instruct-v1:0"), INVOKE, llama, without_cache),
    "titan": Shape(model("amazon.titan-text-express-v1"), INVOKE, titan, without_cache),
    "cohere": Shape(model("cohere.command-r-v1:0"), INVOKE, cohere, without_cache),
    "openai": Shape(model("openai.gpt-6-luna"), INVOKE, openai, openai_at_once, (READS,)),
    "converse": Shape(HAIKU, CONVERSE, converse, conversed_at_once, (READS, WRITES, HOURS)),
    "vllm": Shape(endpoint("openai"), ENDPOINT, vllm, openai_at_once, (READS,)),
    "tgi": Shape(endpoint("tgi"), ENDPOINT, tgi, tgi_at_once),
}
COUNTS = st.integers(1, 200)
USAGES = st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
WORDS = st.lists(
    st.text(max_size=8)
    | st.sampled_from(
        [
            *("usage", "input_tokens", "inputTokens", "prompt_tokens", "generated_tokens", METRICS),
            '{"usage":{"prompt_tokens":0,"completion_tokens":0}}',
            f'","{METRICS}":{{"inputTokenCount":0,"outputTokenCount":0}},"',
        ]
    ),
    max_size=6,
)
each_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def counted_by(shape: Shape, usage: Usage) -> Usage:
    """What of the usage the shape has places for."""
    none = {name: 0 for name in (READS, WRITES, HOURS) if name not in shape.caches}
    return replace(usage, **none)


@each_shape
@settings(max_examples=40)
@given(USAGES, WORDS)
def test_a_streams_counts_are_those_of_the_same_answer_at_once(shape, used, words):
    usage = counted_by(shape, used)
    stream = metering(shape.model, shape.operation)
    for each in shape.stream(usage, words):
        stream.add(each)
    at_once = meter(shape.model, shape.at_once(usage), BUSY_MS)
    assert at_once.usage_source in ("header", "body")
    assert stream.settle(complete=True, busy_ms=BUSY_MS) == replace(at_once, usage_source="stream")


@each_shape
@settings(max_examples=40)
@given(USAGES, WORDS)
def test_progress_never_exceeds_what_was_used_and_a_cut_settles_it(shape, used, words):
    usage = counted_by(shape, used)
    events = shape.stream(usage, words)
    for kept in range(len(events) + 1):
        stream = metering(shape.model, shape.operation)
        for each in events[:kept]:
            stream.add(each)
        assert at_most(stream.progress, usage)
        settled = stream.settle(complete=False)
        assert settled.usage_source in ("stream", "partial", "clock")
        assert settled.usage == (usage if settled.usage_source == "stream" else stream.progress)


def at_most(found: Usage, used: Usage) -> bool:
    return all(getattr(found, name) <= getattr(used, name) for name in COUNTERS)


MEMBERS = st.sampled_from(
    [
        *("type", "message_start", "message_delta", "message", "delta", "stop_reason", "usage"),
        *("input_tokens", "output_tokens", "cache_creation", "cache_creation_input_tokens"),
        *("inputTokens", "outputTokens", "cacheDetails", "metadata", "output", "content"),
        *("contentBlockStart", "start", "toolUse", "name", "nova_grounding"),
        *("inputTextTokenCount", "totalOutputTextTokenCount", "completionReason", "FINISH"),
        *("prompt_token_count", "generation_token_count", "choices", "finish_reason"),
        *("prompt_tokens", "completion_tokens", "details", "generated_tokens", "input_length"),
        *(METRICS, "inputTokenCount", "outputTokenCount", "cacheWriteInputTokenCount"),
        *("amazon-bedrock-trace", "amazon-bedrock-guardrailAction", "INTERVENED", "NONE"),
        *("guardrail", "input", "outputs", "trace", "serviceTier", "stopReason"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers(-5, 10**10) | st.floats() | MEMBERS
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=5),
    max_leaves=20,
)
DATA = JSON.map(lambda content: json.dumps(content).encode()) | st.binary(max_size=20)
NAMES = st.sampled_from(["chunk", "metadata", "messageStop", "contentBlockStart", "PayloadPart"])
EVENTS = st.lists(st.builds(StreamEvent, NAMES, DATA), max_size=6)
STREAMED = [(each.model, each.operation) for each in SHAPES.values()]
STREAMED += [(model("twelvelabs.pegasus-1-2-v1:0"), INVOKE), (model("deepseek.v3-v1:0"), INVOKE)]
STREAMED += [(model("amazon.nova-lite-v1:0"), CONVERSE), (model("amazon.nova-canvas-v1:0"), INVOKE)]
STREAMED += [(endpoint(container), ENDPOINT) for container in CONTAINERS]


@pytest.mark.parametrize(
    ("tried", "operation"), STREAMED, ids=[f"{each.family}-{name}" for each, name in STREAMED]
)
@settings(max_examples=40)
@given(EVENTS, st.booleans(), st.booleans(), DATA)
def test_whatever_comes_no_count_is_wrong_by_its_form(
    tried, operation, events, guardrail, complete, request_body
):
    stream = metering(tried, operation, request=request_body, guardrail=guardrail)
    for each in events:
        stream.add(each)
        assert all(0 <= count <= MAX_COUNT for count in stream.progress.as_dict().values())
    reading = stream.settle(complete, BUSY_MS)
    assert all(0 <= count <= MAX_COUNT for count in reading.usage.as_dict().values())
    assert all(type(count) is int for count in reading.usage.as_dict().values())
    assert reading.usage_source in ("stream", "partial", "derived", "clock", "none")
    assert reading.usage_source != "none" or reading.problem
    assert stream.wrote is bool(events)


def test_every_family_that_streams_has_its_chunks_told():
    streaming = {name for name, each in METERS.items() if INVOKE in each.operations}
    assert set(CHUNK_FAMILIES) == streaming
