"""What an answer itself says that it used, read without any of the gateway's own code.

Sources: botocore's service model bedrock-runtime (`usage`, event streams); the headers and
`amazon-bedrock-invocationMetrics` are in no service model: as docs/metering.md tells.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from botocore.eventstream import EventStreamBuffer, ParserError

from ops.verify.counts import Counts
from ops.verify.gateway import Answer

Json = Mapping[str, Any]
Tells = Callable[[Answer], Counts]

HEADERS: Final[Mapping[str, str]] = {
    "input_tokens": "x-amzn-bedrock-input-token-count",
    "output_tokens": "x-amzn-bedrock-output-token-count",
    "cache_read_tokens": "x-amzn-bedrock-cache-read-input-token-count",
    "cache_write_tokens": "x-amzn-bedrock-cache-write-input-token-count",
}
METRICS: Final = "amazon-bedrock-invocationMetrics"


class NotTold(ValueError):
    """The answer does not say what it used, or is no whole answer."""


def by_headers(answer: Answer) -> Counts:
    """Read InvokeModel's headers; an embedding has no output."""
    told = {name: answer.headers[h] for name, h in HEADERS.items() if h in answer.headers}
    if "input_tokens" not in told:
        raise NotTold("it has no header of token counts")
    return Counts(**{name: int(value) for name, value in told.items()})


def by_usage(answer: Answer) -> Counts:
    """Read Converse's `usage`."""
    return _of_usage(json.loads(answer.body).get("usage"))


def by_images(answer: Answer) -> Counts:
    """Count the images of an answer."""
    images = json.loads(answer.body).get("images")
    if not images:
        raise NotTold("it has no images")
    return Counts(images=len(images))


def by_frames(answer: Answer) -> Counts:
    """Read InvokeModelWithResponseStream: the metrics on its last chunk."""
    frames = (payload for name, payload in _frames(answer.body) if name == "chunk")
    return _of_chunks(json.loads(base64.b64decode(frame["bytes"])) for frame in frames)


def by_metadata(answer: Answer) -> Counts:
    """Read ConverseStream: the usage in its `metadata`."""
    found = [payload for name, payload in _frames(answer.body) if name == "metadata"]
    return _of_usage(found[0].get("usage") if found else None)


def by_sse(answer: Answer) -> Counts:
    """Read Server-Sent Events: the metrics on the model's last chunk; it has to be `done`."""
    frames = [dict(_fields(frame)) for frame in answer.body.decode().split("\n\n")]
    named = [frame for frame in frames if "event" in frame]
    if not named or named[-1]["event"] != "done":
        raise NotTold("its last event is not 'done'")
    return _of_chunks(json.loads(each["data"]) for each in named if each["event"] == "chunk")


def by_events(answer: Answer) -> Counts:
    """Read what was kept of a queued answer: the metrics on the model's last chunk."""
    page = json.loads(answer.body)
    if page["status"] != "done":
        raise NotTold(f"its status is {page['status']!r}, not 'done'")
    return _of_chunks(iter(page["events"]))


def _of_usage(usage: Json | None) -> Counts:
    if not usage:
        raise NotTold("it has no usage")
    return Counts(
        usage["inputTokens"],
        usage["outputTokens"],
        usage.get("cacheReadInputTokens", 0),
        usage.get("cacheWriteInputTokens", 0),
    )


def _of_chunks(chunks: Iterator[Json]) -> Counts:
    metrics = [chunk[METRICS] for chunk in chunks if METRICS in chunk]
    if len(metrics) != 1:
        raise NotTold(f"{len(metrics)} of its chunks tell the counts, not one")
    return Counts(
        metrics[0]["inputTokenCount"],
        metrics[0]["outputTokenCount"],
        metrics[0].get("cacheReadInputTokenCount", 0),
        metrics[0].get("cacheWriteInputTokenCount", 0),
    )


def _frames(body: bytes) -> Iterator[tuple[str, Json]]:
    """Yield an event stream's events by name, as botocore reads the frames."""
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    for message in buffer:
        if message.headers.get(":message-type") != "event":
            raise NotTold(f"it ended with {message.headers.get(':exception-type')}")
        yield message.headers[":event-type"], json.loads(message.payload)


def _fields(frame: str) -> Iterator[tuple[str, str]]:
    for line in frame.split("\n"):
        name, colon, value = line.partition(": ")
        if colon and name:
            yield name, value


UNREADABLE: Final = (NotTold, ValueError, KeyError, TypeError, ParserError)
"""What readers of an answer may raise."""
