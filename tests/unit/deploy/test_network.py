"""The private network: no way out but to AWS, and there only to what is ours."""

import json
from typing import Any

import pytest

from ops.deploy.templates.endpoint_policies import FOLDER, PRIVATE
from ops.deploy.templates.network import INTERFACES, network

TEMPLATE = network()
RESOURCES = TEMPLATE["Resources"]
ENDPOINTS = {
    each["Properties"]["ServiceName"]["Fn::Sub"].removeprefix("com.amazonaws.${AWS::Region}."): each
    for each in RESOURCES.values()
    if each["Type"] == "AWS::EC2::VPCEndpoint"
}
EGRESS = {
    each["Condition"]: each["Properties"]
    for each in RESOURCES.values()
    if each["Type"] == "AWS::EC2::SecurityGroupEgress"
}
GIVEN = {"Ref": "EndpointSecurityGroupId"}
IAM = {**INTERFACES, "s3": "s3", "dynamodb": "dynamodb"}
CONFIG = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))


def statements(service: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ENDPOINTS[service]["Properties"]["PolicyDocument"]["Statement"]
    return found


def resources(statement: dict[str, Any]) -> list[str]:
    return [arn["Fn::Sub"] if isinstance(arn, dict) else arn for arn in statement["Resource"]]


def test_what_the_private_functions_call_has_an_endpoint() -> None:
    kinds = {name: each["Properties"]["VpcEndpointType"] for name, each in ENDPOINTS.items()}
    assert kinds == {
        **dict.fromkeys(
            ("bedrock-runtime", "bedrock", "sagemaker.runtime", "logs", "sqs", "sts"), "Interface"
        ),
        **dict.fromkeys(("s3", "dynamodb"), "Gateway"),
    }


def test_an_interface_answers_to_the_service_s_own_name() -> None:
    private = {each["Properties"].get("PrivateDnsEnabled") for each in ENDPOINTS.values()}
    assert private == {True, None}  # a gateway has routes, no name


def test_the_private_functions_are_functions_of_the_app() -> None:
    assert set(PRIVATE) <= set(CONFIG["lambda_functions"])


@pytest.mark.parametrize("function", PRIVATE)
def test_what_a_private_function_s_role_may_do_passes_its_endpoint(function: str) -> None:
    written = json.loads((FOLDER / f"policy-prod-{function}.json").read_text(encoding="utf-8"))
    for statement in written["Statement"]:
        if statement["Effect"] == "Deny" or "aws:CalledViaLast" in str(statement.get("Condition")):
            continue  # by way of another service: never through our endpoints
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            service = next(name for name, iam in IAM.items() if iam == action.split(":")[0])
            assert any(action in each["Action"] for each in statements(service)), action


@pytest.mark.parametrize("service", ENDPOINTS)
def test_an_endpoint_serves_roles_of_this_stage_alone(service: str) -> None:
    for statement in statements(service):
        assert statement["Condition"]["ArnLike"]["aws:PrincipalArn"]["Fn::Sub"] == (
            "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/tollgate-${Stage}-*"
        )


@pytest.mark.parametrize("service", ENDPOINTS)
def test_an_endpoint_reaches_this_account_alone(service: str) -> None:
    named = [arn for each in statements(service) for arn in resources(each)]
    elsewhere = [arn for arn in named if "${AWS::AccountId}" not in arn]
    assert set(elsewhere) <= {
        "*",  # sts:GetCallerIdentity
        "arn:${AWS::Partition}:bedrock:*::foundation-model/*",  # which are nobody's
    }


def test_no_action_is_a_glob_and_only_what_aws_has_no_resource_for_names_none() -> None:
    everything = [each for service in ENDPOINTS for each in statements(service)]
    assert not [action for each in everything for action in each["Action"] if "*" in action]
    free = [each["Action"] for each in everything if "*" in resources(each)]
    assert free == [["logs:GetQueryResults"], ["sts:GetCallerIdentity"]]


def test_reports_are_out_of_reach_but_for_what_is_for_teams() -> None:
    others = {arn for each in statements("s3") for arn in resources(each) if "payloads" not in arn}
    reports = "arn:${AWS::Partition}:s3:::tollgate-${Stage}-reports-${AWS::AccountId}"
    assert others == {reports, f"{reports}/teams/*"}  # the bucket itself: to list it


def test_no_route_leads_to_the_internet() -> None:
    kinds = {each["Type"] for each in RESOURCES.values()}
    ways_out = ("InternetGateway", "NatGateway", "EgressOnlyInternetGateway", "Route")
    assert kinds.isdisjoint({f"AWS::EC2::{name}" for name in ways_out})


def test_functions_reach_endpoints_over_https_and_are_reached_by_nobody() -> None:
    functions = RESOURCES["Functions"]["Properties"]
    assert "SecurityGroupIngress" not in functions
    reached = [*functions["SecurityGroupEgress"], *EGRESS.values()]
    assert {(rule["FromPort"], rule["ToPort"]) for rule in reached} == {(443, 443)}
    assert not [rule for rule in reached if "CidrIp" in rule]


def test_only_the_functions_reach_the_interfaces() -> None:
    (rule,) = RESOURCES["Interfaces"]["Properties"]["SecurityGroupIngress"]
    assert rule["SourceSecurityGroupId"] == {"Ref": "Functions"}


def test_in_a_given_vpc_no_subnet_or_route_is_made() -> None:
    made = {
        name: each.get("Condition")
        for name, each in RESOURCES.items()
        if each["Type"].split("::")[2] in ("VPC", "Subnet", "RouteTable")
    }
    assert set(made.values()) == {"MakeVpc"}
    assert len(made) == 4


def test_given_endpoints_are_reached_by_the_functions_and_let_them_in() -> None:
    assert {when: rule["DestinationSecurityGroupId"] for when, rule in EGRESS.items()} == {
        "MakeEndpoints": {"Ref": "Interfaces"},
        "UseEndpoints": GIVEN,
    }
    (ingress,) = (
        each for each in RESOURCES.values() if each["Type"] == "AWS::EC2::SecurityGroupIngress"
    )
    assert ingress["Condition"] == "UseEndpoints"
    rule = ingress["Properties"]
    assert (rule["GroupId"], rule["SourceSecurityGroupId"]) == (GIVEN, {"Ref": "Functions"})
    assert (rule["FromPort"], rule["ToPort"]) == (443, 443)


def test_with_given_endpoints_none_is_made_and_no_group_of_theirs() -> None:
    made = [RESOURCES["Interfaces"], *ENDPOINTS.values()]
    assert {each["Condition"] for each in made} == {"MakeEndpoints"}


def told(rule: str) -> list[str]:
    return [each["AssertDescription"] for each in TEMPLATE["Rules"][rule]["Assertions"]]


def test_a_vpc_is_given_with_its_subnets_and_routes_or_not_at_all() -> None:
    assert told("VpcIsGivenWhole") == [
        "With VpcId, SubnetIds is to be given, too.",
        "With VpcId, RouteTableIds is to be given, too.",
    ]


def test_endpoints_are_given_with_their_vpc_and_security_group_or_not_at_all() -> None:
    rule = TEMPLATE["Rules"]["EndpointsAreGivenWhole"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Endpoints"}, "given"]}
    assert told("EndpointsAreGivenWhole") == [
        "With Endpoints=given, VpcId is to be given, too.",
        "With Endpoints=given, EndpointSecurityGroupId is to be given, too.",
    ]


@pytest.mark.parametrize(
    ("subnet", "zone"), [("FirstSubnet", "FirstZone"), ("SecondSubnet", "SecondZone")]
)
def test_a_subnet_that_is_made_is_in_the_zone_that_is_named(subnet: str, zone: str) -> None:
    chosen = RESOURCES[subnet]["Properties"]["AvailabilityZone"]
    assert chosen["Fn::If"][0] == f"Any{zone}"
    assert chosen["Fn::If"][2] == {"Ref": zone}
