"""Reading a Converse request: its checks, its prompt in the order of caching, what is guarded.

Shapes are those of ConverseRequest in botocore's bedrock-runtime; refusals are worded as Bedrock
words them.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.simulator.abilities import Abilities, abilities
from local.simulator.calls import Ask, limit, optional
from local.simulator.families.anthropic import check_checkpoints
from local.simulator.guardrails import Reading, qualifiers
from local.simulator.prompt_cache import Keep, Segment
from local.simulator.refusals import Refusal, invalid

Block = Mapping[str, Any]

_UNSUPPORTED_CACHE = (
    "You invoked an unsupported model or your request did not allow prompt caching. See the "
    "documentation for more information."
)
_LOOKED_AT = ("image", "document", "video", "audio")
_BLOCKS = frozenset(
    {
        *("text", "toolUse", "toolResult", "guardContent", "cachePoint", "reasoningContent"),
        *("citationsContent", "searchResult", *_LOOKED_AT),
    }
)


@dataclass(slots=True)
class Conversation:
    """A request that was read: the prompt's segments, and what a guardrail sees of it."""

    limit: int | None
    forced_tool: str | None
    thinks: bool
    segments: list[Segment] = field(default_factory=list)
    reading: Reading = field(default_factory=Reading)
    sources: int = 0  # characters of grounding sources and queries


def read(ask: Ask) -> Conversation:
    """Read a request's body; raises Refusal."""
    able = abilities(ask.model.base)
    body = ask.payload
    tools = optional(body, "toolConfig", dict, {})
    more = optional(body, "additionalModelRequestFields", dict, {})
    conversation = Conversation(
        limit(optional(body, "inferenceConfig", dict, {}), "maxTokens", place="#/inferenceConfig"),
        _forced_tool(tools),
        optional(more, "thinking", dict, {}).get("type") == "enabled",
    )
    system = optional(body, "system", list, [])
    _check_abilities(able, system, tools, streamed=ask.streamed)
    messages = list(_messages(body))
    blocks = [*optional(tools, "tools", list, []), *system, *messages]
    for block in blocks:
        _add(ask, able, conversation, _object(block))
    check_checkpoints(conversation.segments)
    conversation.reading, conversation.sources = _guarded([*system, *messages], ask.scribe.pictures)
    return conversation


def _check_abilities(
    able: Abilities, system: list[Any], tools: Mapping[str, Any], *, streamed: bool
) -> None:
    if system and not able.system:
        raise invalid(
            "This model doesn't support system messages. Try again without a system message or use "
            "a model that supports system messages."
        )
    if tools and not able.tools:
        raise invalid("This model doesn't support tool use.")
    if tools and streamed and not able.streams_tools:
        raise invalid("This model doesn't support tool use in streaming mode.")


def _messages(body: Mapping[str, Any]) -> Iterator[Any]:
    """Yield every content block of the messages, in order."""
    messages = optional(body, "messages", list, [])
    if not messages or _object(messages[0]).get("role") != "user":
        raise invalid(
            "A conversation must start with a user message. Try again with a conversation that "
            "starts with a user message."
        )
    for i, message in enumerate(map(_object, messages)):
        if message.get("role") not in ("user", "assistant", "system"):
            raise invalid(_enum_error(f"messages.{i}.member.role", message.get("role")))
        content = message.get("content")
        if not isinstance(content, list) or not content:
            raise invalid(
                f"The content field in the Message object at messages.{i} is empty. Add a "
                "ContentBlock object to the content field and try again."
            )
        for j, block in enumerate(content):
            if "text" in _object(block) and not str(block["text"]).strip():
                raise invalid(
                    f"The text field in the ContentBlock object at messages.{i}.content.{j} is "
                    "blank. Add text to the text field, and try again."
                )
            yield block


def _add(ask: Ask, able: Abilities, conversation: Conversation, block: Block) -> None:
    segments = conversation.segments
    if "cachePoint" in block:
        keep = _keep(able, block["cachePoint"])
        if segments:
            last = segments[-1]
            segments[-1] = Segment(last.text, last.tokens, keep)
        return
    kind = next(iter(block), "")
    if kind in _LOOKED_AT or _guarded_picture(block):
        if not able.media:
            raise invalid(
                f"This model doesn't support the {kind} field that you provided. Try again without "
                "it or use a model that supports it."
            )
        data = json.dumps(block)
        segments.append(Segment(data, ask.scribe.look(data)))
        return
    if kind not in _BLOCKS and kind not in ("toolSpec", "systemTool"):
        raise invalid("The content block that you provided is not valid. Check it and try again.")
    text = _text(block)
    segments.append(Segment(text, ask.scribe.read(text)))


def _keep(able: Abilities, point: Any) -> Keep:
    if not able.cache:
        raise Refusal(403, "AccessDeniedException", _UNSUPPORTED_CACHE)
    if _object(point).get("type") != "default":
        raise invalid(_enum_error("cachePoint.type", point.get("type")))
    keep = point.get("ttl", "5m")
    if keep not in able.cache:
        raise invalid(_enum_error("cachePoint.ttl", keep))
    return "1h" if keep == "1h" else "5m"


def _text(block: Block) -> str:
    """Return what of a block the model reads."""
    if isinstance(block.get("text"), str):
        text: str = block["text"]
        return text
    if guarded := _guarded_text(block):
        return guarded[0]
    return json.dumps(block)


def _guarded_text(block: Block) -> tuple[str, frozenset[str]] | None:
    """Return a guarded text and its qualifiers."""
    content = _object(block.get("guardContent") or {}).get("text")
    if content is None:
        return None
    text = _object(content).get("text")
    if not isinstance(text, str):
        raise invalid("The guardContent field that you provided is not valid.")
    return text, qualifiers(content)


def _guarded_picture(block: Block) -> bool:
    return "image" in _object(block.get("guardContent") or {})


def _guarded(blocks: list[Block], pictures: int) -> tuple[Reading, int]:
    """Return what a guardrail looks at: the guarded blocks, or where there are none, all.

    A text that is only a source or a query is for grounding alone.
    """
    guarded = [each for each in map(_guarded_text, blocks) if each]
    if not guarded and not any(map(_guarded_picture, blocks)):
        texts = (block.get("text") for block in blocks)
        characters = sum(len(text) for text in texts if isinstance(text, str))
        return Reading(characters, pictures), 0
    plain = sum(len(text) for text, how in guarded if not how or "guard_content" in how)
    sources = sum(len(text) for text, how in guarded if how & {"grounding_source", "query"})
    return Reading(plain, sum(map(_guarded_picture, blocks))), sources


def _forced_tool(tools: Mapping[str, Any]) -> str | None:
    """Return the name of the tool that the caller wants used, the first where any will do."""
    choice = optional(tools, "toolChoice", dict, {})
    named = _object(choice.get("tool") or {}).get("name")
    if isinstance(named, str) or "any" not in choice:
        return named
    specs = (_object(tool).get("toolSpec") for tool in optional(tools, "tools", list, []))
    return next((str(_object(spec).get("name")) for spec in specs if spec), None)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid("The request that you provided is not valid: expected a JSON object.")
    return value


def _enum_error(place: str, value: object) -> str:
    return (
        f"1 validation error detected: Value '{value}' at '{place}' failed to satisfy constraint: "
        "Member must satisfy enum value set"
    )
