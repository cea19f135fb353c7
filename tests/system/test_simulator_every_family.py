"""Every model that the simulator lists, asked over boto3 what it says it answers."""

import json
from contextlib import closing
from random import Random

import boto3
import pytest

from local.simulator import Simulator
from local.simulator.jobs import Finish
from local.traffic.families import INVOKE, JOBS, builder, served

TALK = [{"role": "user", "content": [{"text": "How deep is the river?"}]}]
COUNT_HEADERS = {
    "x-amzn-bedrock-input-token-count": ("input_tokens",),
    "x-amzn-bedrock-output-token-count": ("output_tokens",),
    "x-amzn-bedrock-cache-read-input-token-count": ("cache_read_tokens",),
    "x-amzn-bedrock-cache-write-input-token-count": (
        "cache_write_tokens",
        "cache_write_1h_tokens",
    ),
}


@pytest.fixture(scope="module")
def simulator():
    with Simulator(seed=5) as running:
        yield running


@pytest.fixture(scope="module")
def bedrock(simulator):
    with closing(
        boto3.client(
            "bedrock-runtime",
            endpoint_url=simulator.url,
            region_name="us-west-2",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
    ) as client:
        yield client


def body_of(bodies, model_id):
    return builder(bodies, model_id)(Random(1))


def booked(simulator, answer):
    request_id = answer["ResponseMetadata"]["RequestId"]
    entries = simulator.provider.ledger.entries()
    return next(entry for entry in entries if entry["request_id"] == request_id)


@pytest.mark.parametrize("model_id", served("InvokeModel"))
def test_a_model_is_invoked_and_its_headers_are_what_is_billed(simulator, bedrock, model_id):
    answer = bedrock.invoke_model(modelId=model_id, body=json.dumps(body_of(INVOKE, model_id)))

    entry = booked(simulator, answer)
    sent = answer["ResponseMetadata"]["HTTPHeaders"]
    assert json.loads(answer["body"].read())
    assert sum(entry["counts"].values()) > 0
    for name in COUNT_HEADERS.keys() & sent.keys():
        assert int(sent[name]) == sum(entry["counts"][each] for each in COUNT_HEADERS[name])


@pytest.mark.parametrize("model_id", served("Converse"))
def test_a_model_converses_and_says_what_it_used_in_its_body_alone(simulator, bedrock, model_id):
    answer = bedrock.converse(modelId=model_id, messages=TALK)

    counts = booked(simulator, answer)["counts"]
    assert answer["usage"]["inputTokens"] == counts["input_tokens"] > 0
    assert answer["usage"]["outputTokens"] == counts["output_tokens"] > 0
    assert not any("token" in name for name in answer["ResponseMetadata"]["HTTPHeaders"])


@pytest.mark.parametrize("model_id", served("InvokeModelWithResponseStream"))
def test_a_stream_of_a_model_is_counted_as_the_buffered_answer_is(simulator, bedrock, model_id):
    body = json.dumps(body_of(INVOKE, model_id))

    streamed = bedrock.invoke_model_with_response_stream(modelId=model_id, body=body)
    *_, last = [json.loads(event["chunk"]["bytes"]) for event in streamed["body"]]

    buffered = booked(simulator, bedrock.invoke_model(modelId=model_id, body=body))
    entry = booked(simulator, streamed)
    metrics = last["amazon-bedrock-invocationMetrics"]
    assert entry["outcome"] == "answered"
    assert metrics["outputTokenCount"] == entry["counts"]["output_tokens"] > 0
    assert (entry["counts"], entry["billed_usd"]) == (buffered["counts"], buffered["billed_usd"])


@pytest.mark.parametrize("model_id", served("ConverseStream"))
def test_a_conversation_streams_what_it_would_have_answered(simulator, bedrock, model_id):
    streamed = bedrock.converse_stream(modelId=model_id, messages=TALK)
    events = list(streamed["stream"])

    buffered = bedrock.converse(modelId=model_id, messages=TALK)
    deltas = [
        event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event
    ]
    (block,) = buffered["output"]["message"]["content"]
    assert "".join(delta["text"] for delta in deltas) == block["text"]
    assert events[-1]["metadata"]["usage"] == buffered["usage"]
    assert booked(simulator, streamed)["counts"] == booked(simulator, buffered)["counts"]


@pytest.mark.parametrize("model_id", served("CountTokens"))
def test_counting_costs_nothing_and_is_what_converse_then_uses(simulator, bedrock, model_id):
    counted = bedrock.count_tokens(modelId=model_id, input={"converse": {"messages": TALK}})

    answer = bedrock.converse(modelId=model_id, messages=TALK)
    entry = booked(simulator, counted)
    assert counted["inputTokens"] == answer["usage"]["inputTokens"]
    assert (entry["billed_usd"], set(entry["counts"].values())) == ("0", {0})


@pytest.mark.parametrize("model_id", served("CountTokens"))
def test_counting_an_invocation_is_what_the_invocation_then_uses(bedrock, model_id):
    body = json.dumps(body_of(INVOKE, model_id))

    counted = bedrock.count_tokens(modelId=model_id, input={"invokeModel": {"body": body}})

    answer = bedrock.invoke_model(modelId=model_id, body=body)
    sent = answer["ResponseMetadata"]["HTTPHeaders"]
    assert str(counted["inputTokens"]) == sent["x-amzn-bedrock-input-token-count"]


@pytest.mark.parametrize(
    "model_id", ["amazon.nova-lite-v1:0", "us.anthropic.claude-3-5-haiku-20241022-v1:0"]
)
def test_other_models_and_profiles_do_not_count_tokens(bedrock, model_id):
    with pytest.raises(bedrock.exceptions.ValidationException, match="doesn't support counting"):
        bedrock.count_tokens(modelId=model_id, input={"converse": {"messages": TALK}})


@pytest.mark.parametrize("model_id", served("StartAsyncInvoke"))
def test_a_job_is_begun_and_billed_when_it_completes(simulator, bedrock, model_id):
    output = {"s3OutputDataConfig": {"s3Uri": "s3://films/team/red"}}
    started = bedrock.start_async_invoke(
        modelId=model_id, modelInput=body_of(JOBS, model_id), outputDataConfig=output
    )

    (finished,) = simulator.provider.jobs.finish(Finish({"arn": started["invocationArn"]}))

    *_, settled = simulator.provider.ledger.entries()
    assert finished == settled["request_id"] == started["invocationArn"]
    assert sum(settled["counts"].values()) > 0
    assert float(settled["billed_usd"]) > 0
    assert booked(simulator, started)["billed_usd"] == "0"
