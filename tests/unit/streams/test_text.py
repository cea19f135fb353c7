"""The text of a stream's events, why it stopped, and its events as JSON, by their shapes."""

import json
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamed_answers import chunk, event, line, metrics, sse

from chalicelib.stream_event import StreamEvent
from chalicelib.streams.text import as_json, stop_reason_of, text_of

CHOICE = {"index": 0, "delta": {"content": " night"}, "finish_reason": None}
WRITING = {
    "converse": event("contentBlockDelta", delta={"text": " night"}, contentBlockIndex=0),
    "nova": chunk(contentBlockDelta={"delta": {"text": " night"}, "contentBlockIndex": 0}),
    "claude": chunk(
        type="content_block_delta", index=0, delta={"type": "text_delta", "text": " night"}
    ),
    "claude, legacy": chunk(type="completion", completion=" night", stop_reason=None),
    "titan": chunk(outputText=" night", index=0, totalOutputTextTokenCount=None),
    "llama": chunk(generation=" night", prompt_token_count=None, generation_token_count=4),
    "mistral": chunk(outputs=[{"text": " night", "stop_reason": None}]),
    "cohere command": chunk(generations=[{"id": "a", "text": " night"}, {"id": "b", "text": "x"}]),
    "cohere command r": chunk(is_finished=False, event_type="text-generation", text=" night"),
    "openai": chunk(object="chat.completion.chunk", choices=[CHOICE]),
    "deepseek": chunk(choices=[{"text": " night", "stop_reason": None}]),
    "pegasus": chunk(message=" night"),
    "tgi": sse({"index": 2, "token": {"id": 5, "text": " night", "special": False}}),
    "lmi": line({"token": {"id": 5, "text": " night", "log_prob": -0.5}}),
    "vllm": sse({"object": "chat.completion.chunk", "choices": [CHOICE], "usage": None}),
    "a container that answers at once": line([{"generated_text": " night"}]),
    "djl, several at once": line({"outputs": [" night", "x"]}),
    "a model that nobody knows": chunk(text=" night"),
}


@pytest.mark.parametrize("writes", WRITING.values(), ids=WRITING)
def test_the_text_of_every_shape_is_found(writes):
    assert text_of(writes) == " night"


SILENT = {
    "converse, start": event("messageStart", role="assistant"),
    "converse, a tool": event("contentBlockDelta", delta={"toolUse": {"input": '{"text":'}}),
    "converse, thinking": event(
        "contentBlockDelta", delta={"reasoningContent": {"text": "Let me see."}}
    ),
    "converse, metadata": event("metadata", usage={"inputTokens": 1}, metrics={"latencyMs": 1}),
    "claude, start": chunk(type="message_start", message={"id": "msg_1", "content": []}),
    "claude, thinking": chunk(delta={"type": "thinking_delta", "thinking": "Let me see."}),
    "claude, a tool": chunk(delta={"type": "input_json_delta", "partial_json": '{"text":"x"}'}),
    "cohere command r, end": chunk(
        is_finished=True, event_type="stream-end", response={"text": "All of it."}
    ),
    "openai, a tool": chunk(choices=[{"index": 0, "delta": {"tool_calls": []}}]),
    "openai, usage": chunk(choices=[], usage={"prompt_tokens": 1, "completion_tokens": 1}),
    "openai, refused": chunk(choices=[{"index": 0, "delta": {"content": None}}]),
    "tgi, end": sse({"token": {"text": "</s>", "special": True}, "generated_text": "All of it."}),
    "lmi, error": line({"token": {"text": "", "special_token": True}, "generated_text": ""}),
    "done": StreamEvent("PayloadPart", b"data: [DONE]\n\n"),
    "an event that nobody knows": event("newEvent", text="x"),
    "nothing": StreamEvent("PayloadPart", b"\n"),
    "no JSON": StreamEvent("chunk", b"\xff\x00{"),
}


@pytest.mark.parametrize("silent", SILENT.values(), ids=SILENT)
def test_what_is_no_text_of_the_answer_is_none(silent):
    assert text_of(silent) == ""


def test_half_of_a_character_can_be_shown():
    assert text_of(StreamEvent("chunk", rb'{"text":"a\ud83d"}')) == "a\ufffd"
    assert text_of(StreamEvent("chunk", rb'{"text":"\ud83d\ude00"}')) == "\U0001f600"


def test_text_beside_a_number_that_is_no_json_is_read():
    assert text_of(StreamEvent("PayloadPart", b'{"token":{"text":"a","logprob":-Infinity}}')) == "a"


STOPPING = {
    "converse": (event("messageStop", stopReason="end_turn"), "end_turn"),
    "nova": (chunk(messageStop={"stopReason": "max_tokens"}), "max_tokens"),
    "claude": (
        chunk(type="message_delta", delta={"stop_reason": "tool_use", "stop_sequence": None}),
        "tool_use",
    ),
    "claude, legacy": (chunk(completion="", stop_reason="stop_sequence"), "stop_sequence"),
    "titan": (chunk(outputText="", completionReason="FINISH"), "FINISH"),
    "llama": (chunk(generation="", stop_reason="length", **metrics()), "length"),
    "mistral": (chunk(outputs=[{"text": "", "stop_reason": "stop"}]), "stop"),
    "mistral, chat": (chunk(choices=[{"index": 0, "stop_reason": "stop"}]), "stop"),
    "cohere command": (chunk(generations=[{"finish_reason": "COMPLETE"}]), "COMPLETE"),
    "cohere command r": (chunk(is_finished=True, finish_reason="COMPLETE"), "COMPLETE"),
    "openai": (chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]), "stop"),
    "pegasus": (chunk(message="", finishReason="stop"), "stop"),
    "tgi": (sse({"token": {}, "details": {"finish_reason": "eos_token"}}), "eos_token"),
    "with spaces": (StreamEvent("chunk", b'{"stop_reason" : "stop"}'), "stop"),
}


@pytest.mark.parametrize(("stops", "reason"), STOPPING.values(), ids=STOPPING)
def test_why_it_stopped_is_found_in_every_shape(stops, reason):
    assert stop_reason_of(stops) == reason


@pytest.mark.parametrize("writes", [*WRITING.values(), *SILENT.values()], ids=[*WRITING, *SILENT])
def test_what_goes_on_has_not_stopped(writes):
    assert stop_reason_of(writes) is None


def test_a_models_words_stop_nothing():
    assert stop_reason_of(chunk(text='{"stop_reason":"stop"}')) is None
    assert stop_reason_of(chunk(delta={"text": "stop_reason"})) is None


def test_an_event_of_converse_is_shown_under_its_name_without_its_padding():
    shown = as_json(event("messageStart", role="assistant"))
    assert shown == '{"messageStart":{"role":"assistant"}}'


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ('{"p":"abcX9","role":"assistant"}', '{"role":"assistant"}'),
        ('{"delta":{"text":"a"},"p":"abcX9"}', '{"delta":{"text":"a"}}'),
        (
            '{"metrics":{"latencyMs":1},"p":"abc","usage":{}}',
            '{"metrics":{"latencyMs":1},"usage":{}}',
        ),
        ('{"p":"abc"}', "{}"),
        ('{ "a": 1e400 , "p" : "abc" }', '{ "a": 1e400  }'),
        ('{"delta":{"text":",\\"p\\":\\"a\\"}"}}', '{"delta":{"text":",\\"p\\":\\"a\\"}"}}'),
        ('{"a":{"x":1,"p":"abc"}}', '{"a":{"x":1,"p":"abc"}}'),
        ('{"a":{"x":1,"p":"abc"},"p":"d"}', '{"a":{"x":1,"p":"abc"}}'),
        ('{"a":[{"p":"abc","x":1}]}', '{"a":[{"p":"abc","x":1}]}'),
        ('{"a":28.0,"b":"\\ud83d"}', '{"a":28.0,"b":"\\ud83d"}'),
        ("[]", "[]"),
    ],
)
def test_only_the_padding_is_taken_out(data, shown):
    assert as_json(StreamEvent("x", data.encode())) == f'{{"x":{shown}}}'


def test_a_chunk_is_the_models_own_json():
    data = '{"generation":"Zürich","p":"mine","n":28.0}'
    assert as_json(StreamEvent("chunk", data.encode())) == data


def test_a_containers_line_is_its_json():
    assert as_json(sse({"token": {"text": "a"}})) == '{"token":{"text":"a"}}'
    assert as_json(line({"token": {"text": "a"}})) == '{"token":{"text":"a"}}'


def test_json_of_several_lines_is_shown_in_one():
    assert as_json(StreamEvent("chunk", b'{\r\n "a":\n 1}\n')) == '{ "a": 1}'


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"data: [DONE]\n\n", b": ping\n\n", b"\xff{}", b"{", b'{"a":NaN}', b"{} {}"],
)
@pytest.mark.parametrize("name", ["chunk", "PayloadPart", "contentBlockDelta"])
def test_what_is_no_json_is_shown_as_its_bytes(name, data):
    assert b64decode(json.loads(as_json(StreamEvent(name, data)))["bytes"]) == data


NAMES = st.sampled_from(["chunk", "PayloadPart", "contentBlockDelta", "messageStop", 'a"b\\', ""])
WORDS = st.sampled_from(
    [
        *("contentBlockDelta", "delta", "text", "choices", "message", "content", "generation"),
        *("outputs", "generations", "token", "special", "generated_text", "stop_reason"),
        *("finish_reason", "messageStop", "stopReason", "details", "p"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
DATA = st.binary(max_size=30) | JSON.map(lambda content: json.dumps(content).encode())


@given(st.builds(StreamEvent, NAMES, DATA))
def test_any_event_can_be_shown(any_event):
    text_of(any_event).encode()
    assert stop_reason_of(any_event) is None or isinstance(stop_reason_of(any_event), str)
    shown = as_json(any_event)
    json.loads(shown)
    assert "\n" not in shown


def test_what_is_nested_too_deeply_to_be_read_is_shown_as_its_bytes():
    deep = StreamEvent("chunk", b"[" * 100_000 + b"]" * 100_000)
    assert text_of(deep) == ""
    assert as_json(deep).startswith('{"bytes":"')
