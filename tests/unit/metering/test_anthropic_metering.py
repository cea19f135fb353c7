import pytest
from exchanges import metered, token_headers

from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import NO_USAGE, Usage

HAIKU = "anthropic.claude-3-5-haiku-20241022-v1:0"
SONNET = "us.anthropic.claude-sonnet-4-6"
HOUR = {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
UNKNOWN_SPLIT = Metered(NO_USAGE, "none", problem="cache_write_split")


def answer(**usage: object) -> dict[str, object]:
    return {
        "id": "msg_bdrk_01",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": "Hello."}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 4, "output_tokens": 50, **usage},
    }


def test_without_a_cache_write_the_headers_are_enough():
    reading = metered(HAIKU, b"not json", headers=token_headers(4, 50, 18131, 0))
    assert reading == Metered(Usage(4, 50, cache_read_tokens=18131), "header")


def test_a_model_without_a_prompt_cache_sends_no_cache_headers():
    assert metered(HAIKU, b"", headers=token_headers(4, 50)) == Metered(Usage(4, 50), "header")


def test_a_write_that_no_split_tells_apart_is_kept_five_minutes():
    body = answer(cache_creation_input_tokens=18131, cache_read_input_tokens=0)
    reading = metered(HAIKU, body, headers=token_headers(4, 50, 0, 18131))
    assert reading == Metered(Usage(4, 50, cache_write_tokens=18131), "header")


def test_five_minute_and_one_hour_writes_are_counts_of_their_own():
    split = {"ephemeral_5m_input_tokens": 1500, "ephemeral_1h_input_tokens": 6002}
    body = answer(cache_creation_input_tokens=7502, cache_creation=split)
    reading = metered(SONNET, body, headers=token_headers(18, 386, 0, 7502))
    assert reading == Metered(
        Usage(18, 386, cache_write_tokens=1500, cache_write_1h_tokens=6002), "header"
    )


def test_a_split_that_names_one_kind_has_none_of_the_other():
    body = answer(cache_creation={"ephemeral_1h_input_tokens": 7502})
    reading = metered(SONNET, body, headers=token_headers(18, 386, 0, 7502))
    assert reading.usage == Usage(18, 386, cache_write_1h_tokens=7502)


@pytest.mark.parametrize(
    "split",
    [
        {"ephemeral_5m_input_tokens": 1500, "ephemeral_1h_input_tokens": 6003},
        {"ephemeral_5m_input_tokens": 7502, "ephemeral_1h_input_tokens": 7502},
        {"ephemeral_5m_input_tokens": -1, "ephemeral_1h_input_tokens": 7503},
        {"ephemeral_5m_input_tokens": False, "ephemeral_1h_input_tokens": 7502},
        {"ephemeral_5m_input_tokens": "", "ephemeral_1h_input_tokens": 7502},
        {},
        [],
        7502,
    ],
)
def test_a_split_that_does_not_sum_to_the_write_is_not_known(split):
    reading = metered(SONNET, answer(cache_creation=split), headers=token_headers(18, 386, 0, 7502))
    assert reading == UNKNOWN_SPLIT


def test_a_write_whose_body_was_cut_is_not_known():
    body = answer(cache_creation={"ephemeral_5m_input_tokens": 7502})
    headers = token_headers(18, 386, 0, 7502)
    assert metered(SONNET, body, headers=headers, complete=False) == UNKNOWN_SPLIT


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"usage": null}', b"{"])
def test_a_write_whose_body_has_no_usage_is_not_known(body):
    assert metered(SONNET, body, headers=token_headers(18, 386, 0, 7502)) == UNKNOWN_SPLIT


def test_an_hour_that_was_asked_for_and_not_reported_is_not_known():
    reading = metered(
        SONNET, answer(), headers=token_headers(18, 386, 0, 7502), request={"system": [HOUR]}
    )
    assert reading == UNKNOWN_SPLIT


@pytest.mark.parametrize(
    "request_body",
    [
        {"stop_sequences": ["1h"]},
        {"metadata": {"user_id": "1h"}},
        {"metadata": {"ttl": "1h"}},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "1h"}]}]},
        {"system": [{"cache_control": {"type": "ephemeral", "ttl": "5m"}, "text": "1h"}]},
    ],
    ids=str,
)
def test_an_hour_anywhere_else_in_a_request_asks_for_none(request_body):
    headers = token_headers(18, 386, 0, 7502)
    reading = metered(SONNET, answer(), headers=headers, request=request_body)
    assert reading == Metered(Usage(18, 386, cache_write_tokens=7502), "header")


def test_an_hour_beside_another_time_in_the_same_words_is_not_known():
    headers = token_headers(18, 386, 0, 7502)
    twice = b'{"cache_control":{"type":"ephemeral","ttl":"1h","ttl":"5m"}}'
    assert metered(SONNET, answer(), headers=headers, request=twice) == UNKNOWN_SPLIT


def test_an_hour_cannot_be_hidden_by_its_spelling():
    headers = token_headers(18, 386, 0, 7502)
    reading = metered(
        SONNET, answer(), headers=headers, request=rb'{"cache_control":{"ttl":"\u0031h"}}'
    )
    assert reading == UNKNOWN_SPLIT


def test_escapes_of_other_letters_hide_no_hour():
    headers = token_headers(18, 386, 0, 7502)
    reading = metered(SONNET, answer(), headers=headers, request=rb'{"text":"caf\u00e9 \u0026 1h"}')
    assert reading.usage == Usage(18, 386, cache_write_tokens=7502)


def test_half_of_the_cache_headers_leaves_the_body():
    body = answer(cache_read_input_tokens=9, cache_creation_input_tokens=0)
    headers = token_headers(4, 50, 9)
    assert metered(SONNET, body, headers=headers) == Metered(Usage(4, 50, 9), "body")


def test_without_headers_the_body_is_read_as_a_whole():
    body = answer(
        cache_read_input_tokens=2004,
        cache_creation_input_tokens=30,
        cache_creation={"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
    )
    assert metered(HAIKU, body) == Metered(Usage(4, 50, 2004, 10, 20), "body")


def test_a_headers_input_is_never_mixed_with_a_bodys_output():
    reading = metered(HAIKU, answer(), headers=token_headers(9, "fifty"))
    assert reading == Metered(Usage(4, 50), "body")


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "", "x", 10**12, [], {}], ids=repr)
@pytest.mark.parametrize(
    "field",
    [
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
    ],
)
def test_a_claude_count_that_is_not_one_is_never_a_wrong_number(field, wrong):
    reading = metered(HAIKU, answer(**{field: wrong}))
    assert reading == Metered(NO_USAGE, "none", problem="no_exact_counts")
