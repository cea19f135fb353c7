"""Answers of Converse as Bedrock sends them, recorded; then fed what is not exactly a count."""

import pytest
from exchanges import conversed

from chalicelib.metering.meter import METERS
from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import NO_USAGE, Usage

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOT_KNOWN = Metered(NO_USAGE, "none", problem="no_exact_counts")

WRITTEN = {
    "cacheDetails": [{"inputTokens": 7502, "ttl": "5m"}],
    "cacheReadInputTokenCount": 0,
    "cacheReadInputTokens": 0,
    "cacheWriteInputTokenCount": 7502,
    "cacheWriteInputTokens": 7502,
    "inputTokens": 18,
    "outputTokens": 386,
    "serverToolUsage": {},
    "totalTokens": 7906,
}


def answer(usage: object, **members: object) -> dict[str, object]:
    return {
        "metrics": {"latencyMs": 1562},
        "output": {"message": {"role": "assistant", "content": [{"text": "Hello."}]}},
        "stopReason": "end_turn",
        "usage": usage,
        **members,
    }


def test_a_cache_write_is_no_part_of_the_input():
    assert conversed(HAIKU, answer(WRITTEN)) == Metered(
        Usage(18, 386, cache_write_tokens=7502), "body"
    )


def test_a_cache_read_is_no_part_of_the_input():
    usage = {
        "cacheReadInputTokenCount": 2004,
        "cacheReadInputTokens": 2004,
        "cacheWriteInputTokenCount": 0,
        "cacheWriteInputTokens": 0,
        "inputTokens": 18,
        "outputTokens": 420,
        "totalTokens": 2442,
    }
    assert conversed(HAIKU, answer(usage)).usage == Usage(18, 420, cache_read_tokens=2004)


def test_a_model_without_a_cache_sends_no_cache_counts():
    usage = {"inputTokens": 17, "outputTokens": 17, "totalTokens": 34}
    reading = conversed("amazon.titan-text-express-v1", answer(usage))
    assert reading == Metered(Usage(17, 17), "body")


@pytest.mark.parametrize(
    "read", ["cacheReadInputTokens", "cacheReadInputTokenCount"], ids=["modelled", "on the wire"]
)
def test_either_name_of_a_cache_count_is_enough(read):
    usage = {"inputTokens": 18, "outputTokens": 420, read: 2004}
    assert conversed(HAIKU, answer(usage)).usage == Usage(18, 420, cache_read_tokens=2004)


@pytest.mark.parametrize("name", ["cacheReadInputTokens", "cacheWriteInputTokenCount"])
def test_two_names_that_disagree_are_not_known(name):
    assert conversed(HAIKU, answer({**WRITTEN, name: 1})) == NOT_KNOWN


def test_input_is_never_derived_from_the_total():
    usage = {"outputTokens": 386, "totalTokens": 7906}
    assert conversed(HAIKU, answer(usage)) == NOT_KNOWN


def test_a_total_is_not_looked_at():
    assert conversed(HAIKU, answer({**WRITTEN, "totalTokens": -5})).usage_source == "body"


def test_an_hour_is_told_from_five_minutes():
    details = [{"inputTokens": 1500, "ttl": "5m"}, {"inputTokens": 6002, "ttl": "1h"}]
    reading = conversed(HAIKU, answer({**WRITTEN, "cacheDetails": details}))
    assert reading.usage == Usage(18, 386, cache_write_tokens=1500, cache_write_1h_tokens=6002)


@pytest.mark.parametrize("details", [None, []])
def test_a_write_that_nothing_tells_apart_is_kept_five_minutes(details):
    reading = conversed(HAIKU, answer({**WRITTEN, "cacheDetails": details}))
    assert reading.usage == Usage(18, 386, cache_write_tokens=7502)


def test_an_hour_that_was_asked_for_and_not_reported_is_not_known():
    reading = conversed(
        HAIKU,
        answer({**WRITTEN, "cacheDetails": None}),
        request={"system": [{"cachePoint": {"type": "default", "ttl": "1h"}}]},
    )
    assert reading == NOT_KNOWN


@pytest.mark.parametrize(
    "request_body",
    [
        {"inferenceConfig": {"stopSequences": ["1h"]}},
        {"requestMetadata": {"ttl": "1h"}},
        {"system": [{"text": "1h"}, {"cachePoint": {"type": "default"}}]},
    ],
    ids=str,
)
def test_an_hour_anywhere_else_in_a_request_is_no_cache_point(request_body):
    reading = conversed(HAIKU, answer({**WRITTEN, "cacheDetails": None}), request=request_body)
    assert reading.usage == Usage(18, 386, cache_write_tokens=7502)


def test_a_model_that_keeps_nothing_for_an_hour_is_not_asked_for_one():
    reading = conversed(
        "us.amazon.nova-pro-v1:0",
        answer({**WRITTEN, "cacheDetails": None}),
        request={"system": [{"cachePoint": {"type": "default", "ttl": "1h"}}]},
    )
    assert reading == Metered(Usage(18, 386, cache_write_tokens=7502), "body")


@pytest.mark.parametrize(
    "details",
    [
        [{"inputTokens": 7501, "ttl": "5m"}],
        [{"inputTokens": 7502, "ttl": "24h"}],
        [{"inputTokens": 7502}],
        [{"inputTokens": -1, "ttl": "5m"}, {"inputTokens": 7503, "ttl": "1h"}],
        [{"inputTokens": True, "ttl": "5m"}, {"inputTokens": 7501, "ttl": "1h"}],
        [{"inputTokens": 7502, "ttl": ["5m"]}],
        {"inputTokens": 7502, "ttl": "5m"},
        "5m",
        0,
    ],
    ids=str,
)
def test_details_that_do_not_sum_to_the_write_are_not_known(details):
    assert conversed(HAIKU, answer({**WRITTEN, "cacheDetails": details})) == NOT_KNOWN


def test_the_tier_and_the_latency_are_those_served():
    served = {"serviceTier": {"type": "flex"}, "performanceConfig": {"latency": "optimized"}}
    reading = conversed("us.amazon.nova-pro-v1:0", answer(WRITTEN, **served))
    assert (reading.tier, reading.variant) == ("flex", "optimized")


@pytest.mark.parametrize("word", ["Flex!", 5, ["flex"], {"type": "flex"}], ids=str)
def test_a_tier_that_is_no_word_is_never_priced_as_default(word):
    reading = conversed(HAIKU, answer(WRITTEN, serviceTier={"type": word}))
    assert reading.tier == "unknown"


def test_what_was_asked_for_is_not_what_was_served():
    reading = conversed(HAIKU, answer(WRITTEN), request={"serviceTier": {"type": "flex"}})
    assert (reading.tier, reading.variant) == ("default", "none")


def test_a_long_prompt_changes_the_price_of_the_whole_call():
    usage = {"inputTokens": 1, "outputTokens": 1, "cacheReadInputTokens": 200_000}
    assert conversed(SONNET, answer(usage)).variant == "above_200k"


def test_headers_of_another_operation_are_not_read():
    headers = {
        "x-amzn-bedrock-input-token-count": "9",
        "x-amzn-bedrock-output-token-count": "9",
        "x-amzn-bedrock-service-tier": "flex",
    }
    reading = conversed(HAIKU, answer(WRITTEN), headers=headers)
    assert reading == Metered(Usage(18, 386, cache_write_tokens=7502), "body")


def test_a_cut_answer_is_not_known():
    reading = conversed(HAIKU, answer(WRITTEN), complete=False)
    assert reading == Metered(NO_USAGE, "none", problem="body_cut")


NOT_COUNTS = [-1, 1.5, True, "", "5 ", "1e3", 10**12, float("nan"), [5], {}]


@pytest.mark.parametrize("wrong", [*NOT_COUNTS, None], ids=repr)
@pytest.mark.parametrize("name", ["inputTokens", "outputTokens"])
def test_a_count_that_is_not_one_is_never_a_wrong_number(name, wrong):
    assert conversed(HAIKU, answer({**WRITTEN, name: wrong})) == NOT_KNOWN


@pytest.mark.parametrize("wrong", NOT_COUNTS, ids=repr)
@pytest.mark.parametrize("name", ["cacheReadInputTokens", "cacheWriteInputTokens"])
def test_a_cache_count_that_is_not_one_spoils_the_set(name, wrong):
    assert conversed(HAIKU, answer({**WRITTEN, name: wrong})) == NOT_KNOWN


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{", b"\xff", {}, {"usage": None}, {"usage": [5]}], ids=repr
)
def test_an_answer_of_another_shape_is_not_known(body):
    assert conversed(HAIKU, body) == NOT_KNOWN


CONVERSING = {
    "claude": "us.anthropic.claude-opus-4-6-v1",
    "claude_legacy": "anthropic.claude-v2:1",
    "cohere_command": "cohere.command-r-plus-v1:0",
    "deepseek": "us.deepseek.r1-v1:0",
    "gemma": "google.gemma-3-27b-it",
    "glm": "zai.glm-5",
    "grok": "xai.grok-4.6",
    "jamba": "ai21.jamba-1-5-large-v1:0",
    "jurassic": "ai21.j2-ultra-v1",
    "kimi": "moonshotai.kimi-k2.5",
    "llama": "us.meta.llama4-maverick-17b-instruct-v1:0",
    "minimax": "minimax.minimax-m2.5",
    "mistral": "mistral.mistral-large-3-675b-instruct",
    "nemotron": "nvidia.nemotron-super-3-120b",
    "nova": "us.amazon.nova-premier-v1:0",
    "openai": "openai.gpt-oss-120b-1:0",
    "other": "newcomer.model-v1:0",
    "palmyra": "us.writer.palmyra-x5-v1:0",
    "qwen": "qwen.qwen3-vl-235b-a22b",
    "titan_text": "amazon.titan-text-premier-v1:0",
}


def test_every_family_that_converses_is_tried():
    conversing = {name for name, each in METERS.items() if "Converse" in each.operations}
    assert set(CONVERSING) == conversing


@pytest.mark.parametrize("model_id", CONVERSING.values(), ids=CONVERSING)
def test_every_family_counts_alike_when_it_converses(model_id):
    usage = {"inputTokens": 21, "outputTokens": 8, "totalTokens": 29}
    assert conversed(model_id, answer(usage)) == Metered(Usage(21, 8), "body")


@pytest.mark.parametrize(
    "model_id",
    [
        "amazon.nova-canvas-v1:0",
        "amazon.titan-embed-text-v2:0",
        "cohere.rerank-v3-5:0",
        "twelvelabs.pegasus-1-2-v1:0",
    ],
)
def test_a_family_billed_by_other_things_is_not_counted_by_tokens(model_id):
    usage = {"inputTokens": 21, "outputTokens": 8, "totalTokens": 29}
    reading = conversed(model_id, answer(usage))
    assert reading == Metered(NO_USAGE, "none", problem="family_not_metered")
