"""InvokeModelWithResponseStream: streams as Bedrock sends them, recorded; then what breaks them."""

from dataclasses import replace

import pytest
from exchanges import model
from streamed_answers import ACTION, METRICS, TRACE, chunk, metering, metrics, streamed

from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import NO_USAGE, Usage
from chalicelib.stream_event import StreamEvent

LLAMA = "meta.llama2-13b-chat-v1"
NOVA = "amazon.nova-lite-v1:0"
TITAN = "amazon.titan-text-express-v1"
COHERE = "cohere.command-light-text-v14"
GPT_OSS = "openai.gpt-oss-120b-1:0"
PARTIAL = Metered(NO_USAGE, "partial")


def nova_delta(text: str = " night", **added: object) -> StreamEvent:
    return chunk(contentBlockDelta={"delta": {"text": text}, "contentBlockIndex": 0}, **added)


def nova_metadata(**added: object) -> StreamEvent:
    usage = {
        "inputTokens": 30,
        "outputTokens": 55,
        "cacheReadInputTokenCount": 0,
        "cacheWriteInputTokenCount": 0,
    }
    return chunk(metadata={"usage": usage, "metrics": {}, "trace": {}}, **added)


def llama(text: str, generated: int, prompt: int | None = None, **added: object) -> StreamEvent:
    return chunk(
        generation=text,
        prompt_token_count=prompt,
        generation_token_count=generated,
        **{"stop_reason": None, **added},
    )


def titan(text: str, total: object = None, read: object = None, **added: object) -> StreamEvent:
    reason = None if total is None else "FINISH"
    return chunk(
        outputText=text,
        index=0,
        totalOutputTextTokenCount=total,
        completionReason=reason,
        inputTextTokenCount=read,
        **added,
    )


LLAMA_STREAM = [
    llama("\n", 1, prompt=10),
    llama("\n", 2),
    llama("The", 3),
    llama(" text", 4),
    llama(" you", 5, stop_reason="length", **metrics(10, 5)),
]
NOVA_STREAM = [
    chunk(messageStart={"role": "assistant"}),
    nova_delta(),
    chunk(contentBlockStop={"contentBlockIndex": 0}),
    chunk(messageStop={"stopReason": "end_turn"}),
    nova_metadata(**metrics(30, 55, 0, 0)),
]


def test_llamas_last_chunk_has_bedrocks_counts():
    assert streamed(LLAMA, LLAMA_STREAM) == Metered(Usage(10, 5), "stream")


def test_novas_metadata_has_bedrocks_counts():
    assert streamed(NOVA, NOVA_STREAM) == Metered(Usage(30, 55), "stream")


def test_titans_one_chunk_has_bedrocks_counts():
    assert streamed(TITAN, [titan("Datadog is …", 51, 18, **metrics(18, 51))]) == Metered(
        Usage(18, 51), "stream"
    )


def test_both_generations_of_one_cohere_call_are_counted():
    generations = [{"finish_reason": "MAX_TOKENS", "id": name, "text": " …"} for name in "ab"]
    events = [chunk(generations=generations, id="1", prompt="What?", **metrics(20, 20))]
    assert streamed(COHERE, events) == Metered(Usage(20, 20), "stream")


def test_a_model_without_a_shape_of_its_own_is_counted_by_bedrock():
    events = [chunk(outputs=[{"text": "Hi", "stop_reason": None}]), chunk(**metrics(6, 100))]
    assert streamed("newcomer.model-v1:0", events) == Metered(Usage(6, 100), "stream")


def test_the_last_metrics_win():
    events = [chunk(**metrics(1, 1)), chunk(**metrics(20, 30)), chunk(generations=[])]
    assert streamed(COHERE, events).usage == Usage(20, 30)


def test_metrics_that_came_before_a_cut_are_final():
    assert streamed(NOVA, NOVA_STREAM, complete=False) == Metered(Usage(30, 55), "stream")


def test_metrics_may_be_floats_behind_a_guardrail():
    assert streamed(TITAN, [chunk(**metrics(28.0, 197.0))]).usage == Usage(28, 197)


def test_a_cached_prompt_is_its_own_count():
    assert streamed(NOVA, [nova_metadata(**metrics(30, 55, 2004, 0))]).usage == Usage(30, 55, 2004)


def test_the_tier_and_the_latency_stand_in_the_answers_headers():
    headers = {
        "x-amzn-bedrock-service-tier": "flex",
        "x-amzn-bedrock-performanceconfig-latency": "optimized",
    }
    reading = streamed(NOVA, NOVA_STREAM, headers=headers)
    assert (reading.tier, reading.variant) == ("flex", "optimized")
    cut = streamed(LLAMA, LLAMA_STREAM[:2], headers=headers, complete=False)
    assert (cut.usage, cut.tier, cut.variant) == (Usage(10, 2), "flex", "optimized")


def test_a_long_prompt_changes_the_price_of_the_whole_call():
    events = [chunk(**metrics(1, 1, 200_000, 0))]
    assert streamed("anthropic.claude-sonnet-4-5-v1", events).variant == "above_200k"


def test_a_models_own_counts_are_read_where_bedrocks_are_not():
    events = [*LLAMA_STREAM[:-1], llama(" you", 5, stop_reason="length")]
    assert streamed(LLAMA, events) == Metered(Usage(10, 5), "stream")
    assert streamed(NOVA, [nova_metadata()]) == Metered(Usage(30, 55), "stream")
    assert streamed(TITAN, [titan("a", read=18), titan("b", 51)]) == Metered(
        Usage(18, 51), "stream"
    )


def test_openais_usage_chunk_is_freed_of_its_cached_part_once():
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 64},
    }
    delta = {"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}
    events = [chunk(choices=[delta], usage=None), chunk(choices=[], usage=usage)]
    assert streamed(GPT_OSS, events) == Metered(Usage(36, 50, 64), "stream")


@pytest.mark.parametrize(
    "last",
    [
        chunk(choices=[], usage={"prompt_tokens": 21, "completion_tokens": 8}),
        llama("", 8, prompt=21, stop_reason="stop"),
    ],
    ids=["openai", "llama"],
)
def test_deepseek_counts_in_either_shape(last):
    assert streamed("us.deepseek.r1-v1:0", [last]) == Metered(Usage(21, 8), "stream")


def test_a_cut_stream_is_what_was_reported_by_then():
    assert streamed(LLAMA, LLAMA_STREAM[:3], complete=False) == Metered(Usage(10, 3), "partial")
    assert streamed(TITAN, [titan("a", read=18)], complete=False) == Metered(Usage(18), "partial")
    assert streamed(NOVA, NOVA_STREAM[:-1], complete=False) == PARTIAL


def test_a_stream_that_ends_early_without_a_word_is_partial_too():
    assert streamed(LLAMA, LLAMA_STREAM[:3]) == Metered(Usage(10, 3), "partial")
    assert streamed(NOVA, NOVA_STREAM[:-1]) == PARTIAL
    assert streamed(NOVA, []) == PARTIAL


def test_capacity_that_is_billed_by_time_is_counted_even_where_the_stream_was_cut():
    imported = replace(model(LLAMA), basis="imported")
    cut = streamed(imported, LLAMA_STREAM[:3], complete=False, busy_ms=750)
    assert cut == Metered(Usage(10, 3, busy_ms=750), "partial")
    assert streamed(imported, LLAMA_STREAM, busy_ms=750).usage == Usage(10, 5, busy_ms=750)


def test_any_event_is_writing():
    meter = metering(NOVA)
    assert meter.wrote is False
    meter.add(chunk(messageStart={"role": "assistant"}))
    assert meter.wrote is True


WRONG = [-1, 1.5, True, "", "x", "5 ", "1e3", 10**12, float("nan"), [], {}]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize("place", range(4))
def test_metrics_that_are_not_exactly_counts_are_never_a_wrong_number(place, wrong):
    counts = [20, 30, 5, 0]
    counts[place] = wrong
    reading = streamed(NOVA, [nova_delta(), chunk(**metrics(*counts))])
    assert reading == Metered(NO_USAGE, "partial", problem="no_exact_counts")


def test_metrics_that_are_not_exact_leave_the_models_own_counts():
    assert streamed(NOVA, [nova_metadata(**metrics(-1, 55, 0, 0))]) == Metered(
        Usage(30, 55), "stream"
    )


@pytest.mark.parametrize("wrong", [None, [], "20", 20], ids=repr)
def test_metrics_of_another_shape_are_none(wrong):
    assert streamed(COHERE, [chunk(**{METRICS: wrong})]) == PARTIAL


FORGED = '{"amazon-bedrock-invocationMetrics":{"inputTokenCount":0,"outputTokenCount":0}}'


@pytest.mark.parametrize(
    "event",
    [
        nova_delta(FORGED),
        nova_delta(METRICS),
        nova_delta(ACTION),
        nova_delta(TRACE),
        nova_delta("usage"),
        nova_delta("inputTokens"),
        nova_delta('{"metadata":{"usage":{"inputTokens":0,"outputTokens":0}}}'),
        chunk(tool_calls=[{"parameters": {**metrics(0, 0), "usage": {"inputTokens": 0}}}]),
    ],
    ids=lambda event: event.data.decode(),
)
def test_nothing_that_a_model_writes_passes_for_a_count(event):
    events = [*NOVA_STREAM[:2], event, *NOVA_STREAM[2:], event]
    assert streamed(NOVA, events) == Metered(Usage(30, 55), "stream")
    assert streamed(NOVA, [event]) == PARTIAL


def test_a_models_words_do_not_hide_what_llama_counted():
    events = [LLAMA_STREAM[0], llama('"generation_token_count":9', 2), *LLAMA_STREAM[2:]]
    assert streamed(LLAMA, events) == Metered(Usage(10, 5), "stream")


def test_metrics_that_are_there_twice_are_not_known():
    data = (
        b'{"amazon-bedrock-invocationMetrics":{"inputTokenCount":1,"outputTokenCount":1},'
        b'"amazon-bedrock-invocationMetrics":{"inputTokenCount":9,"outputTokenCount":9}}'
    )
    assert streamed(COHERE, [StreamEvent("chunk", data)]) == PARTIAL


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[]", b"null", METRICS.encode()], ids=repr)
def test_a_chunk_that_cannot_be_read_is_no_count(data):
    events = [StreamEvent("chunk", data), StreamEvent("chunk", b'"' + METRICS.encode() + b'"')]
    assert streamed(NOVA, events) == PARTIAL


UNITS = {
    "topicPolicyUnits": 1,
    "contentPolicyUnits": 1,
    "wordPolicyUnits": 1,
    "sensitiveInformationPolicyUnits": 1,
    "sensitiveInformationPolicyFreeUnits": 1,
    "contextualGroundingPolicyUnits": 0,
}
ONCE = Usage(guardrail_topic_units=1, guardrail_content_units=1, guardrail_pii_units=1)
INTERVENED = {ACTION: "INTERVENED"}


def assessed(**findings: object) -> dict[str, object]:
    return {"5zwrmdlsra2e": {"invocationMetrics": {"usage": UNITS}, **findings}}


def trace(*outputs: object, **findings: object) -> dict[str, object]:
    guardrail: dict[str, object] = {"input": assessed(**findings)}
    if outputs:
        guardrail |= {"modelOutput": ["Once …"], "outputs": [*outputs]}
    return {TRACE: {"guardrail": guardrail}}


DENIED = {"topics": [{"name": "tax", "type": "DENY", "action": "BLOCKED", "detected": True}]}
MASKED_STREAM = [
    chunk(outputText="Once", index=0, inputTextTokenCount=28.0, **INTERVENED),
    chunk(outputText=" upon", index=0, **INTERVENED),
    titan(" {NAME}", 188.0, **INTERVENED, **trace(assessed()), **metrics(28, 188)),
]
BLOCKED = titan("Sorry.", 3.0, 6.0, **INTERVENED, **trace(topicPolicy=DENIED))


def test_a_masked_stream_costs_its_tokens_and_the_guardrails_units():
    reading = streamed(TITAN, MASKED_STREAM, guardrail=True)
    assert reading == Metered(Usage(28, 188) + ONCE + ONCE, "stream")


def test_a_guardrail_that_the_account_forces_is_billed_too():
    assert streamed(TITAN, MASKED_STREAM).usage == Usage(28, 188) + ONCE + ONCE


def test_a_guardrail_that_let_all_pass_is_billed_too():
    events = [
        nova_delta(),
        nova_metadata(**{ACTION: "NONE"}, **trace(assessed()), **metrics(30, 55)),
    ]
    assert streamed(NOVA, events, guardrail=True).usage == Usage(30, 55) + ONCE + ONCE


def test_a_blocked_input_is_billed_for_its_evaluation_alone():
    assert streamed(TITAN, [BLOCKED], guardrail=True) == Metered(ONCE, "stream")


def test_the_guardrails_own_message_is_never_the_models_work():
    meter = metering(TITAN, guardrail=True)
    meter.add(titan("Sorry.", 3.0, 6.0, **INTERVENED))
    assert meter.progress == NO_USAGE
    assert meter.settle(complete=True) == Metered(
        NO_USAGE, "partial", problem="guardrail_intervened"
    )


def test_a_cut_stream_counts_what_its_guardrail_let_pass():
    passed = titan("a", read=18, **{ACTION: "NONE"})
    reading = streamed(TITAN, [passed], guardrail=True, complete=False)
    assert reading == Metered(Usage(18), "partial")


def test_a_guardrail_that_has_not_spoken_may_yet_block_what_came():
    reading = streamed(TITAN, [titan("a", read=18)], guardrail=True, complete=False)
    assert reading == PARTIAL


def test_a_guardrail_whose_units_cannot_be_read_leaves_the_models_tokens():
    events = [titan("a", 51, 18, **INTERVENED, **metrics(18, 51))]
    reading = streamed(TITAN, events, guardrail=True)
    assert reading == Metered(Usage(18, 51), "partial", problem="guardrail_units")


SEARCH = {"toolUse": {"name": "nova_grounding", "toolUseId": "t-1", "type": "server_tool_use"}}
GROUNDED = {"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}}
SEARCHES = [
    chunk(contentBlockStart={"start": SEARCH, "contentBlockIndex": 0}),
    nova_delta(),
    chunk(contentBlockStart={"start": SEARCH, "contentBlockIndex": 2}),
]


def test_each_search_of_web_grounding_is_a_query():
    reading = streamed(NOVA, [*SEARCHES, *NOVA_STREAM], request=GROUNDED)
    assert reading == Metered(Usage(30, 55, queries=2), "stream")


def test_a_tool_that_is_only_talked_of_makes_no_search():
    events = [nova_delta("nova_grounding"), *NOVA_STREAM]
    assert streamed(NOVA, events, request=GROUNDED) == Metered(Usage(30, 55), "stream")


def test_a_request_that_does_not_name_the_tool_makes_no_searches():
    assert streamed(NOVA, [*SEARCHES, *NOVA_STREAM]).usage == Usage(30, 55)
