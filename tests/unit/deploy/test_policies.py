"""The functions' policies, as files and as they are deployed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws_asks import VIA_BEDROCK, own
from chalice.deploy import models
from iam_policies import Ask, allows, denies, granted, listed

from chalicelib.reporting.tenant_tree import READ
from ops.deploy import policies
from ops.deploy.named import Named
from ops.deploy.place import Place
from ops.deploy.stage import SEES_PROMPTS

ROOT = Path(__file__).parents[3]
CONFIG = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
FUNCTIONS = tuple(CONFIG["lambda_functions"])
STAGES = ("dev", "prod")
HERE = Place("aws", "us-east-1", "123456789012")
ALL_NAMED = {
    "SAGEMAKER_ENDPOINTS": '{"chat-TGI": {"container": "tgi"}}',
    "MODEL_ARNS": '["arn:aws:sagemaker:us-east-1:123456789012:endpoint/falcon-*", "chat-units"]',
    "ALERTS_TOPIC_ARN": "arn:aws:sns:us-east-1:${AWS::AccountId}:tollgate-prod-alerts",
}
"""Settings, besides a stage's own, that name something of each kind."""
REPORTS = "arn:aws:s3:::tollgate-prod-reports-123456789012"
PAYLOADS = "arn:aws:s3:::tollgate-prod-payloads-123456789012"
PAGE = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")


def text_of(function: str, stage: str) -> str:
    path = ROOT / ".chalice" / f"policy-{stage}-{function}.json"
    return path.read_text(encoding="utf-8")


def deployed(function: str, stage: str = "prod") -> dict[str, Any]:
    return policies.narrowed(json.loads(text_of(function, stage)), HERE, named(stage))


def variables(stage: str = "prod", **changed: str) -> dict[str, str]:
    return {**CONFIG["stages"][stage]["environment_variables"], **ALL_NAMED, **changed}


def named(stage: str = "prod", **changed: str) -> Named:
    return Named.of(variables(stage, **changed), HERE)


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
    named = resources(deployed(function))
    assert {arn for arn in named if "123456789012" not in arn} <= {
        "*",  # docs/permissions.md says where
        "arn:aws:bedrock:*::foundation-model/*",  # which are nobody's
    }
    assert {arn for arn in named if ":*:" in arn} <= {
        "arn:aws:bedrock:*::foundation-model/*",
        "arn:aws:bedrock:*:123456789012:guardrail-profile/*",  # evaluated in several regions
    }


def test_a_policy_is_deployed_in_another_partition_as_well() -> None:
    china = Place("aws-cn", "cn-north-1", "210987654321")
    there = policies.narrowed(json.loads(text_of("stream_worker", "prod")), china, Named())
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
    assert denies(policy, listed.within(("s3:prefix", "costs/")))
    assert denies(policy, listed)


def function_model(name: str, *subnets: str) -> models.LambdaFunction:
    policy = models.FileBasedIAMPolicy(document=json.loads(text_of(name, "prod")), filename="")
    role = models.ManagedIAMRole("role", "lambda", {}, policy)
    return models.LambdaFunction(
        resource_name=name,
        function_name=f"tollgate-prod-{name}",
        deployment_package=models.DeploymentPackage(filename=""),
        environment_variables=variables(),
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


NOTHING_NAMED = {"SAGEMAKER_ENDPOINTS": "{}", "MODEL_ARNS": "[]", "ALERTS_TOPIC_ARN": ""}


@pytest.mark.parametrize(
    ("function", "action", "arn"),
    [
        ("api_handler", "sagemaker:InvokeEndpoint", own("sagemaker", "endpoint/chat-tgi")),
        ("stream_worker", "sagemaker:InvokeEndpoint", own("sagemaker", "endpoint/chat-tgi")),
        ("sample_capacity", "sagemaker:DescribeEndpoint", own("sagemaker", "endpoint/chat-tgi")),
        (
            "sample_capacity",
            "sagemaker:DescribeEndpointConfig",
            own("sagemaker", "endpoint-config/1"),
        ),
        ("daily_report", "sns:Publish", own("sns", "tollgate-prod-alerts")),
    ],
)
def test_what_a_setting_names_is_allowed_and_is_not_where_none_does(
    function: str, action: str, arn: str
) -> None:
    ask = Ask(action, arn)
    assert allows(deployed(function), ask)
    document = json.loads(text_of(function, "prod"))
    assert not allows(policies.narrowed(document, HERE, named(**NOTHING_NAMED)), ask)


def test_an_endpoint_that_no_setting_names_is_not_called() -> None:
    ask = Ask("sagemaker:InvokeEndpoint", own("sagemaker", "endpoint/somebody-else-s"))
    assert not allows(deployed("api_handler"), ask)


def test_a_marketplace_s_endpoint_is_called_by_bedrock_and_by_nobody_else() -> None:
    ask = Ask("sagemaker:InvokeEndpoint", own("sagemaker", "endpoint/falcon-7b"))
    assert allows(deployed("api_handler"), ask.within(*VIA_BEDROCK))
    assert not allows(deployed("api_handler"), ask)


@pytest.mark.parametrize("function", ["api_handler", "daily_report"])
def test_records_are_read_in_every_log_group_that_a_setting_names(function: str) -> None:
    older = named(USAGE_LOG_GROUPS="/tollgate/prod/usage,/aws/lambda/older")
    document = policies.narrowed(json.loads(text_of(function, "prod")), HERE, older)
    for group in ("/tollgate/prod/usage", "/aws/lambda/older"):
        ask = Ask("logs:StartQuery", own("logs", f"log-group:{group}:log-stream:"))
        assert allows(document, ask)


def test_a_statement_that_settings_fill_is_one_that_there_is() -> None:
    sids = {
        each["Sid"] for name in FUNCTIONS for each in json.loads(text_of(name, "prod"))["Statement"]
    }
    assert {*policies.NAMED, *policies.GO_WITH} <= sids


def test_the_report_reads_of_tenants_what_its_snapshot_has_and_no_hash_of_a_key() -> None:
    table = own("dynamodb", "table/tollgate-prod-tenants")
    scan = Ask("dynamodb:Scan", table).within(("dynamodb:Select", "SPECIFIC_ATTRIBUTES"))
    for name in ("pk", *READ):
        assert allows(deployed("daily_report"), scan.within(("dynamodb:Attributes", name)))
    for name in ("key_hash", "allow"):
        assert not allows(deployed("daily_report"), scan.within(("dynamodb:Attributes", name)))


def test_the_report_reads_no_whole_item_of_a_tenant() -> None:
    table = own("dynamodb", "table/tollgate-prod-tenants")
    assert not allows(deployed("daily_report"), Ask("dynamodb:Scan", table))
