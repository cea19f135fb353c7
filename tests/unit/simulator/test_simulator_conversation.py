import json
import random
from contextlib import suppress

import pytest

from local.simulator import conversation
from local.simulator.actions import converse
from local.simulator.calls import Ask
from local.simulator.guardrails import Reading
from local.simulator.models import parse
from local.simulator.prompt_cache import PromptCache
from local.simulator.refusals import Refusal
from local.simulator.tokens import Scribe

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
NOVA = "amazon.nova-lite-v1:0"
LLAMA = "meta.llama3-8b-instruct-v1:0"
TITAN = "amazon.titan-text-express-v1"
QUESTION = {"text": "How deep is the river?"}
POINT = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}
IMAGE = {"image": {"format": "png", "source": {"bytes": "iVBO"}}}
TOOL = {"toolSpec": {"name": "sound", "inputSchema": {"json": {"type": "object"}}}}


def ask(model_id: str, **body) -> Ask:
    return Ask(parse(model_id), body, Scribe(1, json.dumps(body).encode()), PromptCache())


def read(model_id: str, *blocks, **body):
    return conversation.read(
        ask(model_id, messages=[{"role": "user", "content": [*blocks]}], **body)
    )


def refused(model_id: str, *blocks, **body) -> Refusal:
    with pytest.raises(Refusal) as error:
        read(model_id, *blocks, **body)
    return error.value


def guarded(text: str, *qualifiers: str):
    return {"guardContent": {"text": {"text": text, "qualifiers": [*qualifiers]}}}


def test_a_prompt_is_cached_in_the_order_of_tools_system_and_messages():
    asked = read(CLAUDE, QUESTION, system=[{"text": "Be brief."}], toolConfig={"tools": [TOOL]})

    assert [segment.text for segment in asked.segments] == [
        json.dumps(TOOL),
        "Be brief.",
        QUESTION["text"],
    ]


def test_a_cache_point_keeps_what_stands_before_it():
    asked = read(CLAUDE, QUESTION, POINT, system=[{"text": "Be brief."}, HOUR])

    assert [segment.keep for segment in asked.segments] == ["1h", "5m"]


def test_a_picture_is_looked_at_and_a_tools_result_is_read():
    result = {"toolResult": {"toolUseId": "t", "content": [{"text": "9 metres"}]}}

    asked = read(CLAUDE, IMAGE, result)

    assert asked.segments[0].tokens >= 1_000
    assert asked.segments[1].text == json.dumps(result)


@pytest.mark.parametrize(
    ("model_id", "blocks", "body", "status", "words"),
    [
        (CLAUDE, [], {}, 400, "The content field in the Message object at messages.0 is empty"),
        (CLAUDE, [{"text": " "}], {}, 400, "messages.0.content.0 is blank"),
        (CLAUDE, [{"smell": "sea"}], {}, 400, "is not valid"),
        (TITAN, [QUESTION], {"system": [{"text": "a"}]}, 400, "doesn't support system messages"),
        (TITAN, [QUESTION], {"toolConfig": {"tools": [TOOL]}}, 400, "doesn't support tool use"),
        (LLAMA, [IMAGE], {}, 400, "doesn't support the image field"),
        (LLAMA, [QUESTION, POINT], {}, 403, "did not allow prompt caching"),
        (NOVA, [QUESTION, HOUR], {}, 400, "cachePoint.ttl"),
        (CLAUDE, [QUESTION, *[POINT, QUESTION] * 5], {}, 400, "A maximum of 4 blocks"),
        (CLAUDE, [QUESTION, POINT, QUESTION, HOUR], {}, 400, "must not come after"),
        (CLAUDE, [QUESTION], {"inferenceConfig": {"maxTokens": 0}}, 400, "maxTokens"),
        ("cohere.embed-english-v3", [QUESTION], {}, 400, "This action doesn't support the model"),
    ],
)
def test_what_a_model_does_not_take_is_refused_in_bedrocks_words(
    model_id, blocks, body, status, words
):
    refusal = refused(model_id, *blocks, **body)

    assert refusal.status == status
    assert words in refusal.message


@pytest.mark.parametrize(
    "messages", [[], None, [{"role": "assistant", "content": [QUESTION]}], ["Hello"]]
)
def test_a_conversation_starts_with_the_user(messages):
    with pytest.raises(Refusal):
        conversation.read(ask(CLAUDE, messages=messages))


def test_a_guardrail_looks_at_everything_where_nothing_is_marked():
    asked = read(CLAUDE, {"text": "four"}, IMAGE, system=[{"text": "eight ch"}])

    assert (asked.reading, asked.sources) == (Reading(characters=12, pictures=1), 0)


def test_a_guardrail_looks_at_what_is_marked_alone():
    asked = read(CLAUDE, {"text": "not this"}, guarded("this"))

    assert asked.reading == Reading(characters=4)


def test_a_source_and_a_query_are_for_grounding_alone():
    asked = read(
        CLAUDE,
        guarded("a source of 26 characters.", "grounding_source"),
        guarded("a query", "query"),
        guarded("both", "query", "guard_content"),
    )

    assert (asked.reading.characters, asked.sources) == (4, 37)


def test_a_qualifier_that_there_is_not_is_refused():
    assert "qualifiers" in refused(CLAUDE, guarded("a", "poem")).message


def test_a_named_tool_or_any_is_used():
    named = {"tools": [TOOL], "toolChoice": {"tool": {"name": "sound"}}}
    anything = {"tools": [TOOL], "toolChoice": {"any": {}}}

    assert read(CLAUDE, QUESTION, toolConfig=named).forced_tool == "sound"
    assert read(CLAUDE, QUESTION, toolConfig=anything).forced_tool == "sound"
    assert read(CLAUDE, QUESTION, toolConfig={"tools": [TOOL]}).forced_tool is None


def test_counting_a_prompt_is_what_its_segments_come_to():
    body = {"messages": [{"role": "user", "content": [QUESTION, POINT]}]}

    tokens = converse.count(ask(CLAUDE, **body))

    assert tokens == conversation.read(ask(CLAUDE, **body)).segments[0].tokens > 0


def test_odd_values_are_refused_or_borne_and_never_break_the_simulator():
    odd = [None, True, -1, 0, 1.5, "x", [], {}, [1], ["x"], [None], {"role": "user"}, [{"a": 1}]]
    odd += [{"any": 1}, {"tool": 1}, [{"guardContent": 1}], [{"cachePoint": 1}], [{"text": 1}]]
    keys = ["messages", "system", "toolConfig", "inferenceConfig", "additionalModelRequestFields"]
    good = {"messages": [{"role": "user", "content": [QUESTION]}]}
    draw = random.Random(4)

    for key in keys:
        for value in odd:
            for nested in (value, {draw.choice(["tools", "toolChoice", "maxTokens"]): value}):
                with suppress(Refusal):
                    conversation.read(ask(CLAUDE, **{**good, key: nested}))
    for value in odd:
        with suppress(Refusal):
            read(CLAUDE, value)
        with suppress(Refusal):
            read(
                CLAUDE,
                {"guardContent": {"text": value}},
                {"guardContent": {"text": {"text": value}}},
            )
