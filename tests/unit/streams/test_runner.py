"""A queued job's call, made by whoever got its message."""

import pytest
from builders import tenants_items
from job_fakes import Clock, DynamoDb
from live_streams import ANSWER, LiveStreams

from chalicelib.backends.operation import Operation, Payload
from chalicelib.errors import BadRequest, LedgerUnavailable, NoTimeLeft
from chalicelib.streams.intake import Wishes
from chalicelib.streams.job import StreamJob
from chalicelib.streams.payloads import RequestAway
from chalicelib.streams.runner import Runner
from chalicelib.transport import Reply

PAYLOAD = Payload({"content-type": "application/json"}, b"{}")


@pytest.fixture
def gateway(shared_dynamodb: DynamoDb) -> LiveStreams:
    shared_dynamodb.away.clear()
    return LiveStreams(shared_dynamodb, Clock())


def runner(gateway: LiveStreams) -> Runner:
    return Runner(gateway.admission, gateway.engine, gateway.table, gateway)


def waiting(gateway: LiveStreams) -> StreamJob:
    gateway.intake.queued(gateway.plan(), PAYLOAD, Wishes())
    job = gateway.table.find_whole("search", "request-1")
    assert job
    return job


def opened(gateway: LiveStreams) -> StreamJob:
    job = waiting(gateway)
    opened = gateway.table.open(job, runner(gateway).new_call(job), gateway.table.lease_end())
    assert opened
    return opened


def test_a_job_runs_to_its_end_and_is_billed_once(gateway) -> None:
    runner(gateway).run_to_end(opened(gateway), 900.0)

    assert gateway.records.kinds == ["started", "usage"]
    assert (gateway.job().state, gateway.kept()) == ("done", list(ANSWER))


def test_the_call_is_charged_to_who_submitted_the_job(gateway) -> None:
    runner(gateway).run_to_end(opened(gateway), 900.0)
    record = gateway.records.written[-1]
    assert (record["team_id"], record["key_id"], record["request_id"]) == (
        "search",
        "abcdefghijkl",
        "request-1",
    )


def test_a_job_that_has_waited_may_still_be_begun(gateway) -> None:
    assert runner(gateway).refusal(waiting(gateway)) is None


@pytest.mark.parametrize(
    ("tenants", "code"),
    [
        (tenants_items("amazon.nova-*", allow=("us.amazon.*",)), "model_blocked"),
        (tenants_items(allow=("us.amazon.*",), state="disabled"), "team_disabled"),
        (tenants_items(allow=()), "model_not_allowed"),
    ],
)
def test_what_an_operator_stopped_while_a_job_waited_is_not_begun(gateway, tenants, code) -> None:
    job = waiting(gateway)
    gateway.tenants |= tenants
    refused = runner(gateway).refusal(job)
    assert refused
    assert refused.code == code


def test_a_call_that_the_provider_refuses_ends_the_job_and_is_not_made_again(gateway) -> None:
    gateway.provider.opens = Reply(400, {"x-amzn-errortype": "ValidationException"}, b"{}")
    runner(gateway).run_to_end(opened(gateway), 900.0)

    assert (gateway.job().state, gateway.job().step) == ("failed", "emitted")
    assert gateway.records.kinds == ["started", "failed"]


def test_a_job_that_cannot_be_recorded_is_queued_as_before(gateway) -> None:
    job = opened(gateway)
    gateway.records.failing = True
    with pytest.raises(LedgerUnavailable):
        runner(gateway).run_to_end(job, 900.0)
    assert (gateway.job().step, gateway.provider.calls) == ("queued", [])


def test_a_job_for_which_no_time_is_left_is_queued_as_before(gateway) -> None:
    job = opened(gateway)
    with pytest.raises(NoTimeLeft):
        runner(gateway).run_to_end(job, 20.0)
    assert (gateway.job().step, gateway.records.written) == ("queued", [])


def test_a_job_that_a_later_release_would_not_take_fails_without_a_call(
    gateway, monkeypatch
) -> None:
    def stricter(*_given: object) -> None:
        raise BadRequest("This is no request.")

    job = opened(gateway)
    monkeypatch.setattr(Operation, "prepared", stricter)
    runner(gateway).run_to_end(job, 900.0)
    failed = gateway.job()
    assert (failed.state, failed.step, failed.call) == ("failed", "emitted", None)
    assert (failed.error_code, failed.error_message) == ("bad_request", "This is no request.")
    assert (gateway.provider.calls, gateway.records.written) == ([], [])


def test_a_job_whose_request_cannot_be_read_is_queued_as_before(gateway, monkeypatch) -> None:
    def away(_job: StreamJob) -> bytes:
        raise RequestAway("NoSuchKey")

    job = opened(gateway)
    monkeypatch.setattr(gateway, "request_of", away)
    with pytest.raises(RequestAway):
        runner(gateway).run_to_end(job, 900.0)
    assert gateway.job().step == "queued"
