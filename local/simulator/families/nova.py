"""Amazon Nova, understanding models (Amazon Nova user guide, "Complete request schema").

`cachePoint` blocks follow what is to be kept, 5 minutes. Reads are billed, writes are free; both
are reported, in headers and body. A stream is worded much as Converse's is; in recorded ones every
token is a content block of its own.
"""

import json
from collections.abc import Iterator
from typing import Any

from local.simulator.calls import CACHED, Ask, Chunk, Counts, Reply, limit, optional
from local.simulator.prompt_cache import Segment
from local.simulator.refusals import malformed

_USAGE = (
    ("usage", "inputTokens"),
    ("usage", "outputTokens"),
    ("usage", "totalTokens"),
    ("usage", "cacheReadInputTokenCount"),
    ("usage", "cacheWriteInputTokenCount"),
)
_TEXTS = (("output", "message", "content", 0, "text"),)
_PICTURE_KINDS = ("image", "video", "document")


def messages(ask: Ask) -> Reply:
    ask.required("messages", list)
    config = ask.optional("inferenceConfig", dict, {})
    most = limit(config, "maxTokens", limit(config, "max_new_tokens"), "#/inferenceConfig")
    split = ask.cache.settle(ask.model.id, list(_segments(ask)))
    passage = ask.scribe.write(most)
    counts = Counts(split.uncached, passage.tokens, split.read, split.written_5m)
    body = {
        "output": {"message": {"content": [{"text": passage.text}], "role": "assistant"}},
        "stopReason": "end_turn" if passage.finished else "max_tokens",
        "usage": {
            "inputTokens": counts.input_tokens,
            "outputTokens": counts.output_tokens,
            "totalTokens": split.uncached + split.read + split.written_5m + passage.tokens,
            "cacheReadInputTokenCount": counts.cache_read_tokens,
            "cacheWriteInputTokenCount": counts.cache_write_tokens,
        },
    }
    return Reply(body, counts, CACHED, _USAGE, _TEXTS, chunks=_chunks)


def _chunks(reply: Reply) -> Iterator[Chunk]:
    yield Chunk({"messageStart": {"role": "assistant"}})
    for i, (text, tokens) in enumerate(reply.pieces()):
        delta = {"delta": {"text": text}, "contentBlockIndex": i}
        yield Chunk({"contentBlockDelta": delta}, tokens)
        yield Chunk({"contentBlockStop": {"contentBlockIndex": i}})
    yield Chunk({"messageStop": {"stopReason": reply.body["stopReason"]}})
    usage = {key: n for key, n in reply.body["usage"].items() if key != "totalTokens"}
    yield Chunk({"metadata": {"usage": usage, "metrics": {}, "trace": {}}}, final=True)


def _segments(ask: Ask) -> Iterator[Segment]:
    blocks = list(_blocks(ask))
    for block, follower in zip(blocks, [*blocks[1:], {}], strict=True):
        if "cachePoint" not in block:
            yield _segment(ask, block, kept="cachePoint" in follower)


def _blocks(ask: Ask) -> Iterator[dict[str, Any]]:
    tools = optional(ask.optional("toolConfig", dict, {}), "tools", list, [], "#/toolConfig")
    contents = [tools, ask.optional("system", list, [])]
    for i, message in enumerate(ask.payload["messages"]):
        if not isinstance(message, dict) or not isinstance(message.get("content"), list):
            raise malformed(f"#/messages/{i}/content: expected type: JSONArray, found: String")
        contents.append(message["content"])
    for content in contents:
        for block in content:
            if not isinstance(block, dict):
                raise malformed("#/messages: expected type: JSONObject, found: String")
            yield block


def _segment(ask: Ask, block: dict[str, Any], *, kept: bool) -> Segment:
    text = block.get("text")
    if not isinstance(text, str):
        text = json.dumps(block)
    looked_at = any(kind in block for kind in _PICTURE_KINDS)
    tokens = ask.scribe.look(text) if looked_at else ask.scribe.read(text)
    return Segment(text, tokens, "5m" if kept else None)
