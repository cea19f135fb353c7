"""Streams as an unmodified boto3 sees them, and as they stand on the wire."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError

from local.simulator import Simulator

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
LLAMA = "meta.llama3-8b-instruct-v1:0"
NOVA = "amazon.nova-lite-v1:0"
TITAN = "amazon.titan-text-express-v1"
TITAN_BODY = json.dumps({"inputText": "Hi"})
QUESTION = [{"text": "How deep is the river?"}]
TALK = [{"role": "user", "content": QUESTION}]
PLUMB = {"name": "plumb", "inputSchema": {"json": {"type": "object"}}}
TOOLS = {"tools": [{"toolSpec": PLUMB}], "toolChoice": {"any": {}}}
RULES = {
    "type": "text",
    "text": "Answer as a guide. " * 400,
    "cache_control": {"type": "ephemeral"},
}
ENDPOINTS = {"tgi": "tgi", "lmi": "lmi", "openai": "openai", "vectors": "none"}


@pytest.fixture(scope="module")
def simulator():
    with Simulator(seed=7, endpoints=ENDPOINTS) as running:
        yield running


@pytest.fixture(scope="module")
def bedrock(simulator):
    with closing(client(simulator)) as opened:
        yield opened


@pytest.fixture(scope="module")
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
        config=Config(max_pool_connections=20),
    )


def chunks(answer):
    return [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]


def invoke(bedrock, model_id, body, **options):
    return bedrock.invoke_model_with_response_stream(
        modelId=model_id, body=json.dumps(body), **options
    )


def guarded(bedrock, guardrail, model_id=TITAN, body=TITAN_BODY, trace="ENABLED"):
    answer = bedrock.invoke_model_with_response_stream(
        modelId=model_id,
        body=body,
        guardrailIdentifier=guardrail,
        guardrailVersion="1",
        trace=trace,
    )
    return chunks(answer)


def booked(simulator, answer=None):
    entries = simulator.provider.ledger.entries()
    if answer is None:
        return entries[-1]
    request_id = answer["ResponseMetadata"]["RequestId"]
    return next(entry for entry in entries if entry["request_id"] == request_id)


def metrics(chunk):
    return chunk["amazon-bedrock-invocationMetrics"]


def claude(**fields):
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 64, "messages": []}
    return body | {"messages": [{"role": "user", "content": "Hi"}], **fields}


def raw(simulator, path, body, service="bedrock"):
    """Return a signed call's answer as http.client has it, its body not read."""
    url = f"{simulator.url}{path}"
    request = AWSRequest("POST", url, data=json.dumps(body))
    SigV4Auth(Credentials("testing", "testing"), service, "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    connection.request("POST", path, request.data, dict(request.headers))
    return connection, connection.getresponse()


def http_chunks(answer):
    while size := int(answer.fp.readline(), 16):
        yield answer.fp.read(size)
        answer.fp.readline()


def test_a_streams_headers_are_those_that_aws_sends(simulator):
    path = f"/model/{LLAMA.replace(':', '%3A')}/invoke-with-response-stream"
    connection, answer = raw(simulator, path, {"prompt": "Hi"})
    with closing(connection):
        answer.read()

    assert answer.status == 200
    assert {name.lower() for name in answer.headers} == {
        *("date", "connection", "transfer-encoding", "content-type", "x-amzn-requestid"),
        "x-amzn-bedrock-content-type",
    }
    assert answer.headers["Content-Type"] == "application/vnd.amazon.eventstream"
    assert answer.headers["Transfer-Encoding"] == "chunked"


def test_each_event_is_an_http_chunk_of_its_own(simulator):
    connection, answer = raw(simulator, f"/model/{NOVA}/converse-stream", {"messages": TALK})
    with closing(connection):
        sent = list(http_chunks(answer))

    buffer = EventStreamBuffer()
    completed = []
    for chunk in sent:
        buffer.add_data(chunk)
        completed.append(len(list(buffer)))
    assert set(completed) == {1}


def test_a_connection_is_used_again_after_a_stream(simulator):
    connection, answer = raw(simulator, f"/model/{NOVA}/converse-stream", {"messages": TALK})
    with closing(connection):
        answer.read()
        socket = connection.sock
        connection.request("GET", "/_sim/ledger")
        connection.getresponse().read()

        assert connection.sock is socket


def test_payloads_are_padded_as_bedrocks_are(simulator):
    connection, answer = raw(simulator, f"/model/{NOVA}/converse-stream", {"messages": TALK})
    buffer = EventStreamBuffer()
    with closing(connection):
        buffer.add_data(answer.read())

    payloads = [json.loads(message.payload) for message in buffer]
    assert all(list(payload) == sorted(payload) for payload in payloads)
    assert len({payload["p"] for payload in payloads}) > 5


def test_a_cached_prompt_is_told_at_the_beginning_and_in_the_metrics(simulator, bedrock):
    first = chunks(invoke(bedrock, CLAUDE, claude(system=[RULES])))
    second = chunks(invoke(bedrock, CLAUDE, claude(system=[RULES])))

    counts = booked(simulator)["counts"]
    written = first[0]["message"]["usage"]["cache_creation"]["ephemeral_5m_input_tokens"]
    assert metrics(first[-1])["cacheWriteInputTokenCount"] == written > 0
    assert metrics(second[-1])["cacheReadInputTokenCount"] == counts["cache_read_tokens"]
    assert second[0]["message"]["usage"]["cache_read_input_tokens"] == written


def test_an_hour_and_five_minutes_are_one_number_in_the_metrics(bedrock):
    hour = {"type": "text", "text": "Rules. " * 1_000, "cache_control": {"type": "ephemeral"}}
    hour["cache_control"] = {"type": "ephemeral", "ttl": "1h"}
    events = chunks(invoke(bedrock, CLAUDE, claude(system=[hour, RULES])))

    split = events[0]["message"]["usage"]["cache_creation"]
    assert min(split.values()) > 0
    assert metrics(events[-1])["cacheWriteInputTokenCount"] == sum(split.values())


def test_the_tier_served_is_in_a_streams_headers_and_in_converses_metadata(bedrock):
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    answer = invoke(bedrock, "openai.gpt-oss-120b-1:0", body, serviceTier="flex")
    list(answer["body"])
    stream = bedrock.converse_stream(
        modelId="openai.gpt-oss-120b-1:0", messages=TALK, serviceTier={"type": "flex"}
    )

    assert answer["serviceTier"] == "flex"
    assert list(stream["stream"])[-1]["metadata"]["serviceTier"] == {"type": "flex"}


@pytest.mark.parametrize(
    ("model_id", "body"),
    [
        ("amazon.titan-embed-text-v2:0", {"inputText": "Hi"}),
        ("amazon.rerank-v1:0", {"query": "which?", "documents": ["a"]}),
    ],
)
def test_a_model_that_does_not_stream_says_so_and_costs_nothing(simulator, bedrock, model_id, body):
    with pytest.raises(bedrock.exceptions.ValidationException, match="unsupported for streaming"):
        invoke(bedrock, model_id, body)

    assert (booked(simulator)["outcome"], booked(simulator)["billed_usd"]) == ("refused", "0")


def test_a_bad_request_is_refused_before_any_stream(simulator, bedrock):
    with pytest.raises(bedrock.exceptions.ValidationException):
        bedrock.converse_stream(modelId=NOVA, messages=[])

    assert booked(simulator)["operation"] == "ConverseStream"


def test_a_tool_is_named_first_and_its_input_comes_in_pieces(bedrock):
    answer = bedrock.converse_stream(modelId=CLAUDE, messages=TALK, toolConfig=TOOLS)
    events = list(answer["stream"])

    start = next(e["contentBlockStart"] for e in events if "contentBlockStart" in e)
    inputs = [e["contentBlockDelta"]["delta"] for e in events if "contentBlockDelta" in e]
    assert start["start"]["toolUse"]["name"] == "plumb"
    assert json.loads("".join(delta["toolUse"]["input"] for delta in inputs)) == {}
    assert events[-2]["messageStop"]["stopReason"] == "tool_use"


def test_some_models_use_tools_only_where_nothing_is_streamed(bedrock):
    bedrock.converse(
        modelId="us.meta.llama4-scout-17b-instruct-v1:0", messages=TALK, toolConfig=TOOLS
    )

    with pytest.raises(bedrock.exceptions.ValidationException, match="tool use in streaming mode"):
        bedrock.converse_stream(
            modelId="us.meta.llama4-scout-17b-instruct-v1:0", messages=TALK, toolConfig=TOOLS
        )


def test_thoughts_come_before_the_answer_with_a_signature_at_their_end(simulator, bedrock):
    asked = {"thinking": {"type": "enabled", "budget_tokens": 1_024}}
    answer = bedrock.converse_stream(
        modelId=CLAUDE, messages=TALK, additionalModelRequestFields=asked
    )
    events = list(answer["stream"])

    deltas = [e["contentBlockDelta"] for e in events if "contentBlockDelta" in e]
    thoughts = [d["delta"]["reasoningContent"] for d in deltas if d["contentBlockIndex"] == 0]
    assert all("text" in thought for thought in thoughts[:-1])
    assert "signature" in thoughts[-1]
    assert all("text" in d["delta"] for d in deltas if d["contentBlockIndex"] == 1)
    usage = events[-1]["metadata"]["usage"]
    assert usage["outputTokens"] == booked(simulator, answer)["counts"]["output_tokens"]


def test_a_masking_guardrail_marks_every_piece_and_leaves_the_metrics_whole(simulator, bedrock):
    *before, last = guarded(bedrock, "contentpiimasks")

    counts = booked(simulator)["counts"]
    text = "".join(chunk["outputText"] for chunk in [*before, last])
    assert {chunk["amazon-bedrock-guardrailAction"] for chunk in [*before, last]} == {"INTERVENED"}
    assert text.startswith("{NAME}")
    assert str(last["totalOutputTextTokenCount"]) == f"{counts['output_tokens']}.0"
    assert metrics(last)["outputTokenCount"] == counts["output_tokens"]
    assert counts["guardrail_content_units"] == counts["guardrail_pii_units"] == 2
    assert not any("amazon-bedrock-trace" in chunk for chunk in before)
    assert set(last["amazon-bedrock-trace"]["guardrail"]) >= {"input", "outputs", "modelOutput"}


def test_novas_usage_stays_whole_where_a_guardrail_masks_its_stream(simulator, bedrock):
    *_, last = guarded(bedrock, "piimasks", NOVA, json.dumps({"messages": TALK}))

    usage = last["metadata"]["usage"]
    assert usage["outputTokens"] == booked(simulator)["counts"]["output_tokens"]


def test_a_blocked_prompt_is_one_chunk_without_metrics(simulator, bedrock):
    (chunk,) = guarded(bedrock, "contentblocksinput")

    entry = booked(simulator)
    assert chunk["amazon-bedrock-guardrailAction"] == "INTERVENED"
    assert "amazon-bedrock-invocationMetrics" not in chunk
    assert "input" in chunk["amazon-bedrock-trace"]["guardrail"]
    assert (entry["outcome"], entry["counts"]["output_tokens"]) == ("answered", 0)
    assert entry["counts"]["guardrail_content_units"] == 1


def test_a_trace_is_sent_only_where_it_was_asked_for(bedrock):
    chunk = guarded(bedrock, "content", trace="DISABLED")[-1]
    quiet = {"guardrailIdentifier": "content", "guardrailVersion": "1"}
    events = [
        list(bedrock.converse_stream(modelId=NOVA, messages=TALK, guardrailConfig=config)["stream"])
        for config in (quiet, {**quiet, "trace": "enabled"})
    ]

    assert chunk["amazon-bedrock-guardrailAction"] == "NONE"
    assert "amazon-bedrock-trace" not in chunk
    assert ["trace" in each[-1]["metadata"] for each in events] == [False, True]


def test_a_blocked_prompt_of_a_conversation_costs_its_guardrail_alone(simulator, bedrock):
    config = {"guardrailIdentifier": "topicblocksinput", "guardrailVersion": "1"}
    answer = bedrock.converse_stream(modelId=NOVA, messages=TALK, guardrailConfig=config)
    events = list(answer["stream"])

    assert events[-2]["messageStop"]["stopReason"] == "guardrail_intervened"
    assert events[-1]["metadata"]["usage"]["totalTokens"] == 0
    assert booked(simulator, answer)["billed_usd"] == "0.00015"


@pytest.mark.parametrize(
    ("endpoint", "body", "content_type"),
    [
        ("tgi", {"inputs": "Hi", "stream": True}, "text/event-stream"),
        ("lmi", {"inputs": "Hi", "stream": True}, "application/jsonlines"),
        ("openai", {"prompt": "Hi", "stream": True}, "text/event-stream"),
        ("tgi", {"inputs": "Hi"}, "application/json"),
        ("vectors", {"inputs": ["Hi", "there"]}, "application/json"),
    ],
)
def test_a_container_streams_raw_bytes(simulator, sagemaker, endpoint, body, content_type):
    answer = sagemaker.invoke_endpoint_with_response_stream(
        EndpointName=endpoint, Body=json.dumps(body), ContentType="application/json"
    )
    written = b"".join(event["PayloadPart"]["Bytes"] for event in answer["Body"])

    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == (
        content_type,
        "AllTraffic",
    )
    assert written.strip().endswith((b"}", b"]"))
    assert booked(simulator, answer)["outcome"] == "answered"
    assert booked(simulator, answer)["operation"] == "InvokeEndpointWithResponseStream"


def test_a_container_that_refuses_is_a_model_error_before_any_stream(sagemaker):
    with pytest.raises(ClientError) as refused:
        sagemaker.invoke_endpoint_with_response_stream(EndpointName="tgi", Body="{}")

    assert refused.value.response["Error"]["Code"] == "ModelError"


def test_a_caller_who_leaves_is_billed_the_whole_generation(simulator, bedrock):
    answer = bedrock.converse_stream(modelId=LLAMA, messages=TALK)
    next(iter(answer["stream"]))
    answer["stream"].close()

    whole = bedrock.converse(modelId=LLAMA, messages=TALK)
    assert booked(simulator, answer)["counts"] == booked(simulator, whole)["counts"]


def test_many_streams_run_side_by_side(simulator, bedrock):
    def said(number):
        talk = [{"role": "user", "content": [{"text": f"Question {number}"}]}]
        events = bedrock.converse_stream(modelId=NOVA, messages=talk)["stream"]
        return [event for event in events if "metadata" not in event]

    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(said, range(32)))

    assert together == [said(number) for number in range(32)]
