"""What a trace says of a call whose records are not a plain pair, and of prices that are not."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from builders import price_book, provider_call

from chalicelib.metering.usage import Usage
from chalicelib.pricing.capacity import Resource, Shares
from chalicelib.usage_record import UNANSWERED, Outcome, record_line
from ops.trace.day import Day
from ops.trace.history import Event, Missing, event_of
from ops.trace.records import Call
from ops.trace.screen import lines_of

CALL = provider_call()
DAY = date(2026, 11, 23)
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
USED = Outcome("usage", Usage(input_tokens=10, output_tokens=4), "header")
FAILED = Outcome("failed", status_code=429, error_code="ThrottlingException")
PRICED = price_book(
    "amazon.nova-lite-v1:0,us-east-1,us,on_demand,default,none,input_tokens,0.5,2026-01-01,,list,2026-11-01"
)
NO_EVENT = Missing("no event")


def record(outcome: Outcome | None, **fields: Any) -> dict[str, Any]:
    line = record_line(CALL, outcome, at=AT, instance="i", seq=7)
    return {**json.loads(line), **fields}


def call(*, started: Any = None, end: Any = None, copies: int = 0) -> Call:
    return Call("call-1", started, end, copies)


def said(told: Call, day: Day | None = None, event: Event | Missing = NO_EVENT) -> str:
    return "\n".join(lines_of(told, None, event, day or Day(DAY, PRICED)))


class Trail:
    """CloudTrail with some events."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self._events = events
        self.asked: dict[str, Any] = {}

    def get_paginator(self, _operation: str) -> "Trail":
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        self.asked = asked
        return [{"Events": [{"CloudTrailEvent": json.dumps(each)} for each in self._events]}]


def event(request_id: str) -> dict[str, Any]:
    return {
        "eventID": "e",
        "eventName": "InvokeModel",
        "eventTime": "2026-11-23T12:00:00Z",
        "userIdentity": {"arn": "arn:aws:sts::123456789012:assumed-role/tenant/search"},
        "requestID": request_id,
    }


def test_an_orphan_costs_nobody_knows_what():
    told = said(call(started=record(None)))
    assert "end      no record: orphaned; what it used is not known" in told
    assert "cost" not in told


def test_an_end_that_nobody_announced_is_said_to_be_one():
    assert "started  no record: unannounced" in said(call(end=record(USED)))


def test_copies_of_a_record_count_once():
    told = said(call(started=record(None), end=record(USED), copies=2))
    assert "2 more, the same written again: each counts once" in told


def test_a_refused_call_costs_nothing():
    told = said(call(started=record(None), end=record(FAILED)))
    assert "status 429 ThrottlingException after 0 ms; costs 0" in told
    assert " x " not in told


@pytest.mark.parametrize("counted_as", [UNANSWERED, CALL.model_id])
def test_a_call_is_found_in_the_line_under_which_it_is_counted(counted_as):
    costs = f"date,…\n{DAY},search,bedrock,another,\n{DAY},search,bedrock,{counted_as},0\n"
    refused = call(end=record(FAILED, unlisted=1, counted_as=UNANSWERED))
    located = Day(DAY, PRICED, costs=costs).cost_line(refused.line, refused.counted_as)
    assert located is not None
    assert located.number == 3


def test_what_has_no_price_is_no_zero():
    told = said(call(end=record(USED)))
    assert "output_tokens                 4 x ?  no price is in force" in told
    assert "cost     5 US dollars, and what has no price" in told


def test_a_call_on_capacity_by_the_hour_has_a_share_and_no_price_of_its_own():
    hourly = Resource("bedrock", "us-east-1", CALL.model_id)
    day = Day(DAY, PRICED, Shares(resources=frozenset({hourly})))
    assert "a share of the hours" in said(call(end=record(USED)), day)


def test_a_tenant_that_nobody_knows_is_named_as_the_record_has_it():
    assert "search (nobody of that name is known)" in said(call(end=record(USED)))


def test_an_event_is_told_by_the_provider_s_request_id():
    trail = Trail(event("another"), event("mine"))
    found = event_of(call(end=record(USED, provider_request_id="mine")), trail)
    assert isinstance(found, Event)
    assert found.caller.endswith("/search")


def test_an_event_is_looked_for_around_the_call_s_own_time():
    trail = Trail()
    event_of(call(end=record(USED, provider_request_id="mine")), trail)
    assert trail.asked["StartTime"] < AT < trail.asked["EndTime"]


def test_a_call_whose_answer_never_came_has_no_request_to_look_for():
    found = event_of(call(started=record(None)), Trail(event("none")))
    assert isinstance(found, Missing)
    assert "did not arrive" in found.why


def test_a_settled_job_has_no_event_of_its_own():
    settled = record(USED, operation="AsyncInvokeSettlement", provider_request_id="arn")
    found = event_of(call(end=settled), Trail())
    assert isinstance(found, Missing)
    assert "no call of a model" in found.why
