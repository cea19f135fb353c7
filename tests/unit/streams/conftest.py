from collections.abc import Iterator

import boto3
import pytest
from job_fakes import DynamoDb
from moto import mock_aws
from stream_world import World

from chalicelib.streams import items, table


@pytest.fixture(scope="module")
def shared_dynamodb() -> Iterator[DynamoDb]:
    """One DynamoDB for a module: each test makes a table of its own in it."""
    with pytest.MonkeyPatch.context() as environ, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environ.setenv(name, "testing")
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
            environ.delenv(name, raising=False)
        yield DynamoDb(boto3.client("dynamodb", region_name="us-east-1"))


@pytest.fixture
def world(shared_dynamodb: DynamoDb, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose sweeps ask one shard for dead leases, not sixteen: here each query is slow."""
    for module in (items, table):
        monkeypatch.setattr(module, "LEASE_SHARDS", 1)
    return World(shared_dynamodb)
