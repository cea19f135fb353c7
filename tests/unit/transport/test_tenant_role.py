"""Credentials of each team: one session of the tenants' role, named and tagged after the team."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from chalicelib.signing import Credentials, CredentialsNotFound
from chalicelib.tenant_role import KEPT, TenantRole
from chalicelib.transport import STS, NoAnswer, NotSent, Reply

ROLE = "arn:aws:iam::123456789012:role/tollgate-prod-tenant"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
REFUSED = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>m</Message></Error>"


class Sts:
    """AssumeRole, whose every session has a key of its own."""

    def __init__(self) -> None:
        self.now = NOW
        self.asked: list[dict[str, list[str]]] = []
        self.faults: list[Reply | Exception] = []

    def call(
        self, service: Any, method: str, path: str, headers: Any, body: bytes, **_: Any
    ) -> Reply:
        assert (service, method, path) == (STS, "POST", "/")
        assert headers == {"Content-Type": "application/x-www-form-urlencoded"}
        self.asked.append(parse_qs(body.decode()))
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, Exception):
                raise fault
            return fault
        number, ends = len(self.asked), self.now + timedelta(hours=1)
        return Reply(200, {}, _answer(number, f"{ends:%Y-%m-%dT%H:%M:%SZ}"))


def _answer(number: int, ends: str) -> bytes:
    """As AWS writes it (STS API reference, AssumeRole, "Sample response")."""
    return f"""
<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <SourceIdentity>tollgate</SourceIdentity>
    <AssumedRoleUser>
      <Arn>arn:aws:sts::123456789012:assumed-role/tollgate-prod-tenant/search</Arn>
      <AssumedRoleId>AROA3XFRBF535PLBIFPI4:search</AssumedRoleId>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIA{number}</AccessKeyId>
      <SecretAccessKey>wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY</SecretAccessKey>
      <SessionToken>AQoDYXdzEPT//wEXAMPLE==</SessionToken>
      <Expiration>{ends}</Expiration>
    </Credentials>
    <PackedPolicySize>6</PackedPolicySize>
  </AssumeRoleResult>
</AssumeRoleResponse>""".encode()


@pytest.fixture
def sts() -> Sts:
    return Sts()


@pytest.fixture
def role(sts: Sts) -> TenantRole:
    return TenantRole(sts, ROLE, lambda: sts.now)  # type: ignore[arg-type]


def keys(role: TenantRole, *teams: str) -> list[str]:
    return [role.credentials(team).access_key for team in teams]


def test_a_session_is_named_and_tagged_after_its_team_and_lasts_an_hour(sts, role) -> None:
    role.credentials("search")
    assert sts.asked == [
        {
            "Action": ["AssumeRole"],
            "Version": ["2011-06-15"],
            "RoleArn": [ROLE],
            "RoleSessionName": ["search"],
            "DurationSeconds": ["3600"],
            "Tags.member.1.Key": ["team_id"],
            "Tags.member.1.Value": ["search"],
        }
    ]


def test_its_credentials_sign(role) -> None:
    assert role.credentials("search") == Credentials(
        "ASIA1", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "AQoDYXdzEPT//wEXAMPLE=="
    )


def test_each_team_has_a_session_of_its_own_and_keeps_it(role) -> None:
    assert keys(role, "search", "ads", "search", "ads") == ["ASIA1", "ASIA2", "ASIA1", "ASIA2"]


def test_a_session_is_renewed_before_it_ends(sts, role) -> None:
    keys(role, "search")
    sts.now += timedelta(minutes=54)
    assert keys(role, "search") == ["ASIA1"]
    sts.now += timedelta(minutes=1)
    assert keys(role, "search", "search") == ["ASIA2", "ASIA2"]


@pytest.mark.parametrize("lost", [NotSent("x"), NoAnswer(timed_out=True), Reply(503, {}, b"")])
def test_an_attempt_that_was_lost_is_made_once_more(sts, role, lost) -> None:
    sts.faults = [lost]
    assert keys(role, "search") == ["ASIA2"]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Reply(403, {}, REFUSED), "AccessDenied"),
        (Reply(503, {}, b"<html>"), "Http503"),
        (NotSent("refused"), "NotSent"),
        (NoAnswer(timed_out=True), "NoAnswer"),
    ],
)
def test_what_cannot_be_assumed_has_no_credentials_and_operators_are_told_why(
    sts, role, fault, why, caplog
) -> None:
    sts.faults = [fault, fault]
    with caplog.at_level(logging.ERROR), pytest.raises(CredentialsNotFound, match=f"^{why}$"):
        role.credentials("search")
    assert caplog.messages == [f"the tenants' role was not assumed for team search: {why}"]


@pytest.mark.parametrize("body", [b"", b"<AccessKeyId>A</AccessKeyId>", _answer(1, "soon")])
def test_an_answer_that_cannot_be_understood_has_none_either(sts, role, body) -> None:
    sts.faults = [Reply(200, {}, body)]
    with pytest.raises(CredentialsNotFound, match="AnswerNotUnderstood"):
        role.credentials("search")


def test_while_sts_is_away_a_session_is_used_up_and_renewal_is_not_tried_at_every_call(
    sts, role
) -> None:
    keys(role, "search")
    sts.now += timedelta(minutes=56)
    sts.faults = [Reply(503, {}, b"")] * 2
    assert keys(role, "search", "search") == ["ASIA1", "ASIA1"]
    assert len(sts.asked) == 3
    sts.now += timedelta(seconds=30)
    assert keys(role, "search") == ["ASIA4"]


def test_a_session_that_has_ended_signs_nothing(sts, role) -> None:
    keys(role, "search")
    sts.now += timedelta(hours=1)
    sts.faults = [Reply(503, {}, b"")] * 2
    with pytest.raises(CredentialsNotFound):
        role.credentials("search")


def test_a_process_keeps_the_sessions_of_the_teams_that_came_last(sts, role) -> None:
    keys(role, *(f"team-{number}" for number in range(KEPT + 1)))
    assert keys(role, "team-1") == ["ASIA2"]
    assert keys(role, "team-0") == [f"ASIA{KEPT + 2}"]
