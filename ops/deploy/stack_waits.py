"""The end of an operation on a stack, waited for; where it fails, what failed first in it."""

import re
from collections.abc import Mapping
from itertools import takewhile
from typing import Any, Final

from botocore.exceptions import WaiterError

from ops.directory import Refused

_SECONDS, _LOOKS = 5, 720
_BEGINS: Final = {
    "stack_create_complete": "CREATE_IN_PROGRESS",
    "stack_update_complete": "UPDATE_IN_PROGRESS",
    "stack_import_complete": "IMPORT_IN_PROGRESS",
    "stack_rollback_complete": "UPDATE_ROLLBACK_IN_PROGRESS",
    "stack_delete_complete": "DELETE_IN_PROGRESS",
}
"""What a stack's own event says when the operation begins that a waiter waits for."""
_CANCELLED: Final = re.compile(r"Resource \w+ cancelled")
"""What is said of resources that were given up because another one failed."""

Client = Any


def wait(cloudformation: Client, waiter: str, stack: str, todo: str = "") -> None:
    """Wait for a stack, by its name or ARN. Raises Refused, with what to do, where it fails."""
    try:
        cloudformation.get_waiter(waiter).wait(
            StackName=stack, WaiterConfig={"Delay": _SECONDS, "MaxAttempts": _LOOKS}
        )
    except WaiterError as error:
        name = stack.rpartition(":stack/")[2].partition("/")[0]
        fault = _first_fault(cloudformation, stack, _BEGINS[waiter])
        raise Refused(f"the stack {name} failed: {fault}{todo}") from error


def _first_fault(cloudformation: Client, stack: str, begins: str) -> str:
    """Return why the newest operation of a stack failed. Events come newest first."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    events = (each for page in pages for each in page["StackEvents"])
    newest = takewhile(lambda each: not _is_beginning(each, begins), events)
    faults = [each for each in newest if each.get("ResourceStatus", "").endswith("_FAILED")]
    told = [f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason')}" for each in faults]
    own = [words for words in told if not _CANCELLED.search(words)]
    return (own or told or ["no event says why"])[-1]


def _is_beginning(event: Mapping[str, Any], begins: str) -> bool:
    of_the_stack = event.get("PhysicalResourceId") == event.get("StackId")
    return of_the_stack and event.get("ResourceStatus") == begins
