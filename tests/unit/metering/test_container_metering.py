from typing import Any

import pytest
from exchanges import endpoint, exchange

from chalicelib.metering.meter import meter
from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import Usage

BUSY_MS = 640
CLOCK = Metered(Usage(busy_ms=BUSY_MS), "clock")
INEXACT = Metered(Usage(busy_ms=BUSY_MS), "clock", problem="no_exact_counts")
PREFILL = [{"id": 1, "text": "<s>", "logprob": None}, {"id": 2, "text": "Hi", "logprob": -1.0}]
DETAILS = {"finish_reason": "length", "generated_tokens": 20, "seed": None, "prefill": PREFILL}
GENERATED = {"generated_text": "Hello.", "details": DETAILS}
CHAT = {
    "object": "chat.completion",
    "choices": [],
    "usage": {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17},
}


def read(container: str, answer: Any, **parts: Any) -> Metered:
    return meter(endpoint(container), exchange(answer, **parts), BUSY_MS)


def reported(input_tokens: int, output_tokens: int, cache_read: int = 0) -> Metered:
    return Metered(Usage(input_tokens, output_tokens, cache_read, busy_ms=BUSY_MS), "body")


@pytest.mark.parametrize("container", ["tgi", "lmi"])
@pytest.mark.parametrize("answer", [GENERATED, [GENERATED]], ids=["object", "list"])
def test_a_generation_counts_its_prefill_and_what_it_generated(container, answer):
    assert read(container, answer) == reported(2, 20)


def test_several_generations_are_summed():
    assert read("tgi", [GENERATED, GENERATED]) == reported(4, 40)


@pytest.mark.parametrize("container", ["tgi", "lmi", "openai"])
def test_a_chat_reports_openais_usage(container):
    assert read(container, CHAT) == reported(12, 5)


def test_a_chats_cached_prompt_is_its_own_count():
    usage = {**CHAT["usage"], "prompt_tokens_details": {"cached_tokens": 10}}
    assert read("openai", {**CHAT, "usage": usage}) == reported(2, 5, 10)


def test_an_openai_embedding_writes_nothing():
    answer = {"object": "list", "data": [], "usage": {"prompt_tokens": 8, "total_tokens": 8}}
    assert read("openai", answer) == reported(8, 0)


@pytest.mark.parametrize(
    ("container", "answer"),
    [
        ("none", [[0.1, 0.2]]),
        ("none", GENERATED),
        ("tgi", [{"generated_text": "Hello."}]),
        ("tgi", {"generated_text": "Hello.", "details": None}),
        ("tgi", []),
        ("lmi", {"embedding": [0.1]}),
        ("openai", {"object": "chat.completion", "choices": []}),
        ("openai", b"not json"),
    ],
)
def test_a_container_that_reports_nothing_is_charged_by_the_clock(container, answer):
    assert read(container, answer) == CLOCK


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "x", 10**12, None, [], {}], ids=repr)
def test_a_container_count_that_is_not_one_is_never_a_wrong_number(wrong):
    details = {**DETAILS, "generated_tokens": wrong}
    usage = {**CHAT["usage"], "completion_tokens": wrong}
    assert read("tgi", [{"generated_text": "", "details": details}]) == INEXACT
    assert read("openai", {**CHAT, "usage": usage}) == INEXACT


@pytest.mark.parametrize("prefill", [None, [], 2, {"length": 2}])
def test_a_generation_without_its_prompts_length_is_not_half_counted(prefill):
    details = {**DETAILS, "prefill": prefill}
    assert read("lmi", {"generated_text": "", "details": details}) == INEXACT


def test_one_generation_without_counts_spoils_the_sum():
    assert read("tgi", [GENERATED, {"generated_text": ""}]) == INEXACT


def test_a_cut_answer_leaves_the_clock():
    assert read("tgi", [GENERATED], complete=False) == Metered(
        Usage(busy_ms=BUSY_MS), "clock", problem="body_cut"
    )


def test_bedrocks_headers_mean_nothing_on_an_endpoint():
    headers = {
        "x-amzn-bedrock-input-token-count": "999",
        "x-amzn-bedrock-service-tier": "flex",
    }
    assert read("openai", CHAT, headers=headers) == reported(12, 5)
