"""Each fault as a client meets it, and what the simulator's ledger says of it."""

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from local.simulator import Simulator

LLAMA = "meta.llama3-8b-instruct-v1:0"
TITAN = "amazon.titan-text-express-v1"
PICTURES = "amazon.titan-image-generator-v2:0"
PROMPT = json.dumps({"prompt": "How deep is the river?", "max_gen_len": 60})
TWO_PICTURES = json.dumps(
    {
        "taskType": "TEXT_IMAGE",
        "textToImageParams": {"text": "a river"},
        "imageGenerationConfig": {"numberOfImages": 2},
    }
)


@pytest.fixture
def simulator():
    with Simulator(endpoints={"chat": "lmi"}) as running:
        yield running


@pytest.fixture
def bedrock(simulator):
    return client(simulator)


def client(simulator: Simulator, service: str = "bedrock-runtime", **config):
    config = {"retries": {"total_max_attempts": 1}, "read_timeout": 20, **config}
    return boto3.client(
        service,
        endpoint_url=simulator.url,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(**config),
    )


def control(simulator: Simulator, method: str, path: str, content=None):
    data = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(f"{simulator.url}/_sim/{path}", data, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def spoil(simulator: Simulator, do: str, **fields) -> None:
    control(simulator, "PUT", "faults", [{"do": do, **fields}])


def ledger(simulator: Simulator, at_least: int = 0):
    return control(simulator, "GET", f"ledger?at_least={at_least}")


def is_billed_in_full(entry) -> bool:
    return entry["counts"]["output_tokens"] > 0 and float(entry["billed_usd"]) > 0


@pytest.mark.parametrize(
    ("fault", "status", "bedrock_code", "sagemaker_code"),
    [
        ("throttle", 429, "ThrottlingException", "ThrottlingException"),
        ("error_500", 500, "InternalServerException", "InternalFailure"),
        ("error_503", 503, "ServiceUnavailableException", "ServiceUnavailable"),
        ("validation", 400, "ValidationException", "ValidationError"),
        ("access_denied", 403, "AccessDeniedException", "AccessDeniedException"),
        ("bad_credentials", 403, "UnrecognizedClientException", "UnrecognizedClientException"),
    ],
)
def test_a_refused_call_is_typed_and_costs_nothing(
    simulator, bedrock, fault, status, bedrock_code, sagemaker_code
):
    spoil(simulator, fault)

    with pytest.raises(ClientError) as from_bedrock:
        bedrock.invoke_model(modelId=LLAMA, body=PROMPT)
    with pytest.raises(ClientError) as from_sagemaker:
        client(simulator, "sagemaker-runtime").invoke_endpoint(EndpointName="chat", Body="{}")

    answers = [from_bedrock.value.response, from_sagemaker.value.response]
    assert [answer["Error"]["Code"] for answer in answers] == [bedrock_code, sagemaker_code]
    assert {answer["ResponseMetadata"]["HTTPStatusCode"] for answer in answers} == {status}
    for entry in ledger(simulator):
        assert (entry["outcome"], entry["status"], entry["fault"]) == ("refused", status, fault)
        assert (entry["billed_usd"], set(entry["counts"].values())) == ("0", {0})


def test_a_denied_call_names_the_account_as_aws_does(simulator, bedrock):
    spoil(simulator, "access_denied")

    with pytest.raises(bedrock.exceptions.AccessDeniedException, match=r"arn:aws:sts::\d{12}:"):
        bedrock.invoke_model(modelId=LLAMA, body=PROMPT)


def test_an_sdk_that_retries_shows_every_attempt_under_one_invocation_id(simulator):
    spoil(simulator, "throttle", times=1)

    client(simulator, retries={"total_max_attempts": 2}).invoke_model(modelId=LLAMA, body=PROMPT)

    first, second = ledger(simulator)
    assert [first["attempt"], second["attempt"]] == [1, 2]
    assert first["invocation_id"] == second["invocation_id"]
    assert [first["outcome"], second["outcome"]] == ["refused", "answered"]


def test_a_timed_out_call_is_billed_and_never_answered(simulator):
    spoil(simulator, "timeout")

    with pytest.raises(ReadTimeoutError):
        client(simulator, read_timeout=0.2).invoke_model(modelId=LLAMA, body=PROMPT)

    (entry,) = ledger(simulator, at_least=1)
    assert (entry["outcome"], entry["fault"]) == ("timeout", "timeout")
    assert is_billed_in_full(entry)


def test_a_default_sdk_turns_one_slow_call_into_three_billed_ones(simulator):
    spoil(simulator, "timeout")

    with pytest.raises(ReadTimeoutError):
        client(simulator, read_timeout=0.1, retries=None).invoke_model(modelId=LLAMA, body=PROMPT)

    entries = ledger(simulator, at_least=3)
    assert {entry["attempt"] for entry in entries} == {1, 2, 3}
    assert all(map(is_billed_in_full, entries))


def test_a_hung_call_is_answered_when_it_is_released(simulator, bedrock):
    spoil(simulator, "hang")

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(bedrock.invoke_model, modelId=LLAMA, body=PROMPT)
        held = control(simulator, "GET", "inflight?at_least=1")
        while_held = ledger(simulator)
        released = control(simulator, "POST", "release")
        call.result()

    assert (held, released) == (1, {"released": 1})
    assert while_held[0]["outcome"] == "timeout"
    assert ledger(simulator)[0]["outcome"] == "answered"


def test_a_reset_lets_go_of_every_call_and_forgets_all(simulator, bedrock):
    spoil(simulator, "timeout")

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(bedrock.invoke_model, modelId=LLAMA, body=PROMPT)
        control(simulator, "GET", "inflight?at_least=1")
        control(simulator, "POST", "reset")
        error = call.exception()

    assert isinstance(error, ConnectionClosedError)
    assert ledger(simulator) == control(simulator, "GET", "faults") == []


def test_a_simulator_that_stops_lets_go_of_its_calls(simulator, bedrock):
    spoil(simulator, "timeout")

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(bedrock.invoke_model, modelId=LLAMA, body=PROMPT)
        control(simulator, "GET", "inflight?at_least=1")
        simulator.stop()
        error = call.exception()

    assert isinstance(error, ConnectionClosedError)


def test_a_call_cut_before_its_headers_is_billed(simulator, bedrock):
    spoil(simulator, "cut_headers")

    with pytest.raises(ConnectionClosedError):
        bedrock.invoke_model(modelId=LLAMA, body=PROMPT)

    (entry,) = ledger(simulator)
    assert entry["outcome"] == "cut_headers"
    assert is_billed_in_full(entry)


def test_a_cut_body_comes_after_headers_with_the_counts(simulator, bedrock):
    spoil(simulator, "cut_body")

    answer = bedrock.invoke_model(modelId=LLAMA, body=PROMPT)

    (entry,) = ledger(simulator)
    sent = answer["ResponseMetadata"]["HTTPHeaders"]
    assert sent["x-amzn-bedrock-output-token-count"] == str(entry["counts"]["output_tokens"])
    with pytest.raises(ResponseStreamingError):
        answer["body"].read()
    assert entry["outcome"] == "cut_body"
    assert is_billed_in_full(entry)


def test_a_trickle_arrives_whole_and_late(simulator, bedrock):
    spoil(simulator, "trickle", interval_ms=0, seconds=0)

    answer = bedrock.invoke_model(modelId=LLAMA, body=PROMPT)

    assert json.loads(answer["body"].read())["generation"]
    assert ledger(simulator)[0]["outcome"] == "answered"


def test_a_trickle_that_nobody_waits_for_stays_cut(simulator, bedrock):
    spoil(simulator, "trickle", interval_ms=10_000, seconds=60)

    answer = bedrock.invoke_model(modelId=LLAMA, body=PROMPT)
    answer["body"].close()

    assert ledger(simulator)[0]["outcome"] == "cut_body"


def test_a_slow_call_is_answered(simulator, bedrock):
    spoil(simulator, "slow", latency_ms=30)

    answer = bedrock.invoke_model(modelId=LLAMA, body=PROMPT)

    sent = answer["ResponseMetadata"]["HTTPHeaders"]
    assert int(sent["x-amzn-bedrock-invocation-latency"]) > 30
    assert ledger(simulator)[0]["outcome"] == "answered"


@pytest.mark.parametrize(
    ("value", "header", "in_body"),
    [
        (-5, "-5", -5),
        ("abc", "abc", "abc"),
        (1.5, "1.5", 1.5),
        (1e30, "1e+30", 1e30),
        (None, "null", None),
        (True, "true", True),
    ],
)
def test_bad_usage_is_reported_and_the_truth_is_billed(simulator, bedrock, value, header, in_body):
    spoil(simulator, "bad_usage", value=value)

    answer = bedrock.invoke_model(modelId=LLAMA, body=PROMPT)

    sent = answer["ResponseMetadata"]["HTTPHeaders"]
    assert sent["x-amzn-bedrock-input-token-count"] == header
    assert json.loads(answer["body"].read())["prompt_token_count"] == in_body
    assert is_billed_in_full(ledger(simulator)[0])


@pytest.mark.parametrize(("where", "in_headers", "in_body"), [("headers", 0, 2), ("body", 2, 0)])
def test_usage_can_be_missing_in_either_place(simulator, bedrock, where, in_headers, in_body):
    spoil(simulator, "bad_usage", value="missing", where=where)

    answer = bedrock.invoke_model(modelId=LLAMA, body=PROMPT)

    sent = answer["ResponseMetadata"]["HTTPHeaders"]
    body = json.loads(answer["body"].read())
    assert sum(name.endswith("token-count") for name in sent) == in_headers
    assert sum(name.endswith("token_count") for name in body) == in_body


def test_a_guardrail_makes_titans_counts_floats(simulator, bedrock):
    spoil(simulator, "guardrail_floats")

    answer = bedrock.invoke_model(modelId=TITAN, body='{"inputText": "Hello"}')

    entry = ledger(simulator)[0]
    body = answer["body"].read().decode()
    assert f'"inputTextTokenCount":{entry["counts"]["input_tokens"]}.0' in body


def test_a_guardrail_that_masks_leaves_the_body_without_its_output_count(simulator, bedrock):
    spoil(simulator, "guardrail_masked")
    body = json.dumps({"messages": [{"role": "user", "content": [{"text": "Hello"}]}]})

    answer = bedrock.invoke_model(modelId="amazon.nova-lite-v1:0", body=body)

    assert list(json.loads(answer["body"].read())["usage"]) == ["inputTokens"]


def test_a_big_answer_has_the_size_that_was_asked_for(simulator, bedrock):
    spoil(simulator, "big_answer", bytes=7_000_000)

    answer = bedrock.invoke_model(modelId=LLAMA, body=PROMPT)

    assert len(json.loads(answer["body"].read())["generation"]) == 7_000_000


def test_filtered_pictures_are_not_returned_and_not_billed(simulator, bedrock):
    spoil(simulator, "filtered", n=1)

    answer = bedrock.invoke_model(modelId=PICTURES, body=TWO_PICTURES)

    (entry,) = ledger(simulator)
    assert len(json.loads(answer["body"].read())["images"]) == entry["counts"]["images"] == 1
    assert (entry["image"]["class"], entry["billed_usd"]) == ("gt512/standard", "0.01")


def test_pictures_of_mixed_sizes_are_each_billed_at_their_own_price(simulator, bedrock):
    spoil(simulator, "mixed_sizes")

    bedrock.invoke_model(modelId=PICTURES, body=TWO_PICTURES)

    (entry,) = ledger(simulator)
    assert (entry["image"]["class"], entry["billed_usd"]) == ("mixed", "0.018")


def test_another_tier_is_served_billed_and_said(simulator, bedrock):
    spoil(simulator, "tier", tier="default")
    body = json.dumps({"messages": [{"role": "user", "content": "Hi"}]})

    answer = bedrock.invoke_model(
        modelId="openai.gpt-oss-120b-1:0", body=body, serviceTier="priority"
    )

    assert answer["serviceTier"] == ledger(simulator)[0]["tier"] == "default"


def test_a_rule_that_makes_no_sense_is_refused_by_the_control_api(simulator):
    with pytest.raises(urllib.error.HTTPError, match="400"):
        spoil(simulator, "explode")


def test_an_optimised_call_over_its_quota_is_served_and_billed_as_standard(simulator, bedrock):
    spoil(simulator, "latency")
    talk = [{"role": "user", "content": [{"text": "Hi"}]}]

    answer = bedrock.converse(
        modelId="us.amazon.nova-pro-v1:0",
        messages=talk,
        performanceConfig={"latency": "optimized"},
    )

    assert answer["performanceConfig"] == {"latency": "standard"}
    assert ledger(simulator)[0]["latency"] == "standard"


def test_more_chunks_are_searched_than_documents_were_listed(simulator, bedrock):
    spoil(simulator, "rerank_chunks", per_document=5)
    body = json.dumps({"query": "which?", "documents": ["a"] * 60})

    bedrock.invoke_model(modelId="amazon.rerank-v1:0", body=body)

    (entry,) = ledger(simulator)
    assert (entry["counts"]["queries"], entry["billed_usd"]) == (3, "0.003")


def test_a_fault_of_converse_is_typed_as_a_fault_of_invoke_model_is(simulator, bedrock):
    spoil(simulator, "throttle")
    talk = [{"role": "user", "content": [{"text": "Hi"}]}]

    with pytest.raises(bedrock.exceptions.ThrottlingException):
        bedrock.converse(modelId=LLAMA, messages=talk)
    with pytest.raises(bedrock.exceptions.ThrottlingException):
        bedrock.apply_guardrail(
            guardrailIdentifier="content",
            guardrailVersion="1",
            source="INPUT",
            content=[{"text": {"text": "a"}}],
        )

    assert [entry["model"] for entry in ledger(simulator)] == [LLAMA, "guardrail/content"]


def test_a_guarded_and_masked_answer_bears_bad_usage_too(simulator, bedrock):
    spoil(simulator, "bad_usage", value="missing")
    body = json.dumps({"messages": [{"role": "user", "content": [{"text": "Hi"}]}]})

    answer = bedrock.invoke_model(
        modelId="amazon.nova-lite-v1:0",
        body=body,
        guardrailIdentifier="piimasks",
        guardrailVersion="1",
    )

    assert json.loads(answer["body"].read())["usage"] == {}
    assert is_billed_in_full(ledger(simulator)[0])
