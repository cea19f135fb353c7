"""Answers as Bedrock sends them, recorded; then each family fed what is not exactly a count."""

from dataclasses import replace

import pytest
from exchanges import exchange, metered, model, token_headers

from chalicelib.metering.meter import meter
from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import NO_USAGE, Usage

NOVA = "amazon.nova-lite-v1:0"
TITAN_TEXT = "amazon.titan-text-express-v1"
LLAMA = "meta.llama3-8b-instruct-v1:0"
GPT_OSS = "openai.gpt-oss-120b-1:0"
TITAN_EMBED = "amazon.titan-embed-text-v2:0"

NOVA_BODY = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hello."}]}},
    "stopReason": "end_turn",
    "usage": {
        "inputTokens": 18,
        "outputTokens": 420,
        "totalTokens": 2442,
        "cacheReadInputTokenCount": 2004,
        "cacheWriteInputTokenCount": 0,
    },
}
TITAN_BODY = {
    "inputTextTokenCount": 28.0,
    "results": [{"tokenCount": 197.0, "outputText": "…", "completionReason": "FINISH"}],
}
LLAMA_BODY = {
    "generation": "Hello.",
    "prompt_token_count": 17,
    "generation_token_count": 59,
    "stop_reason": "stop",
}
OPENAI_BODY = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}}],
    "usage": {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 64},
    },
}
COHERE_BODY = {
    "id": "1",
    "prompt": "Say hello",
    "generations": [
        {"id": "a", "text": "Hello.", "finish_reason": "COMPLETE"},
        {"id": "b", "text": "Hi there.", "finish_reason": "COMPLETE"},
    ],
}


def test_headers_are_trusted_over_the_body_that_a_guardrail_masked():
    masked = {"output": {}, "stopReason": "guardrail_intervened", "usage": {"inputTokens": 30}}
    reading = metered(NOVA, masked, headers=token_headers(30, 51))
    assert reading == Metered(Usage(30, 51), "header")


def test_a_masked_body_alone_is_not_known():
    masked = {"output": {}, "stopReason": "guardrail_intervened", "usage": {"inputTokens": 30}}
    assert metered(NOVA, masked).usage_source == "none"


def test_counts_in_headers_need_no_body():
    reading = metered(NOVA, b"\xff not json", headers=token_headers(30, 51, 0, 0))
    assert reading == Metered(Usage(30, 51), "header")


@pytest.mark.parametrize("model_id", [NOVA, GPT_OSS, "us.anthropic.claude-sonnet-4-6"])
def test_a_body_that_need_not_be_read_is_not_parsed(model_id):
    answered = exchange(NOVA_BODY, headers=token_headers(30, 51, 5, 0))
    meter(model(model_id), answered)
    assert "response_json" not in vars(answered)
    assert "request_json" not in vars(answered)


def test_an_answer_cut_after_its_headers_is_metered():
    reading = metered(NOVA, b'{"output":', headers=token_headers(30, 51), complete=False)
    assert reading == Metered(Usage(30, 51), "header")


def test_a_cut_body_is_not_read_even_where_it_parses():
    reading = metered(NOVA, NOVA_BODY, complete=False)
    assert reading == Metered(NO_USAGE, "none", problem="body_cut")


def test_nova_excludes_what_it_read_from_its_cache():
    assert metered(NOVA, NOVA_BODY) == Metered(Usage(18, 420, cache_read_tokens=2004), "body")


def test_titan_floats_behind_a_guardrail_are_whole_numbers():
    assert metered(TITAN_TEXT, TITAN_BODY) == Metered(Usage(28, 197), "body")


def test_llama_counts_stand_at_the_top():
    assert metered(LLAMA, LLAMA_BODY) == Metered(Usage(17, 59), "body")


def test_openai_shaped_input_is_freed_of_its_cached_part_once():
    assert metered(GPT_OSS, OPENAI_BODY) == Metered(Usage(36, 50, cache_read_tokens=64), "body")


def test_more_cached_than_read_is_not_known():
    usage = {**OPENAI_BODY["usage"], "prompt_tokens": 63}
    assert metered(GPT_OSS, {"usage": usage}).usage_source == "none"


@pytest.mark.parametrize("details", [None, {}, {"cached_tokens": None}])
def test_no_cached_part_is_none_of_it(details):
    usage = {**OPENAI_BODY["usage"], "prompt_tokens_details": details}
    assert metered(GPT_OSS, {"usage": usage}).usage == Usage(100, 50)


def test_input_is_never_derived_from_a_total():
    usage = {"outputTokens": 386, "totalTokens": 7906}
    assert metered(NOVA, {"usage": usage}).usage_source == "none"


def test_all_generations_of_one_cohere_call_are_counted():
    reading = metered(
        "cohere.command-text-v14",
        COHERE_BODY,
        headers=token_headers(9, 20),
        request={"prompt": "Say hello", "num_generations": 2},
    )
    assert reading == Metered(Usage(9, 20), "header")


@pytest.mark.parametrize(
    ("model_id", "body"),
    [
        ("cohere.command-text-v14", COHERE_BODY),
        ("cohere.command-r-v1:0", {"response_id": "1", "text": "Hello.", "finish_reason": "…"}),
        ("anthropic.claude-v2:1", {"type": "completion", "completion": " Hello."}),
        ("ai21.j2-mid-v1", {"prompt": {"tokens": [1, 2]}, "completions": [{"data": {}}]}),
        ("mistral.mistral-7b-instruct-v0:2", {"outputs": [{"text": "Hello."}]}),
    ],
)
def test_families_that_count_only_in_headers_are_unknown_without_them(model_id, body):
    assert metered(model_id, body) == Metered(NO_USAGE, "none", problem="no_exact_counts")


def test_an_embeddings_tokens_stand_in_its_body():
    body = {"embedding": [0.1, 0.2], "inputTextTokenCount": 7}
    assert metered(TITAN_EMBED, body) == Metered(Usage(7), "body")


def test_an_embedding_sends_no_output_count():
    assert metered(TITAN_EMBED, b"", headers=token_headers(7)) == Metered(Usage(7), "header")


def test_a_text_answer_with_no_output_count_is_not_known():
    assert metered("newcomer.model-v1:0", b"{}", headers=token_headers(7)).usage_source == "none"


def test_a_family_nobody_knows_is_metered_by_bedrocks_headers():
    reading = metered("newcomer.model-v1:0", b"[]", headers=token_headers(12, 3))
    assert reading == Metered(Usage(12, 3), "header")


def test_a_family_nobody_knows_is_metered_by_an_openai_shaped_body():
    reading = metered("newcomer.model-v1:0", OPENAI_BODY)
    assert reading == Metered(Usage(36, 50, cache_read_tokens=64), "body")


def test_an_input_that_a_guardrail_blocked_ran_no_model():
    blocked = {
        "amazon-bedrock-guardrailAction": "INTERVENED",
        "inputTextTokenCount": 6.0,
        "results": [{"tokenCount": 3.0, "outputText": "Sorry."}],
    }
    reading = metered(TITAN_TEXT, blocked)
    assert reading == Metered(NO_USAGE, "none", problem="guardrail_intervened")


@pytest.mark.parametrize(
    "model_id", ["amazon.nova-reel-v1:1", "luma.ray-v2:0", "amazon.nova-sonic-v1:0"]
)
def test_a_family_that_no_operation_here_can_call_is_unknown(model_id):
    reading = metered(model_id, b"{}", headers=token_headers(7, 9))
    assert reading == Metered(NO_USAGE, "none", problem="family_not_metered")


def test_an_operation_that_nobody_meters_is_unknown():
    reading = metered(NOVA, NOVA_BODY, headers=token_headers(7, 9), operation="InvokeAgent")
    assert reading == Metered(NO_USAGE, "none", problem="operation_not_metered")


def test_a_call_whose_family_is_no_models_is_unknown():
    guardrail = replace(model(NOVA), family="guardrail")
    reading = meter(guardrail, exchange({}, headers=token_headers(7, 9)))
    assert reading == Metered(NO_USAGE, "none", problem="family_not_metered")


def test_counting_tokens_is_free():
    reading = metered(NOVA, {"inputTokens": 17}, operation="CountTokens")
    assert reading == Metered(NO_USAGE, "body", variant="count_tokens")


@pytest.mark.parametrize("model_id", ["deepseek.r1-v1:0", "qwen.qwen3-32b-v1:0"])
def test_an_answer_of_one_text_and_no_usage_counts_in_its_headers(model_id):
    answer = {"choices": [{"text": "Hello.", "stop_reason": "stop"}]}
    assert metered(model_id, answer, headers=token_headers(9, 4)) == Metered(Usage(9, 4), "header")
    assert metered(model_id, answer).usage_source == "none"


def test_deepseek_counts_in_either_of_two_shapes():
    llama_shaped = {"generation": "Hi", "prompt_token_count": 9, "generation_token_count": 4}
    openai_shaped = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4}}
    assert metered("deepseek.v3-v1:0", llama_shaped) == Metered(Usage(9, 4), "body")
    assert metered("deepseek.v3-v1:0", openai_shaped) == Metered(Usage(9, 4), "body")


def test_deepseek_never_takes_one_shape_for_the_broken_half_of_another():
    both = {"usage": {"prompt_tokens": "x"}, "prompt_token_count": 9, "generation_token_count": 4}
    assert metered("deepseek.v3-v1:0", both).usage_source == "none"


def test_pictures_that_llama_looks_at_are_in_its_tokens():
    request = {"prompt": "<|image|>What is this?", "images": ["iVBORw0KGgo="]}
    reading = metered(
        "us.meta.llama3-2-11b-instruct-v1:0",
        LLAMA_BODY,
        headers=token_headers(1617, 20),
        request=request,
    )
    assert reading == Metered(Usage(1617, 20), "header")


def test_speech_that_voxtral_hears_is_in_its_tokens():
    audio = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
    reading = metered(
        "mistral.voxtral-mini-3b-2507",
        {"choices": [{"message": {"role": "assistant", "content": "Yes."}}]},
        headers=token_headers(381, 5),
        request={"messages": [{"role": "user", "content": [audio]}]},
    )
    assert reading == Metered(Usage(381, 5), "header")


NOT_COUNTS = [
    -1,
    1.5,
    None,
    True,
    "5 ",
    "-5",
    "1e3",
    "ten",
    10**12,
    float("nan"),
    float("inf"),
    [5],
    {},
]


@pytest.mark.parametrize("wrong", [wrong for wrong in NOT_COUNTS if wrong is not None], ids=repr)
@pytest.mark.parametrize("place", range(4))
def test_a_header_that_is_not_a_count_leaves_the_body_as_a_whole(wrong, place):
    counts = [30, 51, 0, 0]
    counts[place] = wrong
    reading = metered(NOVA, NOVA_BODY, headers=token_headers(*counts))
    assert reading == Metered(Usage(18, 420, cache_read_tokens=2004), "body")


@pytest.mark.parametrize("wrong", NOT_COUNTS, ids=repr)
@pytest.mark.parametrize(
    ("model_id", "body_with"),
    [
        (NOVA, lambda n: {"usage": {**NOVA_BODY["usage"], "inputTokens": n}}),
        (NOVA, lambda n: {"usage": {**NOVA_BODY["usage"], "outputTokens": n}}),
        (TITAN_TEXT, lambda n: {**TITAN_BODY, "inputTextTokenCount": n}),
        (TITAN_TEXT, lambda n: {**TITAN_BODY, "results": [{"tokenCount": n}]}),
        (TITAN_TEXT, lambda n: {**TITAN_BODY, "results": [{"tokenCount": 5}, {"tokenCount": n}]}),
        (LLAMA, lambda n: {**LLAMA_BODY, "prompt_token_count": n}),
        (LLAMA, lambda n: {**LLAMA_BODY, "generation_token_count": n}),
        (GPT_OSS, lambda n: {"usage": {**OPENAI_BODY["usage"], "prompt_tokens": n}}),
        (GPT_OSS, lambda n: {"usage": {**OPENAI_BODY["usage"], "completion_tokens": n}}),
        (TITAN_EMBED, lambda n: {"embedding": [], "inputTextTokenCount": n}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_body_count_that_is_not_one_is_never_a_wrong_number(model_id, body_with, wrong):
    reading = metered(model_id, body_with(wrong))
    assert reading == Metered(NO_USAGE, "none", problem="no_exact_counts")


@pytest.mark.parametrize("wrong", [wrong for wrong in NOT_COUNTS if wrong is not None], ids=repr)
def test_a_cache_count_that_is_not_one_spoils_the_set(wrong):
    nova = {"usage": {**NOVA_BODY["usage"], "cacheReadInputTokenCount": wrong}}
    gpt = {"usage": {**OPENAI_BODY["usage"], "prompt_tokens_details": {"cached_tokens": wrong}}}
    assert metered(NOVA, nova).usage_source == "none"
    assert metered(GPT_OSS, gpt).usage_source == "none"


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"5", b'"text"', b"{", b"\xff\xfe", b"[" * 100_000, b'{"usage": []}'],
    ids=lambda body: repr(body[:12]),
)
@pytest.mark.parametrize("model_id", [NOVA, TITAN_TEXT, LLAMA, GPT_OSS, TITAN_EMBED])
def test_a_body_of_another_shape_is_not_known(model_id, body):
    reading = metered(model_id, body)
    assert reading == Metered(NO_USAGE, "none", problem="no_exact_counts")


def test_a_header_sent_twice_is_not_a_count():
    assert metered(NOVA, b"{}", headers=token_headers("30, 30", 51)).usage_source == "none"


def test_extra_fields_change_nothing():
    body = {**LLAMA_BODY, "usage": {"inputTokens": 999}, "images": None}
    assert metered(LLAMA, body) == Metered(Usage(17, 59), "body")
