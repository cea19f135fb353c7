"""A streamed answer is the buffered one, said piece by piece."""

import json

import pytest

from local.simulator import families, models
from local.simulator.calls import Ask, Chunk, Reply
from local.simulator.prompt_cache import PromptCache
from local.simulator.tokens import Scribe

USER = {"role": "user", "content": "How deep is the river?"}
NOVA_USER = {"role": "user", "content": [{"text": "How deep is the river?"}]}
CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
CLAUDE_BODY = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 40, "messages": [USER]}
GPT = "openai.gpt-oss-120b-1:0"

CALLS = [
    (CLAUDE, CLAUDE_BODY),
    ("anthropic.claude-3-haiku-20240307-v1:0", CLAUDE_BODY),
    ("amazon.nova-micro-v1:0", {"messages": [NOVA_USER], "inferenceConfig": {"maxTokens": 40}}),
    ("amazon.titan-text-express-v1", {"inputText": "Hello"}),
    ("us.meta.llama3-3-70b-instruct-v1:0", {"prompt": "Hello", "max_gen_len": 40}),
    ("mistral.mixtral-8x7b-instruct-v0:1", {"prompt": "<s>[INST]Hi[/INST]", "max_tokens": 40}),
    ("mistral.mistral-large-2407-v1:0", {"messages": [USER], "max_tokens": 40}),
    ("cohere.command-text-v14", {"prompt": "Hello", "max_tokens": 40}),
    ("cohere.command-text-v14", {"prompt": "Hello", "stream": True}),
    ("cohere.command-text-v14", {"prompt": "Hello", "stream": True, "num_generations": 2}),
    ("cohere.command-r-v1:0", {"message": "Hello", "max_tokens": 40}),
    (GPT, {"messages": [USER], "max_completion_tokens": 40}),
    ("openai.gpt-5.5", {"messages": [USER], "stream": True}),
    ("ai21.jamba-1-5-mini-v1:0", {"messages": [USER], "max_tokens": 40, "n": 2}),
    ("deepseek.r1-v1:0", {"prompt": "Hello", "max_tokens": 40}),
    ("deepseek.v3-v1:0", {"messages": [USER], "max_tokens": 40}),
    ("acme.launched-today-v1:0", {"messages": [USER]}),
]
TEXT_OF = {"text", "content", "outputText", "generation", "message"}


def ask(model_id: str, payload, *, streamed: bool = True) -> Reply:
    model = models.parse(model_id)
    scribe = Scribe(1, json.dumps(payload).encode())
    family = families.family(model)
    return family(Ask(model, payload, scribe, PromptCache(), streamed=streamed))


def chunks(model_id: str, **payload) -> list[Chunk]:
    reply = ask(model_id, payload)
    return list(reply.chunks(reply))


def texts(body) -> list[str]:
    """What a chunk says, wherever its family puts it."""
    if isinstance(body, list):
        return [text for each in body for text in texts(each)]
    if not isinstance(body, dict):
        return []
    said = [body[key] for key in TEXT_OF & body.keys() if isinstance(body[key], str)]
    inner = (value for key, value in body.items() if key not in ("response", "prompt"))
    return said + [text for value in inner for text in texts(value)]


@pytest.mark.parametrize(("model_id", "payload"), CALLS)
def test_a_stream_says_what_the_buffered_answer_says(model_id, payload):
    buffered = ask(model_id, {**payload, "stream": False}, streamed=False)
    reply = ask(model_id, {**payload, "stream": False})

    said = "".join(text for chunk in reply.chunks(reply) for text in texts(chunk.body))

    assert said == "".join(buffered.text(path) for path in buffered.texts)
    assert reply.counts == buffered.counts


@pytest.mark.parametrize(("model_id", "payload"), CALLS)
def test_every_token_is_in_one_chunk_and_only_the_end_is_final(model_id, payload):
    reply = ask(model_id, payload)
    *before, last = reply.chunks(reply)

    assert sum(chunk.tokens for chunk in [*before, last]) == reply.counts.output_tokens > 1
    assert last.final
    assert not any(chunk.final for chunk in before)


@pytest.mark.parametrize(("model_id", "payload"), CALLS)
def test_the_same_call_is_streamed_alike(model_id, payload):
    assert chunks(model_id, **payload) == chunks(model_id, **payload)


def test_claude_tells_its_input_first_and_its_output_at_the_end():
    events = [chunk.body for chunk in chunks(CLAUDE, **CLAUDE_BODY)]
    told = ask(CLAUDE, CLAUDE_BODY).body["usage"]

    assert events[0]["message"]["usage"] == {**told, "output_tokens": 1}
    assert (events[0]["message"]["content"], events[0]["message"]["stop_reason"]) == ([], None)
    assert [event["type"] for event in events[:2]] == ["message_start", "content_block_start"]
    assert [event["type"] for event in events[-3:]] == [
        *("content_block_stop", "message_delta", "message_stop")
    ]
    assert events[-2]["usage"] == {"output_tokens": told["output_tokens"]}
    assert events[-2]["delta"]["stop_reason"] in ("end_turn", "max_tokens")


def test_nova_ends_with_its_metadata_without_a_total():
    events = [chunk.body for chunk in chunks("amazon.nova-pro-v1:0", messages=[NOVA_USER])]

    assert [next(iter(event)) for event in events[:3]] == [
        *("messageStart", "contentBlockDelta", "contentBlockStop")
    ]
    assert [next(iter(event)) for event in events[-2:]] == ["messageStop", "metadata"]
    assert set(events[-1]["metadata"]["usage"]) == {
        "inputTokens",
        "outputTokens",
        "cacheReadInputTokenCount",
        "cacheWriteInputTokenCount",
    }


def test_llama_tells_its_input_once_and_counts_its_output_up():
    events = [chunk.body for chunk in chunks("meta.llama3-8b-instruct-v1:0", prompt="Hello")]

    assert [event["prompt_token_count"] is None for event in events] == [
        False,
        *[True] * (len(events) - 1),
    ]
    written = [event["generation_token_count"] for event in events]
    assert written == list(range(1, len(events) + 1))
    assert [event["stop_reason"] for event in events[-2:]] == [None, "stop"]


def test_titan_counts_nothing_before_its_last_chunk():
    *before, last = (c.body for c in chunks("amazon.titan-text-lite-v1", inputText="Hello"))

    assert {event["inputTextTokenCount"] for event in before} == {None}
    assert {event["totalOutputTextTokenCount"] for event in before} == {None}
    assert last["totalOutputTextTokenCount"] == len(before) + 1
    assert last["completionReason"] == "FINISH"


def test_command_streams_only_where_it_is_asked_to_and_one_generation_only():
    whole = chunks("cohere.command-text-v14", prompt="Hello")
    streamed = chunks("cohere.command-text-v14", prompt="Hello", stream=True)
    several = chunks("cohere.command-text-v14", prompt="Hello", stream=True, num_generations=2)

    assert (len(whole), len(several)) == (1, 1)
    assert len(several[0].body["generations"]) == 2
    assert streamed[-1].body["is_finished"]


def test_an_openai_chat_begins_each_choice_with_its_role():
    events = [chunk.body for chunk in chunks(GPT, messages=[USER], n=2)]

    firsts = [e["choices"][0] for e in events if "role" in e["choices"][0]["delta"]]
    assert [choice["index"] for choice in firsts] == [0, 1]
    assert {event["object"] for event in events} == {"chat.completion.chunk"}
    assert not any("usage" in event for event in events)


def test_an_openai_chat_tells_its_usage_where_it_is_asked_to():
    options = {"include_usage": True}
    *before, last = chunks(GPT, messages=[USER], stream=True, stream_options=options)

    assert last.body["choices"] == []
    assert last.body["usage"]["completion_tokens"] == sum(chunk.tokens for chunk in before)
    assert not any("usage" in chunk.body for chunk in before)


@pytest.mark.parametrize(
    ("model_id", "payload"),
    [
        ("amazon.titan-embed-text-v2:0", {"inputText": "Hello"}),
        ("cohere.embed-english-v3", {"texts": ["one"], "input_type": "search_query"}),
        ("amazon.rerank-v1:0", {"query": "which?", "documents": ["a"]}),
    ],
)
def test_what_writes_no_text_does_not_stream(model_id, payload):
    assert ask(model_id, payload).chunks is None
