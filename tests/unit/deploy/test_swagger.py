"""The API's description: every route streams by the alias, and no refusal repeats a request."""

import json
from typing import Any

import pytest
from chalice import Chalice
from chalice.app import CORSConfig
from chalice.deploy.swagger import TemplatedSwaggerGenerator

from chalicelib.runtime import STREAM_ALIAS
from local.http_answer import refusal
from ops.deploy.api_gateway import ALSO_BINARY, REFUSALS
from ops.deploy.swagger import StreamingSwagger, complete

VARIABLES = {
    "partition": "aws",
    "region_name": "us-east-1",
    "api_handler_lambda_arn": "arn:aws:lambda:us-east-1:123456789012:function:bridges",
}
INTEGRATION = "x-amazon-apigateway-integration"


def bridges() -> Chalice:
    app = Chalice("bridges")
    app.route("/", methods=["GET"])(lambda: {})
    app.route("/invoke", methods=["POST"], cors=CORSConfig(allow_origin="*"))(lambda: {})
    return app


def integrations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        method[INTEGRATION]
        for methods in document["paths"].values()
        for name, method in methods.items()
        if name != "options"
    ]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return complete(TemplatedSwaggerGenerator().generate_swagger(bridges()), "bridges-prod")


@pytest.fixture(scope="module")
def streamed() -> dict[str, Any]:
    return complete(StreamingSwagger().generate_swagger(bridges()), "bridges-prod")


def test_every_route_streams_by_the_function_s_alias(streamed: dict[str, Any]) -> None:
    for integration in integrations(streamed):
        uri = integration["uri"]
        assert uri.template.format(**{name: VARIABLES[name] for name in uri.variables}) == (
            "arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/"
            "arn:aws:lambda:us-east-1:123456789012:function:bridges:"
            f"{STREAM_ALIAS}/response-streaming-invocations"
        )
        assert integration["responseTransferMode"] == "STREAM"
        assert integration["type"] == "aws_proxy"
    assert len(integrations(streamed)) == 2


def test_a_stream_may_last_as_long_as_a_lambda(streamed: dict[str, Any]) -> None:
    assert {each["timeoutInMillis"] for each in integrations(streamed)} == {15 * 60 * 1_000}


def test_options_are_answered_without_the_function(streamed: dict[str, Any]) -> None:
    preflight = streamed["paths"]["/invoke"]["options"][INTEGRATION]
    assert preflight["type"] == "mock"
    assert "responseTransferMode" not in preflight


def test_buffered_routes_are_chalices_own(document: dict[str, Any]) -> None:
    own = TemplatedSwaggerGenerator().generate_swagger(bridges())
    assert integrations(document) == integrations(own)


def test_the_api_is_named_after_its_function(document: dict[str, Any]) -> None:
    assert document["info"]["title"] == "bridges-prod"


def test_binary_types_are_named_one_by_one(document: dict[str, Any]) -> None:
    types = document["x-amazon-apigateway-binary-media-types"]
    assert set(ALSO_BINARY) < set(types)
    assert not [each for each in types if "*" in each]


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_has_our_shape_and_nothing_of_the_request(
    document: dict[str, Any], kind: str
) -> None:
    response = document["x-amazon-apigateway-gateway-responses"][kind]
    template = response["responseTemplates"]["application/json"]
    error = json.loads(template)["error"]
    assert error == {
        "code": REFUSALS[kind].code,
        "message": REFUSALS[kind].message,
        "request_id": "$context.requestId",
    }
    assert template.count("$") == 1
    for name, value in response["responseParameters"].items():
        assert name.startswith("gatewayresponse.header.")
        assert value == f"'{value[1:-1]}'"  # a literal, and no `method.request.…`


def test_a_browser_may_read_a_refusal(document: dict[str, Any]) -> None:
    for response in document["x-amazon-apigateway-gateway-responses"].values():
        allowed = response["responseParameters"]
        assert allowed["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"


def test_whatever_has_no_answer_of_its_own_has_the_default_s() -> None:
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} < set(REFUSALS)
    assert REFUSALS["DEFAULT_4XX"].status is None  # each keeps the status that it has


def test_a_throttled_client_is_told_when_to_come_back(document: dict[str, Any]) -> None:
    throttled = document["x-amazon-apigateway-gateway-responses"]["THROTTLED"]
    assert throttled["statusCode"] == "429"  # a string, by the page on this extension
    assert throttled["responseParameters"]["gatewayresponse.header.Retry-After"] == "'1'"


@pytest.mark.parametrize(
    "kind", ["MISSING_AUTHENTICATION_TOKEN", "REQUEST_TOO_LARGE", "INTEGRATION_TIMEOUT"]
)
def test_api_gateway_on_this_machine_says_the_same(kind: str) -> None:
    said = json.loads(refusal(REFUSALS[kind].status, "r-1").body)["error"]
    assert (said["code"], said["message"]) == (REFUSALS[kind].code, REFUSALS[kind].message)
