"""Stacks by change sets: made, changed, left alone, or made of what an earlier one left behind."""

import json
from typing import Any

import pytest
from deploy_fakes import ACCOUNT, REGION, FakeAccount, stage
from fake_cloudformation import (
    BUCKET,
    QUEUE,
    STACK,
    TABLE,
    TEMPLATE,
    FakeCloudFormation,
    account,
)

from ops.deploy import change_sets, leftovers, stacks
from ops.directory import Refused


def test_a_stack_that_is_not_there_is_made() -> None:
    cloudformation = FakeCloudFormation()
    assert change_sets.outlook(cloudformation, STACK) == "create"
    assert change_sets.apply(account(cloudformation), STACK)
    (asked,) = cloudformation.sets
    assert (asked["ChangeSetType"], asked["OnStackFailure"]) == ("CREATE", "ROLLBACK")
    given = {each["ParameterKey"]: each["ParameterValue"] for each in asked["Parameters"]}
    assert given == {"Stage": "dev", "Mail": ""}


def test_a_stack_that_is_as_it_is_to_be_is_left_alone() -> None:
    cloudformation = FakeCloudFormation("CREATE_COMPLETE", TEMPLATE, Stage="dev", Mail="")
    assert not change_sets.apply(account(cloudformation), STACK)
    assert cloudformation.sets == []


@pytest.mark.parametrize(
    ("template", "parameters"),
    [({**TEMPLATE, "Description": "other"}, {"Mail": ""}), (TEMPLATE, {"Mail": "a@b.c"})],
)
def test_another_template_or_parameter_is_a_change(
    template: Any, parameters: dict[str, str]
) -> None:
    cloudformation = FakeCloudFormation("UPDATE_COMPLETE", template, Stage="dev", **parameters)
    assert change_sets.outlook(cloudformation, STACK) == "update"
    assert change_sets.apply(account(cloudformation), STACK)
    assert [asked["ChangeSetType"] for asked in cloudformation.sets] == ["UPDATE"]


def test_a_parameter_that_changes_is_named_with_what_it_was() -> None:
    given = {"Stage": "dev", "Mail": "a@b.c"}
    cloudformation = FakeCloudFormation("CREATE_COMPLETE", TEMPLATE, **given)
    said = change_sets.parameters_changed(cloudformation, STACK)
    assert said == ["Mail: '' instead of 'a@b.c'"]
    assert change_sets.parameters_changed(FakeCloudFormation(), STACK) == []


def test_a_change_that_comes_to_nothing_is_none() -> None:
    cloudformation = FakeCloudFormation("CREATE_COMPLETE", {"Resources": {}}, Stage="dev")
    cloudformation.reason = "The submitted information didn't contain changes."
    assert not change_sets.apply(account(cloudformation), STACK)
    assert cloudformation.sets[-1] == {"deleted": True}


def test_a_change_that_cloudformation_does_not_take_is_refused_with_its_reason() -> None:
    cloudformation = FakeCloudFormation()
    cloudformation.reason = "Template error: no such resource"
    with pytest.raises(Refused, match="bridges cannot be changed: Template error: no such"):
        change_sets.apply(account(cloudformation), STACK)


def test_a_change_that_fails_says_what_failed_first_in_it() -> None:
    cloudformation = FakeCloudFormation()
    cloudformation.events = [
        {"ResourceStatus": "CREATE_FAILED", "LogicalResourceId": "Queue",
         "ResourceStatusReason": "Resource creation cancelled"},
        {"ResourceStatus": "CREATE_FAILED", "LogicalResourceId": "Bucket",
         "ResourceStatusReason": "bridges-1 already exists"},
        {"ResourceStatus": "CREATE_COMPLETE", "LogicalResourceId": "Table"},
        {"ResourceStatus": "CREATE_IN_PROGRESS", "PhysicalResourceId": "id", "StackId": "id"},
        {"ResourceStatus": "CREATE_FAILED", "LogicalResourceId": "Policy",
         "ResourceStatusReason": "of an attempt before"},
    ]  # fmt: skip
    with pytest.raises(Refused, match="bridges failed: Bucket: bridges-1 already exists"):
        change_sets.apply(account(cloudformation), STACK)


def test_what_outlived_a_stack_is_imported_before_the_rest_is_made() -> None:
    cloudformation = FakeCloudFormation()
    assert change_sets.apply(account(cloudformation, {"Table": "", "Bucket": ""}), STACK)
    imported, updated = cloudformation.sets
    assert [asked["ChangeSetType"] for asked in cloudformation.sets] == ["IMPORT", "UPDATE"]
    assert imported["ResourcesToImport"] == [
        {
            "ResourceType": "AWS::DynamoDB::Table",
            "LogicalResourceId": "Table",
            "ResourceIdentifier": {"TableName": "bridges-dev"},
        },
        {
            "ResourceType": "AWS::S3::Bucket",
            "LogicalResourceId": "Bucket",
            "ResourceIdentifier": {"BucketName": f"bridges-{ACCOUNT}"},
        },
    ]
    taken_up = json.loads(imported["TemplateBody"])
    assert taken_up["Resources"].keys() == {"Table", "Bucket"}
    assert "Outputs" not in taken_up  # which an import may not add
    assert {each["DeletionPolicy"] for each in taken_up["Resources"].values()} == {"Retain"}
    assert json.loads(updated["TemplateBody"]) == TEMPLATE


def test_what_outlived_a_stack_that_there_is_again_is_imported_into_it_as_it_is() -> None:
    older = {
        **TEMPLATE,
        "Parameters": {"Stage": {"Type": "String"}},
        "Resources": {"Table": TABLE, "Queue": {**QUEUE, "Properties": {"DelaySeconds": 1}}},
        "Outputs": {"Queue": {"Value": {"Ref": "Queue"}}},
    }
    cloudformation = FakeCloudFormation("UPDATE_COMPLETE", older, Stage="dev")

    assert change_sets.apply(account(cloudformation, {"Table": "", "Bucket": ""}), STACK)

    imported, updated = cloudformation.sets
    (resource,) = imported["ResourcesToImport"]
    assert resource["LogicalResourceId"] == "Bucket"
    resources = {**older["Resources"], "Bucket": {**BUCKET, "DeletionPolicy": "Retain"}}
    assert json.loads(imported["TemplateBody"]) == {**older, "Resources": resources}
    assert imported["Parameters"] == [{"ParameterKey": "Stage", "ParameterValue": "dev"}]
    assert (updated["ChangeSetType"], json.loads(updated["TemplateBody"])) == ("UPDATE", TEMPLATE)


def test_a_policy_is_imported_by_its_bucket_s_name() -> None:
    there = {"Bucket": "", "Policy": ""}
    found = leftovers.found(account(FakeCloudFormation(), there), TEMPLATE, {"Stage": "dev"})
    assert found == dict.fromkeys(there, f"bridges-{ACCOUNT}")


def test_what_is_retained_keeps_its_outputs_and_no_other() -> None:
    kept = leftovers.retained(TEMPLATE)
    assert kept["Resources"].keys() == {"Table", "Bucket", "Policy"}
    assert kept["Outputs"].keys() == {"Table"}
    assert kept["Parameters"] == TEMPLATE["Parameters"]


def test_everything_that_a_stage_retains_can_be_found_again() -> None:
    kept = leftovers.retained(stacks.template("resources"))["Resources"]
    assert set(kept) == {"Tenants", "Streams", "Reports", "ReportsPolicy", "UsageLogs"}
    assert {each["Type"] for each in kept.values()} <= set(leftovers._IDENTIFIERS)


def test_a_stage_has_no_network_unless_it_asks_for_one() -> None:
    parts = [stack.name for stack in stacks.wanted(stage(), FakeAccount())]
    assert parts == [
        f"tollgate-dev-{part}" for part in ("resources", "analytics", "views", "alarms")
    ]


def test_a_network_is_told_of_s3_and_dynamodb_and_what_config_json_says() -> None:
    lists = {"PrefixLists": [{"PrefixListId": "pl-1"}]}
    account = FakeAccount(ec2={"describe_managed_prefix_lists": lists})
    network = stacks.wanted(stage(network={"VpcId": "vpc-1"}), account)[1]
    assert network.parameters == {
        "Stage": "dev",
        "VpcId": "vpc-1",
        "S3PrefixList": "pl-1",
        "DynamoDbPrefixList": "pl-1",
    }


def test_alarms_mail_whom_config_json_names() -> None:
    alarms = stacks.wanted(stage(alert_email="on-call@example.com"), FakeAccount())[-1]
    assert alarms.parameters == {"Stage": "dev", "AlertEmail": "on-call@example.com"}


def test_the_tenants_role_is_told_of_the_endpoints_that_settings_name() -> None:
    endpoint = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/"
    named = {
        "SAGEMAKER_ENDPOINTS": '{"chat": {"container": "tgi"}, "embed": {"container": "none"}}',
        "MODEL_ARNS": f'["{endpoint}falcon"]',
    }
    resources = stacks.wanted(stage(environment=named), FakeAccount())[0]
    assert resources.parameters == {
        "Stage": "dev",
        "SageMakerEndpoints": f"{endpoint}chat,{endpoint}embed",
        "MarketplaceEndpoints": f"{endpoint}falcon",
    }
