import pytest
from exchanges import conversed, metered, token_headers

from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import NO_USAGE, Usage

NOVA = "us.amazon.nova-premier-v1:0"
ALLOWED = {"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}}
SEARCH = {
    "toolUse": {
        "toolUseId": "tooluse_cqd96yjeO4bcI0cLdNGXpw",
        "name": "nova_grounding",
        "input": {"query": "weather in Tokyo today"},
        "type": "server_tool_use",
    }
}
FOUND = {
    "toolResult": {
        "toolUseId": "tooluse_cqd96yjeO4bcI0cLdNGXpw",
        "content": [{"text": "[HIDDEN]"}],
        "status": "success",
        "type": "nova_grounding_result",
    }
}
NOT_KNOWN = Metered(NO_USAGE, "none", problem="grounding_requests")


def answer(*blocks: object) -> dict[str, object]:
    return {
        "output": {"message": {"role": "assistant", "content": list(blocks)}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 900, "outputTokens": 80, "totalTokens": 980},
    }


def test_searches_are_counted_beside_the_tokens():
    body = answer(SEARCH, FOUND, SEARCH, FOUND, {"text": "Sunny."})
    assert conversed(NOVA, body, request=ALLOWED) == Metered(Usage(900, 80, queries=2), "body")
    reading = metered(NOVA, body, headers=token_headers(900, 80), request=ALLOWED)
    assert reading == Metered(Usage(900, 80, queries=2), "header")


def test_a_model_that_may_search_and_does_not_is_billed_for_none():
    reading = conversed(NOVA, answer({"text": "Hello."}), request=ALLOWED)
    assert reading == Metered(Usage(900, 80), "body")


def test_a_tenants_own_tool_is_no_search():
    tool = {"toolUse": {"toolUseId": "1", "name": "weather", "input": {}}}
    assert conversed(NOVA, answer(tool), request=ALLOWED).usage.queries == 0


def test_a_search_in_the_history_is_not_counted_again():
    reading = metered(NOVA, answer(SEARCH), headers=token_headers(900, 80), request={"a": 1})
    assert reading.usage.queries == 0


@pytest.mark.parametrize("body", [b"", b"{", {}, {"output": 5}, {"output": {"message": {}}}])
def test_searches_that_cannot_be_counted_are_not_known(body):
    reading = metered(NOVA, body, headers=token_headers(900, 80), request=ALLOWED)
    assert reading == NOT_KNOWN


def test_a_cut_answer_leaves_the_searches_unknown():
    reading = metered(
        NOVA, answer(SEARCH), headers=token_headers(900, 80), request=ALLOWED, complete=False
    )
    assert reading == NOT_KNOWN


@pytest.mark.parametrize("model_id", ["us.anthropic.claude-sonnet-4-6", "newcomer.model-v1:0"])
def test_a_tool_of_that_name_is_no_search_of_another_familys_model(model_id):
    tools = {"toolConfig": {"tools": [{"toolSpec": {"name": "nova_grounding"}}]}}
    assert conversed(model_id, answer(SEARCH), request=tools) == Metered(Usage(900, 80), "body")
