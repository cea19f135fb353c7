"""What `ops destroy` leaves of the stack of resources: what is retained, or nothing."""

from types import SimpleNamespace

import pytest
from deploy_fakes import FakeAccount, refused, stage

from ops.deploy import destroy


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"])
def test_a_stack_that_could_not_be_made_is_deleted_and_no_table_is_made(status: str) -> None:
    account = FakeAccount(
        cloudformation={
            "describe_stacks": {"Stacks": [{"StackStatus": status}]},
            "delete_stack": {},
            "get_waiter": lambda _: SimpleNamespace(wait=lambda **_: None),
        }
    )
    said: list[str] = []
    destroy._shrink(account, destroy.kept(stage(), account), said.append)
    assert ("delete_stack", {"StackName": "tollgate-dev-resources"}) in account.asked
    assert "create_change_set" not in {name for name, _ in account.asked}
    assert said == ["deleted the stack tollgate-dev-resources, which was never whole"]


def test_where_there_is_no_stack_there_is_nothing_to_do() -> None:
    account = FakeAccount(cloudformation={"describe_stacks": refused("ValidationError")})
    said: list[str] = []
    destroy._shrink(account, destroy.kept(stage(), account), said.append)
    assert said == []
