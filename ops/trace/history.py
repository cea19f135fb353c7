"""A call's event in CloudTrail: found by its name and time, told by the provider's request id.

CloudTrail's event history holds 90 days of management events of a region, and shows an event some
15 minutes after the call (CloudTrail user guide, "Working with CloudTrail event history"). Which
operations are management events: Bedrock user guide, "Monitor Amazon Bedrock API calls using
CloudTrail"; those that are not stand only in a trail that was told to keep data events.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from chalicelib.async_jobs.job import SETTLEMENT
from ops.trace.records import Call

MANAGEMENT_EVENTS: Final = frozenset(
    ("InvokeModel", "InvokeModelWithResponseStream", "Converse", "ConverseStream", "CountTokens")
)
AROUND: Final = timedelta(seconds=2)  # CloudTrail's times are whole seconds, by AWS's own clock
MAX_PAGES: Final = 40  # of 50 events; CloudTrail answers two a second


@dataclass(frozen=True, slots=True)
class Event:
    """What CloudTrail kept of a call."""

    event_id: str
    name: str
    time: str  # RFC 3339, UTC
    caller: str  # ARN: with a role for each team, its session is named after the team
    request_id: str
    error: str


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no event to show, and why."""

    why: str


def event_of(call: Call, cloudtrail: Any) -> Event | Missing:
    """Look a call up, through a boto3 `cloudtrail` client of the region that was called."""
    record = call.any
    operation, request_id = record["operation"], record["provider_request_id"]
    if operation == SETTLEMENT:
        return Missing("a job's settlement is read from its output and is no call of a model")
    if request_id == "none":
        return Missing("the provider's answer, which names its request, did not arrive")
    if operation not in MANAGEMENT_EVENTS:
        return Missing(
            f"{operation} is a data event: look for requestID {request_id} in a trail that keeps it"
        )
    looked = 0
    for event in _events(cloudtrail, operation, call.began - AROUND, call.ended + AROUND):
        looked += 1
        if event.get("requestID") == request_id:
            return _read(event)
    return Missing(
        f"requestID {request_id} is not among {looked} {operation} events of that moment;"
        " CloudTrail takes 15 minutes, and keeps 90 days"
    )


def _events(cloudtrail: Any, name: str, start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    pages = cloudtrail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}],
        StartTime=start,
        EndTime=end,
        PaginationConfig={"MaxItems": MAX_PAGES * 50},
    )
    for page in pages:
        for event in page["Events"]:
            yield json.loads(event["CloudTrailEvent"])


def _read(event: dict[str, Any]) -> Event:
    return Event(
        event_id=event["eventID"],
        name=event["eventName"],
        time=event["eventTime"],
        caller=event["userIdentity"]["arn"],
        request_id=event["requestID"],
        error=event.get("errorCode", ""),
    )
