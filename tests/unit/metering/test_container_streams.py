"""InvokeEndpointWithResponseStream: one line of a container has its counts, if any has."""

import pytest
from exchanges import endpoint
from streamed_answers import ENDPOINT, line, metering, sse, streamed

from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import NO_USAGE, Usage
from chalicelib.stream_event import StreamEvent

BUSY_MS = 640
CLOCK = Metered(Usage(busy_ms=BUSY_MS), "clock")
INEXACT = Metered(Usage(busy_ms=BUSY_MS), "clock", problem="no_exact_counts")
DONE = StreamEvent("PayloadPart", b"data: [DONE]\n\n")
USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
DETAILS = {"finish_reason": "length", "generated_tokens": 5, "seed": None, "input_length": 12}


def token(text: str = " night", **last: object) -> dict[str, object]:
    read = {"id": 5, "text": text, "logprob": -0.5, "special": False}
    return {"index": 1, "token": read, "generated_text": None, "details": None, **last}


def talk(text: str = " night", reason: str | None = None, **members: object) -> dict[str, object]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
    return {"object": "chat.completion.chunk", "choices": [choice], **members}


def usage(**members: object) -> dict[str, object]:
    return {"object": "chat.completion.chunk", "choices": [], "usage": USAGE, **members}


def read(container: str, *events: StreamEvent, complete: bool = True) -> Metered:
    return streamed(endpoint(container), events, ENDPOINT, complete=complete, busy_ms=BUSY_MS)


def reported(input_tokens: int, output_tokens: int, cache_read: int = 0) -> Metered:
    return Metered(Usage(input_tokens, output_tokens, cache_read, busy_ms=BUSY_MS), "stream")


@pytest.mark.parametrize("container", ["tgi", "lmi"])
def test_a_generations_last_event_has_its_details(container):
    last = token("</s>", generated_text="… night", details=DETAILS)
    assert read(container, sse(token()), sse(token()), sse(last)) == reported(12, 5)


@pytest.mark.parametrize("container", ["tgi", "lmi", "openai"])
def test_a_chats_last_chunk_has_its_usage(container):
    events = [sse(talk(usage=None)), sse(talk("", "stop", usage=None)), sse(usage()), DONE]
    assert read(container, *events) == reported(12, 5)


def test_a_chats_cached_prompt_is_its_own_count():
    cached = {**USAGE, "prompt_tokens_details": {"cached_tokens": 10}}
    assert read("openai", sse(usage(usage=cached))) == reported(2, 5, 10)


def test_some_servers_send_the_usage_with_the_last_words():
    assert read("tgi", sse(talk()), sse(talk("", "stop", usage=USAGE)), DONE) == reported(12, 5)


def test_counts_that_came_before_a_cut_are_final():
    assert read("openai", sse(talk()), sse(usage()), complete=False) == reported(12, 5)
    last = token("</s>", details=DETAILS)
    assert read("tgi", sse(token()), sse(last), complete=False) == reported(12, 5)


def test_a_container_that_counts_as_it_goes_on_is_charged_what_it_had_counted():
    begun = {"prompt_tokens": 12, "completion_tokens": 2, "total_tokens": 14}
    events = [sse(talk(usage={**begun, "completion_tokens": 1})), sse(talk(usage=begun))]
    partial = Metered(Usage(12, 2, busy_ms=BUSY_MS), "partial")
    assert read("openai", *events, complete=False) == partial
    assert read("openai", *events) == partial
    assert read("openai", *events, sse(usage()), DONE) == reported(12, 5)


def test_a_line_without_a_prompts_length_is_not_half_counted():
    details = {"finish_reason": "length", "generated_tokens": 100, "inputs": "What?"}
    last = {"token": {"id": 5, "text": " field."}, "generated_text": "…", "details": details}
    assert read("lmi", line(token()), line(last)) == INEXACT


def test_a_failure_in_the_middle_counts_nothing():
    details = {"finish_reason": "error", "generated_tokens": None, "inputs": None}
    last = {"token": {"id": -1, "text": ""}, "generated_text": "", "details": details}
    assert read("lmi", line(token()), line(last)) == INEXACT


def test_an_answer_that_came_at_once_is_read_as_any():
    details = {"generated_tokens": 20, "prefill": [{"id": 1}, {"id": 2}]}
    assert read("tgi", line([{"generated_text": "…", "details": details}])) == reported(2, 20)
    embedding = {"object": "list", "data": [], "usage": {"prompt_tokens": 8, "total_tokens": 8}}
    assert read("openai", line(embedding)) == reported(8, 0)


@pytest.mark.parametrize(
    "events",
    [
        [],
        [sse(token())],
        [sse(talk()), DONE],
        [StreamEvent("PayloadPart", b"just text")],
        [StreamEvent("PayloadPart", b'"prompt_tokens"')],
        [StreamEvent("PayloadPart", b'{"usage":{"prompt_tokens":1,"prompt_tokens":2}}')],
    ],
    ids=str,
)
def test_a_container_that_reports_nothing_is_charged_by_the_clock(events):
    assert read("tgi", *events) == CLOCK


def test_a_container_of_no_kind_is_charged_by_the_clock():
    assert read("none", sse(usage())) == CLOCK


def test_a_cut_stream_leaves_the_clock():
    assert read("tgi", sse(token()), complete=False) == Metered(
        Usage(busy_ms=BUSY_MS), "clock", problem="body_cut"
    )


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "x", 10**12, None, [], {}], ids=repr)
def test_a_count_that_is_not_one_is_never_a_wrong_number(wrong):
    assert read("tgi", sse(token(details={**DETAILS, "generated_tokens": wrong}))) == INEXACT
    assert read("openai", sse(usage(usage={**USAGE, "completion_tokens": wrong}))) == INEXACT


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "x", 10**12, [], {}], ids=repr)
def test_a_prompts_length_that_is_not_one_is_never_a_wrong_number(wrong):
    assert read("tgi", sse(token(details={**DETAILS, "input_length": wrong}))) == INEXACT


@pytest.mark.parametrize(
    "words", ["prompt_tokens", "generated_tokens", 'data: {"usage":{"prompt_tokens":0}}']
)
def test_a_models_words_are_no_counts(words):
    events = [sse(talk(words)), sse(usage()), sse(talk(words))]
    assert read("openai", *events) == reported(12, 5)
    events = [sse(token(words)), sse(token("", details=DETAILS)), sse(token(words))]
    assert read("tgi", *events) == reported(12, 5)


def test_progress_is_what_the_container_had_counted():
    meter = metering(endpoint("openai"), ENDPOINT)
    meter.add(sse(talk()))
    assert meter.progress == NO_USAGE
    meter.add(sse(usage()))
    assert meter.progress == Usage(12, 5)
