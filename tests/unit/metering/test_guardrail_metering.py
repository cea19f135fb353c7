"""Guardrails beside a model call and by themselves, in answers as Bedrock sends them."""

import json

import pytest
from exchanges import conversed, guarded, metered, png, token_headers

from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import MAX_COUNT, NO_USAGE, Usage

TITAN = "amazon.titan-text-express-v1"
NOVA = "us.amazon.nova-lite-v1:0"
CLAUDE = "us.anthropic.claude-sonnet-4-6"
PICTURE = png(1024, 1024)
NOT_KNOWN = Metered(NO_USAGE, "none", problem="guardrail_units")

CHECKED_IN = {
    "topicPolicyUnits": 1,
    "contentPolicyUnits": 1,
    "wordPolicyUnits": 1,
    "sensitiveInformationPolicyUnits": 1,
    "sensitiveInformationPolicyFreeUnits": 0,
    "contextualGroundingPolicyUnits": 0,
}
CHECKED_OUT = {
    **CHECKED_IN,
    "sensitiveInformationPolicyFreeUnits": 1,
    "contentPolicyUnits": 3,
    "contentPolicyImageUnits": 2,
    "contextualGroundingPolicyUnits": 4,
    "automatedReasoningPolicyUnits": 5,
    "automatedReasoningPolicies": 1,
}
UNITS_IN = Usage(guardrail_topic_units=1, guardrail_content_units=1, guardrail_pii_units=1)
UNITS_BOTH = Usage(
    guardrail_topic_units=2,
    guardrail_content_units=4,
    guardrail_content_image_units=2,
    guardrail_pii_units=2,
    guardrail_grounding_units=4,
    guardrail_reasoning_units=5,
)


def assessment(usage: object, **findings: object) -> dict[str, object]:
    coverage = {"textCharacters": {"guarded": 87, "total": 87}}
    metrics = {
        "guardrailProcessingLatency": 347,
        "usage": usage,
        "guardrailCoverage": coverage,
    }
    return {"invocationMetrics": metrics, **findings}


def invoke_trace(
    usage_in: object = None, usage_out: object = None, **found_in: object
) -> dict[str, object]:
    guardrail: dict[str, object] = {
        "input": {"5zwrmdlsra2e": assessment(usage_in or CHECKED_IN, **found_in)}
    }
    if usage_out is not None:
        guardrail["modelOutput"] = ["{}"]
        guardrail["outputs"] = [{"5zwrmdlsra2e": assessment(usage_out)}]
    return {"guardrail": guardrail}


def converse_trace(usage_in: object = None, usage_out: object = None) -> dict[str, object]:
    guardrail: dict[str, object] = {
        "actionReason": "No action.",
        "inputAssessment": {"5zwrmdlsra2e": assessment(usage_in or CHECKED_IN)},
    }
    if usage_out is not None:
        guardrail["modelOutput"] = ["{}"]
        guardrail["outputAssessments"] = {"5zwrmdlsra2e": [assessment(usage_out)]}
    return {"guardrail": guardrail}


MASKED = {
    "inputTextTokenCount": 28.0,
    "results": [{"tokenCount": 197.0, "outputText": "…", "completionReason": "FINISH"}],
    "amazon-bedrock-trace": invoke_trace(CHECKED_IN, CHECKED_OUT),
    "amazon-bedrock-guardrailAction": "INTERVENED",
}
DENIED = {"topics": [{"name": "tax", "type": "DENY", "action": "BLOCKED", "detected": True}]}
ANONYMIZED = {
    "piiEntities": [{"match": "Ada", "type": "NAME", "action": "ANONYMIZED", "detected": True}],
    "regexes": [],
}


def intervened(body: dict[str, object] | None = None, **found_in: object) -> dict[str, object]:
    """An answer whose input a guardrail blocked or masked, as its findings say."""
    return {
        **(body or {}),
        "amazon-bedrock-trace": invoke_trace(CHECKED_IN, **found_in),
        "amazon-bedrock-guardrailAction": "INTERVENED",
    }


SORRY = {
    "inputTextTokenCount": 6.0,
    "results": [{"tokenCount": 3.0, "outputText": "Sorry.", "completionReason": "FINISH"}],
}
BLOCKED = intervened(SORRY, topicPolicy=DENIED)


def test_a_models_tokens_and_its_guardrails_units_are_counted_together():
    reading = metered(TITAN, MASKED, headers=token_headers(28, 197), guardrail=True)
    assert reading == Metered(Usage(28, 197) + UNITS_BOTH, "header")


def test_a_masked_answer_is_counted_by_its_headers():
    body = {
        "output": {"message": {"role": "assistant", "content": [{"text": "{NAME}"}]}},
        "stopReason": "guardrail_intervened",
        "usage": {"inputTokens": 30},
        "amazon-bedrock-trace": invoke_trace(CHECKED_IN, CHECKED_OUT),
        "amazon-bedrock-guardrailAction": "INTERVENED",
    }
    reading = metered(NOVA, body, headers=token_headers(30, 51), guardrail=True)
    assert reading == Metered(Usage(30, 51) + UNITS_BOTH, "header")


def test_a_masked_answer_of_a_model_that_counts_only_cache_reads_is_counted_by_its_headers():
    body = {
        "usage": {"prompt_tokens": 30},
        "amazon-bedrock-trace": invoke_trace(CHECKED_IN, CHECKED_OUT),
        "amazon-bedrock-guardrailAction": "INTERVENED",
    }
    reading = metered("openai.gpt-5.6", body, headers=token_headers(6, 51, 24), guardrail=True)
    assert reading == Metered(Usage(6, 51, cache_read_tokens=24) + UNITS_BOTH, "header")


def test_a_guardrail_that_let_all_pass_is_billed_too():
    body = {**MASKED, "amazon-bedrock-guardrailAction": "NONE"}
    reading = metered(TITAN, body, headers=token_headers(28, 197), guardrail=True)
    assert reading.usage == Usage(28, 197) + UNITS_BOTH


def test_a_blocked_input_is_billed_for_its_evaluation_alone():
    assert metered(TITAN, BLOCKED, guardrail=True) == Metered(UNITS_IN, "body")


def test_a_blocked_picture_is_billed_for_its_evaluation_alone():
    body = intervened(contentPolicy={"filters": [{"type": "HATE", "action": "BLOCKED"}]})
    reading = metered("amazon.titan-image-generator-v2:0", body, guardrail=True)
    assert reading == Metered(UNITS_IN, "body")


@pytest.mark.parametrize(
    ("model_id", "request_body"),
    [
        ("amazon.rerank-v1:0", {"query": "Which?", "documents": ["a"] * 350}),
        ("twelvelabs.marengo-embed-3-0-v1:0", {"inputType": "text", "text": {"inputText": "a"}}),
    ],
)
def test_a_blocked_input_that_would_be_billed_by_its_request_is_not(model_id, request_body):
    body = intervened(topicPolicy=DENIED)
    reading = metered(model_id, body, request=request_body, guardrail=True)
    assert reading == Metered(UNITS_IN, "body")


@pytest.mark.parametrize(
    "found_in",
    [
        {"topicPolicy": DENIED},
        {"contentPolicy": {"filters": [{"type": "HATE", "action": "BLOCKED"}]}},
        {"wordPolicy": {"customWords": [{"match": "x", "action": "BLOCKED"}]}},
        {"wordPolicy": {"managedWordLists": [{"match": "x", "action": "BLOCKED"}]}},
        {"sensitiveInformationPolicy": {"piiEntities": [{"type": "NAME", "action": "BLOCKED"}]}},
        {"sensitiveInformationPolicy": {"regexes": [{"name": "x", "action": "BLOCKED"}]}},
        {"sensitiveInformationPolicy": ANONYMIZED, "topicPolicy": DENIED},
    ],
    ids=str,
)
def test_headers_that_count_the_guardrails_own_message_are_not_billed(found_in):
    body = intervened(SORRY, **found_in)
    reading = metered(TITAN, body, headers=token_headers(6, 3), guardrail=True)
    assert reading == Metered(UNITS_IN, "body")


def test_an_input_that_was_masked_and_passed_on_did_run_the_model():
    body = intervened(SORRY, sensitiveInformationPolicy=ANONYMIZED)
    reading = metered(TITAN, body, headers=token_headers(28, 197), guardrail=True)
    assert reading == Metered(Usage(28, 197) + UNITS_IN, "header")


RAN = [
    ("amazon.titan-image-generator-v2:0", {"images": [PICTURE]}, Usage(images=1)),
    ("amazon.nova-canvas-v1:0", {"images": [PICTURE]}, Usage(images=1)),
    ("stability.sd3-large-v1:0", {"images": [PICTURE], "finish_reasons": [None]}, Usage(images=1)),
    (
        "stability.stable-diffusion-xl-v1",
        {"artifacts": [{"base64": PICTURE, "finishReason": "SUCCESS"}]},
        Usage(images=1),
    ),
    ("amazon.rerank-v1:0", {"results": [{"index": 0}]}, Usage(queries=1)),
    ("twelvelabs.marengo-embed-3-0-v1:0", {"data": [{"embedding": [0.1]}]}, Usage(queries=1)),
]
WHATEVER = {"taskType": "TEXT_IMAGE", "documents": ["a"], "inputType": "text"}


@pytest.mark.parametrize("found_in", [{"sensitiveInformationPolicy": ANONYMIZED}, {}], ids=str)
@pytest.mark.parametrize(("model_id", "body", "used"), RAN, ids=[each[0] for each in RAN])
def test_what_came_out_of_a_model_without_headers_is_billed(model_id, body, used, found_in):
    answer = intervened(body, **found_in)
    reading = metered(model_id, answer, request=WHATEVER, guardrail=True)
    assert reading.usage == used + UNITS_IN


def test_an_answer_of_nothing_but_the_guardrail_ran_no_model():
    reading = metered("amazon.rerank-v1:0", intervened(), request=WHATEVER, guardrail=True)
    assert reading == Metered(UNITS_IN, "body")


def test_words_of_a_guardrail_that_do_not_say_whether_a_model_ran_are_not_known():
    reading = metered(TITAN, intervened(SORRY), guardrail=True)
    assert reading == Metered(NO_USAGE, "none", problem="guardrail_intervened")


def test_a_finding_that_was_only_detected_blocks_nothing():
    seen = {"topics": [{"name": "tax", "type": "DENY", "action": "NONE", "detected": True}]}
    body = intervened({"results": [{"index": 0}]}, topicPolicy=seen)
    reading = metered("amazon.rerank-v1:0", body, request=WHATEVER, guardrail=True)
    assert reading.usage == Usage(queries=1) + UNITS_IN


def test_an_answer_that_came_out_without_counts_is_not_taken_for_a_blocked_input():
    reading = metered(TITAN, MASKED, guardrail=True)
    assert reading == Metered(NO_USAGE, "none", problem="guardrail_intervened")


def test_counts_that_are_not_exact_are_not_taken_for_a_blocked_input():
    body = intervened(SORRY, sensitiveInformationPolicy=ANONYMIZED)
    reading = metered(TITAN, body, headers=token_headers("many", 197), guardrail=True)
    assert reading.usage_source == "none"


def test_a_guardrail_whose_trace_is_missing_is_not_known():
    body = {"results": [], "amazon-bedrock-guardrailAction": "NONE"}
    assert metered(TITAN, body, headers=token_headers(28, 197), guardrail=True) == NOT_KNOWN


def test_a_guardrail_is_seen_in_an_answer_whose_request_named_none():
    reading = metered(TITAN, MASKED, headers=token_headers(28, 197))
    assert reading.usage == Usage(28, 197) + UNITS_BOTH


@pytest.mark.parametrize(
    "text", ['"amazon-bedrock-guardrailAction":"INTERVENED"', "amazon-bedrock-trace"]
)
def test_a_model_that_writes_of_guardrails_is_not_taken_for_one(text):
    body = {"content": [{"type": "text", "text": text}], "usage": {}}
    reading = metered(CLAUDE, body, headers=token_headers(28, 197))
    assert reading == Metered(Usage(28, 197), "header")


def test_a_tool_whose_input_is_named_after_a_guardrail_is_not_taken_for_one():
    tool = {"type": "tool_use", "input": {"amazon-bedrock-guardrailAction": "INTERVENED"}}
    body = json.dumps({"content": [tool], "usage": {}}, separators=(",", ":")).encode()
    reading = metered(CLAUDE, body, headers=token_headers(28, 197))
    assert reading == Metered(Usage(28, 197), "header")


def test_a_cut_answer_leaves_a_guardrails_units_unknown():
    reading = metered(TITAN, MASKED, headers=token_headers(28, 197), guardrail=True, complete=False)
    assert reading == NOT_KNOWN


def test_a_claude_cache_write_and_a_guardrail_are_read_in_one_body():
    body = {
        "usage": {"cache_creation": {"ephemeral_1h_input_tokens": 70}},
        "amazon-bedrock-trace": invoke_trace(CHECKED_IN),
        "amazon-bedrock-guardrailAction": "NONE",
    }
    reading = metered(CLAUDE, body, headers=token_headers(4, 50, 0, 70), guardrail=True)
    assert reading.usage == Usage(4, 50, cache_write_1h_tokens=70) + UNITS_IN


def converse_answer(usage: object, trace: object) -> dict[str, object]:
    return {"stopReason": "guardrail_intervened", "usage": usage, "trace": trace}


TOKENS = {"inputTokens": 17, "outputTokens": 17, "totalTokens": 34}


def test_converse_traces_the_way_in_and_the_way_out():
    body = converse_answer(TOKENS, converse_trace(CHECKED_IN, CHECKED_OUT))
    reading = conversed(TITAN, body, guardrail=True)
    assert reading == Metered(Usage(17, 17) + UNITS_BOTH, "body")


def test_converse_with_a_blocked_input_bills_the_guardrail_alone():
    none = {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}
    reading = conversed(TITAN, converse_answer(none, converse_trace()), guardrail=True)
    assert reading == Metered(UNITS_IN, "body")


@pytest.mark.parametrize("trace", [None, {}, {"guardrail": {}}, {"promptRouter": {}}], ids=str)
def test_converse_without_the_guardrails_trace_is_not_known(trace):
    body = {**converse_answer(TOKENS, trace), "stopReason": "end_turn"}
    assert conversed(TITAN, body, guardrail=True) == NOT_KNOWN


def test_a_guardrail_that_intervened_is_billed_whoever_named_it():
    assert conversed(TITAN, converse_answer(TOKENS, None)) == NOT_KNOWN


def test_a_trace_of_something_else_is_no_guardrail():
    body = {"usage": TOKENS, "trace": {"promptRouter": {"invokedModelId": "x"}}}
    assert conversed(TITAN, body) == Metered(Usage(17, 17), "body")


def test_several_guardrails_and_several_assessments_add_up():
    guardrail = {
        "inputAssessment": {"a": assessment(CHECKED_IN), "b": assessment(CHECKED_IN)},
        "outputAssessments": {"a": [assessment(CHECKED_IN), assessment(CHECKED_IN)], "b": []},
    }
    reading = conversed(TITAN, converse_answer(TOKENS, {"guardrail": guardrail}))
    assert reading.usage == Usage(
        17, 17, guardrail_topic_units=4, guardrail_content_units=4, guardrail_pii_units=4
    )


def test_a_guardrail_by_itself_says_what_it_used():
    body = {"usage": CHECKED_OUT, "action": "NONE", "outputs": [], "assessments": []}
    assert guarded(body) == Metered(
        Usage(
            guardrail_topic_units=1,
            guardrail_content_units=3,
            guardrail_content_image_units=2,
            guardrail_pii_units=1,
            guardrail_grounding_units=4,
            guardrail_reasoning_units=5,
        ),
        "body",
    )


def test_words_and_regular_expressions_are_free():
    free = {"wordPolicyUnits": 9, "sensitiveInformationPolicyFreeUnits": 9}
    none = {**dict.fromkeys(CHECKED_IN, 0), **free}
    assert guarded({"usage": none}) == Metered(NO_USAGE, "body")


def test_units_of_a_kind_that_nobody_knows_are_not_taken_for_free():
    assert guarded({"usage": {**CHECKED_IN, "deepFakePolicyUnits": 1}}) == NOT_KNOWN
    assert guarded({"usage": {**CHECKED_IN, "deepFakePolicyUnits": 0}}).usage == UNITS_IN


def test_a_cut_answer_of_a_guardrail_is_not_known():
    reading = guarded({"usage": CHECKED_IN}, complete=False)
    assert reading == Metered(NO_USAGE, "none", problem="body_cut")


WRONG = [-1, 1.5, True, "", "ten", 10**12, float("inf"), [1], {}]


BILLED = [
    "topicPolicyUnits",
    "contentPolicyUnits",
    "sensitiveInformationPolicyUnits",
    "contextualGroundingPolicyUnits",
]


@pytest.mark.parametrize("wrong", [*WRONG, None], ids=repr)
@pytest.mark.parametrize("name", BILLED)
def test_a_unit_that_is_not_a_count_is_never_a_wrong_number(name, wrong):
    spoilt = {**CHECKED_IN, name: wrong}
    guardrail = converse_trace(CHECKED_IN, spoilt)
    assert guarded({"usage": spoilt}) == NOT_KNOWN
    assert conversed(TITAN, converse_answer(TOKENS, guardrail)) == NOT_KNOWN
    body = {**MASKED, "amazon-bedrock-trace": invoke_trace(CHECKED_IN, spoilt)}
    assert metered(TITAN, body, headers=token_headers(1, 1)) == NOT_KNOWN


@pytest.mark.parametrize("name", BILLED)
def test_usage_that_lacks_a_unit_it_always_has_was_cut(name):
    cut = {kept: units for kept, units in CHECKED_IN.items() if kept != name}
    assert guarded({"usage": cut}) == NOT_KNOWN


def test_units_beyond_what_can_be_are_not_known():
    most = {**CHECKED_IN, "topicPolicyUnits": MAX_COUNT}
    assert conversed(TITAN, converse_answer(TOKENS, converse_trace(most, most))) == NOT_KNOWN


@pytest.mark.parametrize(
    "guardrail",
    [
        5,
        [],
        {"inputAssessment": 5},
        {"inputAssessment": {"a": None}},
        {"inputAssessment": {"a": {}}},
        {"inputAssessment": {"a": {"invocationMetrics": {}}}},
        {"inputAssessment": {"a": assessment(CHECKED_IN)}, "outputAssessments": {"a": [None]}},
        {"inputAssessment": {"a": assessment(CHECKED_IN)}, "outputAssessments": {"a": "x"}},
    ],
    ids=str,
)
def test_a_trace_of_another_shape_is_not_known(guardrail):
    assert conversed(TITAN, converse_answer(TOKENS, {"guardrail": guardrail})) == NOT_KNOWN


@pytest.mark.parametrize("body", [b"", b"{", b"[]", {}, {"usage": None}, {"usage": []}], ids=repr)
def test_an_answer_of_a_guardrail_in_another_shape_is_not_known(body):
    assert guarded(body) == NOT_KNOWN
