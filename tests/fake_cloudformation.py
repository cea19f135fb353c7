"""CloudFormation with one stack in it, as change sets make it; and an account that has it."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import WaiterError
from deploy_fakes import FakeAccount, refused

from ops.deploy.stacks import Stack

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
        self.resources: dict[str, str] = {}
        """The states of what is in it, by logical ids."""
        self.asked: list[tuple[str, dict[str, Any]]] = []
        """What else it was told to do."""

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

    def get_paginator(self, operation: str) -> Any:
        listed = [
            {"LogicalResourceId": name, "ResourceStatus": status}
            for name, status in self.resources.items()
        ]
        pages = {
            "describe_stack_events": [{"StackEvents": self.events}],
            "list_stack_resources": [{"StackResourceSummaries": listed}],
        }
        return SimpleNamespace(paginate=lambda **_: pages[operation])

    def delete_stack(self, **asked: Any) -> None:
        self.asked.append(("delete_stack", asked))
        self.status = ""

    def rollback_stack(self, **asked: Any) -> None:
        self.asked.append(("rollback_stack", asked))
        self.status = "UPDATE_ROLLBACK_COMPLETE"

    def continue_update_rollback(self, **asked: Any) -> None:
        self.asked.append(("continue_update_rollback", asked))
        self.status = "UPDATE_ROLLBACK_COMPLETE"

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
