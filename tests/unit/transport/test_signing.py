from datetime import UTC, datetime
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import UnauthorizedSSOTokenError
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.settings import SettingError
from chalicelib.signing import SIGNED, Credentials, CredentialsNotFound, find_credentials, sign

AT = datetime(2026, 11, 23, 8, 54, 35, tzinfo=UTC)
HOST = "bedrock-runtime.us-east-1.amazonaws.com"
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


def botocores(credentials: Credentials, path: str, headers: dict[str, str], body: bytes) -> str:
    request = AWSRequest("POST", f"https://{HOST}{path}", headers, body)
    with patch("botocore.auth.get_current_datetime", return_value=AT.replace(tzinfo=None)):
        SigV4Auth(credentials, "bedrock", "us-east-1").add_auth(request)
    return request.headers["Authorization"]


def ours(credentials: Credentials, path: str, headers: dict[str, str], body: bytes) -> str:
    return sign(
        credentials,
        service="bedrock",
        region="us-east-1",
        method="POST",
        host=HOST,
        path=path,
        headers=headers,
        body=body,
        at=AT,
    )["Authorization"]


@given(
    access_key=st.from_regex(r"[A-Z0-9]{16,20}", fullmatch=True),
    secret_key=TEXT,
    token=st.none() | TEXT,
    model=st.from_regex(r"[a-z][a-z0-9.-]{1,30}(%3A[0-9]+)?", fullmatch=True).filter(
        lambda text: ".." not in text
    ),
    content_type=st.lists(TEXT, min_size=1, max_size=3).map("  ".join),
    body=st.binary(max_size=300),
)
def test_a_signature_is_the_one_that_botocore_makes(
    access_key, secret_key, token, model, content_type, body
) -> None:
    credentials = Credentials(access_key, secret_key, token)
    request = (f"/model/{model}/invoke", {"content-type": content_type}, body)
    assert ours(credentials, *request) == botocores(credentials, *request)


def test_a_header_that_need_not_be_signed_does_not_change_the_signature() -> None:
    credentials = Credentials("AKID", "secret")
    plain = ours(credentials, "/p", {"content-type": "a/b"}, b"{}")
    assert plain == ours(credentials, "/p", {"content-type": "a/b", "accept": "x/y"}, b"{}")


def test_a_target_is_signed() -> None:
    headers = {"X-Amz-Target": "DynamoDB_20120810.GetItem", "Content-Type": "a/b"}
    credentials = Credentials("AKID", "secret", "token")
    assert "x-amz-target" in SIGNED
    assert ours(credentials, "/", headers, b"{}") == botocores(credentials, "/", headers, b"{}")


def test_a_lambdas_own_credentials_are_taken_from_its_environment() -> None:
    environ = {
        "AWS_ACCESS_KEY_ID": "AKID",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
    }
    assert find_credentials(environ)() == Credentials("AKID", "secret", "token")


def test_elsewhere_botocore_is_asked_each_time_so_that_they_stay_fresh() -> None:
    keys = iter([("A", "s", "1", "acct"), ("B", "t", None, "acct")])
    found = SimpleNamespace(get_frozen_credentials=lambda: next(keys))
    session = SimpleNamespace(get_credentials=lambda: found)
    with patch("botocore.session.get_session", return_value=session):
        credentials = find_credentials({})
    assert [credentials(), credentials()] == [
        Credentials("A", "s", "1"),
        Credentials("B", "t", None),
    ]


def test_credentials_that_cannot_be_renewed_say_so() -> None:
    def expired() -> None:
        raise UnauthorizedSSOTokenError

    session = SimpleNamespace(
        get_credentials=lambda: SimpleNamespace(get_frozen_credentials=expired)
    )
    with patch("botocore.session.get_session", return_value=session):
        credentials = find_credentials({})
    with pytest.raises(CredentialsNotFound):
        credentials()


def test_no_credentials_stop_the_start() -> None:
    session = SimpleNamespace(get_credentials=lambda: None)
    with (
        patch("botocore.session.get_session", return_value=session),
        pytest.raises(SettingError, match="AWS_ACCESS_KEY_ID"),
    ):
        find_credentials({})
