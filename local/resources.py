"""The resources of `.chalice/resources.json`, made from that very file.

moto 5.2 creates tables, buckets and log groups from CloudFormation, but ignores some of their
properties without a word. What it leaves out is set here by the service's own API, from the
same file. Bucket policies are left out: they refuse what is not TLS, and nothing here is.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).parent.parent / ".chalice" / "resources.json"
Client = Any
Resource = dict[str, Any]


def create(client: Callable[[str], Client], stage: str, account: str) -> None:
    """Create the stack `tollgate-<stage>-resources`; `client` makes a boto3 client by service."""
    template = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    resources = template["Resources"]
    known = {n: _respelled(r) for n, r in resources.items() if r["Type"] not in _NOT_HERE}
    stack = f"tollgate-{stage}-resources"
    cloudformation = client("cloudformation")
    cloudformation.create_stack(
        StackName=stack,
        TemplateBody=json.dumps({**template, "Resources": known}),
        Parameters=[{"ParameterKey": "Stage", "ParameterValue": stage}],
    )
    described = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    ids = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in described}
    place = {"AWS::Region": cloudformation.meta.region_name, "AWS::Partition": "aws"}
    values = {**ids, **place, "Stage": stage, "AWS::AccountId": account}
    for name, resource in known.items():
        _complete(client, {**resource, "Id": ids[name]}, values)


def _respelled(resource: Resource) -> Resource:
    """Spell a table's encryption as DynamoDB's API does: moto reads that name alone."""
    properties = resource["Properties"]
    if "SSESpecification" not in properties:
        return resource
    enabled = properties["SSESpecification"]["SSEEnabled"]
    return {**resource, "Properties": {**properties, "SSESpecification": {"Enabled": enabled}}}


def _complete(client: Callable[[str], Client], resource: Resource, values: dict[str, str]) -> None:
    properties = resource["Properties"]
    for (kind, name), (service, apply) in _LEFT_OUT.items():
        if resource["Type"] == kind and name in properties:
            apply(client(service), resource["Id"], _resolved(properties[name], values))


def _resolved(node: Any, values: dict[str, str]) -> Any:
    """Replace `Ref` and `Fn::Sub`, the only functions in what is set here."""
    match node:
        case {"Ref": name}:
            return values[name]
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([\w:]+)\}", lambda match: values[match[1]], text)
        case dict():
            return {name: _resolved(value, values) for name, value in node.items()}
        case list():
            return [_resolved(value, values) for value in node]
    return node


def _recover(dynamodb: Client, table: str, specification: Any) -> None:
    dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification=specification
    )


def _forget_in_time(dynamodb: Client, table: str, specification: Any) -> None:
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=specification)


def _version(s3: Client, bucket: str, configuration: Any) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=configuration)


def _keep_private(s3: Client, bucket: str, configuration: Any) -> None:
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=configuration)


def _expire(s3: Client, bucket: str, configuration: Any) -> None:
    """Set the life cycle, which CloudFormation spells unlike S3."""
    same = ("Status", "AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration")
    rules = [
        {
            "ID": rule["Id"],
            "Filter": {"Prefix": rule.get("Prefix", "")},
            **({"Expiration": {"Days": days}} if (days := rule.get("ExpirationInDays")) else {}),
            **{name: rule[name] for name in same if name in rule},
        }
        for rule in configuration["Rules"]
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


_NOT_HERE = frozenset({"AWS::S3::BucketPolicy"})

_LEFT_OUT: dict[tuple[str, str], tuple[str, Callable[[Client, str, Any], None]]] = {
    ("AWS::DynamoDB::Table", "PointInTimeRecoverySpecification"): ("dynamodb", _recover),
    ("AWS::DynamoDB::Table", "TimeToLiveSpecification"): ("dynamodb", _forget_in_time),
    ("AWS::S3::Bucket", "VersioningConfiguration"): ("s3", _version),
    ("AWS::S3::Bucket", "PublicAccessBlockConfiguration"): ("s3", _keep_private),
    ("AWS::S3::Bucket", "LifecycleConfiguration"): ("s3", _expire),
}
