"""Every state that a stack may be in: a repeated deployment goes on from it, or says what to do."""

from typing import Any

import botocore.session
import pytest
from deploy_fakes import FakeAccount, refused, stage
from fake_cloudformation import QUEUE, STACK, TABLE, TEMPLATE, FakeCloudFormation, account

from ops.deploy import change_sets, checks, settling, stack_state
from ops.deploy.stack_state import COURSES, Course
from ops.directory import Refused

OLDER = {**TEMPLATE, "Resources": {"Queue": QUEUE}}
SETTLED = {
    Course.MAKE: ([], ["CREATE"]),
    Course.UPDATE: ([], ["UPDATE"]),
    Course.CLEAR: (["delete_stack"], ["CREATE"]),
    Course.ROLL_BACK: (["rollback_stack"], ["UPDATE"]),
    Course.CONTINUE: (["continue_update_rollback"], ["UPDATE"]),
}
"""What is done in each case that is not refused: to the stack as it is, and by change sets."""
AT_ONCE = sorted(status for status, course in COURSES.items() if course in SETTLED)
REFUSED = sorted(COURSES.keys() - {*AT_ONCE})


def stack_in(status: str, **resources: str) -> FakeCloudFormation:
    cloudformation = FakeCloudFormation(status, OLDER, Stage="dev")
    cloudformation.resources = resources or {"Queue": "CREATE_COMPLETE"}
    return cloudformation


def test_every_state_of_the_service_model_has_its_course() -> None:
    model = botocore.session.get_session().get_service_model("cloudformation")
    assert COURSES.keys() == {*model.shape_for("StackStatus").enum}


def test_a_first_import_that_fails_leaves_a_state_that_is_gone_on_from() -> None:
    """The waiter's: no page of AWS's says it."""
    waiters = botocore.session.get_session().get_waiter_model("cloudformation")
    acceptors = waiters.get_waiter("StackImportComplete").acceptors
    failed = {each.expected for each in acceptors if each.state == "failure"}
    assert failed == {
        *("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "IMPORT_ROLLBACK_IN_PROGRESS"),
        *("IMPORT_ROLLBACK_FAILED", "IMPORT_ROLLBACK_COMPLETE", "ValidationError"),
    }


@pytest.mark.parametrize("status", AT_ONCE)
def test_a_repeated_deployment_goes_on_from_where_a_stack_is(status: str) -> None:
    cloudformation = stack_in(status)
    done, sets = SETTLED[COURSES[status]]

    assert change_sets.apply(account(cloudformation), STACK)

    assert [name for name, _ in cloudformation.asked] == done
    assert [asked["ChangeSetType"] for asked in cloudformation.sets] == sets
    assert cloudformation.template == TEMPLATE


@pytest.mark.parametrize("status", REFUSED)
def test_a_stack_with_which_nothing_can_be_done_is_said_before_anything_is_changed(
    status: str,
) -> None:
    (said,) = checks.stacks_at_rest(stage(), alarms_in(status))
    in_progress = status.endswith("_IN_PROGRESS")
    assert said.startswith(f"the stack tollgate-dev-alarms is {status}: ")
    assert said.endswith("wait until that has ended") == in_progress
    assert ("delete it in CloudFormation" in said) != in_progress


@pytest.mark.parametrize("status", AT_ONCE)
def test_what_a_deployment_goes_on_from_is_not_refused(status: str) -> None:
    assert list(checks.stacks_at_rest(stage(), alarms_in(status))) == []


def alarms_in(status: str) -> Any:
    """An account whose stack of alarms is in that state, and which has no other."""
    alarms = stack_in(status)

    def describe(StackName: str) -> Any:  # noqa: N803
        if StackName != "tollgate-dev-alarms":
            return refused("ValidationError")
        return alarms.describe_stacks()

    return FakeAccount(
        cloudformation={
            "describe_stacks": describe,
            "get_paginator": alarms.get_paginator,
            "get_template": alarms.get_template,
        }
    )


@pytest.mark.parametrize("status", ["IMPORT_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_FAILED"])
@pytest.mark.parametrize("left", [{}, {"Table": "IMPORT_ROLLBACK_COMPLETE"}])
def test_a_stack_whose_first_import_failed_is_begun_anew(status: str, left: Any) -> None:
    cloudformation = stack_in(status)
    cloudformation.resources = left

    assert change_sets.apply(account(cloudformation, {"Table": ""}), STACK)

    assert [name for name, _ in cloudformation.asked] == ["delete_stack"]
    assert [asked["ChangeSetType"] for asked in cloudformation.sets] == ["IMPORT", "UPDATE"]


def test_a_stack_that_stuck_with_nothing_but_what_outlives_it_is_begun_anew() -> None:
    cloudformation = stack_in("IMPORT_ROLLBACK_FAILED", Table="IMPORT_ROLLBACK_FAILED")
    cloudformation.template = {"Resources": {"Table": TABLE}}

    assert change_sets.apply(account(cloudformation, {"Table": ""}), STACK)

    assert [asked["ChangeSetType"] for asked in cloudformation.sets] == ["IMPORT", "UPDATE"]


def test_an_import_into_a_stack_that_is_used_leaves_it_where_it_was() -> None:
    assert stack_state.course(stack_in("IMPORT_ROLLBACK_COMPLETE"), "bridges") is Course.UPDATE


def test_a_bucket_that_could_not_be_deleted_with_its_stack_is_taken_up() -> None:
    cloudformation = stack_in("DELETE_FAILED", Bucket="DELETE_FAILED", Queue="DELETE_FAILED")

    assert change_sets.apply(account(cloudformation, {"Bucket": ""}), STACK)

    assert cloudformation.asked == [
        ("delete_stack", {"StackName": "bridges", "RetainResources": ["Bucket"]})
    ]
    assert [asked["ChangeSetType"] for asked in cloudformation.sets] == ["IMPORT", "UPDATE"]


def test_a_rollback_that_goes_on_failing_says_why_and_how_to_skip_it() -> None:
    cloudformation = stack_in("UPDATE_ROLLBACK_FAILED")
    cloudformation.events = [
        {
            "ResourceStatus": "UPDATE_FAILED",
            "LogicalResourceId": "Queue",
            "ResourceStatusReason": "it is gone",
        }
    ]
    with pytest.raises(Refused, match="bridges failed: Queue: it is gone; mend that and repeat"):
        change_sets.apply(account(cloudformation), STACK)


def test_an_import_that_fails_says_that_nothing_is_lost_and_what_to_do() -> None:
    cloudformation = FakeCloudFormation()
    cloudformation.events = [
        {
            "ResourceStatus": "IMPORT_FAILED",
            "LogicalResourceId": "Table",
            "ResourceStatusReason": "it has another key",
        }
    ]
    with pytest.raises(Refused, match="Table: it has another key; what is there already was left"):
        change_sets.apply(account(cloudformation, {"Table": ""}), STACK)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("", ""),
        ("UPDATE_COMPLETE", ""),
        ("UPDATE_FAILED", " (it is UPDATE_FAILED, and rolled back first)"),
        (
            "ROLLBACK_FAILED",
            " (it is ROLLBACK_FAILED, and deleted first, for it can be nothing else)",
        ),
    ],
)
def test_a_plan_says_what_has_to_be_done_first(status: str, said: str) -> None:
    assert settling.outlook(stack_in(status), "bridges") == said
