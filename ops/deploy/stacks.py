"""The CloudFormation stacks that a stage has: a template of `.chalice` each, and its parameters."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ops.deploy import zones
from ops.deploy.account import Account
from ops.deploy.named import Named
from ops.deploy.stage import FOLDER, Stage
from ops.directory import Refused

PARTS: Final = ("resources", "network", "analytics", "views", "alarms")
"""A template each, in `.chalice`; in the order in which they are made."""
Template = Mapping[str, Any]


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
    """Return the stacks that a stage is to have. Raises SettingError."""
    parameters: dict[str, Mapping[str, str]] = {part: {} for part in PARTS}
    parameters["resources"] = _endpoints(stage, account)
    parameters["alarms"] = {"AlertEmail": stage.options.alert_email}
    if stage.options.network is None:
        del parameters["network"]
    else:
        found = {**_prefix_lists(account), **zones.chosen(stage, account)}
        parameters["network"] = {**found, **stage.options.network}
    return [
        Stack(stage.stack(part), template(part), {"Stage": stage.name, **own})
        for part, own in parameters.items()
    ]


def _endpoints(stage: Stage, account: Account) -> dict[str, str]:
    """Name the endpoints of SageMaker that the tenants' role may have called."""
    named = Named.of(stage.environment(account.place), account.place)
    return {
        "SageMakerEndpoints": ",".join(named.endpoints),
        "MarketplaceEndpoints": ",".join(named.marketplace),
    }


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
