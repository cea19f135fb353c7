from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.simulator.refusals import Refusal
from local.simulator.signatures import Caller, Principal, Request, Signatures, users

PATH = (
    "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2Famazon.nova-lite-v1%3A0/invoke"
)
TESTING = users({"testing": "testing"})
SIGNATURES = Signatures(TESTING)


def signed(
    key: str = "testing",
    secret: str = "testing",
    service: str = "bedrock",
    path: str = PATH,
    body: bytes = b'{"a": "\xc3\xa9"}',
    **headers: str,
) -> Request:
    """Sign with botocore's own signer, and return the request as it would arrive."""
    host, _, query = path.partition("?")
    request = AWSRequest("POST", f"http://127.0.0.1:9{path}", headers, body)
    SigV4Auth(Credentials(key, secret), service, "us-west-2").add_auth(request)
    arrived = {name.lower(): value for name, value in request.headers.items()}
    return Request("POST", host, query, {**arrived, "host": "127.0.0.1:9"}, body)


def changed(request: Request, **changes) -> Request:
    fields = {
        name: getattr(request, name) for name in ("method", "path", "query", "headers", "body")
    }
    return Request(**{**fields, **changes})


def code_of(request: Request, service: str = "bedrock", signatures: Signatures = SIGNATURES) -> str:
    with pytest.raises(Refusal) as refused:
        signatures.check(request, service)
    assert refused.value.status == 403
    return refused.value.code


def test_what_botocore_signs_is_accepted_with_its_region():
    assert SIGNATURES.check(signed(), "bedrock") == Caller(
        "testing", "us-west-2", "arn:aws:iam::123456789012:user/testing"
    )


def test_headers_are_signed_as_one_space_would_stand_between_words():
    request = signed(**{"X-Amzn-Bedrock-Trace": "  ENABLED   FULL "})

    assert SIGNATURES.check(request, "bedrock")


def test_a_query_is_signed_in_order_of_its_names():
    assert SIGNATURES.check(signed(path="/model/a.b/invoke?b=2&a=1&a=0"), "bedrock")


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"path": "/model/amazon.nova-pro-v1%3A0/invoke"},
        {"path": PATH.replace("%3A", ":").replace("%2F", "/")},
        {"query": "a=1"},
        {"body": b"{}"},
    ],
)
def test_a_changed_request_does_not_match_its_signature(change):
    assert code_of(changed(signed(), **change)) == "InvalidSignatureException"


def test_a_changed_header_does_not_match_the_signature():
    request = signed(**{"X-Amzn-Bedrock-Trace": "ENABLED"})
    headers = {**request.headers, "x-amzn-bedrock-trace": "DISABLED"}

    assert code_of(changed(request, headers=headers)) == "InvalidSignatureException"


def test_a_wrong_secret_does_not_match():
    assert code_of(signed(secret="guessed")) == "InvalidSignatureException"


def test_an_unknown_key_is_not_recognised():
    assert code_of(signed(key="AKIAUNKNOWN")) == "UnrecognizedClientException"


SESSION = Principal("arn:aws:sts::123456789012:assumed-role/tenant/search", "secret", "token")


def test_a_session_is_known_by_its_key_and_its_token_together():
    signatures = Signatures(TESTING, {"ASIA1": SESSION}.get)
    request = signed(key="ASIA1", secret="secret", **{"X-Amz-Security-Token": "token"})

    assert signatures.check(request, "bedrock").arn == SESSION.arn


@pytest.mark.parametrize("token", [{}, {"X-Amz-Security-Token": "another's"}])
def test_a_session_without_its_token_is_not_recognised(token):
    request = signed(key="ASIA1", secret="secret", **token)
    signatures = Signatures({"ASIA1": SESSION}.get)

    assert code_of(request, signatures=signatures) == "UnrecognizedClientException"


def test_a_signature_for_another_service_is_refused():
    assert code_of(signed(service="sagemaker")) == "InvalidSignatureException"


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_signature_of_another_time_is_refused(minutes):
    clock = lambda: datetime.now(UTC) + timedelta(minutes=minutes)  # noqa: E731

    assert code_of(signed(), signatures=Signatures(TESTING, clock=clock)) == (
        "InvalidSignatureException"
    )


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "MissingAuthenticationTokenException"),
        ("AWS4-HMAC-SHA256 Credential=testing", "IncompleteSignatureException"),
        ("Basic dGVzdA==", "IncompleteSignatureException"),
        ("Bearer tg_abc", "AccessDeniedException"),
    ],
)
def test_a_request_that_is_not_signed_is_refused(authorization, code):
    request = signed()

    headers = {**request.headers, "authorization": authorization}

    assert code_of(changed(request, headers=headers)) == code
