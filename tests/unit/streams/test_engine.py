"""One stream from its opening to its last record, whatever happens on the way."""

import json
import threading
from collections.abc import Sequence
from functools import partial

import pytest
from job_fakes import Clock, DynamoDb, until_killed
from live_streams import (
    ANSWER,
    DELTAS,
    METADATA,
    START,
    STOP,
    LiveStreams,
    ScriptedStream,
    framed,
    whole,
)

from chalicelib.backends.eventstream import encode, encode_exception
from chalicelib.errors import (
    AnswerLost,
    LedgerUnavailable,
    ProviderTimeout,
    ProviderUnavailable,
    Throttled,
    TollgateError,
)
from chalicelib.metering.usage import Usage
from chalicelib.stream_event import StreamEvent
from chalicelib.streams.engine import Running
from chalicelib.streams.intake import Wishes
from chalicelib.streams.job import StreamJob
from chalicelib.streams.keeper import MAX_WAITING, Kept
from chalicelib.streams.table import StreamsTable
from chalicelib.streams.waiting import Bell, Waiting
from chalicelib.streams.writer import Writer
from chalicelib.transport import Cut, NoAnswer, NotSent, Reply


@pytest.fixture
def gateway(shared_dynamodb: DynamoDb) -> LiveStreams:
    shared_dynamodb.away.clear()
    return LiveStreams(shared_dynamodb, Clock())


def end(gateway: LiveStreams) -> dict[str, object]:
    """The end record of the one call that was made, and what its job came to."""
    gateway.begin().close()
    return last(gateway)


def last(gateway: LiveStreams) -> dict[str, object]:
    record, job = gateway.records.written[-1], gateway.job()
    named = ("usage_source", "input_tokens", "output_tokens", "error_code", "provider_request_id")
    return {
        "kind": record["tollgate"],
        **{name: record[name] for name in named},
        "state": job.state,
        "step": job.step,
    }


def raw(running: Running) -> bytes:
    return b"".join(batch.raw for batch in running if batch)


def test_a_native_client_gets_the_providers_own_bytes(gateway) -> None:
    assert raw(gateway.begin()) == framed(*ANSWER)


def test_a_whole_stream_is_billed_by_the_counts_that_it_ends_with(gateway) -> None:
    assert end(gateway) == {
        "kind": "usage",
        "usage_source": "stream",
        "input_tokens": 5,
        "output_tokens": 3,
        "error_code": "none",
        "provider_request_id": "aws-1",
        "state": "done",
        "step": "emitted",
    }
    assert gateway.records.kinds == ["started", "usage"]
    assert {record["streamed"] for record in gateway.records.written} == {1}


def test_every_event_is_kept_in_its_order(gateway) -> None:
    gateway.begin().close()
    assert gateway.kept() == list(ANSWER)


def test_events_are_numbered_from_one_without_a_gap(gateway) -> None:
    batches = [batch for batch in gateway.begin() if batch]
    numbers = [
        number for batch in batches for number, _ in enumerate(batch.events, start=batch.first)
    ]
    assert numbers == [1, 2, 3, 4, 5, 6]


def test_the_last_event_waits_for_the_end_record(gateway) -> None:
    seen = []
    for batch in gateway.begin():
        seen.append((batch.raw, gateway.records.kinds))
    assert seen[-1] == (framed(METADATA), ["started", "usage"])
    assert [kinds for _, kinds in seen[:-1]] == [["started"]] * 5


def test_a_final_event_is_let_go_when_a_later_one_shows_that_it_was_not_the_last(gateway) -> None:
    gateway.provider.opens = whole(START, METADATA, STOP)
    assert raw(gateway.begin()) == framed(START, METADATA, STOP)


def test_a_job_is_written_down_as_opened_before_its_call_is_announced(gateway) -> None:
    gateway.records.dying = True
    until_killed(gateway.begin)
    assert (gateway.job().step, gateway.records.kinds, gateway.provider.calls) == (
        "opened",
        ["started"],
        [],
    )


def test_a_reader_who_goes_away_stops_nothing(gateway) -> None:
    running = gateway.begin()
    next(running)
    running.close()

    assert last(gateway)["usage_source"] == "stream"
    assert gateway.kept() == list(ANSWER)


class TurnByTurn:
    """A keeper without a thread: it does what is due whenever it is handed something."""

    def __init__(self, table: StreamsTable, job: StreamJob, clock: Clock) -> None:
        self.waiting = Waiting(Bell(), MAX_WAITING)
        self.writer = Writer(table, job, self.waiting, lambda: clock().timestamp())

    def add(self, events: Sequence[StreamEvent], progress: Usage | None = None) -> None:
        self.waiting.add(events)
        self.writer.turn()

    def finish(self, _timeout: float) -> Kept:
        self.writer.finishing = True
        self.writer.turn()
        return Kept(self.writer.last_event, self.writer.whole)


def test_an_answer_of_fourteen_and_a_half_minutes_is_kept_and_nobody_else_takes_it(
    shared_dynamodb, monkeypatch
) -> None:
    clock = Clock()
    gateway = LiveStreams(shared_dynamodb, clock)
    leases: list[bool] = []

    class Slow(ScriptedStream):
        def read(self, timeout: float) -> bytes | None:
            clock.advance(seconds=15)
            leases.append(gateway.job().lease_until > clock().timestamp() * 1000)
            return super().read(timeout)

    spoken = (START, *DELTAS * 18, STOP, METADATA)  # 57 events, and the end
    monkeypatch.setattr("chalicelib.streams.engine.Keeper", partial(TurnByTurn, clock=clock))
    gateway.provider.opens = Slow([framed(each) for each in spoken])
    gateway.begin().close()

    assert (len(leases) * 15, set(leases)) == (870, {True})
    assert (gateway.kept(), gateway.job().state) == (list(spoken), "done")


def test_silence_is_told_to_the_reader_and_ends_nothing(gateway) -> None:
    gateway.provider.opens = ScriptedStream([framed(START), None, None, framed(*ANSWER[1:])])
    running = gateway.begin()

    assert [batch and len(batch.events) for batch in running] == [1, None, None, 4, 1]


def test_frames_may_be_split_anywhere(gateway) -> None:
    data = framed(*ANSWER)
    gateway.provider.opens = ScriptedStream([data[:7], data[7:100], data[100:]])
    assert raw(gateway.begin()) == data


@pytest.mark.parametrize(
    ("cut", "code"),
    [
        (Cut(timed_out=False), "cut_body"),
        (Cut(timed_out=True), "timeout"),
        (b"\0" * 40, "bad_frame"),
        (framed(STOP)[:-3], "cut_body"),
    ],
    ids=["connection lost", "time is up", "garbled", "half a frame"],
)
def test_a_stream_that_is_cut_is_partial(gateway, cut, code) -> None:
    gateway.provider.opens = ScriptedStream([framed(START, DELTAS[0]), cut])
    ended = end(gateway)

    assert (ended["kind"], ended["usage_source"], ended["error_code"]) == ("usage", "partial", code)
    assert (ended["state"], ended["step"]) == ("interrupted", "emitted")
    assert gateway.kept() == [START, DELTAS[0]]


@pytest.mark.parametrize("rest", [b"\0" * 40, framed(STOP)[:-1] + b"\0" + framed(METADATA)])
def test_garbled_bytes_that_come_with_good_ones_at_the_very_end_are_garbled_too(
    gateway, rest
) -> None:
    gateway.provider.opens = ScriptedStream([framed(START, DELTAS[0]) + rest])
    ended = end(gateway)

    assert (ended["usage_source"], ended["error_code"]) == ("partial", "bad_frame")
    assert gateway.kept() == [START, DELTAS[0]]


def test_a_stream_that_ends_cleanly_without_its_counts_is_partial_and_never_silent(
    gateway, capsys, caplog
) -> None:
    gateway.provider.opens = whole(START, *DELTAS, STOP)
    ended = end(gateway)

    assert (ended["usage_source"], ended["state"]) == ("partial", "interrupted")
    assert "UsageNotKnown" in capsys.readouterr().out


def test_an_exception_before_any_output_is_a_failed_call_and_costs_nothing(gateway) -> None:
    refused = encode_exception("throttlingException", "Too many tokens")
    gateway.provider.opens = ScriptedStream([refused])
    running = gateway.begin()
    running.close()

    assert (last(gateway)["kind"], last(gateway)["error_code"]) == ("failed", "ThrottlingException")
    assert (gateway.records.written[-1]["status_code"], gateway.job().state) == (429, "failed")
    assert isinstance(running.loss.error, Throttled)


def test_an_exception_after_some_output_is_a_partial_call(gateway) -> None:
    lost = encode_exception("modelStreamErrorException", "arn:aws:iam::123456789012:role/x broke")
    gateway.provider.opens = ScriptedStream([framed(START, DELTAS[0]), lost])
    ended = end(gateway)

    assert (ended["kind"], ended["usage_source"], ended["error_code"]) == (
        "usage",
        "partial",
        "ModelStreamErrorException",
    )
    assert gateway.job().state == "interrupted"
    assert "arn:" not in gateway.job().error_message


def test_an_error_that_the_service_does_not_model_is_an_exception_as_well(gateway) -> None:
    headers = {":message-type": "error", ":error-code": "odd thing", ":error-message": "No."}
    gateway.provider.opens = ScriptedStream([framed(START), encode(headers, b"")])

    assert (end(gateway)["usage_source"], gateway.job().state) == ("partial", "interrupted")


@pytest.mark.parametrize(
    ("opens", "error", "kind", "source", "state"),
    [
        (
            Reply(429, {"x-amzn-errortype": "ThrottlingException"}, b"{}"),
            Throttled,
            "failed",
            "none",
            "failed",
        ),
        (NotSent("away"), ProviderUnavailable, "failed", "none", "failed"),
        (NoAnswer(timed_out=True), ProviderTimeout, "usage", "none", "interrupted"),
        (NoAnswer(timed_out=False), AnswerLost, "usage", "none", "interrupted"),
    ],
    ids=["refused", "not sent", "timed out", "connection lost"],
)
def test_a_call_that_opens_no_stream_is_settled_and_raised(
    gateway, opens, error, kind, source, state
) -> None:
    gateway.provider.opens = opens
    with pytest.raises(error):
        gateway.begin()

    ended = last(gateway)
    assert (ended["kind"], ended["usage_source"], ended["state"]) == (kind, source, state)
    assert ended["step"] == "emitted"


def test_the_lease_is_renewed_while_the_provider_has_not_begun_to_answer(
    gateway, monkeypatch
) -> None:
    renewed = threading.Event()
    monkeypatch.setattr("chalicelib.streams.writer.RENEW_SECONDS", 0.0)
    monkeypatch.setattr(
        gateway.table, "renew", lambda *_args: (renewed.set(), True)[1], raising=True
    )

    def silent(*_: object, **__: object) -> ScriptedStream:
        assert renewed.wait(10)
        return whole(*ANSWER)

    monkeypatch.setattr(gateway.provider, "open", silent)
    gateway.begin().close()
    assert gateway.job().state == "done"


def test_a_fault_of_our_own_before_the_stream_is_open_ends_the_job_as_not_known(gateway) -> None:
    gateway.provider.opens = ZeroDivisionError()
    with pytest.raises(AnswerLost):
        gateway.begin()

    assert (last(gateway)["usage_source"], last(gateway)["error_code"]) == ("none", "gateway_fault")
    assert last(gateway)["step"] == "emitted"


def test_nothing_is_called_that_cannot_be_recorded(gateway) -> None:
    gateway.records.failing = True
    with pytest.raises(LedgerUnavailable):
        gateway.begin()
    assert gateway.provider.calls == []


def test_an_end_record_that_is_not_written_leaves_the_job_to_the_sweep(gateway) -> None:
    running = gateway.begin()
    next(running)
    gateway.records.failing = True
    running.close()

    assert (gateway.job().step, gateway.job().outcome.usage.output_tokens) == ("settled", 3)


def test_a_table_that_is_away_at_the_end_keeps_no_record_from_being_written(
    gateway, monkeypatch
) -> None:
    monkeypatch.setattr("chalicelib.streams.books.DECIDE_SECONDS", 0.0)
    monkeypatch.setattr("chalicelib.streams.engine.KEEP_SECONDS", 0.0)
    running = gateway.begin()
    next(running)
    gateway.dynamodb.away |= {"UpdateItem", "PutItem"}
    running.close()
    gateway.dynamodb.away.clear()

    assert gateway.records.written[-1]["output_tokens"] == 3
    assert gateway.job().step == "opened"


def test_how_it_ended_is_as_somebody_else_decided_first(gateway) -> None:
    from chalicelib.streams.job import Settlement
    from chalicelib.usage_record import Outcome

    running = gateway.begin()
    next(running)
    lost = Outcome("usage", usage_source="partial", error_code="interrupted")
    gateway.table.settle(gateway.job(), Settlement(lost, "interrupted"))
    running.close()

    assert last(gateway)["error_code"] == "interrupted"
    assert running.job.state == "interrupted"


def test_an_answer_that_is_not_to_be_stored_is_forgotten_at_its_end(gateway) -> None:
    gateway.begin(Wishes(store=False)).close()
    assert (gateway.kept(), gateway.job().store) == ([], False)


def test_the_models_reason_to_stop_is_kept(gateway) -> None:
    gateway.begin().close()
    assert gateway.job().stop_reason == "end_turn"


def test_the_provider_is_told_which_team_and_request_it_is_for(gateway) -> None:
    gateway.begin().close()
    assert "md/team#search md/request#request-1" in gateway.provider.calls[0]["user-agent"]


def test_a_fault_of_our_own_in_mid_stream_is_partial_and_ends_the_job(gateway, monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    running = gateway.begin()
    next(running)
    monkeypatch.setattr("chalicelib.metering.streams.StreamMeter.add", broken)
    running.close()

    ended = last(gateway)
    assert (ended["usage_source"], ended["error_code"]) == ("partial", "gateway_fault")
    assert ended["step"] == "emitted"


def test_no_text_of_an_answer_is_in_a_record(gateway) -> None:
    gateway.begin().close()
    assert "two" not in json.dumps(gateway.records.written)


def test_errors_of_a_stream_are_the_tenants_errors(gateway) -> None:
    gateway.provider.opens = Reply(
        400, {"x-amzn-errortype": "ValidationException"}, b'{"message":"too long"}'
    )
    with pytest.raises(TollgateError, match="too long") as refused:
        gateway.begin()
    assert refused.value.provider == (400, "ValidationException")
