import pytest
from repeat_fakes import BOTO3, BOTO3_AGAIN, STAINLESS, STAINLESS_AGAIN, invocation

from chalicelib.backends.bedrock import apply_guardrail
from chalicelib.errors import BadRequest
from chalicelib.repeats.fingerprint import fingerprint, idempotency_key, is_retry, sdk_call
from chalicelib.surfaces.native import ENDPOINT_OPERATIONS, MODEL_OPERATIONS

SAME = fingerprint("invoke", invocation())
OPERATIONS = (
    *MODEL_OPERATIONS.values(),
    *ENDPOINT_OPERATIONS.values(),
    apply_guardrail("1"),
)


@pytest.mark.parametrize(
    "other",
    [
        invocation(body=b'{"prompt":"hello" }'),
        invocation(query={"model_id": ["amazon.nova-lite-v1:0"]}),
        invocation(query={"model_id": ["us.amazon.nova-lite-v1:0"], "stream": ["true"]}),
        invocation(headers={"accept": "text/event-stream"}),
        invocation(headers={"content-type": "text/plain"}),
        invocation(headers={"x-amzn-bedrock-guardrailidentifier": "gr-1"}),
        invocation(headers={"x-amzn-sagemaker-accept": "application/json"}),
        invocation(headers={"x-tollgate-store": "false"}),
    ],
)
def test_another_request_has_another_fingerprint(other) -> None:
    assert fingerprint("invoke", other) != SAME


def test_another_route_has_another_fingerprint() -> None:
    assert fingerprint("/model/m/converse", invocation()) != SAME


@pytest.mark.parametrize(
    "again",
    [
        invocation("request-2", seconds_left=3.0),
        invocation(headers={"idempotency-key": "order-2"}),
        invocation(
            headers={"user-agent": "curl", "accept-encoding": "gzip", "x-amzn-trace-id": "1"}
        ),
        invocation(headers=BOTO3_AGAIN),
    ],
)
def test_what_reaches_no_provider_makes_no_other_request(again) -> None:
    assert fingerprint("invoke", again) == SAME


@pytest.mark.parametrize(
    "header", sorted({header for each in OPERATIONS for header in each.passed_on})
)
def test_every_header_that_a_provider_sees_makes_another_request(header) -> None:
    assert fingerprint("invoke", invocation(headers={header: "other"})) != SAME


def test_nothing_of_a_body_can_pass_for_a_header() -> None:
    moved = invocation(body=b'\n{"prompt":"hello"}')
    assert fingerprint("invoke", moved) != SAME


@pytest.mark.parametrize("key", ["a", "order 1", "~" * 255, '"quoted"', "a, b"])
def test_a_key_is_printable_ascii(key) -> None:
    assert idempotency_key({"idempotency-key": key}) == key


@pytest.mark.parametrize("key", ["", "x" * 256, "ä", "a\tb", "a\n", "\x7f"])
def test_any_other_key_is_refused(key) -> None:
    with pytest.raises(BadRequest, match="1 to 255 printable ASCII"):
        idempotency_key({"idempotency-key": key})


@pytest.mark.parametrize(
    "headers",
    [
        BOTO3_AGAIN,
        {**BOTO3, "amz-sdk-request": "attempt=12"},
        STAINLESS_AGAIN,
        {"x-stainless-retry-count": "10"},
    ],
)
def test_an_sdk_says_that_it_tries_again(headers) -> None:
    assert is_retry(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        BOTO3,
        {"amz-sdk-invocation-id": "a1b2"},
        {**BOTO3, "amz-sdk-request": "max=3"},
        {**BOTO3, "amz-sdk-request": "attempt=two"},
        {**BOTO3, "amz-sdk-request": "noattempt=2"},
        {"amz-sdk-request": "attempt=2; max=3"},
        STAINLESS,
        {"x-stainless-retry-count": "-1"},
        {"x-stainless-retry-count": "²"},
        {"x-stainless-retry-count": ""},
    ],
)
def test_anything_else_is_no_retry(headers) -> None:
    assert not is_retry(headers)


def test_a_retry_is_the_same_call_to_its_sdk() -> None:
    first, again = invocation(headers=BOTO3), invocation("request-2", headers=BOTO3_AGAIN)
    assert sdk_call("invoke", first) == sdk_call("invoke", again)


@pytest.mark.parametrize(
    "other",
    [
        invocation(headers={**BOTO3_AGAIN, "amz-sdk-invocation-id": "other"}),
        invocation(headers=BOTO3_AGAIN, body=b"other"),
        invocation(headers=STAINLESS_AGAIN),
        invocation(headers={**BOTO3_AGAIN, "amz-sdk-invocation-id": "\u0661"}),
    ],
)
def test_another_operation_or_body_is_another_call(other) -> None:
    assert sdk_call("invoke", invocation(headers=BOTO3)) != sdk_call("invoke", other)
