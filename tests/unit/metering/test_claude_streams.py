"""Claude's streams: Bedrock's counts, and the message's own for the kinds of a cache write."""

import pytest
from streamed_answers import chunk, metering, metrics, streamed

from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import NO_USAGE, Usage
from chalicelib.stream_event import StreamEvent

SONNET = "us.anthropic.claude-sonnet-4-6"
HOUR = {"system": [{"text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}
BOTH_KINDS = {"ephemeral_5m_input_tokens": 1500, "ephemeral_1h_input_tokens": 6002}
WRITTEN = {
    "cache_read_input_tokens": 2004,
    "cache_creation_input_tokens": 7502,
    "cache_creation": BOTH_KINDS,
}
INEXACT = Metered(NO_USAGE, "partial", problem="no_exact_counts")
ALL = Usage(18, 386, 2004, 1500, 6002)


def start(**usage: object) -> StreamEvent:
    message = {"id": "msg_bdrk_01", "role": "assistant", "content": [], "stop_reason": None}
    counts = {"input_tokens": 18, "output_tokens": 4, **usage}
    return chunk(type="message_start", message={**message, "usage": counts})


def text(words: str = "Hello.") -> StreamEvent:
    return chunk(type="content_block_delta", index=0, delta={"type": "text_delta", "text": words})


def delta(
    output_tokens: object = 386, reason: str | None = "end_turn", **usage: object
) -> StreamEvent:
    stop = {"stop_reason": reason, "stop_sequence": None}
    return chunk(type="message_delta", delta=stop, usage={"output_tokens": output_tokens, **usage})


def stop(**members: object) -> StreamEvent:
    return chunk(type="message_stop", **members)


def claude(*events: StreamEvent, **parts: object) -> Metered:
    return streamed(SONNET, events, **parts)


def test_a_recorded_stream_is_counted_by_bedrock():
    events = [start(), text(), delta(), stop(**metrics(18, 386))]
    assert claude(*events) == Metered(Usage(18, 386), "stream")


def test_the_message_tells_the_kinds_of_a_cache_write():
    events = [start(**WRITTEN), text(), delta(), stop(**metrics(18, 386, 2004, 7502))]
    assert claude(*events) == Metered(ALL, "stream")


def test_metrics_that_leave_the_cache_out_are_completed_by_the_message():
    events = [start(**WRITTEN), text(), delta(), stop(**metrics(18, 386))]
    assert claude(*events) == Metered(ALL, "stream")


def test_a_message_that_leaves_the_cache_out_is_completed_by_the_metrics():
    events = [start(), delta(), stop(**metrics(18, 386, 2004, 0))]
    assert claude(*events) == Metered(Usage(18, 386, 2004), "stream")


def test_a_write_that_no_split_tells_apart_is_kept_five_minutes():
    events = [start(cache_creation_input_tokens=7502), stop(**metrics(18, 386, 0, 7502))]
    assert claude(*events) == Metered(Usage(18, 386, 0, 7502), "stream")


def test_the_message_may_say_its_cache_counts_at_its_end():
    usage = {"input_tokens": 18, "output_tokens": 386, **WRITTEN}
    events = [start(), delta(), stop(usage=usage, **metrics(18, 386))]
    assert claude(*events) == Metered(ALL, "stream")


def test_a_later_event_corrects_the_message_and_hides_nothing_of_it():
    events = [start(**WRITTEN), delta(input_tokens=20, cache_read_input_tokens=None)]
    assert claude(*events).usage == Usage(20, 386, 2004, 1500, 6002)


def test_bedrocks_input_and_output_come_before_the_messages():
    events = [start(), delta(380), stop(**metrics(18, 386))]
    assert claude(*events) == Metered(Usage(18, 386), "stream")


def test_without_metrics_a_message_that_ended_is_counted_by_itself():
    assert claude(start(**WRITTEN), text(), delta(), stop()) == Metered(ALL, "stream")


def test_output_is_cumulative_and_the_last_count_of_it_wins():
    events = [start(), delta(100, None), delta(250, None), delta(386)]
    assert claude(*events, stop()).usage == Usage(18, 386)


def test_a_cut_stream_counts_its_prompt_and_the_output_reported_by_then():
    assert claude(start(**WRITTEN), text(), complete=False) == Metered(
        Usage(18, 0, 2004, 1500, 6002), "partial"
    )
    assert claude(start(), delta(100, None), text(), complete=False) == Metered(
        Usage(18, 100), "partial"
    )
    assert claude(start(), text(), delta(), complete=False) == Metered(Usage(18, 386), "partial")


def test_what_a_message_starts_with_is_no_output_yet():
    meter = metering(SONNET)
    meter.add(start())
    assert meter.progress == Usage(18)


def test_a_stream_that_ends_without_its_last_count_is_partial():
    assert claude(start(), text()) == Metered(Usage(18), "partial")
    assert claude(start(), delta(100, None)) == Metered(Usage(18, 100), "partial")
    assert claude(text(), delta()) == INEXACT


def test_a_cut_streams_long_prompt_has_its_price():
    events = [start(cache_read_input_tokens=200_000)]
    reading = streamed("anthropic.claude-sonnet-4-5-v1", events, complete=False)
    assert reading.variant == "above_200k"


@pytest.mark.parametrize("reported", [(2005, 7502), (2004, 7501), (2004, 0), ("x", 7502)])
def test_cache_counts_that_disagree_are_not_known_and_the_rest_is_charged(reported):
    events = [start(**WRITTEN), delta(), stop(**metrics(18, 386, *reported))]
    assert claude(*events) == Metered(Usage(18, 386), "partial", problem="no_exact_counts")


@pytest.mark.parametrize(
    "split",
    [
        {"ephemeral_5m_input_tokens": 1500, "ephemeral_1h_input_tokens": 6003},
        {"ephemeral_5m_input_tokens": -1, "ephemeral_1h_input_tokens": 7503},
        {},
        [],
    ],
    ids=str,
)
def test_a_split_that_does_not_sum_to_the_write_is_not_known(split):
    usage = {**WRITTEN, "cache_creation": split}
    events = [start(**usage), delta(), stop(**metrics(18, 386, 2004, 7502))]
    assert claude(*events) == Metered(Usage(18, 386), "partial", problem="cache_write_split")
    assert claude(start(**usage), complete=False) == Metered(Usage(18), "partial")


def test_an_hour_that_was_asked_for_and_not_reported_is_not_known():
    events = [start(cache_creation_input_tokens=7502), stop(**metrics(18, 386, 0, 7502))]
    reading = claude(*events, request=HOUR)
    assert reading == Metered(Usage(18, 386), "partial", problem="cache_write_split")


WRONG = [-1, 1.5, True, "", "x", 10**12, [], {}]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize(
    "field", ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"]
)
def test_a_count_of_the_message_that_is_not_one_is_never_a_wrong_number(field, wrong):
    reading = claude(start(**{**WRITTEN, field: wrong}), delta())
    assert reading.usage_source == "partial"
    assert reading.usage in (NO_USAGE, Usage(18, 386))


def test_a_start_that_has_a_key_twice_counts_nothing():
    data = b'{"type":"message_start","message":{"usage":{"input_tokens":1,"input_tokens":18}}}'
    assert claude(StreamEvent("chunk", data), delta()) == INEXACT


@pytest.mark.parametrize("words", ["usage", '{"usage":{"output_tokens":0}}', "output_tokens"])
def test_a_models_words_are_no_usage(words):
    assert claude(start(), text(words), delta(), text(words)) == Metered(Usage(18, 386), "stream")


@pytest.mark.parametrize("model_id", ["anthropic.claude-v2:1", "anthropic.claude-instant-v1"])
def test_a_legacy_claude_is_counted_by_bedrock_alone(model_id):
    writing = chunk(type="completion", completion=" Hi", stop_reason=None, stop=None)
    last = chunk(type="completion", completion="", stop_reason="stop", **metrics(12, 5))
    assert streamed(model_id, [writing, last]) == Metered(Usage(12, 5), "stream")
    assert streamed(model_id, [writing]) == Metered(NO_USAGE, "partial")
