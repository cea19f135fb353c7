"""The whole app in one process, as Lambda calls it; AWS is a scripted server."""

import importlib
import json
import logging
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import LambdaContext, proxy_event, tenant, tenants_items
from scripted_server import ScriptedServer, answer, scripted_server

from chalicelib import parts
from chalicelib.tenants import ApiKey
from chalicelib.tenants.items import BLOCKS_PK, key_pk, key_to_item, team_pk, tenant_to_item
from chalicelib.tenants.keys import key_hash, new_key

MADE = datetime(2026, 1, 1, tzinfo=UTC)
KEY_ID, KEY = new_key(lambda size: b"\x07" * size)
MODEL_ANSWER = answer(
    200,
    '{"output":{"message":{"content":[{"text":"ä"}]}}}'.encode(),
    "Content-Type: application/json",
    "x-amzn-RequestId: aws-1",
    "X-Amzn-Bedrock-Input-Token-Count: 30",
    "X-Amzn-Bedrock-Output-Token-Count: 51",
)


def encoded(item: object) -> bytes:
    import base64

    return json.dumps({"Item": item}, default=lambda raw: base64.b64encode(raw).decode()).encode()


class Aws:
    """Answers what the gateway asks of DynamoDB, CloudWatch Logs and Bedrock."""

    def __init__(self) -> None:
        key = ApiKey(KEY_ID, key_hash(KEY), "search", MADE)
        self.items = {
            key_pk(KEY_ID): encoded(key_to_item(key)),
            team_pk("search"): encoded(tenant_to_item(tenant(key_ids=(KEY_ID,)))),
        }
        self.model_answer = MODEL_ANSWER
        self.logs_answer = answer(200, b"{}")

    def __call__(self, connection: socket.socket, request: bytes) -> None:
        if b"GetItem" in request:
            found = [body for pk, body in self.items.items() if pk.encode() in request]
            connection.sendall(answer(200, found[0] if found else b"{}"))
        elif b"Logs_20140328" in request:
            connection.sendall(self.logs_answer)
        else:
            connection.sendall(self.model_answer)


@pytest.fixture
def aws() -> Aws:
    return Aws()


@pytest.fixture
def server(aws: Aws) -> Iterator[ScriptedServer]:
    with scripted_server(aws) as server:
        yield server


@pytest.fixture
def environ(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server.url,
        "TENANTS_TABLE": "tenants",
        "STREAMS_TABLE": "streams",
        "STREAMS_QUEUE": "streams",
        "REPORTS_BUCKET": "reports",
        "PAYLOADS_BUCKET": "payloads",
        "USAGE_LOG_GROUP": "usage",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_CHALICE_CLI_MODE", raising=False)
    monkeypatch.delitem(sys.modules, "app", raising=False)
    for made_once in (parts.gateway, parts.async_jobs, parts.streams, parts.client):
        made_once.cache_clear()
    return monkeypatch


@pytest.fixture
def call(environ: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, Any]]]:
    module = importlib.import_module("app")

    def invoke(**event: Any) -> dict[str, Any]:
        event["headers"] = {"Authorization": f"Bearer {KEY}", **event.get("headers", {})}
        sent: dict[str, Any] = module.app(proxy_event(**event), LambdaContext())
        return sent

    yield invoke
    parts.gateway().transport.close()


def records(server: ScriptedServer) -> list[dict[str, Any]]:
    puts = [r.partition(b"\r\n\r\n")[2] for r in server.requests if b"PutLogEvents" in r]
    return [json.loads(e["message"]) for put in puts for e in json.loads(put)["logEvents"]]


def error(sent: dict[str, Any]) -> dict[str, str]:
    told: dict[str, str] = json.loads(sent["body"])["error"]
    return told


def test_the_answer_is_the_models_own(call) -> None:
    sent = call()
    assert (sent["statusCode"], sent["isBase64Encoded"]) == (200, False)
    assert sent["body"] == '{"output":{"message":{"content":[{"text":"ä"}]}}}'
    assert sent["headers"]["Content-Type"] == "application/json"
    assert sent["headers"]["x-amzn-bedrock-output-token-count"] == "51"
    assert sent["headers"]["x-request-id"] == "request-1"


def test_the_provider_gets_the_body_as_it_came_and_the_model_of_the_query(call, server) -> None:
    call(body='{ "a" : 1 }')
    sent = server.requests[-2]
    assert sent.startswith(b"POST /model/us.amazon.nova-lite-v1%3A0/invoke HTTP/1.1\r\n")
    assert sent.endswith(b'\r\n\r\n{ "a" : 1 }')


def test_the_provider_is_told_the_team_and_the_request(call, server) -> None:
    call()
    sent = server.requests[-2]
    assert b"md/team#search md/request#request-1\r\n" in sent
    assert b'{"team_id":"search","request_id":"request-1"}' in sent


def test_no_header_of_a_tenants_reaches_the_provider_but_the_listed_ones(call, server) -> None:
    call(headers={"X-Amz-Target": "x", "Cookie": "c=1", "X-Amzn-Bedrock-Service-Tier": "flex"})
    sent = server.requests[-2].lower()
    assert b"x-amzn-bedrock-service-tier: flex" in sent
    assert b"cookie" not in sent
    assert b"x-amz-target" not in sent
    assert KEY.encode() not in sent


def test_started_is_acknowledged_before_the_provider_is_called(call, server) -> None:
    call()
    kinds = [
        "log" if b"PutLogEvents" in r else "model" if b"POST /model/" in r else "other"
        for r in server.requests
    ]
    assert [kind for kind in kinds if kind != "other"] == ["log", "model", "log"]


def test_a_model_that_is_blocked_for_everyone_is_refused_with_a_sentence(call, server, aws) -> None:
    aws.items[BLOCKS_PK] = encoded(tenants_items("amazon.nova-*")[BLOCKS_PK])
    sent = call()
    assert (sent["statusCode"], error(sent)["code"]) == (403, "model_blocked")
    assert "blocked for every team" in error(sent)["message"]
    assert records(server) == []


def test_a_second_call_reads_neither_its_key_again_nor_what_is_blocked(call, server) -> None:
    call()
    asked = len(server.requests)
    call()
    assert not [r for r in server.requests[asked:] if b"GetItem" in r]
    assert len([r for r in server.requests if b'"blocks"' in r]) == 1


def test_without_a_role_of_tenants_no_call_asks_sts(call, server) -> None:
    call()
    services = {r.partition(b"/aws4_request")[0].rpartition(b"/")[2] for r in server.requests}
    assert services == {b"bedrock", b"dynamodb", b"logs"}


def test_a_call_is_recorded_under_the_keys_own_team_whatever_the_request_says(call, server) -> None:
    call(
        headers={"team_id": "rich", "X-Team-Id": "rich"},
        query={"model_id": ["us.amazon.nova-lite-v1:0"], "team_id": ["rich"]},
        body='{"team_id":"rich"}',
    )
    assert {record["team_id"] for record in records(server)} == {"search"}


def test_no_record_holds_a_prompt_an_answer_or_a_key(call, server) -> None:
    call(body='{"messages":[{"content":"the secret prompt"}]}')
    text = json.dumps(records(server))
    assert not [hidden for hidden in ("secret prompt", "ä", "\\u00e4", KEY) if hidden in text]


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": ""}, {"Authorization": "Bearer nonsense"}, {"X-Api-Key": "tg_another"}],
)
def test_a_bad_key_is_a_401_in_our_shape(call, headers) -> None:
    sent = call(headers=headers)
    assert (sent["statusCode"], error(sent)["code"]) == (401, "unauthorized")
    assert error(sent)["request_id"] == "request-1"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"model_id": []},
        {"model_id": [""]},
        {"model_id": ["amazon.nova-lite-v1:0", "amazon.nova-micro-v1:0"]},
        {"model_id": ["us.amazon.nova\n-lite"]},
        {"model_id": ["a" * 2049]},
        {"model_id": ["../../secrets"]},
        {"model_id": ["amazon..nova"]},
        {"model_id": ["amazon.nova%2F..%2Fx"]},
        {"model_id": ["amazon.nova/invoke"]},
        {"model_id": ["us.amazon.nova-lite-v1:0"], "stream": ["1"]},
    ],
)
def test_a_bad_query_is_a_400_and_nothing_is_called(call, server, query) -> None:
    assert call(query=query)["statusCode"] == 400
    assert not [r for r in server.requests if b"GetItem" not in r]


@pytest.mark.parametrize(
    "model_id",
    [
        "anthropic.claude-3-haiku-20240307-v1:0",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "arn:aws:bedrock:us-east-1:999999999999:application-inference-profile/abc123def456",
        "somebodys-endpoint",
    ],
)
def test_any_well_formed_model_that_is_not_admitted_is_a_403(call, server, model_id) -> None:
    assert call(query={"model_id": [model_id]})["statusCode"] == 403
    assert records(server) == []


def test_an_empty_body_is_a_400(call) -> None:
    assert call(body=None)["statusCode"] == 400


def test_a_body_too_large_is_a_413(call) -> None:
    assert call(body="x" * 6_291_457)["statusCode"] == 413


def test_nothing_is_spent_that_cannot_be_recorded(call, aws, server) -> None:
    aws.logs_answer = answer(500, b"{}")
    sent = call()
    assert (sent["statusCode"], error(sent)["code"]) == (503, "ledger_unavailable")
    assert not [r for r in server.requests if b"POST /model/" in r]


def test_a_directory_that_is_away_is_a_503_not_an_open_door(call, aws, server) -> None:
    aws.items = {key_pk(KEY_ID): b"not json"}
    assert call()["statusCode"] == 503
    assert records(server) == []


def test_a_method_that_a_route_does_not_take_is_told_in_our_shape(call) -> None:
    sent = call(method="GET")
    assert (sent["statusCode"], error(sent)["code"]) == (405, "method_not_allowed")


def test_no_accept_header_turns_a_paid_picture_into_an_error(call, aws) -> None:
    aws.model_answer = answer(200, b"\x89PNG\xff", "Content-Type: image/png")
    sent = call(headers={"Accept": "application/json"})
    assert (sent["statusCode"], sent["body"], sent["isBase64Encoded"]) == (200, "iVBOR/8=", True)


def test_liveness_needs_no_key_and_calls_nobody(call, server) -> None:
    sent = call(method="GET", path="/healthz", headers={"Authorization": ""}, body=None)
    assert (sent["statusCode"], json.loads(sent["body"])["status"]) == (200, "ok")
    assert server.requests == []


@pytest.mark.parametrize("name", ["TENANTS_TABLE", "STREAMS_QUEUE"])
def test_a_missing_setting_stops_the_start_with_its_name(environ, name) -> None:
    environ.delenv(name)
    with pytest.raises((ValueError, KeyError), match=f"^'?{name}"):
        importlib.import_module("app")


def native(operation: str, **event: Any) -> dict[str, Any]:
    path = "/model/{model_id}/{operation}"
    parameters = {"model_id": "us.amazon.nova-lite-v1%3A0", "operation": operation}
    return {"path": path, "path_parameters": parameters, "query": {}, **event}


def test_a_native_route_answers_with_the_providers_own_bytes(call) -> None:
    sent = call(**native("invoke"))
    assert sent["statusCode"] == 200
    assert sent["body"] == '{"output":{"message":{"content":[{"text":"ä"}]}}}'


def test_a_path_is_decoded_exactly_once(call, server) -> None:
    call(**native("invoke"))
    assert b"POST /model/us.amazon.nova-lite-v1%3A0/invoke" in server.requests[-2]
    twice = {"model_id": "us.amazon.nova-lite-v1%253A0", "operation": "invoke"}
    assert call(**native("invoke", path_parameters=twice))["statusCode"] == 400


def test_converse_is_sent_where_converse_belongs(call, server, aws) -> None:
    usage = {"usage": {"inputTokens": 18, "outputTokens": 4, "totalTokens": 22}}
    aws.model_answer = answer(200, json.dumps(usage).encode(), "Content-Type: application/json")
    assert call(**native("converse"))["statusCode"] == 200
    assert b"/model/us.amazon.nova-lite-v1%3A0/converse HTTP" in server.requests[-2]
    assert records(server)[-1]["operation"] == "Converse"
    assert records(server)[-1]["input_tokens"] == 18


@pytest.mark.parametrize("operation", ["invoke-with-bidirectional-stream", "x"])
def test_an_operation_that_is_not_served_is_a_404_with_a_sentence(call, operation) -> None:
    sent = call(**native(operation))
    assert (sent["statusCode"], sent["headers"]["x-amzn-ErrorType"]) == (
        404,
        "ResourceNotFoundException",
    )
    assert operation in json.loads(sent["body"])["message"]


def test_native_routes_check_the_key_and_the_allow_list_as_every_route_does(call, server) -> None:
    other = {"model_id": "meta.llama3-8b-instruct-v1%3A0", "operation": "converse"}
    assert call(**native("converse", path_parameters=other))["statusCode"] == 403
    assert call(**native("converse", headers={"Authorization": "Bearer no"}))["statusCode"] == 403
    assert records(server) == []


def test_an_endpoint_cannot_be_called_as_a_model_nor_a_model_as_an_endpoint(call) -> None:
    parameters = {"name": "us.amazon.nova-lite-v1%3A0", "operation": "invocations"}
    sent = call(path="/endpoints/{name}/{operation}", path_parameters=parameters, query={})
    assert (sent["statusCode"], "Message" in json.loads(sent["body"])) == (403, True)


def test_two_keys_in_one_repeated_header_are_no_key(call, server) -> None:
    event = proxy_event(headers={"Authorization": f"Bearer {KEY}"})
    event["multiValueHeaders"]["Authorization"].append("Bearer tg_another")
    module = sys.modules["app"]
    assert module.app(event, LambdaContext())["statusCode"] == 401
    assert records(server) == []


def test_what_talks_to_aws_is_made_once_in_a_process(call, server) -> None:
    call()
    connections, made = server.connections, parts.gateway()

    call()
    call()

    assert (server.connections, parts.gateway()) == (connections, made)


def test_a_boto3_client_of_a_service_is_made_once_in_a_process(environ) -> None:
    importlib.import_module("app")

    assert parts.client("s3") is parts.client("s3")


def test_a_start_makes_no_client_and_calls_nobody(environ, server) -> None:
    started = """
import app, sys
from chalicelib import parts
later = (parts.async_jobs, parts.streams, parts.usage, parts.client, parts.price_book)
of_reports = any(name.startswith("chalicelib.reporting") for name in sys.modules)
print("boto3" in sys.modules, of_reports, *(each.cache_info().currsize for each in later))
"""
    done = subprocess.run([sys.executable, "-c", started], capture_output=True, check=True)

    assert done.stdout.split() == [b"False", b"False", *[b"0"] * 5]
    assert server.connections == 0


def test_an_operation_on_guardrails_that_is_not_served_is_a_404_with_a_sentence(call) -> None:
    path = "/guardrail-checks/{operation}"
    sent = call(path=path, path_parameters={"operation": "invoke"}, query={})
    assert (sent["statusCode"], "does not serve" in json.loads(sent["body"])["message"]) == (
        404,
        True,
    )


def test_warnings_of_every_part_are_logged(environ) -> None:
    importlib.import_module("app")

    assert logging.getLogger("tollgate.async_jobs").isEnabledFor(logging.WARNING)
