"""ConverseStream: what Converse answers, in events (ConverseStreamOutput, botocore).

The counts come last, in `metadata`, after the reason to stop; nothing is in the headers. A tool's
input comes as pieces of its JSON, the first of them empty.
"""

import json
from collections.abc import Iterator
from typing import Any

from local.simulator.actions import Call
from local.simulator.calls import Reply
from local.simulator.faults import Fault
from local.simulator.streams import Event, Padding, Stream
from local.simulator.tokens import Piece, cut, shares

_METADATA = ("metrics", "performanceConfig", "serviceTier", "trace", "usage")
Delta = tuple[dict[str, Any], int]
"""What a delta adds to its block, and how many tokens are in it."""


def stream(call: Call, reply: Reply, _fault: Fault | None) -> Stream:
    return Stream({}, _events(reply, Padding(call.scribe.digest)))


def _events(reply: Reply, padded: Padding) -> Iterator[Event]:
    body = reply.body
    yield Event("messageStart", padded({"role": body["output"]["message"]["role"]}))
    blocks = body["output"]["message"]["content"]
    for number, (block, tokens) in enumerate(zip(blocks, _shares(reply, blocks), strict=True)):
        yield from _block(number, block, tokens, padded)
    yield Event("messageStop", padded({"stopReason": body["stopReason"]}))
    metadata = {key: body[key] for key in _METADATA if key in body}
    yield Event("metadata", padded(metadata), final=True)


def _block(number: int, block: dict[str, Any], tokens: int, padded: Padding) -> Iterator[Event]:
    place = {"contentBlockIndex": number}
    if tool := block.get("toolUse"):
        start = {"toolUse": {"name": tool["name"], "toolUseId": tool["toolUseId"]}}
        yield Event("contentBlockStart", padded({**place, "start": start}))
    for delta, part in _deltas(block, tokens):
        yield Event("contentBlockDelta", padded({**place, "delta": delta}), tokens=part)
    yield Event("contentBlockStop", padded(place))


def _deltas(block: dict[str, Any], tokens: int) -> Iterator[Delta]:
    if "reasoningContent" in block:
        thought = block["reasoningContent"]["reasoningText"]
        for text, part in cut(thought["text"], tokens):
            yield {"reasoningContent": {"text": text}}, part
        yield {"reasoningContent": {"signature": thought["signature"]}}, 0
        return
    tool = block.get("toolUse")
    pieces = _input(tool["input"], tokens) if tool else cut(block["text"], tokens)
    for text, part in pieces:
        yield {"toolUse": {"input": text}} if tool else {"text": text}, part


def _input(given: Any, tokens: int) -> list[Piece]:
    return [("", 0), *cut(json.dumps(given), tokens)]


def _shares(reply: Reply, blocks: list[dict[str, Any]]) -> list[int]:
    """Return the tokens of each block: the answer's are divided by length."""
    return shares(reply.counts.output_tokens, [len(json.dumps(block)) for block in blocks])
