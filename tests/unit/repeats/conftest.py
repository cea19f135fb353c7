from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from job_fakes import TABLE
from moto import mock_aws
from repeat_fakes import Bucket, Gateway, Table, Time

from chalicelib.repeats.repeats import Repeats


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    """A client of one table for a module's tests: to make one takes longer than most of them."""
    with pytest.MonkeyPatch.context() as environ:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environ.setenv(name, "testing")
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
            environ.delenv(name, raising=False)
        with mock_aws():
            client: Any = boto3.client("dynamodb", region_name="us-east-1")
            client.create_table(**TABLE)
            yield client


@pytest.fixture
def table(dynamodb: Any) -> Table:
    table = Table(dynamodb)
    table.clear()
    return table


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def gateway(table: Table, bucket: Bucket, time: Time) -> Gateway:
    return Gateway(table, bucket, time)


@pytest.fixture
def repeats(gateway: Gateway) -> Repeats:
    return gateway.repeats
