"""Guardrails: which policies one has, what an assessment costs, and when it intervenes.

Everything is in the id, so that no test has to configure a guardrail first: the names of its
policies, then what it does if not `none`, then any number. `contentpii` watches and lets pass,
`topicpiimasks2` masks what the model wrote, `contentblocksinput` keeps every prompt from the model,
`wordblocksoutput` every answer from the caller. What a prompt says never matters.

A policy costs one unit for up to 1,000 characters that it is given (Bedrock user guide, "How
charges are calculated for Amazon Bedrock Guardrails"), the content policy one more for each
picture. Grounding needs a source, and it and automated reasoning look at answers alone. Shapes and
names: GuardrailAssessment in botocore's bedrock-runtime, and recorded answers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from local.simulator.refusals import Refusal, invalid, not_found

Does = Literal["none", "masks", "blocksinput", "blocksoutput"]
Units = Mapping[str, int]
"""Units by the name that Bedrock reports them under."""

BLOCKED_INPUT = "Sorry, this question is not allowed here."
BLOCKED_OUTPUT = "Sorry, this answer is not allowed here."
CHARACTERS_A_UNIT = 1_000

_UNITS = {
    "topic": "topicPolicyUnits",
    "content": "contentPolicyUnits",
    "word": "wordPolicyUnits",
    "pii": "sensitiveInformationPolicyUnits",
    "regex": "sensitiveInformationPolicyFreeUnits",
    "grounding": "contextualGroundingPolicyUnits",
    "reasoning": "automatedReasoningPolicyUnits",
}
_PICTURE_UNITS = "contentPolicyImageUnits"
_COUNTERS = {
    "topicPolicyUnits": "guardrail_topic_units",
    "contentPolicyUnits": "guardrail_content_units",
    "contentPolicyImageUnits": "guardrail_content_image_units",
    "sensitiveInformationPolicyUnits": "guardrail_pii_units",
    "contextualGroundingPolicyUnits": "guardrail_grounding_units",
    "automatedReasoningPolicyUnits": "guardrail_reasoning_units",
}
"""The units that are billed; words and regular expressions are free."""

_ANSWERS_ONLY = frozenset({"grounding", "reasoning"})
_CAN_MASK = frozenset({"pii", "regex"})
_ID = re.compile(
    rf"(?P<policies>({'|'.join(_UNITS)})+)(?P<does>masks|blocksinput|blocksoutput)?\d*"
)
_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[a-z0-9-]{1,20}:\d{12}:guardrail/([a-z0-9]+)")
_QUALIFIERS = ("grounding_source", "query", "guard_content")
_VERSION = re.compile(r"DRAFT|[1-9]\d{0,7}")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a guardrail is given to look at, on one side of the model."""

    characters: int = 0
    pictures: int = 0
    grounding: int = 0  # characters of source, query and answer, where there is a source


@dataclass(frozen=True, slots=True)
class Assessment:
    """What looking cost, and what was found: the policy's part of the assessment, or nothing."""

    reading: Reading
    units: Units
    finding: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the assessment as a trace holds it."""
        reading = self.reading
        covered: dict[str, Any] = {"textCharacters": _all_of(reading.characters)}
        if reading.pictures:
            covered["images"] = _all_of(reading.pictures)
        metrics = {
            "guardrailCoverage": covered,
            "guardrailProcessingLatency": 120 + reading.characters // 10,
            "usage": usage(self.units),
        }
        return {"invocationMetrics": metrics, **self.finding}


@dataclass(frozen=True, slots=True)
class Guardrail:
    id: str
    policies: tuple[str, ...]
    does: Does

    def assess(self, reading: Reading, *, answer: bool, found: bool = False) -> Assessment:
        """Look at a prompt, or at an answer; `found` if this is where the guardrail intervenes."""
        units = {}
        for policy in self.policies:
            if answer or policy not in _ANSWERS_ONLY:
                given = reading.grounding if policy == "grounding" else reading.characters
                units[_UNITS[policy]] = -(-given // CHARACTERS_A_UNIT)
        if "content" in self.policies and reading.pictures:
            units[_PICTURE_UNITS] = reading.pictures
        return Assessment(reading, units, self._finding() if found else {})

    def _finding(self) -> Mapping[str, Any]:
        if self.does == "masks":
            policy = next(policy for policy in self.policies if policy in _CAN_MASK)
            return _found(policy, "ANONYMIZED")
        return _found(self.policies[0], "BLOCKED")


def find(identifier: str, version: str) -> Guardrail:
    """Return a guardrail by its id or ARN; raises Refusal for what this account does not have."""
    arn = _ARN.fullmatch(identifier)
    name = arn[1] if arn else identifier
    match = _ID.fullmatch(name)
    if match is None or not _VERSION.fullmatch(version):
        raise unknown()
    policies = tuple(dict.fromkeys(re.findall("|".join(_UNITS), match["policies"])))
    does: Does = match["does"] or "none"  # type: ignore[assignment]
    if does == "masks" and not _CAN_MASK & set(policies):
        raise unknown()
    return Guardrail(name, policies, does)


def unknown() -> Refusal:
    return not_found("The guardrail identifier or version provided in the request does not exist.")


def asked(identifier: object, version: object) -> Guardrail | None:
    """Return the guardrail that a model call names, if it names one; raises Refusal."""
    if identifier is None and version is None:
        return None
    if not isinstance(identifier, str) or not isinstance(version, str):
        raise invalid("Guardrail identifier and version must be provided together.")
    return find(identifier, version)


def usage(units: Units) -> dict[str, int]:
    """Return units as Bedrock reports them: every policy, those that the guardrail lacks as 0."""
    names = (*_UNITS.values(), _PICTURE_UNITS, "automatedReasoningPolicies")
    known = {**units, "automatedReasoningPolicies": int("automatedReasoningPolicyUnits" in units)}
    return {name: known.get(name, 0) for name in sorted(names)}


def counts(*assessments: Assessment) -> dict[str, int]:
    """Return what the assessments cost together, by counter: the billed units alone."""
    billed = dict.fromkeys(_COUNTERS.values(), 0)
    for assessment in assessments:
        for name, units in assessment.units.items():
            if name in _COUNTERS:
                billed[_COUNTERS[name]] += units
    return billed


def qualifiers(text: Mapping[str, Any]) -> frozenset[str]:
    """Return what a guarded text is qualified as: nothing, or for grounding; raises Refusal."""
    named = text.get("qualifiers") or []
    if not isinstance(named, list) or not all(each in _QUALIFIERS for each in named):
        raise invalid(
            f"1 validation error detected: Value '{named}' at 'qualifiers' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{', '.join(_QUALIFIERS)}]"
        )
    return frozenset(named)


def masked(text: str) -> str:
    """Return a text with its first word taken for somebody's name."""
    first, space, rest = text.partition(" ")
    return f"{{NAME}}{space}{rest}" if first else text


def _all_of(number: int) -> dict[str, int]:
    return {"guarded": number, "total": number}


def _found(policy: str, action: str) -> Mapping[str, Any]:
    done = {"action": action, "detected": True}
    findings: dict[str, Mapping[str, Any]] = {
        "topic": {"topicPolicy": {"topics": [{"name": "topic-1", "type": "DENY", **done}]}},
        "content": {"contentPolicy": {"filters": [_FILTER | done]}},
        "word": {
            "wordPolicy": {"customWords": [{"match": "word", **done}], "managedWordLists": []}
        },
        "pii": {
            "sensitiveInformationPolicy": {
                "piiEntities": [{"match": "The", "type": "NAME", **done}],
                "regexes": [],
            }
        },
        "regex": {
            "sensitiveInformationPolicy": {
                "piiEntities": [],
                "regexes": [{"name": "first word", "match": "The", "regex": r"^\w+", **done}],
            }
        },
        "grounding": {"contextualGroundingPolicy": {"filters": [_GROUNDING | done]}},
        "reasoning": {"automatedReasoningPolicy": {"findings": [{"noTranslations": {}}]}},
    }
    return findings[policy]


_FILTER = {"type": "INSULTS", "confidence": "HIGH", "filterStrength": "HIGH"}
_GROUNDING = {"type": "GROUNDING", "threshold": 0.7, "score": 0.2}
