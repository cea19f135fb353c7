"""Lambda's network interfaces, which outlive the functions that they are made for.

Lambda gives an interface back some time after the last version that needs it: up to 20 minutes as
its guide says (AWS Lambda developer guide, "Understanding Hyperplane Elastic Network Interfaces"),
45 as others have seen. It does so by the function's role, so the role must still be there. Until
then no security group, subnet or VPC of theirs can be deleted.
"""

import time
from typing import Any, Final

from botocore.exceptions import ClientError

from ops.deploy.account import Account
from ops.deploy.stack_state import outputs
from ops.deploy.stage import Say, Stage
from ops.directory import Refused

LIMIT_MINUTES: Final = 45
"""How long they are waited for."""
_PAUSE_S: Final = 15
_LOOKS: Final = LIMIT_MINUTES * 60 // _PAUSE_S

Interface = dict[str, Any]


def left(stage: Stage, account: Account) -> list[Interface]:
    """Return the interfaces in a stage's network: those in the group of its functions."""
    network = outputs(account.client("cloudformation"), stage.stack("network"))
    groups = [each for each in network.get("SecurityGroupIds", "").split(",") if each]
    if not groups:
        return []
    described = account.client("ec2").get_paginator("describe_network_interfaces")
    pages = described.paginate(Filters=[{"Name": "group-id", "Values": groups}])
    return [each for page in pages for each in page["NetworkInterfaces"]]


def await_gone(stage: Stage, account: Account, say: Say) -> None:
    """Wait until Lambda has given them back. Raises Refused where that takes too long."""
    for look in range(_LOOKS):
        found = left(stage, account)
        if not found:
            return
        if not look:
            say(f"waiting for Lambda to give back network interfaces: {_named(found)}")
        for each in found:
            _delete_if_available(account, each)
        time.sleep(_PAUSE_S)
    raise Refused(
        f"after {LIMIT_MINUTES} minutes Lambda still has network interfaces of stage {stage.name}"
        f" ({_named(found)}), and the network cannot be deleted: repeat this later, it goes on"
    )


def _named(found: list[Interface]) -> str:
    return ", ".join(each["NetworkInterfaceId"] for each in found)


def _delete_if_available(account: Account, interface: Interface) -> None:
    """Delete one that Lambda let go of and could not delete: its role went before it."""
    if interface["Status"] != "available" or interface.get("InterfaceType") != "lambda":
        return
    try:
        account.client("ec2").delete_network_interface(
            NetworkInterfaceId=interface["NetworkInterfaceId"]
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidNetworkInterfaceID.NotFound":
            raise
