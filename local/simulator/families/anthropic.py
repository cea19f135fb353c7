"""Anthropic Claude, Messages API (Bedrock user guide, "Anthropic Claude Messages API").

Headers carry the uncached input, the output, and the cache reads and writes; how a write divides
into 5 minutes and 1 hour stands in the body alone. Claude 3 has no prompt cache and sends neither
the cache headers nor the cache fields. A stream tells the input at its beginning, and the output,
added up, at its end.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from local.simulator.calls import CACHED, TEXT, Ask, Chunk, Counts, Reply
from local.simulator.prompt_cache import Keep, Segment
from local.simulator.refusals import invalid

VERSION = "bedrock-2023-05-31"
_UNCACHED = re.compile(r"anthropic\.claude-3-(haiku|sonnet|opus)-")
_MOST_CHECKPOINTS = 4
_PLAIN_USAGE = (("usage", "input_tokens"), ("usage", "output_tokens"))
_CACHE_USAGE = (
    *_PLAIN_USAGE,
    ("usage", "cache_creation_input_tokens"),
    ("usage", "cache_read_input_tokens"),
    ("usage", "cache_creation", "ephemeral_5m_input_tokens"),
    ("usage", "cache_creation", "ephemeral_1h_input_tokens"),
)


def messages(ask: Ask) -> Reply:
    if ask.required("anthropic_version", str) != VERSION:
        raise invalid(f"anthropic_version: Input should be '{VERSION}'")
    ask.required("max_tokens", int)
    ask.required("messages", list)
    segments = list(_segments(ask))
    caches = not _UNCACHED.match(ask.model.base)
    check_checkpoints(segments)
    split = ask.cache.settle(ask.model.id, segments if caches else [_unmarked(s) for s in segments])
    passage = ask.scribe.write(ask.limit("max_tokens"))
    counts = Counts(split.uncached, passage.tokens, split.read, split.written_5m, split.written_1h)
    body = {
        "id": f"msg_bdrk_{ask.scribe.digest:024x}",
        "type": "message",
        "role": "assistant",
        "model": ask.model.base.removeprefix("anthropic.").partition("-v1")[0],
        "content": [{"type": "text", "text": passage.text}],
        "stop_reason": "end_turn" if passage.finished else "max_tokens",
        "stop_sequence": None,
        "usage": _usage(counts, caches),
    }
    return Reply(
        body,
        counts,
        counted=CACHED if caches else TEXT,
        usage=_CACHE_USAGE if caches else _PLAIN_USAGE,
        texts=(("content", 0, "text"),),
        chunks=_chunks,
    )


def _chunks(reply: Reply) -> Iterator[Chunk]:
    """Yield the events of Anthropic's stream; the first says of the output that it has begun."""
    body, usage = reply.body, reply.body["usage"]
    begun: dict[str, Any] = {
        "content": [],
        "stop_reason": None,
        "usage": {**usage, "output_tokens": 1},
    }
    message = {key: begun.get(key, body[key]) for key in body if not key.startswith("amazon-")}
    yield Chunk({"type": "message_start", "message": message})
    block = {"type": "text", "text": ""}
    yield Chunk({"type": "content_block_start", "index": 0, "content_block": block})
    for text, tokens in reply.pieces():
        delta = {"type": "text_delta", "text": text}
        yield Chunk({"type": "content_block_delta", "index": 0, "delta": delta}, tokens)
    yield Chunk({"type": "content_block_stop", "index": 0})
    ended = {"stop_reason": body["stop_reason"], "stop_sequence": body["stop_sequence"]}
    written = {key: usage[key] for key in ("output_tokens",) if key in usage}
    yield Chunk({"type": "message_delta", "delta": ended, "usage": written})
    yield Chunk({"type": "message_stop"}, final=True)


def _usage(counts: Counts, caches: bool) -> dict[str, Any]:
    usage: dict[str, Any] = {
        "input_tokens": counts.input_tokens,
        "output_tokens": counts.output_tokens,
    }
    if caches:
        written = {
            "ephemeral_5m_input_tokens": counts.cache_write_tokens,
            "ephemeral_1h_input_tokens": counts.cache_write_1h_tokens,
        }
        usage["cache_creation_input_tokens"] = sum(written.values())
        usage["cache_read_input_tokens"] = counts.cache_read_tokens
        usage["cache_creation"] = written
    return usage


def _segments(ask: Ask) -> Iterator[Segment]:
    """Yield the prompt in the order in which it is cached: tools, system, messages."""
    for tool in ask.optional("tools", list, []):
        yield _segment(ask, tool)
    system = ask.optional("system", (str, list), [])
    for block in _blocks(system):
        yield _segment(ask, block)
    for i, message in enumerate(ask.payload["messages"]):
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant"):
            raise invalid(f"messages.{i}.role: Input should be 'user' or 'assistant'")
        if "content" not in message:
            raise invalid(f"messages.{i}.content: Field required")
        for block in _blocks(message["content"]):
            yield _segment(ask, block)


def _blocks(content: Any) -> list[Any]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list):
        raise invalid("messages: Input should be a valid list")
    return content


def _segment(ask: Ask, block: Any) -> Segment:
    if not isinstance(block, dict):
        raise invalid("messages: Input should be a valid dictionary")
    if block.get("type") in ("image", "document"):
        data = json.dumps(block.get("source"))
        return Segment(data, ask.scribe.look(data), _keep(block))
    text = block.get("text")
    if not isinstance(text, str):
        text = json.dumps({key: block[key] for key in block if key != "cache_control"})
    return Segment(text, ask.scribe.read(text), _keep(block))


def _keep(block: Mapping[str, Any]) -> Keep | None:
    control = block.get("cache_control")
    if control is None:
        return None
    ttl = control.get("ttl", "5m") if isinstance(control, dict) else None
    if ttl not in ("5m", "1h"):
        raise invalid("cache_control.ephemeral.ttl: Input should be '5m' or '1h'")
    return "1h" if ttl == "1h" else "5m"


def check_checkpoints(segments: list[Segment]) -> None:
    """Refuse more checkpoints than four, and one of an hour after one of five minutes."""
    kept = [segment.keep for segment in segments if segment.keep]
    if len(kept) > _MOST_CHECKPOINTS:
        raise invalid(
            f"A maximum of {_MOST_CHECKPOINTS} blocks with cache_control may be provided. "
            f"Found {len(kept)}."
        )
    if kept != sorted(kept):
        raise invalid(
            "cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' "
            "cache_control block."
        )


def _unmarked(segment: Segment) -> Segment:
    return Segment(segment.text, segment.tokens)
