"""InvokeModelWithResponseStream: the model's own chunks, in base64, one an event.

The counts come with the last chunk, under a key of Bedrock's own; nothing is in the headers. In
recorded streams a guardrail's action is on every piece of text and on the last chunk, its trace on
the last alone, and a prompt that was blocked has no counts.
"""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from local.simulator import frames, spoiling
from local.simulator.actions import Call
from local.simulator.calls import Chunk, Reply
from local.simulator.faults import Fault
from local.simulator.refusals import invalid
from local.simulator.streams import Event, Padding, Stream, as_json

_COUNTS = {
    "input_tokens": "inputTokenCount",
    "output_tokens": "outputTokenCount",
    "cache_read_tokens": "cacheReadInputTokenCount",
    "cache_write_tokens": "cacheWriteInputTokenCount",
}
_ACTION, _TRACE = "amazon-bedrock-guardrailAction", "amazon-bedrock-trace"


def stream(call: Call, reply: Reply, fault: Fault | None) -> Stream:
    """Word a reply as a stream; raises Refusal for a model that does not stream."""
    if reply.chunks is None:
        raise invalid("The model is unsupported for streaming.")
    headers = {"X-Amzn-Bedrock-Content-Type": frames.JSON, **call.terms.headers()}
    return Stream(headers, _events(call, reply, reply.chunks(reply), _last(reply, fault)))


def _events(
    call: Call, reply: Reply, chunks: Iterator[Chunk], last: dict[str, Any]
) -> Iterator[Event]:
    padded = Padding(call.scribe.digest)
    action = {_ACTION: reply.body[_ACTION]} if _ACTION in reply.body else {}
    for chunk in chunks:
        more = last if chunk.final else action if chunk.tokens else {}
        encoded = b64encode(as_json({**chunk.body, **more})).decode()
        yield Event("chunk", padded({"bytes": encoded}), tokens=chunk.tokens, final=chunk.final)


def _last(reply: Reply, fault: Fault | None) -> dict[str, Any]:
    """Return what Bedrock adds to a stream's last chunk."""
    added = {key: reply.body[key] for key in (_ACTION, _TRACE) if key in reply.body}
    counts = {_COUNTS[name]: value for name, value in reply.counted_values().items()}
    if fault:
        spoiling.spoil_counts(counts, fault)
    if not counts:
        return added
    metrics = {**counts, "invocationLatency": reply.latency_ms, "firstByteLatency": 147}
    return {"amazon-bedrock-invocationMetrics": metrics, **added}
