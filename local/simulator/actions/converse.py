"""Converse: one shape for every model that talks (ConverseResponse, botocore's bedrock-runtime).

What is in `usage` is taken from recorded answers: models that cache report reads and writes under
two spellings each, the newer Claude also for how long (`cacheDetails`, where they wrote) and the
tools that the server ran; `inputTokens` is without cached tokens, `totalTokens` with them. Nothing
about tokens is in the headers.
"""

from dataclasses import replace
from typing import Any

from local.simulator import conversation, guardrails
from local.simulator.abilities import Abilities, abilities
from local.simulator.actions import Call
from local.simulator.calls import Ask, Counts, Path, Reply
from local.simulator.conversation import Conversation
from local.simulator.guardrails import Guardrail, Reading
from local.simulator.tokens import Passage

_USAGE: tuple[Path, ...] = (
    ("usage", "inputTokens"),
    ("usage", "outputTokens"),
    ("usage", "totalTokens"),
)
_CACHE_USAGE = (
    *_USAGE,
    ("usage", "cacheReadInputTokens"),
    ("usage", "cacheReadInputTokenCount"),
    ("usage", "cacheWriteInputTokens"),
    ("usage", "cacheWriteInputTokenCount"),
)


def answer(call: Call) -> Reply:
    ask = call.ask(call.arrival.payload)
    able = abilities(call.model.base)
    asked = conversation.read(ask)
    guardrail = call.terms.guardrail
    if guardrail and guardrail.does == "blocksinput":
        return _blocked(call, guardrail, asked)
    counts, content, stop = _run(ask, asked)
    body = _body(call, content, stop, _tokens(able, counts), 260 + 7 * counts.output_tokens)
    if guardrail:
        counts = _watch(call, guardrail, asked, body, counts)
    usage = _CACHE_USAGE if able.cache else _USAGE
    return Reply(body, counts, usage=usage, texts=_texts(content))


def count(ask: Ask) -> int:
    """Return how many tokens a request's prompt has, without running the model."""
    return sum(segment.tokens for segment in conversation.read(ask).segments)


def _run(ask: Ask, asked: Conversation) -> tuple[Counts, list[dict[str, Any]], str]:
    split = ask.cache.settle(ask.model.id, asked.segments)
    passage = ask.scribe.write(asked.limit)
    content = [{"text": passage.text}]
    stop = "end_turn" if passage.finished else "max_tokens"
    if asked.forced_tool:
        content, stop = [_tool_use(ask, asked.forced_tool)], "tool_use"
    tokens = passage.tokens
    if asked.thinks:
        thought = ask.scribe.write()
        tokens += thought.tokens
        content = [_reasoning(thought), *content]
    counts = Counts(split.uncached, tokens, split.read, split.written_5m, split.written_1h)
    return counts, content, stop


def _texts(content: list[dict[str, Any]]) -> tuple[Path, ...]:
    """Return where the text of an answer is: what a model thinks, or gives to a tool, is none."""
    place = ("output", "message", "content")
    return tuple(
        (*place, number, "text") for number, block in enumerate(content) if "text" in block
    )


def _body(
    call: Call, content: list[dict[str, Any]], stop: str, usage: dict[str, Any], latency_ms: int
) -> dict[str, Any]:
    terms = call.terms
    body: dict[str, Any] = {
        "metrics": {"latencyMs": latency_ms},
        "output": {"message": {"content": content, "role": "assistant"}},
    }
    if terms.latency:
        body["performanceConfig"] = {"latency": terms.latency}
    if terms.tier:
        body["serviceTier"] = {"type": terms.tier}
    return body | {"stopReason": stop, "usage": usage}


def _tokens(able: Abilities, counts: Counts) -> dict[str, Any]:
    kept = {"5m": counts.cache_write_tokens, "1h": counts.cache_write_1h_tokens}
    written = sum(kept.values())
    read = counts.cache_read_tokens
    usage: dict[str, Any] = {
        "inputTokens": counts.input_tokens,
        "outputTokens": counts.output_tokens,
        "totalTokens": counts.input_tokens + read + written + counts.output_tokens,
    }
    if able.cache:
        usage |= {"cacheReadInputTokenCount": read, "cacheReadInputTokens": read}
        usage |= {"cacheWriteInputTokenCount": written, "cacheWriteInputTokens": written}
    if able.itemises:
        usage["serverToolUsage"] = {}
        if written:
            details = [{"inputTokens": n, "ttl": ttl} for ttl, n in kept.items() if n]
            usage["cacheDetails"] = details
    return dict(sorted(usage.items()))


def _blocked(call: Call, guardrail: Guardrail, asked: Conversation) -> Reply:
    """Answer for the model, which did not run."""
    before = guardrail.assess(asked.reading, answer=False, found=True)
    usage = dict.fromkeys(("inputTokens", "outputTokens", "totalTokens"), 0)
    content = [{"text": guardrails.BLOCKED_INPUT}]
    body = _body(call, content, "guardrail_intervened", usage, 250)
    if call.terms.traced:
        body["trace"] = {
            "guardrail": {
                "actionReason": "Guardrail blocked.",
                "inputAssessment": {guardrail.id: before.as_json()},
            }
        }
    counts = Counts(**guardrails.counts(before))
    return Reply(body, counts, usage=_USAGE, texts=_texts(content))


def _watch(
    call: Call, guardrail: Guardrail, asked: Conversation, body: dict[str, Any], counts: Counts
) -> Counts:
    """Look at prompt and answer, change the answer in place, and return the counts with both."""
    blocks = body["output"]["message"]["content"]
    texts = [block for block in blocks if "text" in block]
    written = sum(len(block["text"]) for block in texts)
    intervened = guardrail.does != "none" and bool(texts)
    before = guardrail.assess(asked.reading, answer=False)
    grounding = asked.sources and asked.sources + written
    after = guardrail.assess(Reading(written, 0, grounding), answer=True, found=intervened)
    trace: dict[str, Any] = {
        "actionReason": "No action.",
        "inputAssessment": {guardrail.id: before.as_json()},
        "outputAssessments": {guardrail.id: [after.as_json()]},
    }
    if intervened:
        masks = guardrail.does == "masks"
        trace["modelOutput"] = [block["text"] for block in texts]
        trace["actionReason"] = f"No action.\nGuardrail {'masked' if masks else 'blocked'}."
        for block in texts:
            text = guardrails.masked(block["text"]) if masks else guardrails.BLOCKED_OUTPUT
            block["text"] = text
        body["stopReason"] = "guardrail_intervened"
    if call.terms.traced:
        body["trace"] = {"guardrail": trace}
    return replace(counts, **guardrails.counts(before, after))


def _tool_use(ask: Ask, name: str) -> dict[str, Any]:
    return {"toolUse": {"input": {}, "name": name, "toolUseId": f"tooluse_{ask.scribe.digest:x}"}}


def _reasoning(thought: Passage) -> dict[str, Any]:
    text = {"signature": "c2lnbmVk", "text": thought.text}
    return {"reasoningContent": {"reasoningText": text}}
