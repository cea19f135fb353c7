"""CloudTrail's event history, asked for through an unmodified boto3."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws import Aws
from local.clients import Clients
from local.cloudtrail import Behaviour
from local.simulator import trail

pytestmark = pytest.mark.system
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def called(operation: str = "Converse", second: int = 0, **fields: Any) -> dict[str, Any]:
    """A call as the simulator's ledger has it, so many seconds after noon."""
    return {
        "request_id": f"request-{operation}-{second}",
        "time": f"{NOON + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}.123Z",
        "service": "bedrock",
        "operation": operation,
        "region": "us-east-1",
        "model": "us.amazon.nova-lite-v1:0",
        "caller": "arn:aws:sts::123456789012:assumed-role/tenant/research",
        "access_key": "ASIA",
        "agent": "tollgate/1",
        "error": None,
        **fields,
    }


@pytest.fixture(scope="module")
def aws():
    with Aws() as served:
        yield served


@pytest.fixture(scope="module")
def cloudtrail(aws):
    with Clients({"": aws.url}) as clients:
        yield clients("cloudtrail")


@pytest.fixture
def looked_up(aws, cloudtrail):
    """Look events up; return their names, all pages of them."""

    def looked_up(entries, name: str = "Converse", **times: datetime) -> list[str]:
        aws.history.follow(lambda: trail.events(entries))
        pages = cloudtrail.get_paginator("lookup_events").paginate(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}], **times
        )
        return [event["CloudTrailEvent"] for page in pages for event in page["Events"]]

    yield looked_up
    aws.history.behave(Behaviour())


def test_an_event_is_found_by_its_name(looked_up):
    (event,) = looked_up([called("Converse"), called("InvokeModel")])
    assert '"requestID": "request-Converse-0"' in event


def test_more_than_a_page_of_events_comes_in_pages(looked_up):
    assert len(looked_up([called(second=n) for n in range(120)])) == 120


def test_both_ends_of_a_time_count_and_what_is_outside_does_not(looked_up):
    around = {"StartTime": NOON + timedelta(seconds=1), "EndTime": NOON + timedelta(seconds=3)}
    found = looked_up([called(second=n) for n in range(6)], **around)
    assert [event.partition("Converse-")[2][0] for event in found] == ["3", "2", "1"]


@pytest.mark.parametrize("operation", sorted(trail.DATA_EVENTS))
def test_a_data_event_is_not_in_the_history(looked_up, operation):
    assert looked_up([called(operation)], operation) == []


def test_another_region_has_a_history_of_its_own(looked_up):
    assert looked_up([called(region="us-west-2")]) == []


def test_an_event_can_come_late(aws, looked_up):
    aws.history.behave(Behaviour(late_looks=1))
    assert looked_up([called()]) == []
    assert len(looked_up([called()])) == 1


def test_a_page_holds_no_more_than_fifty(cloudtrail):
    with pytest.raises(ClientError, match="InvalidMaxResults"):
        cloudtrail.lookup_events(MaxResults=51)
