"""Each fault of streams as boto3 meets it, and what the simulator's ledger says of it."""

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import boto3
import pytest
import urllib3.exceptions
from botocore.config import Config
from botocore.eventstream import ChecksumMismatch
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EventStreamError,
)

from local.simulator import Simulator
from local.simulator.faults import EXCEPTIONS

LLAMA = "meta.llama3-8b-instruct-v1:0"
CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
PROMPT = json.dumps({"prompt": "How deep is the river?", "max_gen_len": 60})
CLAUDE_PROMPT = json.dumps(
    {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 60,
        "messages": [{"role": "user", "content": "How deep is the river?"}],
    }
)
TALK = [{"role": "user", "content": [{"text": "How deep is the river?"}]}]
GENERATE = json.dumps({"inputs": "Hi", "stream": True, "parameters": {"details": True}})


@pytest.fixture
def simulator():
    with Simulator(endpoints={"chat": "tgi"}) as running:
        yield running


@pytest.fixture
def bedrock(simulator):
    with closing(client(simulator)) as opened:
        yield opened


@pytest.fixture
def sagemaker(simulator):
    with closing(client(simulator, "sagemaker-runtime")) as opened:
        yield opened


def client(simulator, service="bedrock-runtime"):
    return boto3.client(
        service,
        endpoint_url=simulator.url,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
    )


def control(simulator, method, path, content=None):
    data = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(f"{simulator.url}/_sim/{path}", data, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def spoil(simulator, do, **fields):
    control(simulator, "PUT", "faults", [{"do": do, **fields}])


def last(simulator):
    return control(simulator, "GET", "ledger")[-1]


def invoked(bedrock, model_id=LLAMA, body=PROMPT):
    """The events of a stream, as they come."""
    answer = bedrock.invoke_model_with_response_stream(modelId=model_id, body=body)
    with closing(answer["body"]) as stream:
        yield from (json.loads(event["chunk"]["bytes"]) for event in stream)


def conversed(bedrock):
    with closing(bedrock.converse_stream(modelId=LLAMA, messages=TALK)["stream"]) as stream:
        yield from stream


def generated(sagemaker):
    answer = sagemaker.invoke_endpoint_with_response_stream(EndpointName="chat", Body=GENERATE)
    with closing(answer["Body"]) as stream:
        yield from (event["PayloadPart"]["Bytes"] for event in stream)


def read_until(error, events):
    """Return what was read before an error, and the error."""
    seen = []
    with pytest.raises(error) as raised:
        seen.extend(events)
    return seen, raised.value


def test_a_stream_can_be_refused_before_it_begins(simulator, bedrock):
    spoil(simulator, "throttle")

    with pytest.raises(ClientError) as refused:
        list(conversed(bedrock))

    assert refused.value.response["Error"]["Code"] == "ThrottlingException"
    assert (last(simulator)["outcome"], last(simulator)["billed_usd"]) == ("refused", "0")


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_exception_after_output_is_typed_and_bills_what_was_written(simulator, bedrock, name):
    spoil(simulator, "stream_exception", exception=name, after=5)

    seen, error = read_until(EventStreamError, invoked(bedrock))

    entry = last(simulator)
    assert error.response["Error"]["Code"] == name
    assert len(seen) == seen[-1]["generation_token_count"] == 5
    assert entry["counts"]["output_tokens"] == 5
    assert entry["counts"]["input_tokens"] == seen[0]["prompt_token_count"]
    assert (entry["outcome"], entry["error"], entry["status"]) == ("cut_stream", name, 200)


def test_an_exception_before_output_bills_nothing(simulator, bedrock):
    spoil(simulator, "stream_exception", exception="throttlingException", after=0)

    seen, error = read_until(EventStreamError, conversed(bedrock))

    entry = last(simulator)
    assert (seen, error.response["Error"]["Code"]) == ([], "throttlingException")
    assert (entry["outcome"], entry["billed_usd"]) == ("refused", "0")
    assert set(entry["counts"].values()) == {0}


def test_an_exception_after_claudes_first_event_bills_the_token_that_it_told(simulator, bedrock):
    spoil(simulator, "stream_exception", after=1)

    seen, _error = read_until(EventStreamError, invoked(bedrock, CLAUDE, CLAUDE_PROMPT))

    told = seen[0]["message"]["usage"]
    counts = last(simulator)["counts"]
    assert counts["output_tokens"] == told["output_tokens"] == 1
    assert counts["input_tokens"] == told["input_tokens"]


def test_an_exception_of_no_model_is_an_error_all_the_same(simulator, bedrock):
    spoil(simulator, "stream_exception", after=2, modelled=False)

    _seen, error = read_until(EventStreamError, conversed(bedrock))

    assert error.response["Error"]["Code"] == "internalServerException"


def test_sagemakers_exceptions_have_its_names(simulator, sagemaker):
    spoil(simulator, "stream_exception", exception="modelStreamErrorException", after=2)

    seen, error = read_until(EventStreamError, generated(sagemaker))

    assert len(seen) == 2
    assert error.response["Error"]["Code"] == last(simulator)["error"] == "ModelStreamError"


@pytest.mark.parametrize("fault", ["stream_cut", "cut_body"])
def test_a_cut_stream_is_lost_in_the_middle_of_a_frame_and_billed_in_full(
    simulator, bedrock, fault
):
    whole = list(invoked(bedrock))
    in_full = last(simulator)
    spoil(simulator, fault)

    seen, _error = read_until(urllib3.exceptions.ProtocolError, invoked(bedrock))

    entry = last(simulator)
    assert seen == whole[: len(seen)]
    assert entry["outcome"] == "cut_stream"
    assert (entry["counts"], entry["billed_usd"]) == (in_full["counts"], in_full["billed_usd"])


@pytest.mark.parametrize("in_frame", [False, True])
def test_a_truncated_stream_ends_without_counts_and_without_an_error(
    simulator, bedrock, sagemaker, in_frame
):
    spoil(simulator, "stream_truncated", in_frame=in_frame)

    talk = list(conversed(bedrock))
    assert "messageStop" in talk[-1]
    assert last(simulator)["outcome"] == "cut_stream"

    text = list(invoked(bedrock))
    assert "amazon-bedrock-invocationMetrics" not in text[-1]

    written = list(generated(sagemaker))
    assert b'"details":null' in written[-1]
    assert last(simulator)["counts"]["output_tokens"] == len(written) + 1


def test_a_stream_that_falls_silent_goes_on(simulator, bedrock):
    spoil(simulator, "stream_idle", after=2, seconds=0.02)

    assert "metadata" in list(conversed(bedrock))[-1]
    assert last(simulator)["outcome"] == "answered"


def test_a_stream_that_stays_silent_is_cut_for_whoever_waits_no_longer(simulator, bedrock):
    spoil(simulator, "stream_idle", after=2)
    events = conversed(bedrock)

    seen = [next(events) for _ in range(2)]
    silent = control(simulator, "GET", "inflight?at_least=1")
    events.close()

    assert (len(seen), silent) == (2, 1)
    assert last(simulator)["outcome"] == "cut_stream"


def test_a_held_stream_is_in_flight_until_it_is_released(simulator, bedrock):
    spoil(simulator, "stream_hold", after=3)
    events = conversed(bedrock)

    first = [next(events) for _ in range(3)]
    held = control(simulator, "GET", "inflight?at_least=1")
    while_held = last(simulator)["outcome"]
    released = control(simulator, "POST", "release")
    rest = list(events)

    assert (len(first), held, released) == (3, 1, {"released": 1})
    assert (while_held, last(simulator)["outcome"]) == ("cut_stream", "answered")
    assert "metadata" in rest[-1]


def test_a_caller_who_leaves_a_held_stream_leaves_it_cut(simulator, bedrock):
    spoil(simulator, "stream_hold", after=1)
    answer = bedrock.converse_stream(modelId=LLAMA, messages=TALK)
    control(simulator, "GET", "inflight?at_least=1")

    answer["stream"].close()
    bedrock.close()

    assert last(simulator)["outcome"] == "cut_stream"


def test_a_simulator_that_stops_lets_go_of_held_streams(simulator, bedrock):
    spoil(simulator, "stream_hold", after=1)

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(list, conversed(bedrock))
        control(simulator, "GET", "inflight?at_least=1")
        simulator.stop()
        error = call.exception()

    assert isinstance(error, urllib3.exceptions.ProtocolError)


@pytest.mark.parametrize("size", [1, 13])
def test_frames_that_are_split_across_reads_are_whole_again(simulator, bedrock, size):
    whole = list(conversed(bedrock))
    spoil(simulator, "stream_split", bytes=size)

    assert list(conversed(bedrock)) == whole


def test_a_sagemaker_part_may_end_within_a_character(simulator, sagemaker):
    spoil(simulator, "stream_split", bytes=2)
    body = json.dumps({"inputs": "Hi", "parameters": {"max_new_tokens": 3}, "stream": True})

    answer = sagemaker.invoke_endpoint_with_response_stream(EndpointName="chat", Body=body)
    parts = [event["PayloadPart"]["Bytes"] for event in answer["Body"]]

    assert max(map(len, parts)) == 2
    assert b"".join(parts).startswith(b"data:{")


def test_a_frame_with_a_bad_checksum_is_refused_and_the_call_billed(simulator, bedrock):
    spoil(simulator, "stream_corrupt", after=4)

    seen, _error = read_until(ChecksumMismatch, invoked(bedrock))

    assert len(seen) == 4
    assert last(simulator)["outcome"] == "cut_stream"
    assert float(last(simulator)["billed_usd"]) > 0


def test_an_unknown_event_is_passed_over(simulator, bedrock):
    whole = list(conversed(bedrock))
    spoil(simulator, "stream_unknown_event", after=2)

    assert list(conversed(bedrock)) == whole
    assert last(simulator)["outcome"] == "answered"


@pytest.mark.parametrize("fault", ["first_token", "slow"])
def test_a_first_token_that_is_late_arrives(simulator, bedrock, fault):
    spoil(simulator, fault, **{{"first_token": "ms", "slow": "latency_ms"}[fault]: 20})

    assert "metadata" in list(conversed(bedrock))[-1]
    assert last(simulator)["outcome"] == "answered"


def test_a_stream_that_hangs_begins_when_it_is_released(simulator, bedrock):
    spoil(simulator, "hang")

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(list, conversed(bedrock))
        control(simulator, "GET", "inflight?at_least=1")
        while_held = last(simulator)["outcome"]
        control(simulator, "POST", "release")

    assert "metadata" in call.result()[-1]
    assert (while_held, last(simulator)["outcome"]) == ("timeout", "answered")


def test_a_stream_cut_before_its_head_is_billed(simulator, bedrock):
    spoil(simulator, "cut_headers")

    with pytest.raises(ConnectionClosedError):
        list(conversed(bedrock))

    assert last(simulator)["outcome"] == "cut_headers"
    assert float(last(simulator)["billed_usd"]) > 0


def test_a_stream_that_trickles_arrives_whole(simulator, bedrock):
    spoil(simulator, "trickle", interval_ms=0, seconds=0)

    assert "metadata" in list(conversed(bedrock))[-1]
    assert last(simulator)["outcome"] == "answered"


@pytest.mark.parametrize(
    ("where", "in_metrics", "in_text"), [("headers", False, True), ("body", True, False)]
)
def test_usage_can_be_missing_from_the_metrics_or_from_the_models_own_words(
    simulator, bedrock, where, in_metrics, in_text
):
    spoil(simulator, "bad_usage", value="missing", where=where)

    end = list(invoked(bedrock))[-1]

    assert ("amazon-bedrock-invocationMetrics" in end) is in_metrics
    assert (end["generation_token_count"] is not None) is in_text


def test_bad_usage_is_told_and_the_truth_is_billed(simulator, bedrock):
    spoil(simulator, "bad_usage", value=-5)

    end = list(invoked(bedrock))[-1]
    talk = list(conversed(bedrock))[-1]

    assert end["amazon-bedrock-invocationMetrics"]["inputTokenCount"] == -5
    assert talk["metadata"]["usage"]["outputTokens"] == -5
    assert last(simulator)["counts"]["output_tokens"] > 0


def test_a_big_answer_is_cut_into_many_events(simulator, bedrock):
    spoil(simulator, "big_answer", bytes=2_000_000)

    texts = [event["generation"] for event in invoked(bedrock)]

    assert sum(map(len, texts)) == 2_000_000
    assert len(texts) > 1_900


def test_a_long_answer_is_an_event_for_every_token_and_billed(simulator, bedrock):
    spoil(simulator, "long_answer", tokens=3_000, multibyte=True)

    events = list(invoked(bedrock))

    assert len(events) == last(simulator)["counts"]["output_tokens"] == 3_000
    assert "🌉" in "".join(event["generation"] for event in events)


def test_a_fault_of_streams_leaves_buffered_calls_alone(simulator, bedrock):
    spoil(simulator, "stream_cut", match={"nth": 1})

    bedrock.invoke_model(modelId=LLAMA, body=PROMPT)
    read_until(urllib3.exceptions.ProtocolError, invoked(bedrock))

    assert [entry["outcome"] for entry in control(simulator, "GET", "ledger")] == [
        *("answered", "cut_stream")
    ]
