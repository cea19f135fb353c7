"""InvokeModel: a family answers in its own shape, and a guardrail watches over both sides.

What a guardrail does to an answer is taken from recorded ones: a masked answer is rewritten by
something that keeps no more of a `usage` object than its first count, and turns counts that stand
by themselves into floats, while the headers stay whole. A blocked prompt is answered in the same
shape, with counts that nobody is charged, and without count headers: the model did not run. A
stream's `usage` stays whole, and its floats are floats, too.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from local.simulator import families, guardrails, refusals
from local.simulator.actions import Call
from local.simulator.calls import Counts, Reply, holder
from local.simulator.guardrails import Assessment, Guardrail, Reading
from local.simulator.prompt_cache import PromptCache

_MOST_BYTES = 25_000_000


def answer(call: Call) -> Reply:
    if len(call.arrival.body) > _MOST_BYTES:
        raise refusals.invalid(refusals.TOO_LONG.format(_MOST_BYTES))
    family, guardrail = families.family(call.model), call.terms.guardrail
    if guardrail is None:
        return family(call.ask(call.arrival.payload))
    if guardrail.does == "blocksinput":
        # A prompt that never reached the model is not in the account's cache either.
        reply = family(call.ask(call.arrival.payload, PromptCache()))
        return _blocked(call, guardrail, reply)
    return _watched(call, guardrail, family(call.ask(call.arrival.payload)))


def _blocked(call: Call, guardrail: Guardrail, reply: Reply) -> Reply:
    before = _assess_prompt(call, guardrail, found=True)
    body = _rewritten(call, reply, lambda _t: guardrails.BLOCKED_INPUT).body if reply.texts else {}
    trace = {"input": _by_id(guardrail, before), "actionReason": "Guardrail blocked."}
    _say(call, body, trace, intervened=True)
    counts = Counts(**guardrails.counts(before))
    return Reply(body, counts, texts=reply.texts, chunks=reply.chunks)


def _watched(call: Call, guardrail: Guardrail, reply: Reply) -> Reply:
    before = _assess_prompt(call, guardrail)
    intervened = guardrail.does != "none" and bool(reply.texts)
    written = sum(len(reply.text(path)) for path in reply.texts)
    after = guardrail.assess(Reading(written), answer=True, found=intervened)
    trace: dict[str, Any] = {
        "input": _by_id(guardrail, before),
        "outputs": [_by_id(guardrail, after)],
        "actionReason": "No action.",
    }
    if intervened:
        masks = guardrail.does == "masks"
        trace["modelOutput"] = [json.dumps(reply.body, separators=(",", ":"))]
        trace["actionReason"] = "Guardrail masked." if masks else "Guardrail blocked."
        change = guardrails.masked if masks else lambda _text: guardrails.BLOCKED_OUTPUT
        reply = _rewritten(call, reply, change)
    _say(call, reply.body, trace, intervened=intervened)
    return replace(reply, counts=replace(reply.counts, **guardrails.counts(before, after)))


def _assess_prompt(call: Call, guardrail: Guardrail, *, found: bool = False) -> Assessment:
    reading = Reading(call.scribe.characters_in, call.scribe.pictures)
    return guardrail.assess(reading, answer=False, found=found)


def _by_id(guardrail: Guardrail, assessment: Assessment) -> dict[str, Any]:
    return {guardrail.id: assessment.as_json()}


def _say(call: Call, body: Any, trace: dict[str, Any], *, intervened: bool) -> None:
    body["amazon-bedrock-guardrailAction"] = "INTERVENED" if intervened else "NONE"
    if call.terms.traced:
        body["amazon-bedrock-trace"] = {"guardrail": trace}


def _rewritten(call: Call, reply: Reply, change: Callable[[str], str]) -> Reply:
    """Change what the model wrote, and the body's counts as Bedrock then does."""
    for path in reply.texts:
        place, key = holder(reply.body, path)
        place[key] = change(place[key])
    if reply.usage and reply.usage[0][0] == "usage":
        if call.streamed:
            return reply
        first = reply.usage[0][1]
        reply.body["usage"] = {first: reply.body["usage"][first]}
        return replace(reply, usage=reply.usage[:1])
    for path in reply.usage:
        place, key = holder(reply.body, path)
        place[key] = float(place[key])
    return reply
