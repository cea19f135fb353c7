"""Converse, CountTokens and what they share, over boto3 and on the raw wire."""

import json
from contextlib import closing
from decimal import Decimal

import boto3
import pytest
from botocore.exceptions import ClientError

from local.simulator import Simulator

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
OLD_HAIKU = "us.anthropic.claude-3-5-haiku-20241022-v1:0"
NOVA_PRO = "us.amazon.nova-pro-v1:0"
LLAMA = "meta.llama3-8b-instruct-v1:0"
TALK = [{"role": "user", "content": [{"text": "How deep is the river?"}]}]
RULES = {"text": "Answer as a river guide would. " * 300}
FIVE = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}


@pytest.fixture
def simulator():
    with Simulator(seed=3) as running:
        yield running


@pytest.fixture
def bedrock(simulator):
    with closing(client(simulator)) as opened:
        yield opened


def client(simulator, region="us-east-1"):
    return boto3.client(
        "bedrock-runtime",
        endpoint_url=simulator.url,
        region_name=region,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


@pytest.fixture
def bodies(bedrock):
    """The answers' bodies as they stood on the wire: boto3 drops what it does not know."""
    seen = []
    bedrock.meta.events.register(
        "response-received.bedrock-runtime.*",
        lambda response_dict, **_: seen.append(json.loads(response_dict["body"])),
    )
    return seen


def usd(entry):
    return Decimal(entry["billed_usd"])


def per_million(entry, input_usd, output_usd):
    counts = entry["counts"]
    tokens = counts["input_tokens"] * Decimal(input_usd)
    return (tokens + counts["output_tokens"] * Decimal(output_usd)) / 1_000_000


def last(simulator):
    return simulator.provider.ledger.entries()[-1]


def test_a_model_without_a_cache_reports_three_numbers(bedrock, bodies):
    answer = bedrock.converse(modelId=LLAMA, messages=TALK, inferenceConfig={"maxTokens": 5})

    usage = bodies[0]["usage"]
    assert list(usage) == ["inputTokens", "outputTokens", "totalTokens"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert (answer["stopReason"], usage["outputTokens"]) == ("max_tokens", 5)
    assert answer["output"]["message"]["role"] == "assistant"
    assert answer["metrics"]["latencyMs"] > 0


def test_a_cache_write_is_reported_under_both_spellings_and_by_its_time(simulator, bedrock, bodies):
    messages = [
        {"role": "user", "content": [{"text": "Also this. " * 500}, FIVE, *TALK[0]["content"]]}
    ]

    bedrock.converse(modelId=HAIKU, system=[RULES, HOUR], messages=messages)

    counts, usage = last(simulator)["counts"], bodies[0]["usage"]
    five, hour = counts["cache_write_tokens"], counts["cache_write_1h_tokens"]
    assert min(five, hour) > 1_024
    assert usage == {
        "cacheDetails": [{"inputTokens": five, "ttl": "5m"}, {"inputTokens": hour, "ttl": "1h"}],
        "cacheReadInputTokenCount": 0,
        "cacheReadInputTokens": 0,
        "cacheWriteInputTokenCount": five + hour,
        "cacheWriteInputTokens": five + hour,
        "inputTokens": counts["input_tokens"],
        "outputTokens": counts["output_tokens"],
        "serverToolUsage": {},
        "totalTokens": sum(counts.values()),
    }


def test_a_cache_read_has_no_details(simulator, bedrock, bodies):
    for _ in range(2):
        bedrock.converse(modelId=HAIKU, system=[RULES, FIVE], messages=TALK)

    usage = bodies[1]["usage"]
    assert "cacheDetails" not in usage
    assert usage["cacheReadInputTokens"] == bodies[0]["usage"]["cacheWriteInputTokens"] > 1_024
    assert usage["totalTokens"] == sum(last(simulator)["counts"].values())


def test_an_older_model_caches_and_says_nothing_of_times_or_tools(bedrock, bodies):
    bedrock.converse(modelId=OLD_HAIKU, system=[RULES, FIVE], messages=TALK)

    assert bodies[0]["usage"]["cacheWriteInputTokens"] > 1_024
    assert {"cacheDetails", "serverToolUsage"}.isdisjoint(bodies[0]["usage"])


def test_what_converse_wrote_an_invocation_of_the_same_model_reads(simulator, bedrock):
    bedrock.converse(modelId=HAIKU, system=[RULES, FIVE], messages=TALK)
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 9,
        "system": [{"type": "text", **RULES, "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": "Hi"}],
    }

    bedrock.invoke_model(modelId=HAIKU, body=json.dumps(body))

    assert last(simulator)["counts"]["cache_read_tokens"] > 1_024


def test_a_tier_and_a_latency_are_said_as_served_where_they_were_asked_for(
    simulator, bedrock, bodies
):
    bedrock.converse(modelId=NOVA_PRO, messages=TALK)
    bedrock.converse(modelId=NOVA_PRO, messages=TALK, serviceTier={"type": "flex"})
    bedrock.converse(modelId=NOVA_PRO, messages=TALK, performanceConfig={"latency": "optimized"})

    plain, flex, optimized = bodies
    assert {"serviceTier", "performanceConfig"}.isdisjoint(plain)
    assert flex["serviceTier"] == {"type": "flex"}
    assert optimized["performanceConfig"] == {"latency": "optimized"}
    entries = simulator.provider.ledger.entries()
    assert [entry["tier"] for entry in entries] == ["default", "flex", "default"]
    assert [entry["latency"] for entry in entries] == ["standard", "standard", "optimized"]
    assert [usd(entry) for entry in entries] == [
        per_million(entries[0], "0.8", "3.2"),
        per_million(entries[1], "0.4", "1.6"),
        per_million(entries[2], "1", "4"),
    ]


def test_an_invocation_is_optimised_by_its_header(simulator, bedrock):
    body = json.dumps({"messages": TALK})

    answer = bedrock.invoke_model(modelId=NOVA_PRO, body=body, performanceConfigLatency="optimized")

    assert answer["performanceConfigLatency"] == "optimized"
    assert last(simulator)["latency"] == "optimized"


def test_where_a_model_is_not_optimised_it_is_refused(bedrock):
    with pytest.raises(bedrock.exceptions.ValidationException, match="not supported for"):
        bedrock.converse(modelId=LLAMA, messages=TALK, performanceConfig={"latency": "optimized"})


def test_a_forced_tool_is_used(bedrock):
    tools = [{"toolSpec": {"name": "sound", "inputSchema": {"json": {"type": "object"}}}}]

    answer = bedrock.converse(
        modelId=HAIKU,
        messages=TALK,
        toolConfig={"tools": tools, "toolChoice": {"any": {}}},
    )

    (block,) = answer["output"]["message"]["content"]
    assert (answer["stopReason"], block["toolUse"]["name"]) == ("tool_use", "sound")


def test_thinking_is_in_the_output_tokens(bedrock):
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    limit = {"maxTokens": 4}

    answer = bedrock.converse(
        modelId=HAIKU,
        messages=TALK,
        inferenceConfig=limit,
        additionalModelRequestFields=thinking,
    )

    thought, said = answer["output"]["message"]["content"]
    assert thought["reasoningContent"]["reasoningText"]["text"]
    assert said["text"]
    assert answer["usage"]["outputTokens"] > 4


def test_caching_is_denied_to_a_model_without_it(bedrock):
    content = [*TALK[0]["content"], FIVE]

    with pytest.raises(bedrock.exceptions.AccessDeniedException, match="prompt caching"):
        bedrock.converse(modelId=LLAMA, messages=[{"role": "user", "content": content}])


def test_a_retired_model_has_reached_the_end_of_its_life(bedrock):
    with pytest.raises(bedrock.exceptions.ResourceNotFoundException, match="end of its life"):
        bedrock.converse(modelId="anthropic.claude-v2:1", messages=TALK)


def test_a_profile_in_europe_has_europes_price(simulator):
    with closing(client(simulator, "eu-central-1")) as european:
        european.converse(modelId="eu.anthropic.claude-haiku-4-5-20251001-v1:0", messages=TALK)

    assert usd(last(simulator)) == per_million(last(simulator), "1.1", "5.5")


def test_the_same_conversation_is_answered_alike(bedrock, bodies):
    for _ in range(2):
        bedrock.converse(modelId=LLAMA, messages=TALK)

    assert bodies[0] == bodies[1]


def test_counting_tokens_leaves_the_cache_as_it_was(simulator, bedrock):
    model_id = "anthropic.claude-3-7-sonnet-20250219-v1:0"
    cached = {"system": [RULES, FIVE], "messages": TALK}

    counted = bedrock.count_tokens(modelId=model_id, input={"converse": cached})
    bedrock.converse(modelId=model_id, **cached)

    counts = last(simulator)["counts"]
    assert counts["cache_write_tokens"] > 1_024
    assert counted["inputTokens"] == counts["input_tokens"] + counts["cache_write_tokens"]


def test_an_error_of_converse_is_typed(bedrock):
    with pytest.raises(ClientError) as error:
        bedrock.converse(modelId=LLAMA, messages=[])

    assert error.value.response["Error"]["Code"] == "ValidationException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
