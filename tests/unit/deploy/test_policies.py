"""The functions' policies, as files and as they are deployed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws_asks import VIA_BEDROCK, own
from chalice.deploy import models
from iam_policies import Ask, allows, denies, granted, listed

from ops.deploy import policies
from ops.deploy.stage import SEES_PROMPTS

ROOT = Path(__file__).parents[3]
CONFIG = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
FUNCTIONS = tuple(CONFIG["lambda_functions"])
STAGES = ("dev", "prod")
HERE = policies.Place("aws", "us-east-1", "123456789012")
REPORTS = "arn:aws:s3:::tollgate-prod-reports-123456789012"
PAYLOADS = "arn:aws:s3:::tollgate-prod-payloads-123456789012"
PAGE = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")


def text_of(function: str, stage: str) -> str:
    path = ROOT / ".chalice" / f"policy-{stage}-{function}.json"
    return path.read_text(encoding="utf-8")


def deployed(function: str, stage: str = "prod") -> dict[str, Any]:
    return policies.narrowed(json.loads(text_of(function, stage)), HERE)


def resources(document: dict[str, Any]) -> set[str]:
    return {
        arn
        for each in document["Statement"]
        for arn in listed(each.get("Resource") or each["NotResource"])
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_stages_differ_in_their_names_alone(function: str) -> None:
    named = re.sub(r"(tollgate[-/])dev\b", r"\1prod", text_of(function, "dev"))
    assert named == text_of(function, "prod")


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_of_a_stage_has_a_policy_of_its_own(function: str, stage: str) -> None:
    configured = CONFIG["stages"][stage]["lambda_functions"][function]["iam_policy_file"]
    assert configured == f"policy-{stage}-{function}.json"
    assert CONFIG["autogen_policy"] is False


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_deployed_policy_is_for_one_account_and_one_region(function: str) -> None:
    elsewhere = {arn for arn in resources(deployed(function)) if "123456789012" not in arn}
    assert elsewhere <= {
        "*",  # docs/permissions.md says where
        "arn:aws:bedrock:*::foundation-model/*",  # which are nobody's
    }
    assert not [arn for arn in resources(deployed(function)) if ":*:" in arn and "found" not in arn]


def test_a_policy_is_deployed_in_another_partition_as_well() -> None:
    china = policies.Place("aws-cn", "cn-north-1", "210987654321")
    there = policies.narrowed(json.loads(text_of("stream_worker", "prod")), china)
    assert {arn.split(":")[1] for arn in resources(there)} == {"aws-cn"}
    assert "arn:aws-cn:sqs:cn-north-1:210987654321:tollgate-prod-streams" in resources(there)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_action_is_allowed_by_a_glob(function: str) -> None:
    assert [grant for grant, _ in granted(deployed(function)) if "*" in grant.action] == []


def listed_exceptions() -> dict[str, str]:
    """The page's table of actions without a resource: the action, and AWS's page."""
    return dict(
        re.findall(r"^\| `([a-z0-9]+:\w+)` \|[^|]*\| (https://docs\.aws\S+) \|$", PAGE, re.M)
    )


def test_what_no_resource_can_be_named_for_is_listed_with_aws_s_own_page() -> None:
    free = {
        grant.action
        for function in FUNCTIONS
        for grant, _ in granted(in_a_vpc(function))
        if grant.resource == "*"
    }
    assert free == set(listed_exceptions())


@pytest.mark.parametrize("function", SEES_PROMPTS)
@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:ListBucket"])
@pytest.mark.parametrize("context", [(), VIA_BEDROCK], ids=["itself", "through Bedrock"])
def test_who_sees_prompts_is_denied_the_reports_in_so_many_words(function, action, context) -> None:
    ask = Ask(action, f"{REPORTS}/costs/date=2026-11-23/costs.csv").within(*context)
    assert denies(deployed(function), ask)


@pytest.mark.parametrize("function", SEES_PROMPTS)
def test_through_a_service_nothing_but_tenants_media_is_reached(function: str) -> None:
    media = Ask("s3:GetObject", f"{PAYLOADS}/teams/search/bridge.mp4").within(*VIA_BEDROCK)
    assert allows(deployed(function), media)
    for key in ("answers/search/a", "repeats/search/a", "requests/search/a"):
        assert denies(deployed(function), Ask("s3:GetObject", f"{PAYLOADS}/{key}", VIA_BEDROCK))


def test_only_who_makes_reports_reaches_them() -> None:
    reaching = {name for name in FUNCTIONS if "-reports-" in text_of(name, "prod")}
    assert reaching == {"api_handler", "daily_report", "reconcile", "sample_capacity"}


def test_who_serves_tenants_reads_of_the_reports_what_is_for_teams_and_not_through_a_service() -> (
    None
):
    theirs = Ask("s3:GetObject", f"{REPORTS}/teams/team=search/date=2026-11-22/costs.csv")
    listed = Ask("s3:ListBucket", REPORTS)
    policy = deployed("api_handler")
    assert allows(policy, theirs)
    assert denies(policy, theirs.within(*VIA_BEDROCK))
    assert allows(policy, listed.within(("s3:prefix", "teams/team=search/date=")))
    assert not allows(policy, listed.within(("s3:prefix", "costs/")))
    assert not allows(policy, listed)


def function_model(name: str, *subnets: str) -> models.LambdaFunction:
    policy = models.FileBasedIAMPolicy(document=json.loads(text_of(name, "prod")), filename="")
    role = models.ManagedIAMRole("role", "lambda", {}, policy)
    return models.LambdaFunction(
        resource_name=name,
        function_name=f"tollgate-prod-{name}",
        deployment_package=models.DeploymentPackage(filename=""),
        environment_variables={},
        xray=False,
        runtime="python3.12",
        handler="app.app",
        tags={},
        timeout=60,
        memory_size=128,
        role=role,
        security_group_ids=["sg-1"] if subnets else [],
        subnet_ids=list(subnets),
        layers=[],
        reserved_concurrency=None,
    )


def planned(name: str, *subnets: str) -> dict[str, Any]:
    function = function_model(name, *subnets)
    policies.narrow([function.role, function], HERE)
    document: dict[str, Any] = function.role.policy.document
    return document


def in_a_vpc(name: str) -> dict[str, Any]:
    return planned(name, *(["subnet-1"] if name in SEES_PROMPTS else []))


def test_a_function_outside_of_a_vpc_is_deployed_with_its_policy_and_no_more() -> None:
    assert planned("stream_worker") == deployed("stream_worker")


def test_in_a_vpc_lambda_may_make_network_interfaces_and_the_function_may_not() -> None:
    document = in_a_vpc("stream_worker")
    make = Ask("ec2:CreateNetworkInterface", own("ec2", "network-interface/eni-1"))
    itself = own("lambda", "function:tollgate-prod-stream_worker")
    assert allows(document, make)
    assert allows(document, Ask("ec2:DescribeNetworkInterfaces", "*"))
    assert denies(document, make.within(("lambda:SourceFunctionArn", itself)))
    assert denies(document, make.within(("lambda:SourceFunctionArn", f"{itself}:live")))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_policy_fits_into_a_role(function: str) -> None:
    """IAM and AWS STS quotas: 10,240 characters of inline policies, white space not counted."""
    assert len(re.sub(r"\s", "", json.dumps(in_a_vpc(function)))) <= 10_240
