"""What the run of broken streams is made of: steps of streams, what they meet, and which cases."""

import json
from random import Random

import pytest

from local.stream_faults.kinds import KINDS, plan_cases
from local.stream_faults.steps import Touch, touches
from local.stream_faults.troubles import Trouble, Troubles

DYNAMODB, LOGS, SQS = "DynamoDB_20120810.", "Logs_20140328.", "AmazonSQS."
PK = {"S": "stream#case-0001#request-1"}
JOB = {"pk": PK, "sk": {"S": "job"}}
CHUNK = {"pk": PK, "sk": {"S": "event#0000000007#0000"}}


def touched(target, payload):
    return [(touch.team, touch.request_id, touch.step) for touch in touches(target, payload)]


@pytest.mark.parametrize(
    ("operation", "payload", "step"),
    [
        ("PutItem", {"Item": {**JOB, "step": {"S": "queued"}}}, "queued"),
        ("PutItem", {"Item": {**JOB, "step": {"S": "opened"}}}, "opened"),
        ("PutItem", {"Item": CHUNK}, "kept"),
        ("PutItem", {"Item": {"pk": PK, "sk": {"S": "job#body"}}}, "other"),
        (
            "UpdateItem",
            {"Key": JOB, "ExpressionAttributeValues": {":step": {"S": "settled"}}},
            "settled",
        ),
        (
            "UpdateItem",
            {"Key": JOB, "ExpressionAttributeValues": {":progress": {"S": "{}"}}},
            "renewed",
        ),
        (
            "UpdateItem",
            {"Key": JOB, "ExpressionAttributeValues": {":deleted": {"BOOL": True}}},
            "other",
        ),
        ("GetItem", {"Key": JOB}, "read"),
        ("Query", {"ExpressionAttributeValues": {":pk": PK}}, "read"),
        ("DeleteItem", {"Key": JOB}, "other"),
    ],
)
def test_what_the_table_is_asked_is_a_step_of_a_stream(operation, payload, step):
    assert touched(DYNAMODB + operation, payload) == [("case-0001", "request-1", step)]


def test_a_key_is_taken_before_any_request_is_known():
    entry = {"pk": {"S": "once#case-0001#order-7"}, "sk": {"S": "key"}}

    assert touched(DYNAMODB + "PutItem", {"Item": entry}) == [("case-0001", "", "key")]


def test_each_record_is_a_step_of_its_own_stream():
    records = [
        {"tollgate": "started", "team_id": "a", "request_id": "1"},
        {"tollgate": "usage", "team_id": "b", "request_id": "2"},
    ]
    events = [{"message": json.dumps(record)} for record in records]

    told = touched(LOGS + "PutLogEvents", {"logEvents": events})

    assert told == [("a", "1", "started"), ("b", "2", "ended")]


def test_a_message_is_sent_for_a_stream():
    body = json.dumps({"team_id": "a", "request_id": "1", "attempt": 1})

    assert touched(SQS + "SendMessage", {"MessageBody": body}) == [("a", "1", "sent")]


@pytest.mark.parametrize(
    ("target", "payload"),
    [
        (DYNAMODB + "GetItem", {"Key": {"pk": {"S": "team#case-0001"}}}),
        (LOGS + "CreateLogStream", {}),
        (SQS + "GetQueueUrl", {}),
        ("AWSSecurityTokenService.GetCallerIdentity", {}),
    ],
)
def test_what_is_of_no_stream_is_no_step(target, payload):
    assert touched(target, payload) == []


def test_a_trouble_lets_some_pass_and_meets_the_next():
    troubles = Troubles()
    troubles.add([Trouble("a", frozenset({"kept"}), "away", skip=1, times=2)])
    kept = [Touch("a", "1", "kept")]

    met = [troubles.meet(kept) for _ in range(4)]

    assert met == [None, ("away", kept[0]), ("away", kept[0]), None]


def test_a_trouble_is_of_one_team_and_its_steps():
    troubles = Troubles()
    troubles.add([Trouble("a", frozenset({"kept"}), "away")])

    assert troubles.meet([Touch("b", "1", "kept"), Touch("a", "1", "settled")]) is None
    assert troubles.meet([Touch("b", "1", "kept"), Touch("a", "2", "kept")]) == (
        "away",
        Touch("a", "2", "kept"),
    )


def test_the_same_seed_draws_the_same_cases():
    first, again, other = (plan_cases(Random(seed), 60, slow=True) for seed in (7, 7, 8))

    assert first == again
    assert first != other


def test_every_kind_is_drawn_live_and_queued_where_it_can_be():
    cases = plan_cases(Random(7), 320, slow=True)
    ways = {kind.name: {way == "queued" for way in kind.ways} for kind in KINDS}

    assert len(cases) == 320
    assert {kind: {_queued(case) for case in cases if case.kind == kind} for kind in ways} == ways


def test_each_case_is_of_a_team_of_its_own_and_may_end():
    cases = plan_cases(Random(7), 320, slow=True)

    assert len({case.request.team for case in cases}) == 320
    assert all(case.ends for case in cases)


def test_a_small_run_draws_nothing_slow():
    slow = {kind.name for kind in KINDS if kind.slow}

    assert slow
    assert not slow & {case.kind for case in plan_cases(Random(7), 320, slow=False)}


def _queued(case):
    return getattr(case.request, "form", "sdk") == "queued"
