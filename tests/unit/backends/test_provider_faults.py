import json

import pytest

from chalicelib.backends.faults import MAX_MESSAGE, error_code, tenant_error
from chalicelib.transport import Reply

BEDROCK = ":http://internal.amazon.com/coral/com.amazon.bedrock/"


def refusal(status: int, kind: str = "", message: str = "no", **headers: str) -> Reply:
    named = {"x-amzn-errortype": kind + BEDROCK} if kind else {}
    return Reply(status, named | headers, json.dumps({"message": message}).encode())


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [
        (400, "ValidationException", 400),
        (400, "ValidationError", 400),
        (404, "ResourceNotFoundException", 404),
        (408, "ModelTimeoutException", 504),
        (424, "ModelErrorException", 502),
        (429, "ThrottlingException", 429),
        (429, "ModelNotReadyException", 429),
        (400, "ServiceQuotaExceededException", 429),
        (500, "InternalServerException", 502),
        (503, "ServiceUnavailableException", 503),
        (530, "InternalDependencyException", 502),
        (403, "AccessDeniedException", 502),
        (403, "UnrecognizedClientException", 502),
        (403, "ExpiredTokenException", 502),
        (429, "", 429),
        (500, "", 502),
    ],
)
def test_a_tenant_is_told_what_a_providers_error_means_for_them(status, kind, told) -> None:
    assert tenant_error(refusal(status, kind)).status == told


def test_validation_text_passes_because_it_is_about_the_tenants_payload() -> None:
    text = "messages: at least one message is required"
    assert tenant_error(refusal(400, "ValidationException", text)).message == text


def test_half_a_character_in_validation_text_passes_as_a_question_mark() -> None:
    message = tenant_error(refusal(400, "ValidationException", "not \ud83d")).message
    assert message == "not ?"


def test_no_arn_account_number_or_address_passes() -> None:
    text = (
        "Role arn:aws:sts::123456789012:assumed-role/tollgate/x of 123456789012 "
        "at https://logs.example/abc may not"
    )
    message = tenant_error(refusal(400, "ValidationException", text)).message
    assert message == "Role […] of […] at […] may not"


@pytest.mark.parametrize("kind", ["AccessDeniedException", "InternalServerException", ""])
def test_what_a_provider_says_about_us_does_not_pass(kind) -> None:
    text = "User: arn:aws:sts::123456789012:assumed-role/tollgate is not authorized"
    assert "123456789012" not in tenant_error(refusal(403, kind, text)).message
    assert "authorized" not in tenant_error(refusal(403, kind, text)).message


def test_a_long_message_is_cut() -> None:
    message = tenant_error(refusal(400, "ValidationException", "x" * 5000)).message
    assert len(message) == MAX_MESSAGE


def test_a_throttled_tenant_is_told_when_to_come_back() -> None:
    assert tenant_error(refusal(429, "ThrottlingException")).headers == {"Retry-After": "1"}
    later = refusal(429, "ThrottlingException", **{"retry-after": "7"})
    assert tenant_error(later).headers == {"Retry-After": "7"}


def test_a_container_that_does_not_take_the_payload_is_the_tenants_400() -> None:
    body = {
        "ErrorCode": "CLIENT_ERROR_FROM_MODEL",
        "LogStreamArn": "arn:aws:logs:us-east-1:123456789012:log-group:x",
        "Message": "Received client error (422) from primary with message …",
        "OriginalMessage": "inputs must have less than 1024 tokens",
        "OriginalStatusCode": 422,
    }
    headers = {"x-amzn-errortype": "ModelError"}
    error = tenant_error(Reply(424, headers, json.dumps(body).encode()))
    assert (error.status, error.message) == (400, "inputs must have less than 1024 tokens")


def test_a_container_that_breaks_is_a_providers_fault() -> None:
    body = {"OriginalMessage": "Traceback…", "OriginalStatusCode": 500}
    error = tenant_error(Reply(424, {"x-amzn-errortype": "ModelError"}, json.dumps(body).encode()))
    assert (error.status, "Traceback" in error.message) == (502, False)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"[" * 100_000, b"\xff"])
def test_an_error_without_a_readable_body_is_still_an_error_with_a_sentence(body) -> None:
    error = tenant_error(Reply(400, {"x-amzn-errortype": "ValidationException"}, body))
    assert (error.status, error.message) == (400, "The provider found the payload not valid.")


def test_a_record_keeps_the_errors_type_or_its_status() -> None:
    assert error_code(refusal(429, "ThrottlingException")) == "ThrottlingException"
    assert error_code(refusal(500)) == "Http500"
    assert error_code(Reply(400, {"x-amzn-errortype": 'a","b":"c'}, b"")) == "Http400"
