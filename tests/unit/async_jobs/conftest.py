from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from job_fakes import TABLE, Bedrock, Clock, DynamoDb, Records
from moto import mock_aws

from chalicelib.async_jobs.table import JobsTable


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDb]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        client: Any = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(**TABLE)
        yield DynamoDb(client)


@pytest.fixture
def jobs(dynamodb: DynamoDb) -> JobsTable:
    return JobsTable(dynamodb, "streams")


@pytest.fixture
def bedrock() -> Bedrock:
    return Bedrock()


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def clock() -> Clock:
    return Clock()
