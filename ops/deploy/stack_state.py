"""What CloudFormation says of a stack, and what a deployment does with one in each state.

Source: CloudFormation User Guide, "Stack status codes", "Stack failure options" and "Continue
rolling back an update"; CreateChangeSet, RollbackStack and DeleteStack in its API Reference.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from botocore.exceptions import ClientError

from ops.deploy import leftovers
from ops.deploy.leftovers import Template


class Course(Enum):
    """What is done with a stack before it is as it is to be; the values are what a plan says."""

    MAKE = "made"
    UPDATE = "updated"
    CLEAR = "deleted first, for it can be nothing else"
    ROLL_BACK = "rolled back first"
    CONTINUE = "rolled back to the end first"
    AWAIT = "left alone until that has ended"
    SETTLE = "left alone until its operator has settled it"


COURSES: Final = {
    "CREATE_COMPLETE": Course.UPDATE,
    "UPDATE_COMPLETE": Course.UPDATE,
    "UPDATE_ROLLBACK_COMPLETE": Course.UPDATE,
    "IMPORT_COMPLETE": Course.UPDATE,
    "IMPORT_ROLLBACK_COMPLETE": Course.UPDATE,  # CLEAR, if nothing is in it
    "DELETE_COMPLETE": Course.MAKE,
    "REVIEW_IN_PROGRESS": Course.CLEAR,  # nothing is in it: a change set was made, and no more
    "CREATE_FAILED": Course.CLEAR,
    "ROLLBACK_COMPLETE": Course.CLEAR,
    "ROLLBACK_FAILED": Course.CLEAR,
    "DELETE_FAILED": Course.CLEAR,
    "UPDATE_FAILED": Course.ROLL_BACK,
    "UPDATE_ROLLBACK_FAILED": Course.CONTINUE,
    "IMPORT_ROLLBACK_FAILED": Course.SETTLE,  # CLEAR, if everything in it outlives it
    "CREATE_IN_PROGRESS": Course.AWAIT,
    "ROLLBACK_IN_PROGRESS": Course.AWAIT,
    "DELETE_IN_PROGRESS": Course.AWAIT,
    "UPDATE_IN_PROGRESS": Course.AWAIT,
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": Course.AWAIT,
    "UPDATE_ROLLBACK_IN_PROGRESS": Course.AWAIT,
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": Course.AWAIT,
    "IMPORT_IN_PROGRESS": Course.AWAIT,
    "IMPORT_ROLLBACK_IN_PROGRESS": Course.AWAIT,
}
"""Every StackStatus of cloudformation 2010-05-15. No page says what becomes of a new stack whose
first import fails: botocore's waiter expects ROLLBACK_… or IMPORT_ROLLBACK_…, and a change set that
cannot be made leaves REVIEW_IN_PROGRESS. From each of them a repeat goes on."""
_NOT_IN_IT: Final = (
    "DELETE_COMPLETE",
    "DELETE_SKIPPED",
    "IMPORT_FAILED",
    "IMPORT_ROLLBACK_COMPLETE",
)
"""States of a resource that is listed with a stack, and is none of its own (any more)."""

Client = Any
Described = dict[str, Any]


def described(cloudformation: Client, name: str) -> Described | None:
    try:
        found: Described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":  # there is none
            return None
        raise
    return found


def course(cloudformation: Client, name: str) -> Course:
    """Say what a deployment does with a stack."""
    found = described(cloudformation, name)
    return _course(cloudformation, name, found) if found else Course.MAKE


def _course(cloudformation: Client, name: str, found: Described) -> Course:
    status = found["StackStatus"]
    if status.startswith("IMPORT_ROLLBACK_") and COURSES[status] is not Course.AWAIT:
        has = resources(cloudformation, name)
        if not has or (COURSES[status] is Course.SETTLE and _outlive(cloudformation, name, has)):
            return Course.CLEAR
    return COURSES[status]


def resources(cloudformation: Client, name: str) -> dict[str, str]:
    """Return the states of what is in a stack, by logical ids."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    listed = (each for page in pages for each in page["StackResourceSummaries"])
    states = {each["LogicalResourceId"]: each["ResourceStatus"] for each in listed}
    return {n: status for n, status in states.items() if status not in _NOT_IN_IT}


def _outlive(cloudformation: Client, name: str, has: dict[str, str]) -> bool:
    """Say whether all that a stack has would be left by its deletion."""
    template: Template = cloudformation.get_template(StackName=name)["TemplateBody"]
    left: Mapping[str, Any] = leftovers.retained(template).get("Resources", {})
    return has.keys() <= left.keys()


def made(cloudformation: Client, name: str) -> Described | None:
    """Describe a stack; None where there is none, or one that was never made."""
    found = described(cloudformation, name)
    never = (Course.MAKE, Course.CLEAR)
    return None if not found or _course(cloudformation, name, found) in never else found


def status(cloudformation: Client, name: str) -> str | None:
    found = described(cloudformation, name)
    return str(found["StackStatus"]) if found else None


def is_there(cloudformation: Client, name: str) -> bool:
    return status(cloudformation, name) not in (None, "DELETE_COMPLETE")


def outputs(cloudformation: Client, name: str) -> dict[str, str]:
    found = described(cloudformation, name) or {}
    return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())}


def parameters(found: Described) -> dict[str, str]:
    return {p["ParameterKey"]: p["ParameterValue"] for p in found.get("Parameters", ())}
