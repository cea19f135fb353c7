import random
from contextlib import suppress

import pytest

from local.simulator.calls import holder
from local.simulator.refusals import Refusal

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
USER = {"role": "user", "content": "How deep is the river?"}
RULES = {"type": "text", "text": "Answer as a river guide would. " * 300}
NOVA_USER = {"role": "user", "content": [{"text": "How deep is the river?"}]}

TEXT_CALLS = [
    (CLAUDE, {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 40, "messages": [USER]}),
    ("amazon.nova-micro-v1:0", {"messages": [NOVA_USER], "inferenceConfig": {"maxTokens": 40}}),
    (
        "amazon.titan-text-express-v1",
        {"inputText": "Hello", "textGenerationConfig": {"maxTokenCount": 40}},
    ),
    ("amazon.titan-embed-text-v2:0", {"inputText": "Hello", "dimensions": 256}),
    ("us.meta.llama3-3-70b-instruct-v1:0", {"prompt": "Hello", "max_gen_len": 40}),
    ("mistral.mixtral-8x7b-instruct-v0:1", {"prompt": "<s>[INST]Hi[/INST]", "max_tokens": 40}),
    ("mistral.mistral-large-2407-v1:0", {"messages": [USER], "max_tokens": 40}),
    ("cohere.command-text-v14", {"prompt": "Hello", "max_tokens": 40, "num_generations": 2}),
    ("cohere.command-r-v1:0", {"message": "Hello", "max_tokens": 40}),
    ("cohere.embed-english-v3", {"texts": ["one", "two"], "input_type": "search_query"}),
    ("openai.gpt-oss-120b-1:0", {"messages": [USER], "max_completion_tokens": 40}),
    ("ai21.jamba-1-5-mini-v1:0", {"messages": [USER], "max_tokens": 40, "n": 2}),
    ("deepseek.r1-v1:0", {"prompt": "Hello", "max_tokens": 40}),
    ("deepseek.v3-v1:0", {"messages": [USER], "max_tokens": 40}),
    ("mistral.voxtral-mini-3b-2507", {"messages": [USER], "max_tokens": 40}),
    ("moonshotai.kimi-k2.5", {"messages": [USER], "max_tokens": 40}),
    ("writer.palmyra-x5-v1:0", {"messages": [USER], "max_tokens": 40}),
    ("acme.launched-today-v1:0", {"messages": [USER]}),
]


@pytest.mark.parametrize(("model_id", "payload"), TEXT_CALLS)
def test_the_same_call_is_answered_and_counted_alike(ask, model_id, payload):
    first, second = ask(model_id, **payload), ask(model_id, **payload)

    assert (first.body, first.counts) == (second.body, second.counts)
    assert first.counts.input_tokens > 0


@pytest.mark.parametrize(("model_id", "payload"), TEXT_CALLS)
def test_a_body_without_its_required_field_is_refused_in_bedrocks_words(ask, model_id, payload):
    required = next(iter(set(payload) & {"messages", "prompt", "inputText", "message", "texts"}))
    rest = {key: value for key, value in payload.items() if key != required}

    with pytest.raises(Refusal) as refused:
        ask(model_id, **rest)

    assert (refused.value.status, refused.value.code) == (400, "ValidationException")
    assert refused.value.message == (
        f"Malformed input request: #: required key [{required}] not found, "
        "please reformat your input and try again."
    )


@pytest.mark.parametrize(("model_id", "payload"), TEXT_CALLS)
def test_odd_values_are_refused_or_borne_and_never_break_the_simulator(ask, model_id, payload):
    odd = [None, True, -1, 0, 1.5, "x", [], {}, [1], ["x"], [None], {"role": "user"}, [{"a": 1}]]
    draw = random.Random(model_id)

    for key in payload:
        for value in odd:
            spoiled = {
                **payload,
                key: value,
                draw.choice(["system", "tools", "n"]): draw.choice(odd),
            }
            with suppress(Refusal):
                ask(model_id, **spoiled)


@pytest.mark.parametrize(("model_id", "payload"), TEXT_CALLS)
def test_the_body_repeats_the_true_counts_where_it_says_so(ask, model_id, payload):
    reply = ask(model_id, **payload)

    for path in reply.usage:
        value = reply.body
        for key in path:
            value = value[key]
        assert isinstance(value, int)


@pytest.mark.parametrize(("model_id", "payload"), TEXT_CALLS)
def test_a_reply_says_where_its_texts_stand(ask, model_id, payload):
    reply = ask(model_id, **payload)

    for path in reply.texts:
        place, key = holder(reply.body, path)
        assert isinstance(place[key], str)
    assert bool(reply.texts) == ("output_tokens" in reply.counted)


def test_deepseek_completes_a_prompt_or_chats(ask):
    completed = ask("deepseek.r1-v1:0", prompt="Hello", max_tokens=4)
    chatted = ask("us.deepseek.r1-v1:0", messages=[USER], max_tokens=4)

    assert set(completed.body["choices"][0]) == {"text", "stop_reason"}
    assert chatted.body["choices"][0]["message"]["role"] == "assistant"
    assert completed.usage == chatted.usage == ()


def test_sound_in_a_chat_costs_tokens(ask):
    sound = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
    content = [sound, {"type": "text", "text": "What is said?"}]

    reply = ask("mistral.voxtral-mini-3b-2507", messages=[{"role": "user", "content": content}])

    assert reply.counts.input_tokens > 1_000
    assert reply.body["usage"]["prompt_tokens"] == reply.counts.input_tokens


def test_claude_reports_the_split_of_a_cache_write_in_the_body_alone(ask):
    hour = {**RULES, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    five = {**RULES, "cache_control": {"type": "ephemeral"}}

    reply = ask(
        CLAUDE,
        anthropic_version="bedrock-2023-05-31",
        max_tokens=40,
        system=[hour],
        messages=[{"role": "user", "content": [five, {"type": "text", "text": "Hi"}]}],
    )

    written = reply.counts.cache_write_tokens, reply.counts.cache_write_1h_tokens
    assert all(tokens > 1_024 for tokens in written)
    assert reply.counted[-1] == "cache_write_tokens"
    assert reply.body["usage"] == {
        "input_tokens": reply.counts.input_tokens,
        "output_tokens": reply.counts.output_tokens,
        "cache_creation_input_tokens": sum(written),
        "cache_read_input_tokens": 0,
        "cache_creation": {
            "ephemeral_5m_input_tokens": written[0],
            "ephemeral_1h_input_tokens": written[1],
        },
    }


def test_claude_reads_on_the_second_call_what_it_wrote_on_the_first(ask):
    marked = {**RULES, "cache_control": {"type": "ephemeral"}}
    call = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 40, "system": [marked]}
    first = ask(CLAUDE, **call, messages=[USER])

    second = ask(CLAUDE, **call, messages=[{"role": "user", "content": "And how wide?"}])

    assert first.counts.cache_write_tokens == second.counts.cache_read_tokens > 1_024
    assert second.counts.cache_write_tokens == 0


def test_claude_3_has_no_cache_and_says_nothing_of_one(ask):
    marked = {**RULES, "cache_control": {"type": "ephemeral"}}

    reply = ask(
        "anthropic.claude-3-haiku-20240307-v1:0",
        anthropic_version="bedrock-2023-05-31",
        max_tokens=40,
        system=[marked],
        messages=[USER],
    )

    assert reply.counted == ("input_tokens", "output_tokens")
    assert set(reply.body["usage"]) == {"input_tokens", "output_tokens"}
    assert reply.counts.input_tokens > 1_024


@pytest.mark.parametrize(
    "marks",
    [
        [{"type": "ephemeral", "ttl": "5m"}, {"type": "ephemeral", "ttl": "1h"}],
        [{"type": "ephemeral", "ttl": "2h"}],
        ["ephemeral"],
        [{"type": "ephemeral"}] * 5,
    ],
)
def test_claude_refuses_checkpoints_that_it_cannot_keep(ask, marks):
    system = [{**RULES, "cache_control": mark} for mark in marks]

    with pytest.raises(Refusal) as refused:
        ask(
            CLAUDE,
            anthropic_version="bedrock-2023-05-31",
            max_tokens=40,
            system=system,
            messages=[USER],
        )

    assert "cache_control" in refused.value.message


def test_nova_keeps_what_stands_before_a_cache_point(ask):
    system = [{"text": RULES["text"]}, {"cachePoint": {"type": "default"}}]
    first = ask("us.amazon.nova-pro-v1:0", system=system, messages=[NOVA_USER])

    second = ask("us.amazon.nova-pro-v1:0", system=system, messages=[NOVA_USER])

    assert first.counts.cache_write_tokens == second.counts.cache_read_tokens > 1_024
    usage = second.body["usage"]
    assert usage["totalTokens"] == sum(
        usage[name] for name in ("inputTokens", "outputTokens", "cacheReadInputTokenCount")
    )


def test_an_openai_body_includes_cached_tokens_that_the_header_leaves_out(ask):
    long = {"role": "system", "content": RULES["text"]}
    ask("openai.gpt-5-v1:0", messages=[long, USER])

    reply = ask("openai.gpt-5-v1:0", messages=[long, {"role": "user", "content": "How wide?"}])

    usage = reply.body["usage"]
    assert reply.counts.cache_read_tokens > 1_024
    assert usage["prompt_tokens_details"] == {"cached_tokens": reply.counts.cache_read_tokens}
    assert usage["prompt_tokens"] == (reply.counts.input_tokens + reply.counts.cache_read_tokens)


def test_cohere_embed_reports_nothing_in_its_body_and_the_input_in_the_header(ask):
    reply = ask("cohere.embed-english-v3", texts=["one", "two"], input_type="search_document")

    assert set(reply.body) == {"id", "response_type", "embeddings", "texts"}
    assert [len(vector) for vector in reply.body["embeddings"]] == [1_024, 1_024]
    assert reply.counted == ("input_tokens",)


def test_cohere_command_counts_every_generation(ask):
    reply = ask("cohere.command-text-v14", prompt="Hello", num_generations=3, max_tokens=20)

    assert len(reply.body["generations"]) == 3
    assert 20 < reply.counts.output_tokens <= 60


@pytest.mark.parametrize(
    "model_id", ["amazon.nova-reel-v1:0", "luma.ray-v2:0", "amazon.nova-2-sonic-v1:0"]
)
def test_a_model_that_invoke_model_cannot_run_is_refused_and_not_guessed(ask, model_id):
    with pytest.raises(Refusal):
        ask(model_id, prompt="Hello", messages=[USER])
