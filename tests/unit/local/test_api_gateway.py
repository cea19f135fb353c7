"""API Gateway's and Lambda's limits are met here as they would be in AWS: buffered answers."""

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from chalice.app import APIGateway, Chalice, CORSConfig

from local.api_gateway import MAX_REQUEST_BYTES, ApiGateway
from local.integrations import MAX_PAYLOAD_BYTES, Buffered
from local.lambda_runtime import LambdaContext, share_between_threads
from local.project import Function
from local.proxy_event import HttpRequest

FUNCTION = Function("tollgate-test", memory_mb=128, timeout_s=60)


class App:
    """As much of a Chalice app as the gateway asks of one."""

    def __init__(self, function):
        self.routes = {"/invoke": {"POST": SimpleNamespace(cors=None)}}
        self.api = APIGateway()
        self.function = function

    def __call__(self, event, context):
        return self.function(event, context)


def gateway(function, timeout_s=10.0, binary_types=None):
    app = App(function)
    app.api.binary_types = binary_types or app.api.binary_types
    return ApiGateway(app, Buffered(app, context, timeout_s))


def context():
    return LambdaContext(FUNCTION, "us-east-1")


def post(body=b"", target="/invoke", method="POST", headers=()):
    return HttpRequest(method, target, tuple(headers), body)


def proxy_answer(body="", **rest):
    return {"statusCode": 200, "headers": {}, "multiValueHeaders": {}, "body": body, **rest}


PICTURE = proxy_answer(base64.b64encode(b"\x89PNG").decode(), isBase64Encoded=True)
BINARY = [("Content-Type", "image/png"), ("Accept", "image/png")]


def error_code(answer):
    return json.loads(answer.body)["error"]["code"]


def test_the_function_s_status_headers_and_body_are_the_answer():
    headers = {"headers": {"x-one": "1"}, "multiValueHeaders": {"x-two": ["a", "b"]}}
    request = post()

    answer = gateway(lambda *_: proxy_answer("é", statusCode=201, **headers)).answer(request)

    assert (answer.status, answer.body) == (201, "é".encode())
    assert answer.headers == [
        ("x-one", "1"),
        ("x-two", "a"),
        ("x-two", "b"),
        ("x-amzn-requestid", request.request_id),
    ]


@pytest.mark.parametrize("accept", ["image/png", "image/png, */*", "application/octet-stream;q=1"])
def test_an_answer_in_base64_is_decoded_for_a_client_that_accepts_binary_first(accept):
    request = post(headers=[("Accept", accept)])

    assert gateway(lambda *_: PICTURE).answer(request).body == b"\x89PNG"


@pytest.mark.parametrize("headers", [[], [("Accept", "*/*")], [("Accept", "text/html, image/png")]])
def test_an_answer_in_base64_stays_so_for_any_other_client(headers):
    answer = gateway(lambda *_: PICTURE).answer(post(headers=headers))

    assert answer.body == PICTURE["body"].encode()


@pytest.mark.parametrize("headers", [[], [("Accept", "*/*")], [("Accept", "text/html")]])
def test_where_every_type_is_binary_an_answer_in_base64_is_always_decoded(headers):
    api = gateway(lambda *_: PICTURE, binary_types=["*/*"])

    assert api.answer(post(headers=headers)).body == b"\x89PNG"


def test_an_answer_that_is_text_is_text_whatever_the_client_accepts():
    answer = gateway(lambda *_: proxy_answer("dGV4dA==")).answer(post(headers=BINARY))

    assert answer.body == b"dGV4dA=="


def test_headers_that_api_gateway_keeps_for_itself_are_renamed():
    headers = {"WWW-Authenticate": "Bearer", "Date": "today"}

    answer = gateway(lambda *_: proxy_answer(headers=headers)).answer(post())

    assert answer.headers[:2] == [
        ("x-amzn-remapped-WWW-Authenticate", "Bearer"),
        ("x-amzn-remapped-Date", "today"),
    ]


@pytest.mark.parametrize(("method", "target"), [("POST", "/unknown"), ("GET", "/invoke")])
def test_an_unknown_route_is_refused_without_a_word_of_the_request(method, target):
    headers = [("Authorization", "Bearer tg_secret")]
    request = post(b"secret", target, method, headers)

    answer = gateway(lambda *_: proxy_answer()).answer(request)

    assert (answer.status, error_code(answer)) == (403, "no_such_route")
    assert json.loads(answer.body)["error"]["request_id"] == request.request_id
    assert "secret" not in str(answer)


def test_a_request_over_10_mb_is_refused():
    answer = gateway(lambda *_: proxy_answer()).answer(post(b"x" * (MAX_REQUEST_BYTES + 1)))

    assert (answer.status, error_code(answer)) == (413, "payload_too_large")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"x" * (MAX_PAYLOAD_BYTES - 5_000), [], 200),
        (b"x" * MAX_PAYLOAD_BYTES, [], 413),
        (b'"' * (MAX_PAYLOAD_BYTES // 2), [], 413),  # a quote takes two bytes in JSON
        (b"\xff" * (MAX_PAYLOAD_BYTES // 2), BINARY, 200),
        (b"\xff" * (MAX_PAYLOAD_BYTES * 3 // 4), BINARY, 413),  # base64 takes four for three
    ],
)
def test_an_event_over_6_mb_as_serialised_is_refused(body, headers, status):
    answer = gateway(lambda *_: proxy_answer()).answer(post(body, headers=headers))

    assert answer.status == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("x" * (MAX_PAYLOAD_BYTES - 5_000), 200),
        ("x" * MAX_PAYLOAD_BYTES, 502),
        ('"' * (MAX_PAYLOAD_BYTES // 2), 502),
        ("é" * (MAX_PAYLOAD_BYTES // 2), 502),  # two bytes each: Lambda sends UTF-8
    ],
)
def test_an_answer_over_6_mb_as_serialised_is_a_502(body, status):
    assert gateway(lambda *_: proxy_answer(body)).answer(post()).status == status


def test_an_answer_of_bytes_is_a_502_as_lambda_cannot_serialise_it():
    assert gateway(lambda *_: proxy_answer(b"\xff")).answer(post()).status == 502


def test_a_function_that_raises_is_a_502_that_says_nothing_of_it(capsys):
    def fail(event, _context):
        raise RuntimeError("arn:aws:secret")

    answer = gateway(fail).answer(post())

    assert (answer.status, error_code(answer)) == (502, "provider_fault")
    assert "arn:aws:secret" not in str(answer)
    assert "arn:aws:secret" in capsys.readouterr().err


def test_after_the_integration_time_out_the_function_goes_on():
    answered, went_on = threading.Event(), threading.Event()

    def slow(event, _context):
        answered.wait(10)
        went_on.set()
        return proxy_answer()

    answer = gateway(slow, timeout_s=0.01).answer(post())
    answered.set()

    assert (answer.status, error_code(answer)) == (504, "gateway_timeout")
    assert went_on.wait(10)


def test_the_context_says_who_runs_and_how_long_it_still_may():
    seen = []
    gateway(lambda event, context: seen.append(context) or proxy_answer()).answer(post())
    (context,) = seen

    assert context.function_name == "tollgate-test"
    assert context.memory_limit_in_mb == "128"
    assert context.invoked_function_arn == (
        "arn:aws:lambda:us-east-1:123456789012:function:tollgate-test"
    )
    assert 0 < context.get_remaining_time_in_millis() <= 60_000


def test_a_preflight_is_answered_for_a_route_with_cors_and_for_no_other():
    app = Chalice("with-cors")
    settings = CORSConfig("https://a.example", ["x-api-key"], max_age=600)

    @app.route("/answers/{name}", methods=["GET"], cors=settings)
    def read(name):
        return {}

    @app.route("/answers/{name}", methods=["DELETE"], cors=settings)
    def forget(name):
        return {}

    @app.route("/models", methods=["GET"])
    def models():
        return {}

    api = ApiGateway(app, Buffered(app, context))
    preflight = api.answer(post(target="/answers/7", method="OPTIONS"))

    assert (preflight.status, preflight.body) == (200, b"")
    assert dict(preflight.headers) == {
        "content-type": "application/json",
        "Access-Control-Allow-Methods": "GET,DELETE,OPTIONS",
        "Access-Control-Allow-Origin": "https://a.example",
        "Access-Control-Allow-Headers": (
            "Authorization,Content-Type,X-Amz-Date,X-Amz-Security-Token,X-Api-Key,x-api-key"
        ),
        "Access-Control-Max-Age": "600",
    }
    assert api.answer(post(target="/models", method="OPTIONS")).status == 403


def test_threads_that_share_an_app_see_their_own_request():
    app = Chalice("shared")
    both_are_in = threading.Barrier(2)

    @app.route("/invoke", methods=["POST"], content_types=["*/*"])
    def echo():
        both_are_in.wait(10)
        return {"body": app.current_request.raw_body.decode()}

    share_between_threads(app)
    shared = ApiGateway(app, Buffered(app, context))
    with ThreadPoolExecutor(2) as clients:
        answers = clients.map(shared.answer, [post(b"one"), post(b"two")])

    assert [json.loads(answer.body)["body"] for answer in answers] == ["one", "two"]
