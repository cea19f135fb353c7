"""A plan asks AWS and tells it nothing: what is to be written is answered as if it were done."""

from typing import Any

import pytest
from deploy_fakes import ACCOUNT, PLACE, REGION, FakeAccount

from ops.deploy.foresight import Looking


def looking(**operations: Any) -> tuple[Any, FakeAccount]:
    account = FakeAccount(any=operations)
    return Looking(account.client("any"), PLACE), account


def test_what_is_asked_is_asked_of_aws() -> None:
    client, account = looking(get_function={"a": 1}, list_tags={"b": 2}, describe_rule={"c": 3})
    told = client.get_function(FunctionName="f") | client.list_tags() | client.describe_rule()
    assert told == {"a": 1, "b": 2, "c": 3}
    assert len(account.asked) == 3
    assert issubclass(client.exceptions.ResourceNotFoundException, Exception)


@pytest.mark.parametrize(
    "operation",
    ["put_role_policy", "delete_function", "update_stage", "add_permission", "tag_resource"],
)
def test_what_is_told_reaches_nobody(operation: str) -> None:
    client, account = looking(**{operation: {"done": True}})
    assert getattr(client, operation)(Name="n") == {}
    assert account.asked == []


def test_what_is_not_there_yet_has_the_name_that_it_would_have() -> None:
    client, _ = looking()
    role = client.create_role(RoleName="r")["Role"]["Arn"]
    function = client.create_function(FunctionName="f")["FunctionArn"]
    rule = client.put_rule(Name="n")["RuleArn"]
    assert role == f"arn:aws:iam::{ACCOUNT}:role/r"
    assert function == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
    assert rule == f"arn:aws:events:{REGION}:{ACCOUNT}:rule/n"


def test_nothing_is_waited_for() -> None:
    client, account = looking(get_waiter=ValueError)
    client.get_waiter("published_version_active").wait(FunctionName="f")
    assert account.asked == []


def test_a_function_is_described_as_it_would_be_and_its_versions_as_they_are() -> None:
    now = {"MemorySize": 512, "CodeSha256": "a"}
    client, _ = looking(get_function_configuration=lambda **_: dict(now))
    client.update_function_code(FunctionName="f", ZipFile=b"")
    client.update_function_configuration(FunctionName="f", MemorySize=1_024)
    changed = client.get_function_configuration(FunctionName="f")
    assert (changed["MemorySize"], changed["CodeSha256"]) == (1_024, "new")
    assert client.get_function_configuration(FunctionName="f", Qualifier="stream") == now
    assert client.get_function_configuration(FunctionName="g") == now
