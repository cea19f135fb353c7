"""The functions' policies as they are deployed: for one account, one region, and a network or none.

The files in `.chalice` say what each function does; that it may do so here alone, and to what the
stage's settings name alone, is written when that is known.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, TypeGuard, cast

from chalice.deploy import models

from ops.deploy.named import Named
from ops.deploy.place import Place

Document = dict[str, Any]

IN_A_VPC: Final = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
)
SEEN_IN_A_VPC: Final = ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets")
"""What Lambda does with the role of a function in a VPC, and must be refused to the function's own
code. AWS Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC"."""


NAMED: Final[Mapping[str, Callable[[Named], tuple[str, ...]]]] = {
    "MarketplaceEndpoints": lambda named: named.marketplace,
    "QueryUsage": lambda named: named.log_groups,
    "SageMaker": lambda named: named.endpoints,
    "SeeEndpoints": lambda named: named.endpoints,
    "Tell": lambda named: named.topics,
}
"""Statements, by their Sid, whose resources a stage's settings name. Where they name none, there is
no such statement."""
GO_WITH: Final[Mapping[str, str]] = {
    "MarketplaceEndpointConfigs": "MarketplaceEndpoints",
    "SeeEndpointConfigs": "SeeEndpoints",
}
"""Statements that are there with another: an endpoint's configuration has a name of its own."""


def narrow(
    resources: list[models.Model], place: Place, leaving: Collection[str] = frozenset()
) -> None:
    """Narrow the policies of the functions that are about to be deployed.

    The functions that are leaving a network need it until Lambda has given back their interfaces.
    Raises SettingError.
    """
    for resource in resources:
        if isinstance(resource, models.LambdaFunction) and _is_ours(resource.role):
            policy = resource.role.policy
            named = Named.of(resource.environment_variables, place)
            policy.document = narrowed(cast(Document, policy.document), place, named)
            if resource.subnet_ids or resource.function_name in leaving:
                policy.document = with_network(policy.document, place, resource.function_name)


def _is_ours(role: models.IAMRole) -> TypeGuard[models.ManagedIAMRole]:
    return isinstance(role, models.ManagedIAMRole)


def narrowed(document: Mapping[str, Any], place: Place, named: Named) -> Document:
    """Write the account and the region in the place of `*`, wherever an ARN has them.

    A foundation model is nobody's, and a profile calls it in other regions: its ARN stays. So does
    the region of a guardrail's profile, which is evaluated in several.
    """
    text = json.dumps(document).replace("arn:aws:", f"arn:{place.partition}:")
    text = text.replace(":*:*:guardrail-profile/", f":*:{place.account}:guardrail-profile/")
    text = text.replace(":*:*:", f":{place.region}:{place.account}:")
    text = text.replace(":iam::*:", f":iam::{place.account}:")
    text = re.sub(r"(:s3:::[a-z0-9-]+-)\*", rf"\g<1>{place.account}", text)
    here: Document = json.loads(text)
    return {**here, "Statement": list(_to_what_is_named(here["Statement"], named))}


def _to_what_is_named(statements: list[Document], named: Named) -> Iterator[Document]:
    for statement in statements:
        sid: str = statement["Sid"]
        found = NAMED.get(GO_WITH.get(sid, sid))
        resources = found(named) if found else ()
        if sid in NAMED and resources:
            yield {**statement, "Resource": list(resources)}
        elif resources or not found:
            yield statement


def with_network(document: Mapping[str, Any], place: Place, function: str) -> Document:
    """Let Lambda make a function's network interfaces, and not the function."""
    ec2 = f"arn:{place.partition}:ec2:{place.region}:{place.account}:*/*"
    own = f"arn:{place.partition}:lambda:{place.region}:{place.account}:function:{function}"
    statements = [
        _statement("NetworkInterfaces", "Allow", IN_A_VPC, ec2),
        _statement("SeeNetworkInterfaces", "Allow", SEEN_IN_A_VPC, "*"),
        {
            **_statement("NotByItsCode", "Deny", ("ec2:*",), "*"),
            "Condition": {"ArnLike": {"lambda:SourceFunctionArn": [own, f"{own}:*"]}},
        },
    ]
    return {**document, "Statement": [*document["Statement"], *statements]}


def _statement(sid: str, effect: str, actions: tuple[str, ...], resource: str) -> Document:
    return {"Sid": sid, "Effect": effect, "Action": list(actions), "Resource": resource}
