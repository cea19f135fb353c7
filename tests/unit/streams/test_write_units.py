"""What a stream writes, in DynamoDB's write units: the numbers that `ops capacity` reckons with."""

from collections.abc import Mapping
from typing import Any

import pytest
from job_fakes import Clock, DynamoDb
from live_streams import LiveStreams
from stream_world import in_ms

from chalicelib.backends.operation import Payload
from chalicelib.metering.usage import Usage
from chalicelib.streams.intake import Wishes
from chalicelib.streams.job import LEASE_SECONDS
from chalicelib.streams.runner import Runner
from ops.sizing.load import JOB_UNITS, LEASE_INDEX_UNITS, RENEWAL_UNITS

Item = Mapping[str, Mapping[str, Any]]
KB = 1024


class Counted:
    """DynamoDB, counting write units as its developer guide says ("Write operations consumption").

    A write costs the larger of the item before and after, in begun kilobytes; an index's entry
    costs one unit where it comes or goes, and two where it moves.
    """

    def __init__(self, dynamodb: DynamoDb) -> None:
        self.wrapped = dynamodb
        self.client = dynamodb.client
        self.of_jobs = 0
        self.of_leases = 0

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        if operation not in ("PutItem", "UpdateItem", "DeleteItem"):
            return self.wrapped.call(operation, payload)
        key = {name: (payload.get("Key") or payload["Item"])[name] for name in ("pk", "sk")}
        before = self._item(payload["TableName"], key)
        answer = self.wrapped.call(operation, payload)
        if not key["sk"]["S"].startswith("event#"):
            self._count(before, self._item(payload["TableName"], key))
        return answer

    def _item(self, table: str, key: Item) -> Item:
        found: Item = self.client.get_item(TableName=table, Key=key).get("Item", {})
        return found

    def _count(self, before: Item, after: Item) -> None:
        moved = len({lease for item in (before, after) if (lease := _lease(item))})
        index = moved if _lease(before) != _lease(after) else 0
        self.of_leases += index
        self.of_jobs += -(-max(_size(before), _size(after)) // KB) + index


def _lease(item: Item) -> str:
    return str(item["lease_until"]) if "lease_shard" in item else ""


def _size(item: Item) -> int:
    """Names, and values as text or bytes; a number takes about half of its digits."""
    return sum(
        len(name) + len(str(plain)) for name, value in item.items() for plain in value.values()
    )


@pytest.fixture
def dynamodb(shared_dynamodb: DynamoDb) -> Counted:
    return Counted(shared_dynamodb)


@pytest.fixture
def gateway(dynamodb: Counted) -> LiveStreams:
    return LiveStreams(dynamodb, Clock())


def units(dynamodb: Counted) -> tuple[int, int]:
    return dynamodb.of_jobs, dynamodb.of_leases


def test_a_live_stream_writes_as_reckoned_from_its_first_write_to_its_last(
    gateway, dynamodb
) -> None:
    gateway.begin().close()
    assert gateway.job().state == "done"
    assert units(dynamodb) == (JOB_UNITS["live"], LEASE_INDEX_UNITS["live"])


def test_a_queued_stream_writes_as_reckoned_from_its_intake_to_its_end(gateway, dynamodb) -> None:
    body = b'{"messages":[{"role":"user","content":[{"text":"Which bridge held in April?"}]}]}'
    gateway.intake.queued(gateway.plan(), Payload({}, body), Wishes())
    job = gateway.table.find_whole("search", "request-1")
    runner = Runner(gateway.admission, gateway.engine, gateway.table, gateway)
    opened = gateway.table.open(job, runner.new_call(job), gateway.table.lease_end())
    runner.run_to_end(opened, 900.0)
    assert gateway.job().state == "done"
    assert units(dynamodb) == (JOB_UNITS["queued"], LEASE_INDEX_UNITS["queued"])


def test_a_renewed_lease_writes_as_reckoned(gateway, dynamodb) -> None:
    plan = gateway.plan()
    job = gateway.intake.opened(plan, Wishes())
    before = dynamodb.of_jobs
    lease_until = in_ms(Clock()()) + 2 * LEASE_SECONDS * 1000
    gateway.table.renew(job, lease_until, Usage(input_tokens=30))
    assert dynamodb.of_jobs - before == RENEWAL_UNITS
