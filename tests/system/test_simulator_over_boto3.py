"""Unmodified boto3 clients against the simulator: they must not be able to tell it from AWS."""

import http.client
import json
import socket
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.simulator import Simulator

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
LLAMA = "meta.llama3-8b-instruct-v1:0"
PROMPT = json.dumps({"prompt": "How deep is the river?", "max_gen_len": 60})
ENDPOINTS = {"chat": "tgi", "vectors": "none"}


@pytest.fixture
def simulator():
    with Simulator(seed=7, endpoints=ENDPOINTS) as running:
        yield running


def client(simulator: Simulator, service: str = "bedrock-runtime", **options):
    options = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", **options}
    return boto3.client(service, endpoint_url=simulator.url, region_name="us-east-1", **options)


def claude(text: str = "Hi", **fields) -> str:
    return json.dumps(
        {
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 64,
            "messages": [{"role": "user", "content": text}],
            **fields,
        }
    )


def headers(answer) -> dict[str, str]:
    return answer["ResponseMetadata"]["HTTPHeaders"]


def test_an_answer_carries_its_counts_as_headers_and_its_request_id(simulator):
    answer = client(simulator).invoke_model(modelId=HAIKU, body=claude())

    usage = json.loads(answer["body"].read())["usage"]
    entry = simulator.provider.ledger.entries()[0]
    sent = headers(answer)
    assert answer["contentType"] == "application/json"
    assert sent["x-amzn-requestid"] == entry["request_id"]
    assert answer["ResponseMetadata"]["RequestId"] == entry["request_id"]
    assert sent["x-amzn-bedrock-input-token-count"] == str(usage["input_tokens"])
    assert sent["x-amzn-bedrock-output-token-count"] == str(usage["output_tokens"])
    assert sent["x-amzn-bedrock-cache-read-input-token-count"] == "0"
    assert sent["x-amzn-bedrock-cache-write-input-token-count"] == "0"
    assert int(sent["x-amzn-bedrock-invocation-latency"]) > 0


@pytest.mark.parametrize(
    "identifier",
    [
        LLAMA,
        f"arn:aws:bedrock:us-east-1::foundation-model/{LLAMA}",
        f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{LLAMA}",
    ],
)
def test_ids_and_arns_are_routed_by_their_raw_path_and_unquoted_once(simulator, identifier):
    client(simulator).invoke_model(modelId=identifier, body=PROMPT)

    assert simulator.provider.ledger.entries()[0]["base_model"] == LLAMA


def test_the_ledger_says_who_called_and_what_it_costs(simulator):
    config = Config(user_agent="tollgate/0.1.0 md/team#red-team md/request#req-1")

    client(simulator, config=config).invoke_model(modelId=LLAMA, body=PROMPT)

    (entry,) = simulator.provider.ledger.entries()
    counts = entry["counts"]
    assert (entry["team"], entry["gateway_request"]) == ("red-team", "req-1")
    assert (entry["service"], entry["operation"]) == ("bedrock", "InvokeModel")
    assert (entry["status"], entry["outcome"], entry["fault"]) == (200, "answered", None)
    assert (entry["attempt"], entry["region"]) == (1, "us-east-1")
    per_million = 3 * counts["input_tokens"] + 6 * counts["output_tokens"]
    assert float(entry["billed_usd"]) == pytest.approx(per_million / 1e7)
    assert entry["characters_in"] == len("How deep is the river?")


def test_a_service_tier_is_echoed_as_served_and_priced(simulator):
    body = json.dumps({"messages": [{"role": "user", "content": "Hi"}]})

    answer = client(simulator).invoke_model(
        modelId="openai.gpt-oss-120b-1:0", body=body, serviceTier="flex"
    )

    assert answer["serviceTier"] == "flex"
    assert simulator.provider.ledger.entries()[0]["tier"] == "flex"


def test_a_model_launched_today_is_answered_and_has_no_bill(simulator):
    body = json.dumps({"messages": [{"role": "user", "content": "Hi"}]})

    answer = client(simulator).invoke_model(modelId="acme.launched-today-v1:0", body=body)

    assert int(headers(answer)["x-amzn-bedrock-input-token-count"]) > 0
    assert simulator.provider.ledger.entries()[0]["billed_usd"] is None


def test_sagemaker_answers_as_its_container_does(simulator):
    body = json.dumps({"inputs": "Hi", "parameters": {"details": True}})

    answer = client(simulator, "sagemaker-runtime").invoke_endpoint(EndpointName="chat", Body=body)

    details = json.loads(answer["Body"].read())[0]["details"]
    (entry,) = simulator.provider.ledger.entries()
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert not any("token-count" in name for name in headers(answer))
    assert entry["counts"]["output_tokens"] == details["generated_tokens"]
    assert (entry["model"], entry["billed_usd"]) == ("chat", None)


def test_a_containers_refusal_is_a_model_error_with_its_own_status(simulator):
    with pytest.raises(ClientError) as error:
        client(simulator, "sagemaker-runtime").invoke_endpoint(EndpointName="chat", Body="{}")

    answer = error.value.response
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert answer["OriginalStatusCode"] == 422
    assert "inputs" in answer["OriginalMessage"]


def test_an_unknown_endpoint_is_a_validation_error(simulator):
    runtime = client(simulator, "sagemaker-runtime")

    with pytest.raises(ClientError, match="Endpoint nowhere of account") as error:
        runtime.invoke_endpoint(EndpointName="nowhere", Body="{}")

    assert error.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize(
    "body", ["", "not json", "[]", "null", '{"a":', b"\xff\xfe", "[" * 100_000]
)
def test_a_body_that_is_no_object_is_a_validation_exception(simulator, body):
    bedrock = client(simulator)

    with pytest.raises(bedrock.exceptions.ValidationException, match="Malformed input request"):
        bedrock.invoke_model(modelId=LLAMA, body=body)

    (entry,) = simulator.provider.ledger.entries()
    assert (entry["outcome"], entry["status"], entry["billed_usd"]) == ("refused", 400, "0")
    assert set(entry["counts"].values()) == {0}


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [
        ("testing", "wrong", "InvalidSignatureException"),
        ("AKIAUNKNOWN", "testing", "UnrecognizedClientException"),
    ],
)
def test_bad_credentials_are_refused_with_403(simulator, key, secret, code):
    bedrock = client(simulator, aws_access_key_id=key, aws_secret_access_key=secret)

    with pytest.raises(ClientError) as error:
        bedrock.invoke_model(modelId=LLAMA, body=PROMPT)

    assert error.value.response["Error"]["Code"] == code
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_an_operation_that_is_not_built_is_unknown(simulator):
    with pytest.raises(ClientError) as error:
        client(simulator, "sagemaker-runtime").invoke_endpoint_async(
            EndpointName="chat", InputLocation="s3://prompts/one.json"
        )

    assert error.value.response["Error"]["Code"] == "UnknownOperationException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_sixteen_threads_get_what_one_would_and_every_call_is_booked(simulator):
    bodies = [json.dumps({"prompt": f"Question {i}"}) for i in range(200)]
    bedrock = client(simulator, config=Config(max_pool_connections=16))

    def ask(body: str) -> str:
        answer = bedrock.invoke_model(modelId=LLAMA, body=body)
        return answer["ResponseMetadata"]["RequestId"] + answer["body"].read().decode()

    alone = [ask(body) for body in bodies]
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(ask, bodies))

    assert [answer[36:] for answer in together] == [answer[36:] for answer in alone]
    assert len({answer[:36] for answer in alone + together}) == 400
    booked = {entry["request_id"] for entry in simulator.provider.ledger.entries()}
    assert booked == {answer[:36] for answer in alone + together}


def test_another_simulator_of_the_same_seed_counts_the_same(simulator):
    first = client(simulator).invoke_model(modelId=LLAMA, body=PROMPT)["body"].read()

    with Simulator(seed=7) as other:
        second = client(other).invoke_model(modelId=LLAMA, body=PROMPT)["body"].read()

    assert first == second


def test_a_connection_is_kept_for_the_next_call(simulator):
    address = urlsplit(simulator.url)
    connection = http.client.HTTPConnection(address.hostname, address.port)
    connection.request("GET", "/_sim/inflight")
    connection.getresponse().read()
    first = connection.sock

    connection.request("POST", "/model/a.b/invoke", body="{}")
    answer = connection.getresponse()
    answer.read()

    assert answer.status == 403
    assert answer.getheader("x-amzn-ErrorType").startswith("MissingAuthenticationToken")
    assert connection.sock is first
    connection.close()


def test_a_request_that_breaks_off_is_no_call(simulator):
    address = urlsplit(simulator.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(b"POST /model/a.b/invoke HTTP/1.1\r\nContent-Length: 9\r\n\r\n{}")
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(1)

    assert (answer, simulator.provider.ledger.entries()) == (b"", [])


def test_it_runs_alone_and_says_first_where():
    command = [sys.executable, "-m", "local.simulator", "--port", "0", "--endpoint", "chat=lmi"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        where = json.loads(process.stdout.readline())
        with urllib.request.urlopen(where["control"] + "/_sim/ledger", timeout=10) as answer:
            ledger = json.load(answer)
        process.terminate()
        status = process.wait(10)

    assert set(where) == {"bedrock", "sagemaker", "control"}
    assert (ledger, status) == ([], 0)
