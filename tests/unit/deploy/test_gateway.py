"""The API's stage: access logs and throttling are set once, and looked at each time."""

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
from deploy_fakes import ACCOUNT, FakeAccount, NotThere, refused, stage

from ops.deploy import gateway

GROUP = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/apigateway/tollgate-dev"
SETTLED = {
    "accessLogSettings": {"destinationArn": GROUP, "format": gateway.ACCESS_LOG},
    "methodSettings": {"*/*": {"throttlingRateLimit": 500.0, "throttlingBurstLimit": 1_000}},
}
ROLE = {"cloudwatchRoleArn": "arn:aws:iam::111122223333:role/any"}


class Exists(Exception):
    pass


def account(now: Any, role: Any = ROLE, update: Any = None) -> FakeAccount:
    fake = FakeAccount(
        apigateway={
            "get_stage": now,
            "get_account": role,
            "update_stage": {},
            "update_account": update or {},
        },
        iam={"create_role": {}, "put_role_policy": {}},
    )
    made = fake.client

    def client(service: str) -> Any:
        named = made(service)
        named.exceptions = SimpleNamespace(EntityAlreadyExistsException=Exists)
        return named

    fake.client = client  # type: ignore[method-assign]
    return fake


def settled(account: FakeAccount, **options: Any) -> tuple[list[str], dict[str, str]]:
    """What was said, and the values that were set by their paths."""
    said: list[str] = []
    gateway.settle(account, stage(**options), "api1", said.append)
    patches = [asked["patchOperations"] for name, asked in account.asked if name == "update_stage"]
    return said, {each["path"]: each["value"] for patch in patches for each in patch}


def test_a_new_stage_logs_and_throttles() -> None:
    said, values = settled(account({}))
    assert values == {
        "/accessLogSettings/destinationArn": GROUP,
        "/accessLogSettings/format": gateway.ACCESS_LOG,
        "/*/*/throttling/rateLimit": "500",
        "/*/*/throttling/burstLimit": "1000",
    }
    assert len(said) == 1


def test_a_stage_that_is_as_it_is_to_be_is_left_alone() -> None:
    asked = account(SETTLED)
    assert settled(asked) == ([], {})
    assert [name for name, _ in asked.asked] == ["get_stage"]


def test_only_what_differs_is_set() -> None:
    assert settled(account(SETTLED), burst=5)[1] == {"/*/*/throttling/burstLimit": "5"}


@pytest.mark.parametrize(
    ("takes", "role", "sentences"),
    [("ec2", {}, 1), ("apigateway", {}, 0), ("ec2", ROLE, 0), ("", {}, 0)],
)
def test_a_role_of_somebody_else_s_is_not_given_to_api_gateway(
    takes: str, role: Any, sentences: int
) -> None:
    trust = {"Statement": [{"Principal": {"Service": f"{takes}.amazonaws.com"}}]}
    found = {"Role": {"AssumeRolePolicyDocument": trust}} if takes else NotThere()
    account = FakeAccount(apigateway={"get_account": role}, iam={"get_role": found})
    assert len(list(gateway.log_role(stage(), account))) == sentences  # type: ignore[arg-type]


def test_an_access_log_has_the_request_s_id_and_nothing_that_a_tenant_wrote() -> None:
    line = json.loads(gateway.ACCESS_LOG)
    assert line["request_id"] == "$context.requestId"
    variables = set(re.findall(r"\$context\.[A-Za-z.]+", gateway.ACCESS_LOG))
    assert set(line.values()) == variables
    told_by_the_client = (
        "path",
        "header",
        "querystring",
        "userAgent",
        "authorizer",
        "messageString",
    )
    assert not [v for v in variables for word in told_by_the_client if v.endswith(word)]


def test_api_gateway_gets_a_role_for_its_logs_where_it_has_none() -> None:
    asked = account({}, role={})
    said, _ = settled(asked)
    assert said[0].startswith("granted API Gateway the role tollgate-api-gateway-logs")
    updates = [told["patchOperations"] for name, told in asked.asked if name == "update_account"]
    role = f"arn:aws:iam::{ACCOUNT}:role/{gateway.LOG_ROLE}"
    assert updates == [[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]]


def test_a_role_that_is_not_yet_known_everywhere_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    answers = iter([refused("BadRequestException"), refused("BadRequestException"), {}])
    monkeypatch.setattr(gateway.time, "sleep", slept.append)
    settled(account({}, role={}, update=lambda **_: next(answers)))
    assert len(slept) == 2


def test_whatever_else_is_refused_is_not_tried_again() -> None:
    with pytest.raises(Exception, match="AccessDenied"):
        settled(account({}, role={}, update=refused("AccessDeniedException")))
