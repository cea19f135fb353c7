"""What may be said of a private network, and what of it goes with what."""

from typing import Final

from ops.deploy.templates.cloudformation import Node, ref

SUBNETS: Final = {"FirstSubnet": "FirstZone", "SecondSubnet": "SecondZone"}
"""The subnets that are made, and the parameters that name their zones."""


def _zone(which: str) -> Node:
    return {
        "Type": "String",
        "Default": "",
        "Description": f"The availability zone of the {which} subnet that is made; empty: any.",
    }


PARAMETERS: Final[Node] = {
    "VpcId": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "|vpc-[0-9a-f]+",
        "Description": "A VPC that is there. Empty: one is made.",
    },
    "SubnetIds": {
        "Type": "String",
        "Default": "",
        "Description": "Of a given VPC: the subnets for functions and endpoints, by commas.",
    },
    "RouteTableIds": {
        "Type": "String",
        "Default": "",
        "Description": "Of a given VPC: the route tables of those subnets, by commas.",
    },
    "Endpoints": {
        "Type": "String",
        "Default": "make",
        "AllowedValues": ["make", "given"],
        "Description": "given: the VPC has endpoints of these services, with private names.",
    },
    "EndpointSecurityGroupId": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "|sg-[0-9a-f]+",
        "Description": "Of given endpoints: the security group of the interfaces.",
    },
    "CidrBlock": {
        "Type": "String",
        "Default": "10.73.0.0/24",
        "Description": "The addresses of a VPC that is made.",
    },
    "FirstZone": _zone("first"),
    "SecondZone": _zone("second"),
    "S3PrefixList": {
        "Type": "String",
        "AllowedPattern": "pl-[0-9a-f]+",
        "Description": "The id of the prefix list com.amazonaws.REGION.s3.",
    },
    "DynamoDbPrefixList": {
        "Type": "String",
        "AllowedPattern": "pl-[0-9a-f]+",
        "Description": "The id of the prefix list com.amazonaws.REGION.dynamodb.",
    },
}


def _is(parameter: str, value: str) -> Node:
    return {"Fn::Equals": [ref(parameter), value]}


def _is_told(parameter: str) -> Node:
    return {"Fn::Not": [_is(parameter, "")]}


def _rule(condition: Node, says: str, needed: tuple[str, ...]) -> Node:
    """CloudFormation refuses parameters that break it, before anything is made."""
    told = [
        {"Assert": _is_told(name), "AssertDescription": f"{says}, {name} is to be given, too."}
        for name in needed
    ]
    return {"RuleCondition": condition, "Assertions": told}


RULES: Final[Node] = {
    "VpcIsGivenWhole": _rule(_is_told("VpcId"), "With VpcId", ("SubnetIds", "RouteTableIds")),
    "EndpointsAreGivenWhole": _rule(
        _is("Endpoints", "given"), "With Endpoints=given", ("VpcId", "EndpointSecurityGroupId")
    ),
}
CONDITIONS: Final[Node] = {
    "MakeVpc": _is("VpcId", ""),
    "MakeEndpoints": _is("Endpoints", "make"),
    "UseEndpoints": {"Fn::And": [_is("Endpoints", "given"), _is_told("EndpointSecurityGroupId")]},
    **{f"Any{zone}": _is(zone, "") for zone in SUBNETS.values()},
}
