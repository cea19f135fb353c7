import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.backends.container_usage import (
    asking,
    ends_answer,
    reports,
    without_details,
    without_usage,
)

CHAT = b'{"messages":[],"stream":true}'
GENERATE = b'{"inputs":"hi","stream":true}'


@pytest.mark.parametrize("container", ["tgi", "lmi", "openai"])
@pytest.mark.parametrize("kind", ["messages", "prompt"])
def test_chats_and_completions_are_asked_for_usage(container, kind) -> None:
    body, restored = asking(container, b' {"%b":"hi","n":1.50,"stream":true}' % kind.encode())
    rest = b'"%b":"hi","n":1.50,"stream":true}' % kind.encode()
    assert body == b' {"stream_options":{"include_usage":true},' + rest
    assert restored is without_usage


@pytest.mark.parametrize("container", ["tgi", "lmi"])
def test_generations_are_asked_for_details(container) -> None:
    body, restored = asking(container, GENERATE)
    assert body == b'{"parameters":{"details":true},"inputs":"hi","stream":true}'
    assert restored is without_details


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        (b'{"max_new_tokens":9}', b'{"details":true,"max_new_tokens":9}'),
        (b"{ }", b'{"details":true }'),
        (b"null", b'{"details":true}'),
        (b'{"a":1.0,"details":false}', b'{"a":1.0,"details":true}'),
        (b'{"details": null}', b'{"details": true}'),
    ],
)
def test_parameters_that_are_there_keep_everything_else(given, asked) -> None:
    begin, end = b'{"inputs":"hi", "parameters": ', b',"stream":true}'
    body, restored = asking("tgi", begin + given + end)
    assert body == begin + asked + end
    assert restored is without_details


@pytest.mark.parametrize(
    ("container", "body"),
    [
        ("none", CHAT),
        ("none", GENERATE),
        ("openai", GENERATE),
        ("", CHAT),
        ("tgi", b'{"inputs":"hi"}'),
        ("tgi", b'{"inputs":"hi","stream":false}'),
        ("tgi", b'{"inputs":"hi","stream":1}'),
        ("tgi", b'{"inputs":"hi","stream":true,"stream":false}'),
        ("tgi", b'{"inputs":"hi","parameters":{"details":true},"stream":true}'),
        ("tgi", b'{"inputs":"hi","parameters":{"details":"yes"},"stream":true}'),
        ("tgi", b'{"inputs":"hi","parameters":{"details":0},"stream":true}'),
        ("tgi", b'{"inputs":"hi","parameters":7,"stream":true}'),
        ("tgi", b'{"inputs":"hi","parameters":{},"parameters":{},"stream":true}'),
        ("lmi", b'{"messages":[],"stream":true,"stream_options":{"include_usage":true}}'),
        ("lmi", b'{"other":1,"stream":true}'),
        ("lmi", b'{"messages":[],"stream":true'),
        ("lmi", b'["messages"]'),
        ("lmi", b"\xff\x00"),
        ("lmi", b'{"messages":' + b"[" * 100_000),
    ],
)
def test_nobody_else_is_asked_and_nothing_is_hidden(container, body) -> None:
    assert asking(container, body) == (body, None)


MEMBERS = st.dictionaries(st.text("abc☃", max_size=3), st.none() | st.floats(0, 1) | st.text())


@given(others=MEMBERS, parameters=MEMBERS)
def test_asking_adds_a_flag_and_changes_nothing_else(others, parameters) -> None:
    body = {**others, "inputs": "hi", "parameters": parameters, "stream": True}
    asked, _ = asking("tgi", json.dumps(body).encode())
    assert json.loads(asked) == {**body, "parameters": {**parameters, "details": True}}


USAGE = b'"usage":{"prompt_tokens":3,"completion_tokens":5}'


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b'data: {"choices":[],' + USAGE + b"}\n\n", b""),
        (b'{"choices":[],' + USAGE + b"}\n", b""),
        (
            b'data: {"choices":[{"delta":{"content":"\xe2\x98\x83"}}],' + USAGE + b"}\n\n",
            b'data: {"choices":[{"delta":{"content":"\xe2\x98\x83"}}]}\n\n',
        ),
        (b'data: {"choices":[{}],"usage":null}\n\n', b'data: {"choices":[{}],"usage":null}\n\n'),
        (b'data:{"choices":[]}\n\n', b'data:{"choices":[]}\n\n'),
        (b"data: [DONE]\n\n", b"data: [DONE]\n\n"),
        (b'{"choices":[],"usage":{}', b'{"choices":[],"usage":{}'),
        (b'[{"usage":{}}]\n', b'[{"usage":{}}]\n'),
    ],
)
def test_usage_that_was_not_asked_for_is_not_shown(line, shown) -> None:
    assert without_usage(line) == shown


DETAILS = b'"details":{"finish_reason":"length","generated_tokens":5,"input_length":3}'


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            b'data:{"index":5,"generated_text":"x",' + DETAILS + b"}\n\n",
            b'data:{"index":5,"generated_text":"x","details":null}\n\n',
        ),
        (b'{"index":5,' + DETAILS + b',"a":1.0}\n', b'{"index":5,"details":null,"a":1.0}\n'),
        (b'{"token":{},' + DETAILS + b"}\n", b'{"token":{}}\n'),
        (
            b'{"token":{},"details":{"finish_reason":"error","generated_tokens":2}}\n',
            b'{"token":{},"details":{"finish_reason": "error"}}\n',
        ),
        (b'{"index":5,"details":null}\n', b'{"index":5,"details":null}\n'),
        (b'{"error":"x"}\n', b'{"error":"x"}\n'),
        (b'{"details":{},"details":{}}\n', b'{"details":{},"details":{}}\n'),
        (b'{"a":"\xff","details":{}}\n', b'{"a":"\xff","details":{}}\n'),
        (
            '{"a":"ÿ","details":{}}'.encode("utf-16-le"),
            '{"a":"ÿ","details":{}}'.encode("utf-16-le"),
        ),
    ],
)
def test_details_that_were_not_asked_for_are_not_shown(line, shown) -> None:
    assert without_details(line) == shown


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        (b"data: [DONE]\n\n", True),
        (b"data:[DONE]", True),
        (b'data: {"choices":[],' + USAGE + b"}\n\n", True),
        (b'{"choices":[{"finish_reason":"stop"}],' + USAGE + b"}\n", True),
        (b'data: {"choices":[{"finish_reason":null}],' + USAGE + b"}\n\n", False),
        (b"{" + DETAILS + b"}\n", True),
        (b'data:{"index":1,"details":null}\n\n', False),
        (b'data: {"choices":[{"delta":{"content":"[DONE]"}}]}\n\n', False),
        (b'data: {"choices":[{"delta":{"content":"\\"usage\\":{"}}]}\n\n', False),
        (b'{"text":"data: [DONE]"}\n', False),
        (b'[{"details":{}}]', False),
        (b"\n", False),
    ],
)
def test_an_answer_ends_with_its_usage_or_when_it_says_so(line, ends) -> None:
    assert ends_answer(line) is ends
    assert reports(line) or not ends
