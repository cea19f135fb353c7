"""A network without the internet: the functions that see prompts reach AWS by private addresses.

In a VPC that it makes, or in one whose ids are given. The report, the samples and the sweeps see
neither prompts nor answers, and stay outside.
"""

from typing import Final

from ops.deploy.templates.cloudformation import Node, logical_id, own, ref, resource, sub, template
from ops.deploy.templates.endpoint_policies import policy
from ops.deploy.templates.network_parameters import CONDITIONS, PARAMETERS, RULES, SUBNETS

INTERFACES: Final = {
    "bedrock-runtime": "bedrock",
    "bedrock": "bedrock",
    "sagemaker.runtime": "sagemaker",
    "logs": "logs",
    "sqs": "sqs",
    "sts": "sts",
}
"""The services of the interface endpoints, and what IAM calls each."""
GATEWAYS: Final = ("s3", "dynamodb")
HTTPS: Final[Node] = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}


def network() -> Node:
    return template(
        "a network without the internet for the functions that see prompts.",
        {
            **_vpc(),
            **_security_groups(),
            **{_endpoint_id(name): _interface(name, iam) for name, iam in INTERFACES.items()},
            **{_endpoint_id(name): _gateway(name) for name in GATEWAYS},
        },
        Parameters=PARAMETERS,
        Rules=RULES,
        Conditions=CONDITIONS,
        Outputs={
            "SubnetIds": {"Value": {"Fn::Join": [",", _subnets()]}},
            "SecurityGroupIds": {"Value": ref("Functions")},
        },
    )


def _endpoint_id(service: str) -> str:
    return logical_id(f"{service.replace('.', '-')}-endpoint")


def _made_or_given(made: object, given: object) -> Node:
    return {"Fn::If": ["MakeVpc", made, given]}


def _by_commas(parameter: str) -> Node:
    return {"Fn::Split": [",", ref(parameter)]}


def _vpc_id() -> Node:
    return _made_or_given(ref("Vpc"), ref("VpcId"))


def _subnets() -> Node:
    return _made_or_given([ref(name) for name in SUBNETS], _by_commas("SubnetIds"))


def _tagged(suffix: str) -> Node:
    return {"Tags": [{"Key": "Name", "Value": own(suffix)}]}


def _vpc() -> Node:
    """A VPC from which no route leads out, with a subnet in each of two zones."""
    names = {"EnableDnsSupport": True, "EnableDnsHostnames": True}  # for endpoints' private names
    made = {
        "Vpc": ("EC2::VPC", {"CidrBlock": ref("CidrBlock"), **names, **_tagged("private")}),
        "Routes": ("EC2::RouteTable", {"VpcId": ref("Vpc"), **_tagged("private")}),
    }
    for number, (name, zone) in enumerate(SUBNETS.items()):
        routes = {"SubnetId": ref(name), "RouteTableId": ref("Routes")}
        made[name] = ("EC2::Subnet", _subnet(number, zone))
        made[f"{name}Routes"] = ("EC2::SubnetRouteTableAssociation", routes)
    return {
        name: resource(kind, properties, Condition="MakeVpc")
        for name, (kind, properties) in made.items()
    }


def _subnet(number: int, zone: str) -> Node:
    any_zone = {"Fn::Select": [number, {"Fn::GetAZs": ""}]}
    return {
        "VpcId": ref("Vpc"),
        "AvailabilityZone": {"Fn::If": [f"Any{zone}", any_zone, ref(zone)]},
        "CidrBlock": {"Fn::Select": [number, {"Fn::Cidr": [ref("CidrBlock"), 2, 6]}]},
        **_tagged("private"),
    }


def _security_groups() -> Node:
    """Functions reach the endpoints and nothing else; only functions reach those that are made."""
    gateways = [
        {
            **HTTPS,
            "DestinationPrefixListId": ref(prefixes),
            "Description": f"{service}, by its gateway",
        }
        for service, prefixes in (("S3", "S3PrefixList"), ("DynamoDB", "DynamoDbPrefixList"))
    ]
    nowhere = {"IpProtocol": "-1", "CidrIp": "127.0.0.1/32", "Description": "nowhere"}
    functions = _security_group("The functions in the VPC", SecurityGroupEgress=gateways)
    interfaces = _security_group(
        "The interface endpoints",
        SecurityGroupIngress=[_from_functions()],
        SecurityGroupEgress=[nowhere],
    )
    given = ref("EndpointSecurityGroupId")
    from_functions = {"GroupId": given, **_from_functions()}
    made = {
        "Interfaces": interfaces,
        "FunctionsToInterfaces": resource(
            "EC2::SecurityGroupEgress", _to_endpoints(ref("Interfaces"))
        ),
    }
    used = {
        "FunctionsToGivenEndpoints": resource("EC2::SecurityGroupEgress", _to_endpoints(given)),
        "GivenEndpointsFromFunctions": resource("EC2::SecurityGroupIngress", from_functions),
    }
    return {
        "Functions": functions,
        **{name: {**each, "Condition": "MakeEndpoints"} for name, each in made.items()},
        **{name: {**each, "Condition": "UseEndpoints"} for name, each in used.items()},
    }


def _from_functions() -> Node:
    functions = {"SourceSecurityGroupId": ref("Functions"), "Description": "the functions"}
    return {**HTTPS, **functions}


def _to_endpoints(group: Node) -> Node:
    return {
        **HTTPS,
        "GroupId": ref("Functions"),
        "DestinationSecurityGroupId": group,
        "Description": "the interface endpoints",
    }


def _security_group(says: str, **rules: list[Node]) -> Node:
    properties = {"GroupDescription": says, "VpcId": _vpc_id(), **rules, **_tagged("private")}
    return resource("EC2::SecurityGroup", properties)


def _interface(service: str, iam: str) -> Node:
    return _endpoint(
        service,
        iam,
        VpcEndpointType="Interface",
        PrivateDnsEnabled=True,
        SubnetIds=_subnets(),
        SecurityGroupIds=[ref("Interfaces")],
    )


def _gateway(service: str) -> Node:
    routes = _made_or_given([ref("Routes")], _by_commas("RouteTableIds"))
    return _endpoint(service, service, VpcEndpointType="Gateway", RouteTableIds=routes)


def _endpoint(service: str, iam: str, **properties: object) -> Node:
    described = {
        "ServiceName": sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
        "VpcId": _vpc_id(),
        **properties,
        "PolicyDocument": policy(iam),
    }
    return resource("EC2::VPCEndpoint", described, Condition="MakeEndpoints")
