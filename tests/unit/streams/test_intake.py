"""Taking a streamed request in: a job and its message, or neither."""

from dataclasses import replace

import pytest
from job_fakes import Clock, DynamoDb
from live_streams import LiveStreams
from stream_world import call_of

from chalicelib.aws_json import AwsFault
from chalicelib.backends.bedrock import INVOKE_MODEL_WITH_RESPONSE_STREAM
from chalicelib.backends.operation import Payload
from chalicelib.errors import Conflict, IntakeUnknown, StreamsUnavailable
from chalicelib.metering.usage import NO_USAGE, Usage
from chalicelib.streams.intake import Wishes
from chalicelib.streams.job import MAX_INLINE_BODY, Settlement
from chalicelib.usage_record import Outcome

PAYLOAD = Payload(
    {"content-type": "application/json", "x-amzn-bedrock-trace": "ENABLED", "cookie": "c"}, b"{}"
)


@pytest.fixture
def gateway(shared_dynamodb: DynamoDb) -> LiveStreams:
    shared_dynamodb.away.clear()
    return LiveStreams(shared_dynamodb, Clock())


def queue(gateway: LiveStreams, payload: Payload = PAYLOAD, wishes: Wishes | None = None):
    plan = gateway.plan(INVOKE_MODEL_WITH_RESPONSE_STREAM, payload=payload)
    return gateway.intake.queued(plan, payload, wishes or Wishes())


def test_a_queued_job_is_written_and_its_message_sent(gateway) -> None:
    queue(gateway)
    assert gateway.queue.sent == [("search", "request-1", 1)]
    assert (gateway.job().state, gateway.job().key_id) == ("queued", "abcdefghijkl")


def test_the_job_has_the_request_and_only_the_headers_that_go_on(gateway) -> None:
    queue(gateway)
    job = gateway.table.find_whole("search", "request-1")
    assert job.body == b"{}"
    assert set(job.headers) == {"content-type", "x-amzn-bedrock-trace"}


def test_nothing_is_called_and_nothing_recorded_when_a_job_is_queued(gateway) -> None:
    queue(gateway)
    assert (gateway.provider.calls, gateway.records.written) == ([], [])


def test_a_large_request_is_kept_beside_the_table(gateway) -> None:
    body = b'{"x":"' + b"x" * MAX_INLINE_BODY + b'"}'
    queue(gateway, replace(PAYLOAD, body=body))

    job = gateway.table.find_whole("search", "request-1")
    assert (job.body, job.body_key) == (None, "requests/request-1")
    assert gateway.request_of(job) == body


def test_where_the_table_breaks_off_nobody_is_told_that_nothing_was_taken_in(gateway) -> None:
    gateway.dynamodb.away |= {"PutItem", "DeleteItem"}
    with pytest.raises(IntakeUnknown) as unknown:
        queue(gateway)
    assert unknown.value.may_be_billed


def test_a_queued_job_that_failed_at_no_cost_is_known_as_such(gateway) -> None:
    job = queue(gateway)
    assert not gateway.intake.cost_nothing("search", "request-1")
    gateway.table.fail(job, "not_begun", "It was not begun.")
    assert gateway.intake.cost_nothing("search", "request-1")


@pytest.mark.parametrize(
    ("outcome", "state", "costs_nothing"),
    [
        (Outcome("failed", status_code=429, error_code="throttled"), "failed", True),
        (Outcome("usage", Usage(input_tokens=11), "partial"), "interrupted", False),
        (Outcome("usage", NO_USAGE, "none"), "failed", False),
    ],
)
def test_what_a_job_cost_is_known_once_it_is_decided_though_not_recorded(
    gateway, outcome, state, costs_nothing
) -> None:
    job = queue(gateway)
    opened = gateway.table.open(job, call_of(job), gateway.table.lease_end())
    assert not gateway.intake.cost_nothing("search", "request-1")
    gateway.table.settle(opened, Settlement(outcome, state))
    assert gateway.intake.cost_nothing("search", "request-1") == costs_nothing


@pytest.mark.parametrize("away", ["queue", "table"])
def test_a_job_that_cannot_be_queued_is_taken_back_and_the_tenant_told_to_try_again(
    gateway, away
) -> None:
    if away == "queue":
        gateway.queue.away = AwsFault("NoAnswer")
    else:
        gateway.dynamodb.away.add("PutItem")
    with pytest.raises(StreamsUnavailable):
        queue(gateway)
    assert gateway.table.find("search", "request-1") is None


def test_a_job_that_runs_although_its_message_was_not_acknowledged_is_taken_in(
    gateway, monkeypatch
) -> None:
    def sent_and_begun(*_: object) -> None:
        job = gateway.job()
        call = gateway.plan().call
        assert gateway.table.open(job, call, gateway.table.lease_end())
        raise AwsFault("NoAnswer")

    monkeypatch.setattr(gateway.queue, "send", sent_and_begun)
    assert queue(gateway).request_id == "request-1"
    assert gateway.job().step == "opened"


def test_two_jobs_of_one_request_id_are_a_conflict(gateway) -> None:
    queue(gateway)
    with pytest.raises(Conflict):
        gateway.intake.opened(gateway.plan(), Wishes())


def test_a_live_job_is_opened_at_once_for_its_own_call(gateway) -> None:
    plan = gateway.plan()
    gateway.intake.opened(plan, Wishes())
    job = gateway.job()
    assert (job.state, job.step, job.call) == ("running", "opened", plan.call)


def test_a_live_job_whose_call_is_not_made_leaves_nothing(gateway) -> None:
    job = gateway.intake.opened(gateway.plan(), Wishes())
    gateway.intake.take_back(job)
    assert gateway.table.find("search", "request-1") is None


def test_what_a_tenant_wishes_is_kept_with_the_job(gateway) -> None:
    queue(gateway, wishes=Wishes(retry=True, store=False))
    assert (gateway.job().retry, gateway.job().store) == (True, False)
