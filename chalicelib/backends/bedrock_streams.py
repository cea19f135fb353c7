"""Reading the streams of Amazon Bedrock Runtime.

Sources: service model bedrock-runtime (ResponseStream, ConverseStreamOutput); for what Bedrock adds
to a model's own JSON, recorded streams.
"""

import json
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from typing import Final

from chalicelib.backends.eventstream import Frame
from chalicelib.backends.guardrails import INVOKE_TRACE
from chalicelib.backends.streamed import NOTHING, Step
from chalicelib.stream_event import StreamEvent

METRICS: Final = "amazon-bedrock-invocationMetrics"
"""In the last chunk of an answer: the counts that are billed."""

_COUNTS: Final = frozenset({METRICS, INVOKE_TRACE})
_ADDED: Final = b'"amazon-bedrock-'
_COUNTED: Final = re.compile(rb'"(?:' + "|".join(sorted(_COUNTS)).encode() + rb')"')
"""Text that a model writes cannot hold such a key: within a JSON string the quotes are escaped."""

_BEGIN: Final = b'{"bytes":"'
_NO_MEMBERS: Final = b"{}"

Restored = Callable[[bytes], bytes]
"""Takes out of an answer's JSON what the tenant had not asked for; see `guardrails`."""


class ConverseReading:
    """ConverseStream: an event's payload is its JSON; `metadata`, the last, has the usage."""

    def __init__(self, restored: Restored) -> None:
        self._restored = restored

    def frame(self, frame: Frame) -> Step:
        name, payload = frame.name, frame.payload
        events = (StreamEvent(name, payload),)
        if name != "metadata":
            return Step(frame.raw, events, events)
        rest = self._restored(payload)
        if rest == payload:
            return Step(frame.raw, events, events, final=True)
        return Step(frame.with_payload(rest), events, (StreamEvent(name, rest),), final=True)

    def end(self) -> Step:
        return NOTHING


class ChunkReading:
    """InvokeModelWithResponseStream: a `chunk` holds, in base64, a piece of the model's own JSON.

    A chunk that held nothing but the trace is not sent at all.
    """

    def __init__(self, restored: Restored) -> None:
        self._restored = restored

    def frame(self, frame: Frame) -> Step:
        name, said = frame.name, _said(frame.payload)
        if said is None:
            other = (StreamEvent(name, frame.payload),)
            return Step(frame.raw, other, other)
        events = (StreamEvent(name, said),)
        if _ADDED not in said or not _COUNTED.search(said):  # cheapest first
            return Step(frame.raw, events, events)
        final = _counts(said)
        rest = self._restored(said)
        if rest == said:
            return Step(frame.raw, events, events, final)
        if rest == _NO_MEMBERS:
            return Step(b"", events, (), final)
        raw = frame.with_payload(_saying(frame.payload, rest))
        return Step(raw, events, (StreamEvent(name, rest),), final)

    def end(self) -> Step:
        return NOTHING


def _said(payload: bytes) -> bytes | None:
    """Return what is in the `bytes` of a chunk; None where there are none that can be read."""
    if payload.startswith(_BEGIN):  # as Bedrock writes it: keys in order, no spaces
        try:
            end = payload.index(b'"', len(_BEGIN))
            return a2b_base64(payload[len(_BEGIN) : end], strict_mode=True)
        except ValueError:
            pass
    try:
        return a2b_base64(json.loads(payload)["bytes"], strict_mode=True)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _saying(payload: bytes, said: bytes) -> bytes:
    """Write a chunk's payload with other `bytes`, its padding unchanged."""
    encoded = b2a_base64(said, newline=False)
    if payload.startswith(_BEGIN):
        return _BEGIN + encoded + payload[payload.index(b'"', len(_BEGIN)) :]
    return json.dumps({**json.loads(payload), "bytes": encoded.decode()}).encode()


def _counts(said: bytes) -> bool:
    """Say whether Bedrock, and not the model, put counts into a chunk."""
    try:
        members = json.loads(said)
    except (ValueError, RecursionError):
        return False
    return isinstance(members, dict) and not _COUNTS.isdisjoint(members)
