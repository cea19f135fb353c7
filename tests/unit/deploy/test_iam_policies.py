"""The evaluation of policies that the tests of permissions rest on."""

from typing import Any

import pytest
from iam_policies import Ask, allows, denies, granted

BUCKET = "arn:aws:s3:::payloads"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: str | list[str], resource: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def test_what_nothing_allows_is_refused() -> None:
    document = policy(allow("s3:GetObject", f"{BUCKET}/teams/*"))
    assert allows(document, Ask("s3:GetObject", f"{BUCKET}/teams/search/a.mp4"))
    assert not allows(document, Ask("s3:PutObject", f"{BUCKET}/teams/search/a.mp4"))
    assert not allows(document, Ask("s3:GetObject", f"{BUCKET}/answers/search/a"))


@pytest.mark.parametrize("resource", ["arn:aws:s3:::payloadsX/a", "arn:aws:s3:::payloads/[ab]"])
def test_only_stars_and_question_marks_are_wild(resource: str) -> None:
    assert not allows(policy(allow("s3:GetObject", f"{BUCKET}/?")), Ask("s3:GetObject", resource))


def test_a_denial_wins_over_whatever_allows() -> None:
    everything = allow("s3:GetObject", "*")
    but = {"Effect": "Deny", "Action": "s3:*", "NotResource": f"{BUCKET}/*"}
    ask = Ask("s3:GetObject", "arn:aws:s3:::reports/a")
    assert denies(policy(everything, but), ask)
    assert not allows(policy(everything, but), ask)
    assert allows(policy(everything, but), Ask("s3:GetObject", f"{BUCKET}/a"))


def test_a_condition_holds_only_where_it_is_met() -> None:
    through = {"StringEquals": {"aws:CalledViaLast": "bedrock.amazonaws.com"}}
    document = policy(allow("s3:GetObject", "*", Condition=through))
    ask = Ask("s3:GetObject", f"{BUCKET}/a")
    assert not allows(document, ask)
    assert allows(document, ask.within(("aws:CalledViaLast", "bedrock.amazonaws.com")))


def test_a_variable_is_the_caller_s_and_one_without_a_value_matches_nothing() -> None:
    document = policy(allow("s3:GetObject", BUCKET + "/teams/${aws:PrincipalTag/team_id}/*"))
    ask = Ask("s3:GetObject", f"{BUCKET}/teams/search/a")
    assert allows(document, ask.within(("aws:PrincipalTag/team_id", "search")))
    assert not allows(document, ask.within(("aws:PrincipalTag/team_id", "ads")))
    assert not allows(document, ask)


def test_a_condition_that_is_not_understood_is_an_error_not_a_guess() -> None:
    dated = {"DateLessThan": {"aws:CurrentTime": "2026-11-23T00:00:00Z"}}
    with pytest.raises(KeyError):
        allows(policy(allow("s3:GetObject", "*", Condition=dated)), Ask("s3:GetObject", "*"))


def test_each_action_on_each_resource_is_a_grant_that_is_used_or_not() -> None:
    document = policy(allow(["s3:GetObject", "s3:PutObject"], f"{BUCKET}/*"))
    asked = [Ask("s3:GetObject", f"{BUCKET}/a")]
    unused = [grant.action for grant, serves in granted(document) if not any(map(serves, asked))]
    assert unused == ["s3:PutObject"]
