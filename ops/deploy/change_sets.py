"""Stacks made and brought up to date by CloudFormation's change sets, or left as they are."""

import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import WaiterError

from ops.deploy import leftovers, settling, stack_waits
from ops.deploy.account import Account
from ops.deploy.stack_state import is_there, made, parameters
from ops.deploy.stacks import Stack
from ops.directory import Refused

_NOTHING = ("didn't contain changes", "No updates are to be performed")
_SET_SECONDS = 2
_WAIT: Final = {
    "CREATE": "stack_create_complete",
    "UPDATE": "stack_update_complete",
    "IMPORT": "stack_import_complete",
}
_REPEAT_IMPORT: Final = (
    "; what is there already was left as it is: mend that and repeat this, which goes on from here"
)

Client = Any


def outlook(cloudformation: Client, stack: Stack) -> str:
    """Say what `apply` would do: `create`, `update` or `no change`."""
    now = _as_it_is(cloudformation, stack.name)
    if not now:
        return "create"
    same = now.template == stack.template and now.parameters == stack.all_parameters
    return "no change" if same else "update"


def parameters_changed(cloudformation: Client, stack: Stack) -> list[str]:
    """Say what parameters of a stack become: `AlertEmail: '' instead of 'you@example.com'`."""
    now = _as_it_is(cloudformation, stack.name)
    before = now.parameters if now else {}
    changed = ((n, stack.all_parameters.get(n), was) for n, was in sorted(before.items()))
    return [f"{n}: {value!r} instead of {was!r}" for n, value, was in changed if value != was]


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
    settling.settle(cloudformation, stack)
    will = outlook(cloudformation, stack)
    if will == "no change":
        return False
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
    stack_waits.wait(cloudformation, "stack_delete_complete", name)
    return True


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
    todo = _REPEAT_IMPORT if kind == "IMPORT" else ""
    stack_waits.wait(cloudformation, _WAIT[kind], made["StackId"], todo)
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
