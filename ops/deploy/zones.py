"""The availability zones of a private network: those in which all of its services have endpoints.

Not every service has an endpoint in every zone, and CloudFormation finds that out when it makes the
endpoint (EC2 API reference, DescribeVpcEndpointServices).
"""

from collections.abc import Iterator, Mapping
from typing import Final

from ops.deploy import stack_state
from ops.deploy.account import Account
from ops.deploy.stage import Stage
from ops.deploy.templates.network import INTERFACES
from ops.directory import Refused

PARAMETERS: Final = ("FirstZone", "SecondZone")


def chosen(stage: Stage, account: Account) -> Mapping[str, str]:
    """Return the zones of the subnets that are made; nothing where they are given. Raises Refused.

    A network that is there keeps its own, those too that CloudFormation chose (an empty parameter):
    in another zone each subnet would be made anew.
    """
    told = stage.options.network or {}
    if told.get("VpcId") or all(told.get(name) for name in PARAMETERS):
        return {}
    now = stack_state.made(account.client("cloudformation"), stage.stack("network"))
    if now:
        return {n: v for n, v in stack_state.parameters(now).items() if n in PARAMETERS}
    return _first(account, {n: v for n, v in told.items() if n in PARAMETERS and v})


def unserved(stage: Stage, account: Account) -> Iterator[str]:
    """Say which of the given subnets lie where some service has no endpoint."""
    told = stage.options.network or {}
    if not told.get("SubnetIds") or told.get("Endpoints") == "given":
        return
    served = _served(account)
    subnets = account.client("ec2").describe_subnets(SubnetIds=told["SubnetIds"].split(","))
    for subnet in subnets["Subnets"]:
        name, zone = subnet["SubnetId"], subnet["AvailabilityZone"]
        if lacking := [service for service, zones in served.items() if zone not in zones]:
            yield (
                f"the subnet {name} is in {zone}, where {', '.join(lacking)} have no endpoint:"
                " take one in another zone"
            )


def _first(account: Account, told: Mapping[str, str]) -> Mapping[str, str]:
    """Choose those that are not told, each another: an endpoint takes one subnet of a zone."""
    served = sorted(frozenset.intersection(*_served(account).values()))
    zones = [zone for zone in served if zone not in told.values()]
    missing = [name for name in PARAMETERS if name not in told]
    if len(zones) < len(missing):
        raise Refused(
            f"a network needs two zones of {account.region} in which all of its services have"
            f" endpoints, and there is: {', '.join(served) or 'none'}"
        )
    return dict(zip(missing, zones, strict=False))


def _served(account: Account) -> dict[str, frozenset[str]]:
    """Return the zones in which each service has an endpoint.

    All are listed, for EC2 refuses the name of one that a region does not have: InvalidServiceName.
    """
    interfaces = {"Name": "service-type", "Values": ["Interface"]}
    pages = account.client("ec2").get_paginator("describe_vpc_endpoint_services")
    zones = {
        each["ServiceName"]: frozenset(each["AvailabilityZones"])
        for page in pages.paginate(Filters=[interfaces])
        for each in page["ServiceDetails"]
    }
    of_region = f"com.amazonaws.{account.region}"
    return {name: zones.get(f"{of_region}.{name}", frozenset()) for name in INTERFACES}
