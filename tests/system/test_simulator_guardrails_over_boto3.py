"""Guardrails as a client meets them: on InvokeModel, on Converse, and alone."""

import json
from contextlib import closing
from decimal import Decimal

import boto3
import pytest

from local.simulator import Simulator

TITAN = "amazon.titan-text-express-v1"
NOVA = "amazon.nova-lite-v1:0"
CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
QUESTION = "How deep is the river? " * 60  # 1,380 characters: two units
TITAN_BODY = json.dumps({"inputText": QUESTION, "textGenerationConfig": {"maxTokenCount": 50}})
TALK = [{"role": "user", "content": [{"text": QUESTION}]}]
NOVA_BODY = json.dumps({"messages": TALK, "inferenceConfig": {"maxTokens": 50}})
TOPIC, CONTENT, PII = Decimal("0.00015"), Decimal("0.00015"), Decimal("0.0001")


@pytest.fixture
def simulator():
    with Simulator(seed=11) as running:
        yield running


@pytest.fixture
def bedrock(simulator):
    with closing(
        boto3.client(
            "bedrock-runtime",
            endpoint_url=simulator.url,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
    ) as client:
        yield client


def invoke(bedrock, guardrail, model_id=TITAN, body=TITAN_BODY, trace="ENABLED"):
    answer = bedrock.invoke_model(
        modelId=model_id,
        body=body,
        guardrailIdentifier=guardrail,
        guardrailVersion="1",
        trace=trace,
    )
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    counts = {name: value for name, value in headers.items() if name.endswith("-token-count")}
    return json.loads(answer["body"].read()), counts


def converse(bedrock, guardrail, messages=TALK, trace="enabled"):
    config = {"guardrailIdentifier": guardrail, "guardrailVersion": "DRAFT", "trace": trace}
    return bedrock.converse(modelId=CLAUDE, messages=messages, guardrailConfig=config)


def last(simulator):
    return simulator.provider.ledger.entries()[-1]


def units(assessment):
    usage = assessment["invocationMetrics"]["usage"]
    return {name: number for name, number in usage.items() if number}


def billed(entry, *, inference):
    return Decimal(entry["billed_usd"]) - inference


def titan_usd(entry):
    counts = entry["counts"]
    return (
        Decimal("0.0000002") * counts["input_tokens"]
        + Decimal("0.0000006") * counts["output_tokens"]
    )


def test_a_guardrail_that_lets_pass_says_so_and_is_billed_on_both_sides(simulator, bedrock):
    body, headers = invoke(bedrock, "contentpii")

    entry = last(simulator)
    trace = body["amazon-bedrock-trace"]["guardrail"]
    assert body["amazon-bedrock-guardrailAction"] == "NONE"
    assert units(trace["input"]["contentpii"]) == {
        "contentPolicyUnits": 2,
        "sensitiveInformationPolicyUnits": 2,
    }
    assert units(trace["outputs"][0]["contentpii"]) == {
        "contentPolicyUnits": 1,
        "sensitiveInformationPolicyUnits": 1,
    }
    assert entry["counts"]["guardrail_content_units"] == 3
    assert entry["counts"]["guardrail_pii_units"] == 3
    assert billed(entry, inference=titan_usd(entry)) == 3 * CONTENT + 3 * PII
    assert (len(headers), entry["guardrail"]) == (2, "contentpii")


def test_without_a_trace_the_units_are_billed_and_not_said(simulator, bedrock):
    body, _ = invoke(bedrock, "contentpii", trace="DISABLED")

    assert "amazon-bedrock-trace" not in body
    assert body["amazon-bedrock-guardrailAction"] == "NONE"
    assert last(simulator)["counts"]["guardrail_content_units"] == 3


def test_masking_turns_titans_counts_into_floats_and_leaves_the_headers_whole(simulator, bedrock):
    body, headers = invoke(bedrock, "piimasks")

    counts = last(simulator)["counts"]
    assert body["amazon-bedrock-guardrailAction"] == "INTERVENED"
    assert body["results"][0]["outputText"].startswith("{NAME} ")
    assert repr(body["inputTextTokenCount"]) == f"{counts['input_tokens']}.0"
    assert repr(body["results"][0]["tokenCount"]) == f"{counts['output_tokens']}.0"
    assert headers["x-amzn-bedrock-input-token-count"] == str(counts["input_tokens"])
    assert headers["x-amzn-bedrock-output-token-count"] == str(counts["output_tokens"])


def test_masking_cuts_novas_usage_to_its_first_count(simulator, bedrock):
    body, headers = invoke(bedrock, "piimasks", NOVA, NOVA_BODY)

    counts = last(simulator)["counts"]
    assert body["usage"] == {"inputTokens": counts["input_tokens"]}
    assert headers["x-amzn-bedrock-output-token-count"] == str(counts["output_tokens"])
    assert counts["output_tokens"] > 0


def test_a_masked_answer_stands_unmasked_in_the_trace(bedrock):
    body, _ = invoke(bedrock, "piimasks", NOVA, NOVA_BODY)

    trace = body["amazon-bedrock-trace"]["guardrail"]
    (original,) = trace["modelOutput"]
    assert "{NAME}" not in original
    assert len(json.loads(original)["usage"]) == 5
    assert trace["actionReason"] == "Guardrail masked."
    assert "sensitiveInformationPolicy" in trace["outputs"][0]["piimasks"]


def test_a_blocked_prompt_runs_no_model_and_sends_no_counts(simulator, bedrock):
    body, headers = invoke(bedrock, "topicblocksinput")

    entry = last(simulator)
    assert headers == {}
    assert body["amazon-bedrock-guardrailAction"] == "INTERVENED"
    assert "not allowed" in body["results"][0]["outputText"]
    assert isinstance(body["inputTextTokenCount"], float)
    assert list(body["amazon-bedrock-trace"]["guardrail"]) == ["input", "actionReason"]
    assert {name for name, number in entry["counts"].items() if number} == {"guardrail_topic_units"}
    assert Decimal(entry["billed_usd"]) == 2 * TOPIC


def test_a_blocked_answer_was_written_and_is_billed(simulator, bedrock):
    body, headers = invoke(bedrock, "topicblocksoutput")

    entry = last(simulator)
    assert "not allowed" in body["results"][0]["outputText"]
    assert len(headers) == 2
    assert billed(entry, inference=titan_usd(entry)) == 3 * TOPIC
    assert titan_usd(entry) > 0


def test_a_blocked_prompt_is_not_written_to_the_cache(simulator, bedrock):
    system = [{"text": "Be a guide. " * 900}, {"cachePoint": {"type": "default"}}]
    body = json.dumps({"messages": TALK, "system": system})
    invoke(bedrock, "topicblocksinput", NOVA, body)

    bedrock.invoke_model(modelId=NOVA, body=body)

    assert last(simulator)["counts"]["cache_read_tokens"] == 0
    assert last(simulator)["counts"]["cache_write_tokens"] > 1_024


def test_a_model_that_has_no_price_still_bills_the_guardrail_of_a_blocked_prompt(
    simulator, bedrock
):
    body = json.dumps({"messages": [{"role": "user", "content": QUESTION}]})

    invoke(bedrock, "contentblocksinput", "acme.launched-today-v1:0", body)

    assert Decimal(last(simulator)["billed_usd"]) == 2 * CONTENT


def test_an_embedding_is_guarded_on_its_way_in(simulator, bedrock):
    body = json.dumps({"inputText": QUESTION})

    answer, headers = invoke(bedrock, "contentblocksinput", "amazon.titan-embed-text-v2:0", body)

    assert set(answer) == {"amazon-bedrock-guardrailAction", "amazon-bedrock-trace"}
    assert headers == {}


def test_converse_says_the_units_under_the_guardrails_id(simulator, bedrock):
    answer = converse(bedrock, "topiccontent")

    trace = answer["trace"]["guardrail"]
    assert answer["stopReason"] != "guardrail_intervened"
    assert units(trace["inputAssessment"]["topiccontent"]) == {
        "contentPolicyUnits": 2,
        "topicPolicyUnits": 2,
    }
    (after,) = trace["outputAssessments"]["topiccontent"]
    assert units(after) == {"contentPolicyUnits": 1, "topicPolicyUnits": 1}
    assert last(simulator)["counts"]["guardrail_topic_units"] == 3


def test_converse_without_a_trace_bills_in_silence(simulator, bedrock):
    answer = converse(bedrock, "topiccontent", trace="disabled")

    assert "trace" not in answer
    assert last(simulator)["counts"]["guardrail_topic_units"] == 3


def test_a_masked_answer_of_converse_keeps_its_usage(simulator, bedrock):
    answer = converse(bedrock, "piimasks")

    assert answer["stopReason"] == "guardrail_intervened"
    assert answer["output"]["message"]["content"][0]["text"].startswith("{NAME} ")
    assert answer["usage"]["outputTokens"] == last(simulator)["counts"]["output_tokens"] > 0


def test_a_blocked_prompt_of_converse_uses_no_tokens(simulator, bedrock):
    answer = converse(bedrock, "wordblocksinput")

    assert answer["usage"] == {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}
    assert answer["stopReason"] == "guardrail_intervened"
    assert list(answer["trace"]["guardrail"]) == ["inputAssessment", "actionReason"]
    assert (last(simulator)["billed_usd"], set(last(simulator)["counts"].values())) == ("0", {0})


def test_grounding_is_counted_where_there_is_a_source(simulator, bedrock):
    source = {"text": {"text": "The river is deep. " * 100, "qualifiers": ["grounding_source"]}}
    messages = [{"role": "user", "content": [{"guardContent": source}, *TALK[0]["content"]]}]

    converse(bedrock, "grounding")
    converse(bedrock, "grounding", messages)

    without, with_source = simulator.provider.ledger.entries()
    assert without["counts"]["guardrail_grounding_units"] == 0
    assert with_source["counts"]["guardrail_grounding_units"] >= 2


def test_a_picture_is_an_image_unit(simulator, bedrock):
    picture = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}

    converse(bedrock, "content", [{"role": "user", "content": [picture, {"text": "What?"}]}])

    assert last(simulator)["counts"]["guardrail_content_image_units"] == 1


@pytest.mark.parametrize(
    ("guardrail", "source", "action", "outputs"),
    [
        ("content", "INPUT", "NONE", 0),
        ("piimasks", "INPUT", "NONE", 0),
        ("piimasks", "OUTPUT", "GUARDRAIL_INTERVENED", 1),
        ("contentblocksinput", "INPUT", "GUARDRAIL_INTERVENED", 1),
        ("contentblocksinput", "OUTPUT", "NONE", 0),
        ("contentblocksoutput", "OUTPUT", "GUARDRAIL_INTERVENED", 1),
    ],
)
def test_a_guardrail_by_itself_intervenes_on_its_side(bedrock, guardrail, source, action, outputs):
    answer = bedrock.apply_guardrail(
        guardrailIdentifier=guardrail,
        guardrailVersion="1",
        source=source,
        content=[{"text": {"text": QUESTION}}],
    )

    assert (answer["action"], len(answer["outputs"])) == (action, outputs)


def test_a_guardrail_by_itself_says_its_units_and_is_billed_for_them(simulator, bedrock):
    answer = bedrock.apply_guardrail(
        guardrailIdentifier="arn:aws:bedrock:us-east-1:123456789012:guardrail/topicword",
        guardrailVersion="DRAFT",
        source="INPUT",
        content=[{"text": {"text": QUESTION}}, {"text": {"text": "x" * 700}}],
    )

    entry = last(simulator)
    usage = {name: number for name, number in answer["usage"].items() if number}
    assert usage == {"topicPolicyUnits": 3, "wordPolicyUnits": 3}
    assert answer["guardrailCoverage"]["textCharacters"] == {"guarded": 2_080, "total": 2_080}
    assert (entry["model"], entry["base_model"]) == ("guardrail/topicword", "guardrails")
    assert Decimal(entry["billed_usd"]) == 3 * TOPIC


def test_a_guardrail_that_is_not_there_is_refused_before_anything_runs(simulator, bedrock):
    with pytest.raises(bedrock.exceptions.ResourceNotFoundException, match="does not exist"):
        invoke(bedrock, "5zwrmdlsra2e")
    with pytest.raises(bedrock.exceptions.ResourceNotFoundException, match="does not exist"):
        bedrock.apply_guardrail(
            guardrailIdentifier="nowhere",
            guardrailVersion="1",
            source="INPUT",
            content=[{"text": {"text": "a"}}],
        )

    assert {entry["outcome"] for entry in simulator.provider.ledger.entries()} == {"refused"}
