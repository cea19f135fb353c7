"""What the templates hold: state that is safe, files that are current and not too large."""

import json
from pathlib import Path
from typing import Any

import pytest

from ops.deploy.templates.alarms import function_name
from ops.deploy.templates.files import FOLDER, rendered

RESOURCES = json.loads((FOLDER / "resources.json").read_text(encoding="utf-8"))["Resources"]
CONFIG = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
COMMAND_LINE_LIMIT = 51_200
"""Bytes of a template that CloudFormation takes without a bucket (its quotas)."""


def of_type(kind: str) -> dict[str, Any]:
    return {n: r["Properties"] for n, r in RESOURCES.items() if r["Type"] == f"AWS::{kind}"}


def outlives_its_stack(resource: dict[str, Any]) -> bool:
    """Whether it stays, but where its creation is rolled back: then a repeat can make it."""
    policies = resource["DeletionPolicy"], resource["UpdateReplacePolicy"]
    return policies == ("RetainExceptOnCreate", "Retain")


@pytest.mark.parametrize("name", rendered())
def test_a_written_template_is_what_its_source_makes(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written == rendered()[name], "run `python -m ops.deploy.templates`"


@pytest.mark.parametrize("path", ["resources.json", *rendered()])
def test_a_template_can_be_given_on_a_command_line(path: str) -> None:
    assert Path(FOLDER, path).stat().st_size <= COMMAND_LINE_LIMIT


@pytest.mark.parametrize("name", of_type("DynamoDB::Table"))
def test_a_table_is_on_demand_encrypted_restorable_and_outlives_its_stack(name: str) -> None:
    table = of_type("DynamoDB::Table")[name]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert outlives_its_stack(RESOURCES[name])


def test_streams_are_forgotten_in_time_and_found_by_their_lease() -> None:
    streams = of_type("DynamoDB::Table")["Streams"]
    assert streams["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert "by_lease" in {index["IndexName"] for index in streams["GlobalSecondaryIndexes"]}


def test_a_message_that_fails_five_times_is_kept_for_two_weeks() -> None:
    queues = of_type("SQS::Queue")
    assert queues["StreamsQueue"]["RedrivePolicy"]["maxReceiveCount"] == 5
    assert queues["StreamsDeadLetters"]["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_a_message_stays_unseen_for_as_long_as_its_function_may_run() -> None:
    visible = of_type("SQS::Queue")["StreamsQueue"]["VisibilityTimeout"]
    assert visible >= CONFIG["lambda_functions"]["stream_worker"]["lambda_timeout"]


@pytest.mark.parametrize("name", of_type("S3::Bucket"))
def test_a_bucket_is_private_encrypted_and_refuses_what_is_not_tls(name: str) -> None:
    bucket, policy = of_type("S3::Bucket")[name], of_type("S3::BucketPolicy")[f"{name}Policy"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2  # the bucket, and what is in it


def test_reports_are_versioned_kept_and_never_expire() -> None:
    assert outlives_its_stack(RESOURCES["Reports"])
    reports = of_type("S3::Bucket")["Reports"]
    assert reports["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = reports["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"] for rule in rules if "ExpirationInDays" in rule}
    assert expiring == {"queries/", "work/"}


def test_older_versions_go_of_what_can_be_made_again_and_of_nothing_else() -> None:
    rules = of_type("S3::Bucket")["Reports"]["LifecycleConfiguration"]["Rules"]
    days = {
        rule["Prefix"]: rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for rule in rules
        if "NoncurrentVersionExpiration" in rule
    }
    assert days == {"claims/": 1, "queries/": 1, "teams/": 30, "work/": 1}


def test_an_upload_that_nobody_ends_is_forgotten_after_a_day_wherever_it_was() -> None:
    rules = of_type("S3::Bucket")["Reports"]["LifecycleConfiguration"]["Rules"]
    ended = [rule["AbortIncompleteMultipartUpload"] for rule in rules if "Prefix" not in rule]
    assert ended == [{"DaysAfterInitiation": 1}]


def test_payloads_expire() -> None:
    (rule,) = of_type("S3::Bucket")["Payloads"]["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 1)


@pytest.mark.parametrize(
    ("sid", "parameter"),
    [("SageMaker", "SageMakerEndpoints"), ("MarketplaceEndpoints", "MarketplaceEndpoints")],
)
def test_a_team_s_session_calls_the_endpoints_that_are_given_and_without_them_none(
    sid: str, parameter: str
) -> None:
    (policy,) = of_type("IAM::Role")["TenantRole"]["Policies"]
    either = [each["Fn::If"] for each in policy["PolicyDocument"]["Statement"] if "Fn::If" in each]
    (found,) = (each for each in either if each[1]["Sid"] == sid)
    assert found[1]["Resource"] == {"Ref": parameter}
    assert found[2] == {"Ref": "AWS::NoValue"}


def test_usage_records_outlive_the_stack_and_a_year() -> None:
    assert outlives_its_stack(RESOURCES["UsageLogs"])
    assert of_type("Logs::LogGroup")["UsageLogs"]["RetentionInDays"] == 400


@pytest.mark.parametrize("function", CONFIG["lambda_functions"])
def test_a_function_s_log_is_kept_for_a_month(function: str) -> None:
    kept = {
        group["LogGroupName"]["Fn::Sub"]: group["RetentionInDays"]
        for group in of_type("Logs::LogGroup").values()
    }
    assert kept[f"/aws/lambda/{function_name(function)}"] == 30
