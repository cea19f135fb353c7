"""ConverseStream, in events as Bedrock sends them: all that counts is in the last."""

import pytest
from streamed_answers import conversed, event, metering

from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import NO_USAGE, Usage
from chalicelib.stream_event import StreamEvent

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
NOVA = "us.amazon.nova-lite-v1:0"
PARTIAL = Metered(NO_USAGE, "partial")
INEXACT = Metered(NO_USAGE, "partial", problem="no_exact_counts")
WRITTEN = {
    "cacheDetails": [{"inputTokens": 1500, "ttl": "5m"}, {"inputTokens": 6002, "ttl": "1h"}],
    "cacheReadInputTokenCount": 0,
    "cacheReadInputTokens": 0,
    "cacheWriteInputTokenCount": 7502,
    "cacheWriteInputTokens": 7502,
    "inputTokens": 18,
    "outputTokens": 386,
    "serverToolUsage": {},
    "totalTokens": 7906,
}


def delta(text: str = "Hello.") -> StreamEvent:
    return event("contentBlockDelta", contentBlockIndex=0, delta={"text": text})


def stop(reason: str = "end_turn") -> StreamEvent:
    return event("messageStop", stopReason=reason)


def metadata(usage: object = WRITTEN, **members: object) -> StreamEvent:
    return event("metadata", usage=usage, metrics={"latencyMs": 12954}, **members)


BEGINNING = [event("messageStart", role="assistant"), delta(), delta(" Bye."), stop()]


def test_the_metadata_has_every_count():
    reading = conversed(HAIKU, [*BEGINNING, metadata()])
    assert reading == Metered(Usage(18, 386, 0, 1500, 6002), "stream")


def test_metadata_that_came_before_a_cut_is_final():
    assert conversed(HAIKU, [*BEGINNING, metadata()], complete=False).usage_source == "stream"


def test_an_answer_without_metadata_is_partial_however_it_ends():
    assert conversed(HAIKU, BEGINNING, complete=False) == PARTIAL
    assert conversed(HAIKU, BEGINNING) == PARTIAL


def test_the_last_metadata_wins():
    other = {"inputTokens": 1, "outputTokens": 1}
    events = [*BEGINNING, metadata(other), metadata()]
    assert conversed(HAIKU, events).usage.input_tokens == 18


def test_the_tier_and_the_latency_are_those_served():
    served = {"serviceTier": {"type": "flex"}, "performanceConfig": {"latency": "optimized"}}
    reading = conversed(
        NOVA, [*BEGINNING, metadata({"inputTokens": 1, "outputTokens": 1}, **served)]
    )
    assert (reading.tier, reading.variant) == ("flex", "optimized")


def test_what_is_not_known_of_an_answer_still_has_its_tier():
    reading = conversed(HAIKU, [metadata({}, serviceTier={"type": "flex"})])
    assert (reading.usage_source, reading.tier) == ("partial", "flex")


def test_headers_say_nothing_of_a_conversation():
    headers = {"x-amzn-bedrock-service-tier": "flex", "x-amzn-bedrock-input-token-count": "9"}
    reading = conversed(HAIKU, [*BEGINNING, metadata()], headers=headers)
    assert (reading.usage.input_tokens, reading.tier) == (18, "default")


def test_a_write_that_cannot_be_told_apart_leaves_what_is_not_in_dispute():
    details = [{"inputTokens": 7501, "ttl": "5m"}]
    reading = conversed(HAIKU, [*BEGINNING, metadata({**WRITTEN, "cacheDetails": details})])
    assert reading == Metered(Usage(18, 386), "partial", problem="no_exact_counts")


def test_novas_cache_has_no_hour_to_ask_for():
    usage = {**WRITTEN, "cacheDetails": None}
    request = {"system": [{"cachePoint": {"type": "default", "ttl": "1h"}}]}
    assert conversed(NOVA, [metadata(usage)], request=request).usage == Usage(18, 386, 0, 7502)
    assert conversed(HAIKU, [metadata(usage)], request=request).usage_source == "partial"


NOT_COUNTS = [-1, 1.5, True, "", "5 ", "1e3", 10**12, float("nan"), [5], {}, None]


@pytest.mark.parametrize("wrong", NOT_COUNTS, ids=repr)
@pytest.mark.parametrize("name", ["inputTokens", "outputTokens"])
def test_a_count_that_is_not_one_is_never_a_wrong_number(name, wrong):
    assert conversed(HAIKU, [*BEGINNING, metadata({**WRITTEN, name: wrong})]) == INEXACT


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"null",
        b'{"usage":{"inputTokens":1,"inputTokens":2,"outputTokens":3}}',
    ],
    ids=repr,
)
def test_metadata_that_cannot_be_read_is_none(data):
    assert conversed(HAIKU, [*BEGINNING, StreamEvent("metadata", data)]) == PARTIAL


def test_only_the_event_of_that_name_is_metadata():
    forged = delta('{"usage":{"inputTokens":0,"outputTokens":0}}')
    other = event("newEvent", usage={"inputTokens": 0, "outputTokens": 0})
    assert conversed(HAIKU, [forged, other]) == PARTIAL
    assert conversed(HAIKU, [metadata(), forged, other]).usage.input_tokens == 18


UNITS = {
    "topicPolicyUnits": 1,
    "contentPolicyUnits": 1,
    "wordPolicyUnits": 1,
    "sensitiveInformationPolicyUnits": 1,
    "sensitiveInformationPolicyFreeUnits": 0,
    "contextualGroundingPolicyUnits": 0,
}
ASSESSED = {"invocationMetrics": {"usage": UNITS}}
ONCE = Usage(guardrail_topic_units=1, guardrail_content_units=1, guardrail_pii_units=1)
TWICE = {
    "guardrail": {
        "inputAssessment": {"5zwrmdlsra2e": ASSESSED},
        "outputAssessments": {"5zwrmdlsra2e": [ASSESSED]},
    }
}
TOKENS = {"inputTokens": 17, "outputTokens": 16, "totalTokens": 33}


def test_a_guardrails_units_stand_in_the_trace():
    events = [delta("{NAME}"), stop("guardrail_intervened"), metadata(TOKENS, trace=TWICE)]
    assert conversed(HAIKU, events, guardrail=True) == Metered(
        Usage(17, 16) + ONCE + ONCE, "stream"
    )


def test_a_blocked_input_is_billed_for_its_evaluation_alone():
    trace = {"guardrail": {"inputAssessment": {"5zwrmdlsra2e": ASSESSED}}}
    none = {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}
    events = [delta("Sorry."), stop("guardrail_intervened"), metadata(none, trace=trace)]
    assert conversed(HAIKU, events, guardrail=True) == Metered(ONCE, "stream")


@pytest.mark.parametrize("guardrail", [True, False])
def test_a_guardrail_whose_units_cannot_be_read_leaves_the_models_tokens(guardrail):
    events = [delta(), stop("guardrail_intervened"), metadata(TOKENS)]
    reading = conversed(HAIKU, events, guardrail=guardrail)
    assert reading == Metered(Usage(17, 16), "partial", problem="guardrail_units")


SEARCH = {"toolUse": {"name": "nova_grounding", "toolUseId": "t-1", "type": "server_tool_use"}}
GROUNDED = {"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}}
SEARCHES = [
    event("contentBlockStart", contentBlockIndex=0, start=SEARCH),
    event("contentBlockStart", contentBlockIndex=1, start={"toolUse": {"name": "weather"}}),
    event("contentBlockStart", contentBlockIndex=2, start=SEARCH),
]


def test_each_search_of_web_grounding_is_a_query():
    events = [*SEARCHES, *BEGINNING, metadata(TOKENS)]
    assert conversed(NOVA, events, request=GROUNDED) == Metered(Usage(17, 16, queries=2), "stream")
    cut = conversed(NOVA, events[:1], request=GROUNDED, complete=False)
    assert cut == Metered(Usage(queries=1), "partial")


@pytest.mark.parametrize(("model_id", "request_body"), [(NOVA, {}), (HAIKU, GROUNDED)])
def test_only_a_nova_that_was_given_the_tool_searches(model_id, request_body):
    events = [*SEARCHES, *BEGINNING, metadata(TOKENS)]
    assert conversed(model_id, events, request=request_body).usage == Usage(17, 16)


def test_progress_is_nothing_until_the_end():
    meter = metering(HAIKU, "ConverseStream")
    for each in BEGINNING:
        meter.add(each)
        assert meter.progress == NO_USAGE
    meter.add(metadata())
    assert meter.progress == meter.settle(complete=True).usage
