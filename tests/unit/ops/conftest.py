"""A table of tenants in moto, and the directory that writes it."""

import boto3
import pytest
from moto import mock_aws

from ops.directory import Directory

TABLE = "tenants"


@pytest.fixture
def dynamodb(monkeypatch):
    """A DynamoDB client, in process, with an empty table of tenants."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("TENANTS_TABLE", TABLE)
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


@pytest.fixture
def directory(dynamodb):
    return Directory(dynamodb, TABLE)


@pytest.fixture
def stored(dynamodb):
    """Everything in the table, as it lies there."""
    return lambda: dynamodb.scan(TableName=TABLE)["Items"]
