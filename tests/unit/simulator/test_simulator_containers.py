import json

import pytest

from local.simulator.calls import Ask, Reply
from local.simulator.containers import CONTAINERS
from local.simulator.models import Model
from local.simulator.prompt_cache import PromptCache
from local.simulator.refusals import Refusal
from local.simulator.tokens import Scribe

USER = {"role": "user", "content": "How deep is the river?"}


def answer(container: str, payload) -> Reply:
    scribe = Scribe(1, json.dumps(payload).encode())
    return CONTAINERS[container](Ask(Model("chat", "chat"), payload, scribe, PromptCache()))


def test_tgi_reports_nothing_unless_details_are_asked_for():
    reply = answer("tgi", {"inputs": "Hello"})

    assert list(reply.body[0]) == ["generated_text"]
    assert (reply.counts.input_tokens, reply.counts.output_tokens) == (0, 0)


def test_tgi_reports_the_output_with_details():
    reply = answer("tgi", {"inputs": "Hello", "parameters": {"details": True}})

    details = reply.body[0]["details"]
    assert details["generated_tokens"] == len(details["tokens"]) == reply.counts.output_tokens > 0
    assert (details["prefill"], reply.counts.input_tokens) == ([], 0)


def test_tgi_reports_the_prompt_only_as_prefill():
    parameters = {"details": True, "decoder_input_details": True}

    reply = answer("tgi", {"inputs": "Hello", "parameters": parameters})

    assert len(reply.body[0]["details"]["prefill"]) == reply.counts.input_tokens > 0


def test_lmi_answers_an_object_where_tgi_answers_a_list():
    reply = answer("lmi", {"inputs": "Hello", "parameters": {"details": True}})

    assert reply.body["details"]["generated_tokens"] == reply.counts.output_tokens <= 30


@pytest.mark.parametrize("container", ["tgi", "lmi", "openai"])
def test_a_chat_has_openais_usage(container):
    reply = answer(container, {"messages": [USER], "max_tokens": 20})

    assert reply.body["object"] == "chat.completion"
    assert reply.body["usage"] == {
        "prompt_tokens": reply.counts.input_tokens,
        "completion_tokens": reply.counts.output_tokens,
        "total_tokens": reply.counts.input_tokens + reply.counts.output_tokens,
    }


@pytest.mark.parametrize("container", ["lmi", "openai"])
def test_a_completion_has_openais_usage(container):
    reply = answer(container, {"prompt": "Hello"})

    assert reply.body["object"] == "text_completion"
    assert reply.body["usage"]["completion_tokens"] == reply.counts.output_tokens <= 16


def test_an_embedding_container_reports_nothing():
    reply = answer("none", {"inputs": ["one", "two"]})

    assert [len(vector) for vector in reply.body] == [384, 384]
    assert (reply.counts.input_tokens, reply.usage) == (0, ())


@pytest.mark.parametrize(
    ("container", "payload"),
    [
        ("tgi", {}),
        ("tgi", {"inputs": 1}),
        ("tgi", {"inputs": "a", "parameters": []}),
        ("lmi", {"inputs": "a", "parameters": {"max_new_tokens": 0}}),
        ("openai", {"messages": "Hello"}),
        ("none", {"inputs": 1}),
    ],
)
def test_a_container_refuses_what_it_cannot_read(container, payload):
    with pytest.raises(Refusal):
        answer(container, payload)
