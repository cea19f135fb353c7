"""An HTTP request becomes the event that API Gateway would send."""

import base64

import pytest

from local.proxy_event import HttpRequest, Match, Routes, proxy_event

MATCH = Match("/invoke", {})


def request(method="POST", target="/invoke", headers=(), body=b""):
    return HttpRequest(method, target, tuple(headers), body)


def test_queries_are_decoded_and_keep_their_repetitions():
    event = proxy_event(request(target="/invoke?m=a%3A1+b&m=2&flag="), MATCH)

    assert event["multiValueQueryStringParameters"] == {"m": ["a:1 b", "2"], "flag": [""]}
    assert event["queryStringParameters"] == {"m": "2", "flag": ""}


def test_no_query_is_none():
    event = proxy_event(request(), MATCH)

    assert event["multiValueQueryStringParameters"] is None
    assert event["queryStringParameters"] is None


def test_a_repeated_header_counts_as_one_name_in_whatever_case():
    headers = [("X-Api-Key", "first"), ("x-api-key", "second")]

    event = proxy_event(request(headers=headers), MATCH)

    assert event["headers"] == {"X-Api-Key": "second"}
    assert event["multiValueHeaders"] == {"X-Api-Key": ["first", "second"]}


def test_headers_of_the_connection_are_not_passed_on():
    headers = [("Connection", "keep-alive"), ("Content-Length", "2"), ("Accept", "*/*")]

    assert proxy_event(request(headers=headers), MATCH)["headers"] == {"Accept": "*/*"}


def test_a_body_of_text_travels_as_text():
    event = proxy_event(request(body='{"é": 1}'.encode()), MATCH)

    assert (event["body"], event["isBase64Encoded"]) == ('{"é": 1}', False)


@pytest.mark.parametrize("content_type", ["application/json", "application/x-npy", ""])
def test_a_body_of_no_binary_type_loses_what_is_no_text(content_type):
    given = request(headers=[("content-type", content_type)], body=b'{"a":"\xff"}')

    event = proxy_event(given, MATCH, binary_types=["image/png"])

    assert (event["body"], event["isBase64Encoded"]) == ('{"a":"\ufffd"}', False)


@pytest.mark.parametrize("binary_type", ["image/png", "image/*", "*/*"])
def test_a_body_of_a_binary_type_travels_as_base64_even_if_it_is_text(binary_type):
    png = request(headers=[("content-type", "image/png; q=1")], body=b"text")

    event = proxy_event(png, MATCH, binary_types=[binary_type])

    assert (event["body"], event["isBase64Encoded"]) == ("dGV4dA==", True)


def test_where_every_type_is_binary_a_body_of_no_type_is_too():
    event = proxy_event(request(body=b"\xff\x00"), MATCH, binary_types=["*/*"])

    assert base64.b64decode(event["body"]) == b"\xff\x00"


def test_an_empty_body_is_none():
    event = proxy_event(request(), MATCH)

    assert (event["body"], event["isBase64Encoded"]) == (None, False)


def test_the_context_says_which_request_of_which_account_it_is():
    given = request(headers=[("User-Agent", "curl"), ("Host", "h:1")])

    context = proxy_event(given, MATCH)["requestContext"]

    assert context["requestId"] == given.request_id
    assert context["accountId"] == "123456789012"
    assert (context["stage"], context["path"]) == ("api", "/invoke")
    assert (context["resourcePath"], context["httpMethod"]) == ("/invoke", "POST")
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["identity"]["userAgent"] == "curl"


ROUTES = Routes(
    {
        "/": ["GET"],
        "/models": ["GET"],
        "/model/{modelId}/invoke": ["POST"],
        "/responses/{id}": ["GET", "DELETE"],
        "/responses/latest": ["GET"],
        "/files/{path+}": ["GET"],
    }
)


@pytest.mark.parametrize(
    ("method", "path", "resource", "parameters"),
    [
        ("GET", "/", "/", {}),
        ("GET", "/models", "/models", {}),
        ("DELETE", "/responses/r-1", "/responses/{id}", {"id": "r-1"}),
        ("GET", "/responses/latest", "/responses/latest", {}),
        ("POST", "/model/a%2Fb:1/invoke", "/model/{modelId}/invoke", {"modelId": "a%2Fb:1"}),
        ("GET", "/files/a/b", "/files/{path+}", {"path": "a/b"}),
    ],
)
def test_a_path_finds_its_resource_with_parameters_still_encoded(
    method, path, resource, parameters
):
    assert ROUTES.match(method, path) == Match(resource, parameters)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nothing"), ("PUT", "/models"), ("GET", "/model//invoke"), ("GET", "/models/x")],
)
def test_an_unknown_path_or_method_finds_nothing(method, path):
    assert ROUTES.match(method, path) is None


def test_a_slash_at_the_end_is_dropped():
    assert request(target="/models/?x=1").path == "/models"
