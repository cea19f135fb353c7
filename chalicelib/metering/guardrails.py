"""Guardrails: units of text and images, by policy, on the way in and on the way out.

They stand in `usage` where a guardrail is applied by itself, and in the trace of a model call that
names one. Sources: service model bedrock-runtime, GuardrailUsage, GuardrailTraceAssessment, and
the `action` of what a policy found (GuardrailAssessment: GuardrailTopic, GuardrailContentFilter …);
Amazon Bedrock user guide, "How Amazon Bedrock Guardrails works": a blocked input runs no model and
is charged for its evaluation alone. InvokeModel's trace is not in the service model; its names are
those that recorded answers carry.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce

from chalicelib.metering import bedrock_headers
from chalicelib.metering.exchange import Exchange, at
from chalicelib.metering.metered import Metered, unknown
from chalicelib.metering.usage import MAX_COUNT, NO_USAGE, Usage, count

UNITS: Mapping[str, str] = {
    "topicPolicyUnits": "guardrail_topic_units",
    "contentPolicyUnits": "guardrail_content_units",
    "contentPolicyImageUnits": "guardrail_content_image_units",
    "sensitiveInformationPolicyUnits": "guardrail_pii_units",
    "contextualGroundingPolicyUnits": "guardrail_grounding_units",
    "automatedReasoningPolicyUnits": "guardrail_reasoning_units",
}
FREE = frozenset(
    {
        "wordPolicyUnits",
        "sensitiveInformationPolicyFreeUnits",  # regular expressions
        "automatedReasoningPolicies",  # how many there are, not units of them
    }
)
"""Source: Amazon Bedrock pricing, "Guardrails": word filters and regular expressions are free."""

REQUIRED = frozenset(UNITS) - {"contentPolicyImageUnits", "automatedReasoningPolicyUnits"}
"""What GuardrailUsage always has; without one of them it was cut, or is something else."""

INVOKE_TRACE = "amazon-bedrock-trace"
INVOKE_ACTION = "amazon-bedrock-guardrailAction"
_APPLIED = f'"{INVOKE_ACTION}"'.encode()
_ADDED = "amazon-bedrock-"  # how the names begin of what Bedrock adds to a model's own answer
NOT_KNOWN = unknown("guardrail_units")


def meter(exchange: Exchange) -> Metered:
    """ApplyGuardrail: what the guardrail says it used."""
    if not exchange.complete:
        return unknown("body_cut")
    units = _units(at(exchange.response_json, "usage"))
    return NOT_KNOWN if units is None else Metered(units, "body")


def went_with(exchange: Exchange) -> bool:
    """Say whether a guardrail went with an InvokeModel, asked for or forced by the account.

    Text that a model wrote cannot pass for it: within a JSON string the quotes are escaped. Nor
    can what it gives to a tool: only Bedrock writes at the top of the answer.
    """
    if exchange.guardrail or _APPLIED not in exchange.response:
        return exchange.guardrail
    answer = exchange.response_json
    return answer is None or at(answer, INVOKE_ACTION) is not None


def added_to_invoke(metered: Metered, exchange: Exchange) -> Metered:
    """Add a guardrail's units to what InvokeModel's model used. None of both is known by half.

    Where the input was blocked no model ran, whatever the request would have been billed for.
    """
    answer = exchange.response_json
    trace = at(answer, INVOKE_TRACE, "guardrail")
    if _blocked(answer, trace, exchange.headers):
        metered = Metered(NO_USAGE, "body")
    return added(metered, _assessed(trace, "input", "outputs"))


def added_to_converse(metered: Metered, trace: object) -> Metered:
    """Add a guardrail's units, out of Converse's `trace.guardrail`."""
    return added(metered, _assessed(trace, "inputAssessment", "outputAssessments"))


def added(metered: Metered, units: Usage | None) -> Metered:
    if metered.usage_source == "none":
        return metered
    if units is None:
        return NOT_KNOWN
    return replace(metered, usage=metered.usage + units)


def _blocked(answer: object, trace: object, headers: Mapping[str, str]) -> bool:
    """Say whether the input was blocked, so that no model ran.

    A guardrail that intervenes may only have masked the input. So a finding must say that it
    blocked, whatever the headers count, for that may be the guardrail's own message; or the answer
    holds nothing at all besides what the guardrail wrote. What came out of a model was assessed.
    """
    if at(answer, INVOKE_ACTION) != "INTERVENED":
        return False
    if at(trace, "outputs") or at(trace, "modelOutput"):
        return False
    if any(_blocks(assessment) for assessment in _values(at(trace, "input"))):
        return True
    return not _own(answer) and not bedrock_headers.any_counts(headers)


def _blocks(assessment: object) -> bool:
    """Say whether anything that a policy found was blocked: `{policy: {kind: [{action}]}}`."""
    policies = assessment.values() if isinstance(assessment, dict) else ()
    found = [kind for policy in policies if isinstance(policy, dict) for kind in policy.values()]
    findings = [finding for kind in found if isinstance(kind, list) for finding in kind]
    return any(at(finding, "action") == "BLOCKED" for finding in findings)


def _own(answer: object) -> list[str]:
    """Return the members of an answer that a model's output may be in."""
    members = answer.items() if isinstance(answer, dict) else ()
    return [name for name, value in members if value and not name.startswith(_ADDED)]


def _assessed(trace: object, input_key: str, output_key: str) -> Usage | None:
    """Sum the units of every assessment in a trace, or None where one cannot be read.

    `{input: {id: A}, outputs: [{id: A}]}` of InvokeModel, and
    `{inputAssessment: {id: A}, outputAssessments: {id: [A]}}` of Converse.
    """
    assessments = [*_values(at(trace, input_key))]
    for group in _values(at(trace, output_key)):
        assessments += _values(group)
    found = [_units(at(each, "invocationMetrics", "usage")) for each in assessments]
    known = [units for units in found if units is not None]
    if not known or len(known) < len(found):
        return None
    total = reduce(Usage.__add__, known)
    return total if max(total.as_dict().values()) <= MAX_COUNT else None


def _values(group: object) -> Iterable[object]:
    """Return what an object or a list holds. What is neither stands for itself, unreadable."""
    if group is None:
        return ()
    if isinstance(group, dict):
        return group.values()
    return group if isinstance(group, list) else (group,)


def _units(reported: object) -> Usage | None:
    """Read one GuardrailUsage. Units of a kind that nobody knows are not free: not known."""
    if not isinstance(reported, dict) or not reported.keys() >= REQUIRED:
        return None
    counts: dict[str, int] = {}
    for name, value in reported.items():
        amount = 0 if value is None and name not in REQUIRED else count(value)
        if amount is None or (amount and name not in UNITS and name not in FREE):
            return None
        if name in UNITS:
            counts[UNITS[name]] = amount
    return Usage.from_counts(counts)
