"""Who deploys, and where: one sentence for whatever is missing."""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, NoRegionError
from deploy_fakes import refused

from ops.deploy import account
from ops.deploy.account import Account
from ops.directory import Refused

CALLER = {"Account": "111122223333", "Arn": "arn:aws-us-gov:sts::111122223333:assumed-role/ops/me"}


def session(answer: Any) -> Any:
    """boto3's Session, whose STS answers so, or raises."""

    def ask() -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    def make(region_name: str | None) -> Any:
        sts = SimpleNamespace(get_caller_identity=ask)
        return SimpleNamespace(
            region_name=region_name or "eu-west-1",
            client=lambda _: sts,
            get_available_regions=lambda _: ["eu-west-1"],
        )

    return make


def test_the_account_is_whose_credentials_these_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account.boto3, "Session", session(CALLER))
    found = Account.of({"AWS_REGION": "us-gov-west-1"})
    assert (found.number, found.region, found.partition) == (
        *("111122223333", "us-gov-west-1", "aws-us-gov"),
    )


def test_without_a_region_of_its_own_the_shell_takes_its_profile_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(account.boto3, "Session", session(CALLER))
    assert Account.of({}).region == "eu-west-1"


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (NoRegionError(), "no region is set"),
        (NoCredentialsError(), "there are no AWS credentials here"),
        (refused("ExpiredToken"), r"AWS does not take these .* \(ExpiredToken\): log in again"),
        (refused("InvalidClientTokenId"), "or the account has not enabled this region"),
        (refused("AccessDenied"), r"AWS does not take these credentials \(AccessDenied\)$"),
        (EndpointConnectionError(endpoint_url="https://sts.mars-1"), "cannot be asked who calls"),
    ],
)
def test_whatever_is_missing_is_said(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, sentence: str
) -> None:
    monkeypatch.setattr(account.boto3, "Session", session(fault))
    with pytest.raises(Refused, match=sentence):
        Account.of({})


def test_a_region_that_there_is_not_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    away = EndpointConnectionError(endpoint_url="https://sts.mars-1.amazonaws.com")
    monkeypatch.setattr(account.boto3, "Session", session(away))
    with pytest.raises(Refused, match="not to be reached in 'mars-1': is there such a region"):
        Account.of({"AWS_REGION": "mars-1"})
