"""Reading OpenAI-like `messages`, which several families share."""

import json
from typing import Any

from local.simulator.calls import Ask
from local.simulator.prompt_cache import Segment
from local.simulator.refusals import malformed


def segments(ask: Ask) -> list[Segment]:
    """Return one segment a message, the tools before them; raises Refusal for a wrong shape."""
    read = [
        Segment(text, ask.scribe.read(text))
        for text in map(json.dumps, ask.optional("tools", list, []))
    ]
    messages = ask.required("messages", list)
    if not messages:
        raise malformed("#/messages: expected minimum item count: 1, found: 0")
    for i, message in enumerate(messages):
        if not isinstance(message, dict) or "role" not in message:
            raise malformed(f"#/messages/{i}: required key [role] not found")
        parts = [_part(ask, part) for part in _parts(message.get("content"))]
        read.append(Segment("".join(t for t, _ in parts), sum(n for _, n in parts)))
    return read


def _parts(content: Any) -> list[Any]:
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content or ""}]


def _part(ask: Ask, part: Any) -> tuple[str, int]:
    text = part.get("text") if isinstance(part, dict) else None
    if isinstance(text, str):
        return text, ask.scribe.read(text)
    text = json.dumps(part)
    return text, ask.scribe.look(text)
