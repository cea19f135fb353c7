"""Builders for streams: the events that an answer is made of, and what the meter reads of them."""

import json
from collections.abc import Iterable
from typing import Any

from exchanges import model

from chalicelib.catalog import Model
from chalicelib.metering.metered import Metered
from chalicelib.metering.streams import StreamMeter
from chalicelib.stream_event import StreamEvent

INVOKE = "InvokeModelWithResponseStream"
CONVERSE = "ConverseStream"
ENDPOINT = "InvokeEndpointWithResponseStream"
METRICS = "amazon-bedrock-invocationMetrics"
ACTION = "amazon-bedrock-guardrailAction"
TRACE = "amazon-bedrock-trace"


def chunk(**members: Any) -> StreamEvent:
    """A chunk of InvokeModelWithResponseStream, as its model's JSON."""
    return StreamEvent("chunk", compact(members))


def event(name: str, **members: Any) -> StreamEvent:
    """An event of ConverseStream, with padding as Bedrock sends it."""
    return StreamEvent(name, compact({**members, "p": "abcdefghijkl"}))


def sse(line: Any) -> StreamEvent:
    """A line of a container that speaks Server-Sent Events."""
    return StreamEvent("PayloadPart", b"data: " + compact(line) + b"\n\n")


def line(content: Any) -> StreamEvent:
    """A line of a container that writes JSON lines."""
    return StreamEvent("PayloadPart", compact(content) + b"\n")


def metrics(
    input_tokens: object = 21,
    output_tokens: object = 8,
    cache_read: object = None,
    cache_write: object = None,
) -> dict[str, Any]:
    """Bedrock's own counts, as a member of a model's last chunk; None leaves a count out."""
    counts = {
        "inputTokenCount": input_tokens,
        "outputTokenCount": output_tokens,
        "invocationLatency": 347,
        "firstByteLatency": 346,
        "cacheReadInputTokenCount": cache_read,
        "cacheWriteInputTokenCount": cache_write,
    }
    return {METRICS: {name: count for name, count in counts.items() if count is not None}}


def metering(of: Model | str, operation: str = INVOKE, **parts: Any) -> StreamMeter:
    request = parts.pop("request", {})
    body = request if isinstance(request, bytes) else compact(request)
    streamed = of if isinstance(of, Model) else model(of)
    return StreamMeter(streamed, operation, body, **{"headers": {}, **parts})


def streamed(
    of: Model | str,
    events: Iterable[StreamEvent],
    operation: str = INVOKE,
    *,
    complete: bool = True,
    busy_ms: int = 0,
    **parts: Any,
) -> Metered:
    """Meter a whole stream, or as much of it as came."""
    meter = metering(of, operation, **parts)
    for each in events:
        meter.add(each)
    return meter.settle(complete, busy_ms)


def conversed(of: str, events: Iterable[StreamEvent], **parts: Any) -> Metered:
    return streamed(of, events, CONVERSE, **parts)


def compact(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
