"""An unmodified boto3, with a tenant's key as its bearer token, against the gateway over TLS."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.stack import Stack
from ops import keys, tenants
from ops.directory import Directory

NOVA = "us.amazon.nova-lite-v1:0"
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
MESSAGES = [{"role": "user", "content": [{"text": "Which bridge held in April?"}]}]
NOW = datetime.now(UTC)

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


@pytest.fixture(scope="module")
def key(stack: Stack) -> str:
    directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
    allow = ["us.*", "guardrail/*", "chat-*"]
    tenants.create(directory, "search", NOW, allow=allow)
    return keys.create(directory, "search", NOW)[0]


@pytest.fixture(scope="module")
def bedrock(stack: Stack, key: str) -> Iterator[Any]:
    """A client of Bedrock Runtime that knows of the gateway only its URL, its CA and the key."""
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("AWS_BEARER_TOKEN_BEDROCK", key)
        client = boto3.client(
            "bedrock-runtime",
            region_name="us-east-1",
            endpoint_url=stack.urls["gateway_tls"],
            verify=stack.urls["ca"],
            config=Config(retries={"total_max_attempts": 1}),
        )
        yield client
        client.close()


def last_record(stack: Stack) -> dict[str, Any]:
    return stack.log_events()[-1]


def test_invoke_model_answers_as_bedrock_does(stack: Stack, bedrock: Any) -> None:
    body = json.dumps({"schemaVersion": "messages-v1", "messages": MESSAGES})
    answer = bedrock.invoke_model(modelId=NOVA, body=body)
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    usage = json.loads(answer["body"].read())["usage"]
    assert headers["x-amzn-bedrock-input-token-count"] == str(usage["inputTokens"])
    assert last_record(stack)["input_tokens"] == usage["inputTokens"]
    assert last_record(stack)["surface"] == "native"


def test_the_request_id_that_an_sdk_shows_is_the_records_own(stack: Stack, bedrock: Any) -> None:
    answer = bedrock.converse(modelId=NOVA, messages=MESSAGES)
    assert answer["ResponseMetadata"]["RequestId"] == last_record(stack)["request_id"]


@pytest.mark.parametrize("model_id", [NOVA, HAIKU])
def test_converse_is_metered_by_its_own_usage(stack: Stack, bedrock: Any, model_id: str) -> None:
    answer = bedrock.converse(modelId=model_id, messages=MESSAGES)
    record = last_record(stack)
    assert record["operation"] == "Converse"
    assert record["input_tokens"] == answer["usage"]["inputTokens"]
    assert record["output_tokens"] == answer["usage"]["outputTokens"]


def test_a_profile_can_be_named_by_its_arn(stack: Stack, bedrock: Any) -> None:
    arn = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{NOVA}"
    bedrock.converse(modelId=arn, messages=MESSAGES)
    assert last_record(stack)["model_id"] == NOVA


def test_a_model_that_is_not_allowed_raises_what_bedrock_raises(bedrock: Any) -> None:
    with pytest.raises(bedrock.exceptions.AccessDeniedException, match="may not use this model"):
        bedrock.converse(modelId="meta.llama3-8b-instruct-v1:0", messages=MESSAGES)


def test_the_providers_validation_raises_what_bedrock_raises(bedrock: Any) -> None:
    with pytest.raises(bedrock.exceptions.ValidationException):
        bedrock.invoke_model(modelId=NOVA, body=b"{}")


def test_a_bad_key_is_refused_as_an_unknown_client(stack: Stack) -> None:
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("AWS_BEARER_TOKEN_BEDROCK", "tg_nonsense")
        client = boto3.client(
            "bedrock-runtime",
            region_name="us-east-1",
            endpoint_url=stack.urls["gateway_tls"],
            verify=stack.urls["ca"],
        )
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            client.converse(modelId=NOVA, messages=MESSAGES)
        client.close()


def test_an_endpoint_is_called_with_a_hook_of_three_lines(stack: Stack, key: str) -> None:
    client = boto3.client(
        "sagemaker-runtime",
        region_name="us-east-1",
        endpoint_url=stack.urls["gateway_tls"],
        verify=stack.urls["ca"],
        aws_access_key_id="unused",
        aws_secret_access_key="unused",
    )

    def with_key(request: Any, **_: Any) -> None:
        request.headers["x-api-key"] = key

    client.meta.events.register("before-send.sagemaker-runtime", with_key)
    body = json.dumps({"inputs": "Which bridge?", "parameters": {"details": True}})
    answer = client.invoke_endpoint(
        EndpointName="chat-tgi", Body=body, ContentType="application/json"
    )
    assert json.loads(answer["Body"].read())[0]["generated_text"]
    assert last_record(stack)["model_id"] == "chat-tgi"
    client.close()
