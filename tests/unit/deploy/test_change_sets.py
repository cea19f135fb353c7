"""Stacks by change sets: made, changed, left alone, or made of what an earlier one left behind."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import WaiterError
from deploy_fakes import ACCOUNT, REGION, FakeAccount, refused, stage

from ops.deploy import change_sets, leftovers, stacks
from ops.deploy.stacks import Stack
from ops.directory import Refused

TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "DeletionPolicy": "RetainExceptOnCreate",
    "Properties": {"TableName": {"Fn::Sub": "bridges-${Stage}"}},
}
BUCKET = {
    "Type": "AWS::S3::Bucket",
    "DeletionPolicy": "Retain",
    "Properties": {"BucketName": {"Fn::Sub": "bridges-${AWS::AccountId}"}},
}
POLICY = {
    "Type": "AWS::S3::BucketPolicy",
    "DeletionPolicy": "Retain",
    "Properties": {"Bucket": {"Ref": "Bucket"}},
}
QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {}}
TEMPLATE = {
    "Description": "bridges",
    "Parameters": {"Stage": {"Type": "String"}, "Mail": {"Type": "String", "Default": ""}},
    "Resources": {"Table": TABLE, "Bucket": BUCKET, "Policy": POLICY, "Queue": QUEUE},
    "Outputs": {"Table": {"Value": {"Ref": "Table"}}, "Queue": {"Value": {"Ref": "Queue"}}},
}
STACK = Stack("bridges", TEMPLATE, {"Stage": "dev"})


class FakeCloudFormation:
    """One stack: as CloudFormation would have it after each change set that is executed."""

    def __init__(self, status: str = "", template: Any = None, **parameters: str) -> None:
        self.status = status
        self.template = template
        self.parameters = parameters
        self.sets: list[dict[str, Any]] = []
        self.reason = ""
        """Why change sets fail, if they do."""
        self.events: list[dict[str, str]] = []
        """What went wrong when one was executed, newest first."""
        self.deleted = 0

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        if not self.status:
            raise refused("ValidationError")
        given = [{"ParameterKey": n, "ParameterValue": v} for n, v in self.parameters.items()]
        return {"Stacks": [{"StackStatus": self.status, "Parameters": given}]}

    def get_template(self, **_: str) -> dict[str, Any]:
        return {"TemplateBody": self.template}

    def create_change_set(self, **asked: Any) -> dict[str, str]:
        self.sets.append(asked)
        return {"Id": "set", "StackId": "arn:aws:cloudformation:us-east-1:1:stack/bridges/id"}

    def execute_change_set(self, **_: str) -> None:
        asked = self.sets[-1]
        self.template = json.loads(asked["TemplateBody"])
        self.parameters = {p["ParameterKey"]: p["ParameterValue"] for p in asked["Parameters"]}
        self.status = f"{asked['ChangeSetType']}_COMPLETE"

    def delete_change_set(self, **_: str) -> None:
        self.sets.append({"deleted": True})

    def describe_change_set(self, **_: str) -> dict[str, str]:
        return {"StatusReason": self.reason}

    def get_paginator(self, _: str) -> Any:
        return SimpleNamespace(paginate=lambda **_: [{"StackEvents": self.events}])

    def delete_stack(self, **_: str) -> None:
        self.deleted += 1
        self.status = ""

    def get_waiter(self, name: str) -> Any:
        failing = self.reason if name == "change_set_create_complete" else self.events
        return SimpleNamespace(wait=lambda **_: self._fail(name) if failing else None)

    def _fail(self, name: str) -> None:
        raise WaiterError(name, "a terminal failure", {})


def account(cloudformation: FakeCloudFormation, there: Mapping[str, str] | None = None) -> Any:
    """An account with that stack, and resources that outlived it, by their logical ids."""
    kept = there or {}
    missing = (
        refused("ResourceNotFoundException"),
        refused("404", 404),
        refused("NoSuchBucketPolicy"),
    )
    fake = FakeAccount(
        dynamodb={"describe_table": {} if "Table" in kept else missing[0]},
        s3={
            "head_bucket": {} if "Bucket" in kept else missing[1],
            "get_bucket_policy": {} if "Policy" in kept else missing[2],
        },
    )
    others = fake.client
    fake.client = lambda name: cloudformation if name == "cloudformation" else others(name)  # type: ignore[method-assign]
    return fake


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


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_stack_that_can_only_be_deleted_is_cleared_away_first(status: str) -> None:
    cloudformation = FakeCloudFormation(status, TEMPLATE, Stage="dev")
    assert change_sets.outlook(cloudformation, STACK) == "create"
    change_sets.apply(account(cloudformation), STACK)
    assert cloudformation.deleted == 1
    assert cloudformation.sets[0]["ChangeSetType"] == "CREATE"


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
    resources = {**older["Resources"], "Bucket": BUCKET}
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
