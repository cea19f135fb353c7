"""What containers write when they are asked to stream."""

import json

import pytest

from local.simulator.calls import Ask, Reply
from local.simulator.containers import CONTAINERS
from local.simulator.models import Model
from local.simulator.prompt_cache import PromptCache
from local.simulator.tokens import Scribe

USER = {"role": "user", "content": "How deep is the river?"}
GENERATE = {"inputs": "Hello", "stream": True}
DETAILS = {"details": True}
TOLD = {"include_usage": True}


def ask(container: str, payload, *, streamed: bool = True) -> Reply:
    scribe = Scribe(1, json.dumps(payload).encode())
    asked = Ask(Model("chat", "chat"), payload, scribe, PromptCache(), streamed=streamed)
    return CONTAINERS[container](asked)


def lines(reply: Reply) -> list[bytes]:
    return [chunk.body for chunk in reply.chunks(reply)]


def events(reply: Reply) -> list:
    """The JSON of each event or line, without what ends an OpenAI stream."""
    return [
        json.loads(line.removeprefix(b"data:")) for line in lines(reply) if b"[DONE]" not in line
    ]


def test_tgi_writes_an_event_for_each_token_and_tells_nothing_unasked():
    reply = ask("tgi", GENERATE)
    *before, last = events(reply)

    assert all(line.startswith(b"data:{") and line.endswith(b"}\n\n") for line in lines(reply))
    assert {event["generated_text"] for event in before} == {None}
    assert last["generated_text"] == "".join(e["token"]["text"] for e in [*before, last])
    assert (last["details"], reply.counts.output_tokens) == (None, 0)


def test_tgi_tells_both_counts_with_the_last_token_where_details_are_asked_for():
    reply = ask("tgi", {**GENERATE, "parameters": DETAILS})
    *before, last = events(reply)

    assert {event["details"] for event in before} == {None}
    assert last["details"] == {
        "finish_reason": "length",
        "generated_tokens": len(before) + 1,
        "seed": None,
        "input_length": reply.counts.input_tokens,
    }
    assert reply.counts.output_tokens == len(before) + 1


def test_lmi_writes_a_line_of_json_for_each_token():
    reply = ask("lmi", {**GENERATE, "parameters": DETAILS})
    *before, last = events(reply)

    assert all(line.startswith(b'{"token": ') and line.endswith(b"}\n") for line in lines(reply))
    assert {tuple(line) for line in before} == {("token",)}
    assert last["details"]["generated_tokens"] == reply.counts.output_tokens == 30
    assert (last["details"]["inputs"], reply.counts.input_tokens) == ("Hello", 0)


def test_lmi_tells_the_prompt_only_as_prefill():
    parameters = {"details": True, "decoder_input_details": True}
    reply = ask("lmi", {**GENERATE, "parameters": parameters})

    assert len(events(reply)[-1]["details"]["prefill"]) == reply.counts.input_tokens > 0


def test_lmi_tells_nothing_unasked():
    reply = ask("lmi", GENERATE)

    assert set(events(reply)[-1]) == {"token", "generated_text"}
    assert reply.counts.output_tokens == 0


@pytest.mark.parametrize("container", ["tgi", "lmi", "openai"])
def test_a_chat_ends_with_done_and_tells_its_usage_only_where_asked(container):
    plain = ask(container, {"messages": [USER], "stream": True})
    told = ask(container, {"messages": [USER], "stream": True, "stream_options": TOLD})

    assert lines(plain)[-1] == lines(told)[-1] == b"data: [DONE]\n\n"
    assert not any("usage" in event for event in events(plain))
    assert events(told)[-1]["choices"] == []
    assert events(told)[-1]["usage"]["completion_tokens"] == told.counts.output_tokens > 0
    assert plain.counts.output_tokens == 0


def test_what_follows_the_usage_is_as_final_as_it_is():
    told = ask("openai", {"messages": [USER], "stream": True, "stream_options": TOLD})
    plain = ask("openai", {"messages": [USER], "stream": True})

    assert [chunk.final for chunk in told.chunks(told)][-3:] == [False, True, True]
    assert [chunk.final for chunk in plain.chunks(plain)][-2:] == [False, True]


@pytest.mark.parametrize("container", ["lmi", "openai"])
def test_a_completion_streams_its_text(container):
    reply = ask(container, {"prompt": "Hello", "stream": True})

    text = "".join(event["choices"][0]["text"] for event in events(reply))
    assert text == reply.body["choices"][0]["text"]


@pytest.mark.parametrize("container", ["tgi", "lmi", "openai"])
def test_a_buffered_call_is_not_answered_with_a_stream(container):
    body = {"messages": [USER], "stream": True}

    assert ask(container, body, streamed=False).chunks is None
    assert "usage" in ask(container, body, streamed=False).body


def test_an_embedding_container_has_no_stream_of_its_own():
    assert ask("none", {"inputs": "Hello", "stream": True}).chunks is None
