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

    A network that is there keeps its own: in another zone each subnet would be made anew.
    """
    told = stage.options.network or {}
    if told.get("VpcId") or all(told.get(name) for name in PARAMETERS):
        return {}
    now = stack_state.described(account.client("cloudformation"), stage.stack("network"))
    kept = {n: v for n, v in stack_state.parameters(now or {}).items() if n in PARAMETERS and v}
    return kept if len(kept) == len(PARAMETERS) else _first(account)


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


def _first(account: Account) -> Mapping[str, str]:
    zones = sorted(frozenset.intersection(*_served(account).values()))
    if len(zones) < len(PARAMETERS):
        told = ", ".join(zones) or "none"
        raise Refused(
            f"a network needs two zones of {account.region} in which all of its services have"
            f" endpoints, and there is: {told}"
        )
    return dict(zip(PARAMETERS, zones, strict=False))


def _served(account: Account) -> dict[str, frozenset[str]]:
    """Return the zones in which each service has an endpoint."""
    names = {f"com.amazonaws.{account.region}.{service}": service for service in INTERFACES}
    found = account.client("ec2").describe_vpc_endpoint_services(ServiceNames=list(names))
    details = {each["ServiceName"]: each["AvailabilityZones"] for each in found["ServiceDetails"]}
    return {service: frozenset(details.get(full, ())) for full, service in names.items()}
