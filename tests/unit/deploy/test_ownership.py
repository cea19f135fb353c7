"""What has a name of ours and is somebody else's is neither overwritten nor deleted."""

from types import SimpleNamespace
from typing import Any

import pytest
from deploy_fakes import ACCOUNT, REGION, FakeAccount, NotThere

from ops.deploy import ownership, state
from ops.directory import Refused

OURS = "stage=dev:app=tollgate"
INVOKED = (
    "arn:aws:apigateway:us-east-1:lambda:path/{}/functions/arn:aws:lambda:us-east-1:1:function:{}"
)


class FakeLambda:
    """Functions by their names, each with its tags; mappings as they are at each look."""

    exceptions = SimpleNamespace(ResourceNotFoundException=NotThere)

    def __init__(self, mappings: Any = (), **tags: dict[str, str]) -> None:
        self._tags = tags
        self._mappings = iter(mappings)

    def get_function_configuration(self, FunctionName: str) -> dict[str, str]:  # noqa: N803
        if FunctionName not in self._tags:
            raise NotThere
        return {"FunctionArn": FunctionName}

    def list_tags(self, Resource: str) -> dict[str, Any]:  # noqa: N803
        return {"Tags": self._tags[Resource]}

    def get_paginator(self, _: str) -> Any:
        return SimpleNamespace(paginate=lambda: [{"EventSourceMappings": next(self._mappings)}])


class FakeGateway:
    """APIs by their ids: a name, and what their methods invoke."""

    def __init__(self, **apis: tuple[str, str]) -> None:
        self._apis = apis

    def get_paginator(self, name: str) -> Any:
        return SimpleNamespace(paginate=getattr(self, name))

    def get_rest_apis(self) -> list[dict[str, Any]]:
        return [{"items": [{"id": each, "name": name}]} for each, (name, _) in self._apis.items()]

    def get_resources(self, restApiId: str, embed: list[str]) -> list[dict[str, Any]]:  # noqa: N803
        assert embed == ["methods"]
        uri = self._apis[restApiId][1]
        methods = {"OPTIONS": {"methodIntegration": {"type": "MOCK"}}}
        if uri:
            methods["GET"] = {"methodIntegration": {"uri": uri}}
        return [{"items": [{"path": "/"}, {"resourceMethods": methods}]}]


def invoking(function: str) -> str:
    return INVOKED.format("2015-03-31", f"{function}/invocations")


# Functions


def test_a_function_is_this_stage_s_by_chalice_s_tag_of_whichever_version() -> None:
    lambdas = FakeLambda(f={"aws-chalice": f"version=1.0.0:{OURS}"})
    assert ownership.function(lambdas, "f", OURS) == "f"
    assert ownership.function(lambdas, "g", OURS) is None


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"aws-chalice": "version=1.34.0:stage=dev:app=other"},
        {"stage": "dev", "app": "tollgate"},
    ],
)
def test_a_function_of_nobody_or_of_another_app_is_refused(tags: dict[str, str]) -> None:
    with pytest.raises(Refused, match=r"a function f that is not this stage's .* left as it is"):
        ownership.function(FakeLambda(f=tags), "f", OURS)


def test_chalice_plans_no_function_of_another_app() -> None:
    lambdas = FakeLambda(f={"aws-chalice": "version=1.34.0:stage=dev:app=other"})
    client: Any = SimpleNamespace(_client=lambda _: lambdas)
    planned: Any = SimpleNamespace(
        function_name="f", tags={"aws-chalice": f"version=1.34.0:{OURS}"}
    )
    with pytest.raises(Refused, match="a function f that is not this stage's"):
        state._function(client, planned)


# Roles

LAMBDA = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}]}
EC2 = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}]}


def log_in(region: str) -> dict[str, Any]:
    group = f"arn:aws:logs:{region}:{ACCOUNT}:log-group:/aws/lambda/tollgate-dev:*"
    topic = f"arn:aws:sns:ap-south-1:{ACCOUNT}:finance"
    return {"PolicyDocument": {"Statement": [{"Resource": [group]}, {"Resource": topic}]}}


def iam(trust: Any = LAMBDA, policy: Any = None, attached: Any = (), inline: Any = ()) -> Any:
    """An account with one role."""
    told = {
        "get_role": {"Role": {"Arn": "arn", "AssumeRolePolicyDocument": trust}} if trust else None,
        "get_role_policy": policy or NotThere(),
        "list_role_policies": {"PolicyNames": inline},
        "list_attached_role_policies": {"AttachedPolicies": attached},
    }
    told["get_role"] = told["get_role"] or NotThere()
    return FakeAccount(iam=told).client("iam")


def test_a_role_is_this_stage_s_if_lambda_takes_it_and_its_policy_is_of_this_region() -> None:
    ours = iam(policy=log_in(REGION), attached=[{"PolicyName": "org-baseline"}])
    assert ownership.role(ours, "r", REGION) == "arn"
    assert ownership.role(iam(trust=None), "r", REGION) is None


def test_a_role_that_never_got_its_policy_is_ours() -> None:
    assert ownership.role(iam(), "r", REGION) == "arn"


@pytest.mark.parametrize(
    ("strange", "why"),
    [
        ({"trust": EC2}, "not lambda.amazonaws.com alone may take it"),
        (
            {"trust": {"Statement": [*LAMBDA["Statement"], *EC2["Statement"]]}},
            "not lambda.amazonaws.com alone may take it",
        ),
        ({"inline": ["everything"]}, "its policies are others"),
        ({"attached": [{"PolicyName": "admin"}]}, "its policies are others"),
        ({"policy": log_in("us-west-2")}, f"its function is in us-west-2, not in {REGION}"),
    ],
)
def test_a_role_of_somebody_else_or_of_another_region_is_refused(strange: Any, why: str) -> None:
    with pytest.raises(Refused) as refused:
        ownership.role(iam(**strange), "r", REGION)
    assert f"a role r that is not this stage's ({why})" in str(refused.value)


def test_what_is_deleted_is_no_role_of_another_region() -> None:
    elsewhere = iam(policy=log_in("us-west-2"))
    client: Any = SimpleNamespace(_client=lambda _: elsewhere, region_name=REGION)
    planned: Any = SimpleNamespace(role_name="r", resource_name="role")
    with pytest.raises(Refused, match="a role r that is not this stage's"):
        state._role(client, planned)


# Rules


def events(*started: str, **rule: str) -> Any:
    """An account with one rule."""
    targets = {"Targets": [{"Id": "1", "Arn": f"arn:aws:lambda:::function:{f}"} for f in started]}
    return FakeAccount(
        events={"describe_rule": rule or NotThere(), "list_targets_by_rule": targets}
    ).client("events")


SCHEDULED = {"ScheduleExpression": "rate(5 minutes)"}


def test_a_rule_is_this_stage_s_if_it_starts_its_function_or_nothing_yet() -> None:
    assert ownership.rule(events("f", **SCHEDULED), "r", "f") == "r"
    assert ownership.rule(events("f", "somebody-s", **SCHEDULED), "r", "f") == "r"
    assert ownership.rule(events(**SCHEDULED), "r", "f") == "r"
    assert ownership.rule(events(), "r", "f") is None


@pytest.mark.parametrize(
    "strange", [events("g", **SCHEDULED), events(EventPattern="{}"), events("g", EventPattern="{}")]
)
def test_a_rule_that_starts_something_else_is_refused(strange: Any) -> None:
    with pytest.raises(Refused, match="a rule r that does not start the function f"):
        ownership.rule(strange, "r", "f")


# APIs


def test_an_api_is_this_stage_s_if_it_calls_its_function_by_an_alias_or_without() -> None:
    by_alias = INVOKED.format("2021-11-15", "t-dev:stream/response-streaming-invocations")
    for uri in (invoking("t-dev"), by_alias):
        assert ownership.api(FakeGateway(a=("other", ""), b=("t-dev", uri)), "t-dev") == "b"
    assert ownership.api(FakeGateway(a=("other", invoking("t-dev"))), "t-dev") is None


@pytest.mark.parametrize("uri", ["", "https://example.com", invoking("t-dev-stream_worker")])
def test_an_api_that_calls_something_else_is_refused(uri: str) -> None:
    with pytest.raises(Refused, match=r"an API t-dev \(a\) that does not call the function t-dev"):
        ownership.api(FakeGateway(a=("t-dev", uri)), "t-dev")


def test_two_apis_of_one_name_are_not_chosen_from() -> None:
    both = FakeGateway(a=("t-dev", invoking("t-dev")), b=("t-dev", ""))
    with pytest.raises(Refused, match=r"2 APIs called t-dev \(a, b\): delete those that no tenant"):
        ownership.api(both, "t-dev")


# A queue's mapping

SOURCE: Any = SimpleNamespace(
    resource_name="worker", queue="q", lambda_function=SimpleNamespace(function_name="f")
)


def mapping(state: str, uuid: str = "1", queue: str = "q") -> dict[str, str]:
    arns = {"EventSourceArn": f"arn:aws:sqs:::{queue}", "FunctionArn": "arn:aws:lambda:::f"}
    return {"State": state, "UUID": uuid, **arns}


def found(looks: list[list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The mapping that is found, and for how long was waited."""
    slept: list[float] = []
    monkeypatch.setattr(state.time, "sleep", slept.append)
    lambdas = FakeLambda(looks)
    values = state._mapping(SimpleNamespace(_client=lambda _: lambdas), SOURCE)
    return (values or {}).get("event_uuid"), len(slept)


@pytest.mark.parametrize("now", ["Creating", "Enabled", "Disabled", "Updating"])
def test_a_mapping_is_found_by_its_queue_and_its_function(
    now: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = [[mapping("Enabled", "other", queue="q-dead"), mapping(now, "mine")]]
    assert found(looks, monkeypatch) == ("mine", 0)


def test_a_mapping_that_is_being_deleted_is_waited_for_and_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deleting = [mapping("Deleting")]
    assert found([deleting, deleting, []], monkeypatch) == (None, 2)


def test_a_mapping_that_stays_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(Refused, match="the mapping of the queue q is still being deleted"):
        found([[mapping("Deleting")]] * 100, monkeypatch)
