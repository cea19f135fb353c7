"""A stage's CloudFormation stacks: made, brought up to date by change sets, or left as they are."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError, WaiterError

from ops.deploy import leftovers
from ops.deploy.account import Account
from ops.deploy.stage import FOLDER, Stage
from ops.directory import Refused

PARTS: Final = ("resources", "network", "analytics", "alarms")
"""A template each, in `.chalice`; in the order in which they are made."""
ONLY_REVIEWED: Final = "REVIEW_IN_PROGRESS"
"""A stack that was never made: somebody looked at what would be."""
NEVER_MADE: Final = frozenset({"ROLLBACK_COMPLETE", "DELETE_COMPLETE", ONLY_REVIEWED})
STUCK: Final = frozenset(
    {"ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED", "IMPORT_ROLLBACK_FAILED"}
)
_NOTHING = ("didn't contain changes", "No updates are to be performed")
_SET_SECONDS, _STACK_SECONDS = 2, 5
_WAIT: Final = {
    "CREATE": "stack_create_complete",
    "UPDATE": "stack_update_complete",
    "IMPORT": "stack_import_complete",
}

Template = Mapping[str, Any]
Client = Any


@dataclass(frozen=True, slots=True)
class Stack:
    name: str
    template: Template
    parameters: Mapping[str, str]

    @property
    def all_parameters(self) -> dict[str, str]:
        """The parameters with those whose default stays."""
        declared = self.template.get("Parameters", {})
        defaults = {n: str(each["Default"]) for n, each in declared.items() if "Default" in each}
        return {**defaults, **self.parameters}


def wanted(stage: Stage, account: Account) -> list[Stack]:
    """Return the stacks that a stage is to have."""
    parameters: dict[str, Mapping[str, str]] = {part: {} for part in PARTS}
    parameters["alarms"] = {"AlertEmail": stage.options.alert_email}
    if stage.options.network is None:
        del parameters["network"]
    else:
        parameters["network"] = {**_prefix_lists(account), **stage.options.network}
    return [
        Stack(stage.stack(part), template(part), {"Stage": stage.name, **own})
        for part, own in parameters.items()
    ]


def template(part: str) -> Template:
    read: Template = json.loads((FOLDER / f"{part}.json").read_text(encoding="utf-8"))
    return read


def _prefix_lists(account: Account) -> dict[str, str]:
    """Find the lists of S3's and DynamoDB's addresses, which security groups name."""
    services = {"S3PrefixList": "s3", "DynamoDbPrefixList": "dynamodb"}
    ec2 = account.client("ec2")
    found = {}
    for parameter, service in services.items():
        name = f"com.amazonaws.{account.region}.{service}"
        lists = ec2.describe_managed_prefix_lists(
            Filters=[{"Name": "prefix-list-name", "Values": [name]}]
        )["PrefixLists"]
        if not lists:
            raise Refused(f"there is no prefix list {name}, which a network needs")
        found[parameter] = lists[0]["PrefixListId"]
    return found


def status(cloudformation: Client, name: str) -> str | None:
    described = _described(cloudformation, name)
    return str(described["StackStatus"]) if described else None


def outputs(cloudformation: Client, name: str) -> dict[str, str]:
    described = _described(cloudformation, name) or {}
    return {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", ())}


def outlook(cloudformation: Client, stack: Stack) -> str:
    """Say what `apply` would do: `create`, `update` or `no change`."""
    described = _described(cloudformation, stack.name)
    if not described or described["StackStatus"] in NEVER_MADE:
        return "create"
    as_it_is = cloudformation.get_template(StackName=stack.name)["TemplateBody"]
    given = {p["ParameterKey"]: p["ParameterValue"] for p in described.get("Parameters", ())}
    same = _read(as_it_is) == stack.template and stack.all_parameters == {
        **stack.all_parameters,
        **given,
    }
    return "no change" if same else "update"


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
        left = leftovers.found(account, stack.template, stack.parameters)
        if not left:
            return _change(cloudformation, stack, "CREATE", OnStackFailure="DELETE")
        taken_up = Stack(stack.name, leftovers.only(stack.template, left), stack.parameters)
        resources = leftovers.to_import(stack.template, left)
        _change(cloudformation, taken_up, "IMPORT", ResourcesToImport=resources)
    return _change(cloudformation, stack, "UPDATE")


def delete(account: Account, name: str) -> bool:
    """Delete a stack; say whether there was one."""
    cloudformation = account.client("cloudformation")
    if status(cloudformation, name) in (None, "DELETE_COMPLETE"):
        return False
    cloudformation.delete_stack(StackName=name)
    _wait(cloudformation, "stack_delete_complete", name)
    return True


def _clear_away(cloudformation: Client, name: str) -> None:
    """Delete a stack that could not be made: no other can take its name before."""
    if status(cloudformation, name) == "ROLLBACK_COMPLETE":
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
        raise Refused(f"the stack {name} failed: {_first_fault(cloudformation, stack)}") from error


def _first_fault(cloudformation: Client, stack: str) -> str:
    """Return why a stack failed: the newest operation's first fault."""
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    faults = [each for each in events if each.get("ResourceStatus", "").endswith("_FAILED")]
    told = [f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason')}" for each in faults]
    own = [words for words in told if "Resource creation cancelled" not in words]
    return (own or told or ["no event says why"])[-1]


def _described(cloudformation: Client, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":  # there is none
            return None
        raise
    return found
