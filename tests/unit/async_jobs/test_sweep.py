"""Every job that ends is billed exactly once, whatever happens to the sweep."""

from datetime import timedelta

import pytest
from job_fakes import NOON, Killed, arn, job, refused, told, until_killed

from chalicelib.async_jobs.job import token_of
from chalicelib.async_jobs.sweep import (
    REPORTS_READ,
    STARTS_END,
    STARTS_SHOW,
    Sweep,
    SweepIncomplete,
)
from chalicelib.async_jobs.table import JobsTable
from chalicelib.aws_json import AwsFault
from chalicelib.ledger import Ledger
from chalicelib.metering.metered import unknown
from chalicelib.reporting import usage_query


@pytest.fixture
def new_sweep(jobs, bedrock, records, clock):
    """Make a sweep as a process of its own does."""

    def make(instance="i-1"):
        ledger = Ledger(records, stage="test", instance=instance, now=clock)
        return Sweep(jobs, bedrock, ledger, stage="test", now=clock)

    return make


@pytest.fixture
def sweep(new_sweep):
    """Run a sweep, with `seconds` left."""

    def run(seconds=240):
        return new_sweep().run(lambda: seconds * 1000)

    return run


@pytest.fixture
def begin(jobs):
    """Start a job, and return it as the table has it."""

    def run(name="abcdefghijkl", **parts):
        announced = job(**parts)
        jobs.announce(announced)
        jobs.begin(announced, arn(name))
        return jobs.find(announced.team_id, arn(name)).job

    return run


@pytest.fixture
def completed(begin, bedrock, clock):
    """A job that ended just before midnight, seen just after."""
    begin()
    bedrock.says[arn()] = told("Completed", "2026-11-23T23:59:58.500Z")
    clock.now = NOON + timedelta(hours=12, minutes=3)


def test_a_job_that_runs_is_not_billed(begin, bedrock, sweep, records) -> None:
    begin()
    bedrock.says[arn()] = told("InProgress")
    assert sweep().running == 1
    assert records.written == []


def test_a_completed_job_is_billed_on_the_day_it_ended(completed, sweep, records) -> None:
    assert sweep().settled == 1
    started, usage = records.written
    assert (started["tollgate"], usage["tollgate"]) == ("started", "usage")
    assert (started["day"], usage["day"]) == ("2026-11-23", "2026-11-23")
    assert (usage["video_ms"], usage["variant"], usage["usage_source"]) == (
        6_000,
        "hd_24fps",
        "derived",
    )


def test_the_records_of_a_settlement_are_a_pair(completed, sweep, records) -> None:
    sweep()
    started, usage = records.written
    assert started["call_id"] == usage["call_id"]
    assert (started["n_started"], usage["n_usage"]) == (1, 1)
    assert usage["provider_request_id"] == arn()


def test_a_job_is_billed_once_however_often_the_sweep_runs(completed, sweep, records) -> None:
    sweep()
    assert sweep().settled == 0
    assert records.kinds == ["started", "usage"]


def test_a_failed_job_is_recorded_and_billed_nothing(begin, bedrock, sweep, records) -> None:
    begin()
    bedrock.says[arn()] = told("Failed", "2026-11-23T12:01:00Z")
    sweep()
    assert records.kinds == ["started", "failed"]
    assert records.written[1]["video_ms"] == 0


def test_what_aws_says_of_a_failure_is_not_kept(begin, bedrock, sweep, jobs) -> None:
    begin()
    bedrock.says[arn()] = told("Failed", "2026-11-23T12:01:00Z")
    sweep()
    assert "prompt" not in jobs.find("search", arn()).settlement.answer


def test_units_that_are_not_known_are_loud(begin, bedrock, sweep, records, capsys, caplog) -> None:
    begin(due=unknown("video_duration"))
    bedrock.says[arn()] = told("Completed", "2026-11-23T12:01:00Z")
    sweep()
    assert records.written[1]["usage_source"] == "none"
    assert '"UsageNotKnown":1' in capsys.readouterr().out
    assert "video_duration" in caplog.text


def test_a_sweep_that_dies_after_deciding_is_resumed(
    completed, sweep, new_sweep, records, monkeypatch
) -> None:
    dying = new_sweep()

    def die(*_):
        raise Killed

    monkeypatch.setattr(dying, "_record", die)
    until_killed(lambda: dying.run(lambda: 240_000))
    assert records.written == []

    sweep()
    assert records.kinds == ["started", "usage"]


def test_a_sweep_that_dies_after_writing_bills_nothing_twice(completed, sweep, records) -> None:
    records.dying = True
    until_killed(sweep)
    records.dying = False
    sweep()
    assert records.kinds == ["started", "usage"] * 2
    assert len(records.counted_once) == 2


def test_a_sweep_that_is_resumed_on_another_day_bills_the_day_that_was_decided(
    completed, sweep, records, clock
) -> None:
    records.dying = True
    until_killed(sweep)
    records.dying = False
    clock.advance(days=5)
    sweep()
    assert {record["day"] for record in records.written} == {"2026-11-23"}


def test_records_that_could_not_be_written_are_written_by_the_next_sweep(
    completed, sweep, records
) -> None:
    records.failing = True
    with pytest.raises(SweepIncomplete):
        sweep()
    records.failing = False
    assert sweep().settled == 1
    assert records.kinds == ["started", "usage"]


def test_two_sweeps_at_once_bill_a_job_once(
    completed, new_sweep, bedrock, records, monkeypatch
) -> None:
    other, ask = new_sweep("i-2"), bedrock.get

    def ask_while_the_other_sweeps(invocation_arn):
        monkeypatch.setattr(bedrock, "get", ask)
        other.run(lambda: 240_000)
        return ask(invocation_arn)

    monkeypatch.setattr(bedrock, "get", ask_while_the_other_sweeps)
    new_sweep("i-1").run(lambda: 240_000)

    assert records.kinds == ["started", "usage"]
    assert {record["instance"] for record in records.written} == {"i-2"}


def test_one_jobs_fault_does_not_keep_the_others_waiting(
    begin, bedrock, sweep, records, clock
) -> None:
    begin("aaaaaaaaaaaa", given_token="a")
    begin("bbbbbbbbbbbb", given_token="b")
    bedrock.says[arn("aaaaaaaaaaaa")] = refused("InternalServerException", 500)
    bedrock.says[arn("bbbbbbbbbbbb")] = told("Completed", "2026-11-23T12:00:00Z")
    with pytest.raises(SweepIncomplete):
        sweep()
    assert records.kinds == ["started", "usage"]


def spoil(dynamodb, sort_key, **values):
    """Overwrite attributes of every item whose sort key begins so."""
    for item in dynamodb.items():
        if item["sk"]["S"].startswith(sort_key):
            changed = item | {name: {"S": value} for name, value in values.items()}
            dynamodb.client.put_item(TableName="streams", Item=changed)


@pytest.fixture
def one_of_two(begin, bedrock):
    """Two jobs that ended; what the tests spoil is the first."""
    begin("aaaaaaaaaaaa", given_token="a")
    begin("bbbbbbbbbbbb", given_token="b")
    for name in ("aaaaaaaaaaaa", "bbbbbbbbbbbb"):
        bedrock.says[arn(name)] = told("Completed", "2026-11-23T12:00:00Z")
    return arn("aaaaaaaaaaaa")


@pytest.mark.parametrize(
    "values",
    [
        {"job": "{}"},
        {"job": "no JSON"},
        {"state": "melted"},
        {"state": "settled", "day": "2026-11-23", "end_state": "Melted"},
        {"state": "settled", "day": "some day", "end_state": "Completed"},
        {"state": "settled"},
    ],
)
def test_a_job_that_cannot_be_read_is_loud_and_the_others_are_settled(
    one_of_two, dynamodb, sweep, records, capsys, caplog, values
) -> None:
    spoil(dynamodb, one_of_two, **values)
    with pytest.raises(SweepIncomplete, match="1 jobs"):
        sweep()
    assert records.kinds == ["started", "usage"]
    assert one_of_two in caplog.text
    assert '"JobsSettled":1,"JobsRunning":0,"JobsLeft":1' in capsys.readouterr().out


def test_an_announcement_that_cannot_be_read_is_loud_and_the_others_are_found(
    jobs, dynamodb, sweep, bedrock, records, clock, caplog
) -> None:
    jobs.announce(job(given_token="a", call_id="call-a"))
    jobs.announce(job(given_token="b", call_id="call-b"))
    spoil(dynamodb, "start#call-a", job="{}")
    bedrock.listed[token_of("search", "b")] = arn()
    bedrock.says[arn()] = told("Completed", "2026-11-23T12:05:00Z")
    clock.advance(minutes=20)
    with pytest.raises(SweepIncomplete, match="1 jobs"):
        sweep()
    assert records.kinds == ["started", "usage"]
    assert "start#call-a" in caplog.text


def test_an_announcement_whose_arn_cannot_be_written_down_keeps_no_other_waiting(
    begin, announced, sweep, bedrock, records, clock, monkeypatch
) -> None:
    begin("bbbbbbbbbbbb", given_token="b", call_id="call-2")
    bedrock.says[arn("bbbbbbbbbbbb")] = told("Failed", "2026-11-23T12:00:00Z")
    bedrock.listed[token_of("search", "token-1")] = arn()
    clock.advance(minutes=20)

    def refuse(*_):
        raise AwsFault("TransactionConflict")

    monkeypatch.setattr(JobsTable, "begin", refuse)
    with pytest.raises(SweepIncomplete, match="1 jobs"):
        sweep()
    assert records.kinds == ["started", "failed"]


def test_a_bedrock_that_is_away_is_a_failure_that_the_scheduler_sees(
    begin, bedrock, sweep, capsys
) -> None:
    begin()
    bedrock.away = True
    with pytest.raises(SweepIncomplete):
        sweep()
    assert '"JobsLeft":1' in capsys.readouterr().out


def test_a_sweep_ends_before_its_function_does(completed, sweep, records) -> None:
    with pytest.raises(SweepIncomplete):
        sweep(seconds=10)
    assert records.written == []


def test_a_job_that_aws_does_not_know_yet_is_left(begin, sweep, clock) -> None:
    begin()
    clock.advance(hours=23)
    with pytest.raises(SweepIncomplete):
        sweep()


def test_a_job_that_aws_forgot_ends_as_a_usage_that_nobody_knows(
    begin, sweep, records, clock, jobs
) -> None:
    begin()
    clock.advance(hours=25)
    sweep()
    assert (records.written[1]["usage_source"], records.written[1]["error_code"]) == (
        "none",
        "job_unknown",
    )
    assert jobs.unsettled() == []


def test_a_settlement_after_the_report_says_which_day_to_report_again(
    completed, sweep, records, clock, caplog
) -> None:
    clock.now = NOON + timedelta(days=1)
    assert sweep().to_dict()["late_days"] == ["2026-11-23"]
    assert records.written[0]["day"] == "2026-11-23"
    assert "report 2026-11-23 again" in caplog.text


@pytest.mark.parametrize(
    ("days", "billed"), [(3, "2026-11-23"), (300, "2026-11-23"), (391, "2027-12-19")]
)
def test_a_late_settlement_is_billed_on_its_day_while_the_log_keeps_that_day(
    completed, sweep, records, clock, days, billed
) -> None:
    clock.now = NOON + timedelta(days=days)
    sweep()
    assert records.written[0]["day"] == billed


def test_a_day_that_a_job_is_billed_on_still_has_its_records() -> None:
    assert REPORTS_READ + timedelta(days=1) < usage_query.KEPT


@pytest.mark.parametrize("ended", [None, "soon", "2031-01-01T00:00:00Z"])
def test_an_end_time_that_cannot_be_is_today(begin, bedrock, sweep, records, ended) -> None:
    begin()
    bedrock.says[arn()] = told("Completed", ended)
    sweep()
    assert records.written[0]["day"] == "2026-11-23"


@pytest.fixture
def announced(jobs):
    """A start of which nothing is known but that it was to be made."""
    jobs.announce(job())


def test_a_start_that_may_still_be_going_on_is_let_alone(
    announced, sweep, jobs, bedrock, clock
) -> None:
    bedrock.listed[token_of("search", "token-1")] = arn()
    clock.advance(minutes=15)
    assert sweep().found == 0
    assert jobs.announced() == [job()]


def test_a_job_whose_arn_was_lost_is_found_by_its_token_and_billed(
    announced, sweep, bedrock, records, clock
) -> None:
    bedrock.listed[token_of("search", "token-1")] = arn()
    bedrock.says[arn()] = told("Completed", "2026-11-23T12:05:00Z")
    clock.now += STARTS_END + timedelta(seconds=1)
    assert (swept := sweep()).found == 1
    assert swept.settled == 1
    assert records.written[1]["team_id"] == "search"


def test_jobs_are_looked_for_from_the_time_of_the_oldest_announcement(
    announced, jobs, sweep, bedrock, clock
) -> None:
    jobs.announce(job(started_at=NOON - timedelta(hours=1), call_id="call-2"))
    clock.advance(minutes=20)
    sweep()
    assert bedrock.asked_since == [NOON - timedelta(hours=1, minutes=5)]


def test_nothing_is_listed_while_every_start_is_accounted_for(begin, bedrock, sweep, clock) -> None:
    begin()
    bedrock.says[arn()] = told("InProgress")
    clock.advance(hours=5)
    sweep()
    assert bedrock.asked_since == []


def test_a_start_that_aws_never_lists_never_was(announced, sweep, jobs, records, clock) -> None:
    clock.advance(hours=23)
    sweep()
    assert jobs.announced() == [job()]
    clock.now = NOON + STARTS_SHOW + timedelta(seconds=1)
    assert sweep().never_started == 1
    assert (jobs.announced(), records.written) == ([], [])


def test_the_gaps_in_a_processs_numbering_are_not_the_sweeps(
    completed, sweep, new_sweep, records, clock
) -> None:
    """A pair that could not be written is sent again with the process's next record."""
    one = new_sweep()
    records.failing = True
    with pytest.raises(SweepIncomplete):
        one.run(lambda: 240_000)
    records.failing = False
    one.run(lambda: 240_000)
    assert [record["seq"] for record in records.written] == [1, 2, 3, 4]
    assert len(records.counted_once) == 2
