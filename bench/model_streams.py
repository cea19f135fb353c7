"""Answers as Bedrock streams them: the frames of a model's words. Framed by the code under test,
which a test holds to botocore's.

Source of their shapes: service model bedrock-runtime (ConverseStreamOutput, ResponseStream) and
recorded streams; Bedrock pads each event with a beginning of an alphabet, of a random length.
"""

import base64
import json
import random
import re
import string
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.backends.eventstream import encode_event

ALPHABET = string.ascii_lowercase + string.ascii_uppercase + string.digits
LENGTHS = random.Random(1)


@cache
def words(count: int) -> tuple[str, ...]:
    """Return so many tokens of plain English: that of our licence, as often as it takes."""
    text = " ".join((Path(__file__).parents[1] / "LICENSE").read_text(encoding="utf-8").split())
    tokens = re.findall(r" ?\w{1,5}|\s|[^\w\s]", text)
    return tuple(tokens[n % len(tokens)] for n in range(count))


def converse(tokens: Sequence[str]) -> Iterator[bytes]:
    """ConverseStream, a frame for each token."""
    yield _event("messageStart", {"role": "assistant"})
    for token in tokens:
        yield _event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": token}})
    yield _event("contentBlockStop", {"contentBlockIndex": 0})
    yield _event("messageStop", {"stopReason": "end_turn"})
    usage = {"inputTokens": 30, "outputTokens": len(tokens), "totalTokens": 30 + len(tokens)}
    yield _event("metadata", {"metrics": {"latencyMs": 347}, "usage": usage})


def invoke(tokens: Sequence[str]) -> Iterator[bytes]:
    """InvokeModelWithResponseStream of Claude, a frame for each token."""
    usage = {"input_tokens": 30, "output_tokens": 1}
    start = {"id": "msg_bdrk_01", "type": "message", "role": "assistant", "usage": usage}
    yield _chunk({"type": "message_start", "message": start})
    block = {"type": "text", "text": ""}
    yield _chunk({"type": "content_block_start", "index": 0, "content_block": block})
    for token in tokens:
        delta = {"type": "text_delta", "text": token}
        yield _chunk({"type": "content_block_delta", "index": 0, "delta": delta})
    yield _chunk({"type": "content_block_stop", "index": 0})
    delta, usage = {"stop_reason": "end_turn"}, {"output_tokens": len(tokens)}
    yield _chunk({"type": "message_delta", "delta": delta, "usage": usage})
    counts = {"inputTokenCount": 30, "outputTokenCount": len(tokens)}
    yield _chunk({"type": "message_stop", "amazon-bedrock-invocationMetrics": counts})


def now() -> str:
    """The first word of a timed answer: when it was written, by the clock of all processes."""
    return f"{time.monotonic_ns()} "


def _event(name: str, members: dict[str, Any]) -> bytes:
    return encode_event(name, _json({**members, "p": _padding()}))


def _chunk(members: dict[str, Any]) -> bytes:
    said = base64.b64encode(_json(members)).decode()
    return encode_event("chunk", _json({"bytes": said, "p": _padding()}))


def _padding() -> str:
    return ALPHABET[: LENGTHS.randint(1, len(ALPHABET))]


def _json(members: dict[str, Any]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()
