from dataclasses import dataclass, field
from typing import Any

import pytest
from builders import provider_call

from chalicelib import catalog
from chalicelib.backends.bedrock import (
    CONVERSE,
    CONVERSE_STREAM,
    INVOKE_MODEL,
    INVOKE_MODEL_WITH_RESPONSE_STREAM,
)
from chalicelib.backends.container_streams import ContainerReading
from chalicelib.backends.operation import Operation, Payload
from chalicelib.backends.sagemaker import (
    INVOKE_ENDPOINT,
    INVOKE_ENDPOINT_WITH_RESPONSE_STREAM,
    SELECT_WHAT_RUNS,
)
from chalicelib.catalog import Model
from chalicelib.errors import BadRequest
from chalicelib.transport import Patience, Reply

OF_BEDROCK = [INVOKE_MODEL, CONVERSE, INVOKE_MODEL_WITH_RESPONSE_STREAM, CONVERSE_STREAM]
OF_ENDPOINTS = [INVOKE_ENDPOINT, INVOKE_ENDPOINT_WITH_RESPONSE_STREAM]
STREAMS = [
    INVOKE_MODEL_WITH_RESPONSE_STREAM,
    CONVERSE_STREAM,
    INVOKE_ENDPOINT_WITH_RESPONSE_STREAM,
]
MODEL = catalog.resolve(
    "us.amazon.nova-lite-v1:0", endpoints={}, region="us-east-1", account="1", admitted=()
)
REPLY = Reply(200, {}, b"{}")


def aws_name(operation: Operation) -> str:
    return operation.name


@dataclass
class Wire:
    """A transport that keeps what it was given."""

    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def open(self, _service, _method, path, headers, _body, **options: Any) -> Reply:
        self.path, self.headers, self.options = path, headers, options
        return REPLY

    call = open


def opened(operation: Operation, patience: Patience | None = None, **headers: str) -> Wire:
    wire, given = Wire(), {name.replace("_", "-"): value for name, value in headers.items()}
    assert isinstance(MODEL, Model)
    operation.open(wire, MODEL, Payload(given, b"{}"), provider_call(), 9.0, patience)
    return wire


@pytest.mark.parametrize("operation", OF_BEDROCK, ids=aws_name)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_json_whose_words_cannot_be_found_in_its_bytes_is_refused(operation, encoding) -> None:
    with pytest.raises(BadRequest, match="UTF-8"):
        operation.prepared(Payload({}, '{"guardrailConfig":{}}'.encode(encoding)))


@pytest.mark.parametrize("operation", [INVOKE_MODEL, *OF_ENDPOINTS], ids=aws_name)
@pytest.mark.parametrize("header", ["accept", "content-type"])
def test_a_header_that_cannot_be_sent_is_refused(operation, header) -> None:
    with pytest.raises(BadRequest, match=header):
        operation.prepared(Payload({header: "☃"}, b"{}"))


def test_a_header_that_is_not_passed_on_may_be_anything() -> None:
    assert INVOKE_MODEL.prepared(Payload({"x-other": "☃"}, b"{}")).payload.body == b"{}"


@pytest.mark.parametrize("operation", OF_ENDPOINTS, ids=aws_name)
@pytest.mark.parametrize("header", SELECT_WHAT_RUNS)
def test_nothing_chooses_another_model_behind_an_endpoint(operation, header) -> None:
    with pytest.raises(BadRequest, match=header):
        operation.prepared(Payload({header: "x"}, b"{}"))


@pytest.mark.parametrize("operation", OF_ENDPOINTS, ids=aws_name)
def test_a_container_takes_any_bytes(operation) -> None:
    assert operation.prepared(Payload({}, b"\x00\xff"), "tgi").payload.body == b"\x00\xff"


def test_only_the_answers_of_streaming_operations_are_read_as_streams() -> None:
    assert [each for each in (*OF_BEDROCK, *OF_ENDPOINTS) if each.streams] == STREAMS
    with pytest.raises(TypeError):
        INVOKE_MODEL.prepared(Payload({}, b"{}")).reading()


@pytest.mark.parametrize("operation", STREAMS, ids=aws_name)
def test_each_stream_has_a_reading_of_its_own(operation) -> None:
    prepared = operation.prepared(Payload({}, b"{}"))
    assert prepared.reading() is not prepared.reading()


def test_a_container_is_asked_for_counts_where_it_streams() -> None:
    payload = Payload({}, b'{"inputs":"hi","stream":true}')
    prepared = INVOKE_ENDPOINT_WITH_RESPONSE_STREAM.prepared(payload, "tgi")
    assert b'"parameters":{"details":true}' in prepared.payload.body
    assert isinstance(prepared.reading(), ContainerReading)
    assert INVOKE_ENDPOINT.prepared(payload, "tgi").payload is payload


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        (INVOKE_MODEL_WITH_RESPONSE_STREAM, "/model/{}/invoke-with-response-stream"),
        (CONVERSE_STREAM, "/model/{}/converse-stream"),
        (INVOKE_ENDPOINT_WITH_RESPONSE_STREAM, "/endpoints/{}/invocations-response-stream"),
    ],
    ids=["invoke", "converse", "endpoint"],
)
def test_a_stream_is_opened_where_aws_serves_it(operation, path) -> None:
    assert opened(operation).path == path.format("us.amazon.nova-lite-v1%3A0")


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (INVOKE_MODEL_WITH_RESPONSE_STREAM, "x-amzn-bedrock-accept"),
        (INVOKE_ENDPOINT_WITH_RESPONSE_STREAM, "x-amzn-sagemaker-accept"),
    ],
    ids=["bedrock", "sagemaker"],
)
def test_what_a_model_shall_write_has_a_header_of_its_own_in_streams(operation, name) -> None:
    asked = opened(operation, accept="application/json").headers
    assert (asked[name], "accept" in asked) == ("application/json", False)
    both = opened(operation, accept="*/*", **{name: "application/jsonlines"}).headers
    assert both[name] == "application/jsonlines"


@pytest.mark.parametrize("operation", STREAMS, ids=aws_name)
@pytest.mark.parametrize(
    "accept",
    ["text/event-stream", "application/vnd.amazon.eventstream", "Text/Event-Stream, */*;q=0.1"],
)
def test_how_the_gateway_shall_stream_is_not_told_to_the_model(operation, accept) -> None:
    headers = opened(operation, accept=accept).headers
    assert not [name for name in headers if "accept" in name]


def test_a_call_takes_its_time_and_its_patience_along() -> None:
    patience = Patience(1.0, lambda: None)
    options = opened(CONVERSE_STREAM, patience).options
    assert (options["timeout"], options["patience"]) == (9.0, patience)


def test_a_provider_is_called_as_the_team_that_calls() -> None:
    assert opened(CONVERSE_STREAM).options["team_id"] == provider_call().team_id
