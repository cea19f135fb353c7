"""Lambda's network interfaces: waited for, with an end, before anything of theirs is deleted."""

from types import SimpleNamespace
from typing import Any

import pytest
from deploy_fakes import FakeAccount, refused, stage

from ops.deploy import interfaces
from ops.directory import Refused

OUTPUTS = [{"OutputKey": "SecurityGroupIds", "OutputValue": "sg-1"}]
HELD = {"NetworkInterfaceId": "eni-1", "Status": "in-use", "InterfaceType": "lambda"}
LET_GO = {"NetworkInterfaceId": "eni-2", "Status": "available", "InterfaceType": "lambda"}
SOMEBODY_S = {"NetworkInterfaceId": "eni-3", "Status": "available", "InterfaceType": "interface"}


class FakeEc2:
    """EC2 that has these interfaces at each look, the last of them from then on."""

    def __init__(self, *looks: list[dict[str, str]]) -> None:
        self.looks = list(looks)
        self.filters: list[Any] = []

    def get_paginator(self, _: str) -> Any:
        return SimpleNamespace(paginate=self._paginate)

    def _paginate(self, Filters: Any) -> list[Any]:  # noqa: N803
        self.filters.append(Filters)
        found = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return [{"NetworkInterfaces": found}]


def account(ec2: FakeEc2, outputs: Any = OUTPUTS, delete: Any = None) -> Any:
    described = {"Stacks": [{"StackStatus": "CREATE_COMPLETE", "Outputs": outputs}]}
    return FakeAccount(
        cloudformation={"describe_stacks": described if outputs else refused("ValidationError")},
        ec2={"get_paginator": ec2.get_paginator, "delete_network_interface": delete},
    )


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []
    monkeypatch.setattr(interfaces.time, "sleep", pauses.append)
    return pauses


def test_they_are_waited_for_and_looked_for_in_the_functions_own_group(slept: list[float]) -> None:
    ec2, told = FakeEc2([HELD], [HELD], []), list[str]()
    interfaces.await_gone(stage(), account(ec2), told.append)
    assert len(slept) == 2
    assert told == ["waiting for Lambda to give back network interfaces: eni-1"]
    assert ec2.filters == [[{"Name": "group-id", "Values": ["sg-1"]}]] * 3


@pytest.mark.parametrize("outputs", [[], [{"OutputKey": "SubnetIds", "OutputValue": "s-1"}]])
def test_without_a_network_nothing_is_waited_for(slept: list[float], outputs: Any) -> None:
    ec2, told = FakeEc2([HELD]), list[str]()
    interfaces.await_gone(stage(), account(ec2, outputs), told.append)
    assert (slept, told, ec2.filters) == ([], [], [])


def test_the_wait_has_an_end_and_says_that_a_repeat_goes_on(slept: list[float]) -> None:
    with pytest.raises(Refused, match=r"after 45 minutes .* stage dev \(eni-1\).* repeat this"):
        interfaces.await_gone(stage(), account(FakeEc2([HELD])), lambda _: None)
    assert sum(slept) == 45 * 60


def test_one_that_lambda_let_go_of_and_cannot_delete_is_deleted(slept: list[float]) -> None:
    deleting = account(FakeEc2([LET_GO, HELD, SOMEBODY_S], []))
    interfaces.await_gone(stage(), deleting, lambda _: None)
    deleted = [told for name, told in deleting.asked if name == "delete_network_interface"]
    assert deleted == [{"NetworkInterfaceId": "eni-2"}]


def test_one_that_lambda_deletes_meanwhile_is_gone_all_the_same(slept: list[float]) -> None:
    gone = refused("InvalidNetworkInterfaceID.NotFound")
    interfaces.await_gone(stage(), account(FakeEc2([LET_GO], []), delete=gone), lambda _: None)
    assert len(slept) == 1
