"""The network interfaces of Lambda's functions, which moto 5.2 leaves out.

There is one for each subnet and security group that some version of a function names. One that no
version needs is seen once more, and then given back by its function's role, which has to be there
and to allow it; without the role it stays, `available`. A security group or a subnet with an
interface cannot be deleted.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends
from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_network_interfaces import NetworkInterface, NetworkInterfaceBackend
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.models.subnets import SubnetBackend
from moto.iam.models import iam_backends

_describe = NetworkInterfaceBackend.get_all_network_interfaces
_delete_group = SecurityGroupBackend.delete_security_group
_delete_subnet = SubnetBackend.delete_subnet
_update_function = LambdaBackend.update_function_configuration
_delete_function = LambdaBackend.delete_function

Place = tuple[str, str]
"""A subnet, and the security groups in it, by commas."""


def describe(ec2: Any, eni_ids: Any = None, filters: Any = None) -> Any:
    made = _made(ec2)
    found = _describe(ec2, eni_ids, filters)
    for place in made.keys() - _needed(ec2).keys():
        _give_back(ec2, made[place])
    return found


def delete_group(ec2: Any, name: str | None = None, group_id: str | None = None) -> None:
    if any(group_id in place[1].split(",") for place in _made(ec2)):
        raise DependencyViolationError(f"resource {group_id} has a dependent object")
    _delete_group(ec2, name, group_id)


def delete_subnet(ec2: Any, subnet_id: str) -> Any:
    if any(place[0] == subnet_id for place in _made(ec2)):
        raise DependencyViolationError(f"The subnet '{subnet_id}' has dependencies")
    return _delete_subnet(ec2, subnet_id)


def update_function(lambdas: LambdaBackend, *arguments: Any, **named: Any) -> Any:
    _made_for(lambdas)
    return _update_function(lambdas, *arguments, **named)


def delete_function(lambdas: LambdaBackend, *arguments: Any, **named: Any) -> None:
    _made_for(lambdas)
    _delete_function(lambdas, *arguments, **named)


def _made_for(lambdas: LambdaBackend) -> None:
    _made(ec2_backends[lambdas.account_id][lambdas.region_name])


def _needed(ec2: Any) -> dict[Place, LambdaFunction]:
    storage = lambda_backends[ec2.account_id][ec2.region_name]._lambdas
    found = {}
    for function in storage.all():
        config = function.vpc_config or {}
        for subnet in config.get("SubnetIds", ()):
            found[subnet, ",".join(config["SecurityGroupIds"])] = function
    return found


def _made(ec2: Any) -> dict[Place, NetworkInterface]:
    """Make what functions need and is not there; return all that are there."""
    needed, found = _needed(ec2), _found(ec2)
    for place in needed.keys() - found.keys():
        _make(ec2, place, needed[place])
    return _found(ec2)


def _found(ec2: Any) -> dict[Place, NetworkInterface]:
    lambdas = (each for each in ec2.enis.values() if each.interface_type == "lambda")
    return {
        (each.subnet.id, ",".join(group.id for group in each.group_set)): each for each in lambdas
    }


def _make(ec2: Any, place: Place, function: LambdaFunction) -> None:
    subnet, groups = place
    says = f"AWS Lambda VPC ENI-{function.function_name}"
    made = ec2.create_network_interface(subnet, [], group_ids=groups.split(","), description=says)
    made.interface_type, made.status, made.role = "lambda", "in-use", function.role


def _give_back(ec2: Any, interface: Any) -> None:
    if not _may_delete(ec2, interface.role):
        interface.status = "available"
    else:
        ec2.enis.pop(interface.id)


def _may_delete(ec2: Any, arn: str) -> bool:
    iam = iam_backends[ec2.account_id][ec2.partition]
    roles = [role for role in iam.roles.values() if role.arn == arn]
    policies = [json.loads(text) for role in roles for text in role.policies.values()]
    actions = [each["Action"] for policy in policies for each in policy["Statement"]]
    return any("ec2:DeleteNetworkInterface" in each for each in actions)


@contextmanager
def installed() -> Iterator[None]:
    """Let moto's EC2 have them while the context lasts."""
    with ExitStack() as patches:
        for owner, name, filled in (
            (NetworkInterfaceBackend, "get_all_network_interfaces", describe),
            (SecurityGroupBackend, "delete_security_group", delete_group),
            (SubnetBackend, "delete_subnet", delete_subnet),
            (LambdaBackend, "update_function_configuration", update_function),
            (LambdaBackend, "delete_function", delete_function),
        ):
            patches.enter_context(patch.object(owner, name, filled))
        yield
