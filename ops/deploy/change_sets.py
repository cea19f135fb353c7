"""Stacks made and brought up to date by CloudFormation's change sets, or left as they are."""

import json
import secrets
from collections.abc import Mapping
from itertools import takewhile
from typing import Any, Final

from botocore.exceptions import WaiterError

from ops.deploy import leftovers
from ops.deploy.account import Account
from ops.deploy.stack_state import TO_CLEAR, is_there, made, parameters, status
from ops.deploy.stacks import Stack
from ops.directory import Refused

_NOTHING = ("didn't contain changes", "No updates are to be performed")
_SET_SECONDS, _STACK_SECONDS = 2, 5
_WAIT: Final = {
    "CREATE": "stack_create_complete",
    "UPDATE": "stack_update_complete",
    "IMPORT": "stack_import_complete",
}
_BEGINS: Final = {
    "stack_create_complete": "CREATE_IN_PROGRESS",
    "stack_update_complete": "UPDATE_IN_PROGRESS",
    "stack_import_complete": "IMPORT_IN_PROGRESS",
    "stack_delete_complete": "DELETE_IN_PROGRESS",
}
"""What a stack's own event says when the operation begins that a waiter waits for."""

Client = Any


def outlook(cloudformation: Client, stack: Stack) -> str:
    """Say what `apply` would do: `create`, `update` or `no change`."""
    now = _as_it_is(cloudformation, stack.name)
    if not now:
        return "create"
    same = now.template == stack.template and now.parameters == stack.all_parameters
    return "no change" if same else "update"


def _as_it_is(cloudformation: Client, name: str) -> Stack | None:
    """Return a stack as CloudFormation has it; None where it was never made."""
    found = made(cloudformation, name)
    if not found:
        return None
    template = cloudformation.get_template(StackName=name)["TemplateBody"]
    return Stack(name, _read(template), parameters(found))


def _read(body: Any) -> Any:
    """boto3 reads a template that is JSON; what is not is no template of ours."""
    return json.loads(json.dumps(body))


def apply(account: Account, stack: Stack) -> bool:
    """Make a stack as it is to be; say whether anything changed. Raises Refused."""
    cloudformation = account.client("cloudformation")
    will = outlook(cloudformation, stack)
    if will == "no change":
        return False
    if will == "create":
        _clear_away(cloudformation, stack.name)
    taken_up = _take_up(account, stack)
    if will == "create" and not taken_up:  # what is rolled back leaves nothing, not even a table
        return _change(cloudformation, stack, "CREATE", OnStackFailure="ROLLBACK")
    return _change(cloudformation, stack, "UPDATE") or taken_up


def _take_up(account: Account, stack: Stack) -> bool:
    """Import what a stack is to have and is there already; say whether anything is."""
    cloudformation = account.client("cloudformation")
    now = _as_it_is(cloudformation, stack.name)
    left = leftovers.found(account, stack.template, stack.parameters, now.template if now else None)
    if not left:
        return False
    template = leftovers.importing(now.template if now else None, stack.template, left)
    parameters = now.parameters if now else stack.parameters
    resources = leftovers.to_import(stack.template, left)
    taking_up = Stack(stack.name, template, parameters)
    return _change(cloudformation, taking_up, "IMPORT", ResourcesToImport=resources)


def delete(account: Account, name: str) -> bool:
    """Delete a stack; say whether there was one."""
    cloudformation = account.client("cloudformation")
    if not is_there(cloudformation, name):
        return False
    cloudformation.delete_stack(StackName=name)
    _wait(cloudformation, "stack_delete_complete", name)
    return True


def _clear_away(cloudformation: Client, name: str) -> None:
    """Delete a stack that could not be made or deleted: no other can take its name before."""
    if status(cloudformation, name) in TO_CLEAR:
        cloudformation.delete_stack(StackName=name)
        _wait(cloudformation, "stack_delete_complete", name)


def _change(cloudformation: Client, stack: Stack, kind: str, **how: Any) -> bool:
    made = cloudformation.create_change_set(
        StackName=stack.name,
        ChangeSetName=f"ops-deploy-{secrets.token_hex(8)}",
        ChangeSetType=kind,
        TemplateBody=json.dumps(stack.template),
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in stack.all_parameters.items()
        ],
        Capabilities=["CAPABILITY_NAMED_IAM"],
        **how,
    )
    named = {"ChangeSetName": made["Id"], "StackName": stack.name}
    if not _has_changes(cloudformation, named):
        cloudformation.delete_change_set(**named)
        return False
    cloudformation.execute_change_set(**named)
    _wait(cloudformation, _WAIT[kind], made["StackId"])
    return True


def _has_changes(cloudformation: Client, named: Mapping[str, str]) -> bool:
    waiter = cloudformation.get_waiter("change_set_create_complete")
    try:
        waiter.wait(**named, WaiterConfig={"Delay": _SET_SECONDS, "MaxAttempts": 300})
    except WaiterError as error:
        reason = cloudformation.describe_change_set(**named).get("StatusReason", str(error))
        if any(words in reason for words in _NOTHING):
            return False
        raise Refused(f"the stack {named['StackName']} cannot be changed: {reason}") from error
    return True


def _wait(cloudformation: Client, waiter: str, stack: str) -> None:
    try:
        cloudformation.get_waiter(waiter).wait(
            StackName=stack, WaiterConfig={"Delay": _STACK_SECONDS, "MaxAttempts": 720}
        )
    except WaiterError as error:
        name = stack.rpartition(":stack/")[2].partition("/")[0]
        fault = _first_fault(cloudformation, stack, _BEGINS[waiter])
        raise Refused(f"the stack {name} failed: {fault}") from error


def _first_fault(cloudformation: Client, stack: str, begins: str) -> str:
    """Return why the newest operation of a stack failed. Events come newest first."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    events = (each for page in pages for each in page["StackEvents"])
    newest = takewhile(lambda each: not _is_beginning(each, begins), events)
    faults = [each for each in newest if each.get("ResourceStatus", "").endswith("_FAILED")]
    told = [f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason')}" for each in faults]
    own = [words for words in told if "Resource creation cancelled" not in words]
    return (own or told or ["no event says why"])[-1]


def _is_beginning(event: Mapping[str, Any], begins: str) -> bool:
    of_the_stack = event.get("PhysicalResourceId") == event.get("StackId")
    return of_the_stack and event.get("ResourceStatus") == begins
