"""ApplyGuardrail: a guardrail by itself, without a model (botocore's bedrock-runtime model)."""

from typing import Any

from local.simulator import guardrails
from local.simulator.actions import Call
from local.simulator.arrival import Arrival
from local.simulator.calls import Counts, Reply, required
from local.simulator.guardrails import Reading
from local.simulator.models import Model, Resources
from local.simulator.refusals import invalid

_INTERVENES = {"INPUT": {"blocksinput"}, "OUTPUT": {"blocksoutput", "masks"}}
_SAYS = {"blocksinput": guardrails.BLOCKED_INPUT, "blocksoutput": guardrails.BLOCKED_OUTPUT}
_REASONS = {
    "none": "No action.",
    "masks": "Guardrail masked.",
    "blocksinput": "Guardrail blocked.",
    "blocksoutput": "Guardrail blocked.",
}
_ONLY_GROUNDING = frozenset({"grounding_source", "query"})

Text = tuple[str, frozenset[str]]
"""A text, and its qualifiers."""


def identify(arrival: Arrival, _resources: Resources) -> Model:
    """Name the guardrail as a model is named; raises Refusal for one that is not there."""
    return Model(f"guardrail/{guardrails.find(*arrival.labels).id}", "guardrails")


def answer(call: Call) -> Reply:
    guardrail = guardrails.find(*call.arrival.labels)
    body = call.arrival.payload
    source = required(body, "source", str)
    if source not in _INTERVENES:
        raise invalid(
            f"1 validation error detected: Value '{source}' at 'source' failed to satisfy "
            "constraint: Member must satisfy enum value set: [INPUT, OUTPUT]"
        )
    texts, pictures = _content(required(body, "content", list))
    for text, _how in texts:
        call.scribe.read(text)
    intervenes = guardrail.does in _INTERVENES[source]
    done = guardrail.does if intervenes else "none"
    reading = _reading(texts, pictures)
    assessment = guardrail.assess(reading, answer=source == "OUTPUT", found=intervenes)
    found = assessment.as_json()
    metrics = found["invocationMetrics"]
    answered: dict[str, Any] = {
        "usage": metrics["usage"],
        "action": "GUARDRAIL_INTERVENED" if intervenes else "NONE",
        "actionReason": _REASONS[done],
        "outputs": _outputs(done, texts),
        "assessments": [found],
        "guardrailCoverage": metrics["guardrailCoverage"],
    }
    return Reply(answered, Counts(**guardrails.counts(assessment)))


def _content(blocks: list[Any]) -> tuple[list[Text], int]:
    """Return the texts, and how many pictures there are."""
    texts, pictures = [], 0
    for i, block in enumerate(blocks):
        if not isinstance(block, dict):
            raise invalid(f"content.{i}: expected a JSON object")
        if "image" in block:
            pictures += 1
            continue
        text = required(block, "text", dict, f"#/content/{i}")
        words = required(text, "text", str, f"#/content/{i}/text")
        texts.append((words, guardrails.qualifiers(text)))
    if not texts and not pictures:
        raise invalid("The content field is empty. Add content and try again.")
    return texts, pictures


def _reading(texts: list[Text], pictures: int) -> Reading:
    plain = sum(len(text) for text, how in texts if not how or "guard_content" in how)
    sourced = any("grounding_source" in how for _text, how in texts)
    everything = sum(len(text) for text, _how in texts)
    return Reading(plain, pictures, everything if sourced else 0)


def _outputs(done: str, texts: list[Text]) -> list[dict[str, str]]:
    """Return what is to be shown instead; nothing, where the guardrail did nothing."""
    if done in _SAYS:
        return [{"text": _SAYS[done]}]
    spoken = [text for text, how in texts if not how or how - _ONLY_GROUNDING]
    return [{"text": guardrails.masked(text)} for text in spoken if done == "masks"]
