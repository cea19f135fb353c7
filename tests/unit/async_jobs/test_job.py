import json
from dataclasses import replace

import pytest
from job_fakes import arn, job

from chalicelib.async_jobs.job import (
    Job,
    Settlement,
    UnreadableJob,
    settlement_call,
    settlement_outcome,
    token_of,
)
from chalicelib.metering.metered import unknown

STARTED = replace(job(), arn=arn())
COMPLETED = Settlement("2026-11-24", "Completed")


def test_a_job_is_kept_whole() -> None:
    assert Job.from_json(STARTED.to_json()) == STARTED


def stored(**changes):
    """Return a kept job as JSON, changed: objects are merged, and None leaves a member out."""
    return json.dumps(merged(json.loads(STARTED.to_json()), changes))


def merged(values, changes):
    known = {
        name: merged(values[name], change) if isinstance(change, dict) else change
        for name, change in changes.items()
    }
    return {name: each for name, each in {**values, **known}.items() if each is not None}


def test_what_a_later_release_adds_to_a_job_does_not_keep_this_one_from_reading_it() -> None:
    text = stored(start={"colour": "blue"}, due={"colour": "blue"}, colour="blue")
    assert Job.from_json(text) == STARTED


def test_a_field_for_people_that_a_job_was_kept_without_has_a_default() -> None:
    read = Job.from_json(stored(start={"surface": None, "streamed": None}, due={"problem": None}))
    assert (read.start.surface, read.start.streamed, read.due.problem) == ("none", 0, "")


def test_a_unit_that_this_release_does_not_know_is_never_billed_as_nothing() -> None:
    due = {"usage": {"video_ms": 6_000, "holograms": 2}}
    with pytest.raises(UnreadableJob, match="holograms"):
        Job.from_json(stored(due=due))
    assert Job.from_json(stored(due={"usage": {"video_ms": 6_000, "holograms": 0}})) == STARTED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        stored(start="search"),
        stored(start={"team_id": None}),
        stored(start={"team_id": 7}),
        stored(start={"geo": None}),
        stored(due={"usage": None}),
        stored(due={"usage": {"video_ms": "6000"}}),
        stored(due={"usage": {"video_ms": -1}}),
        stored(due={"usage_source": None}),
        stored(started_at="yesterday"),
        stored(started_at="2026-11-23T12:00:00"),
        stored(token=None),
    ],
)
def test_a_job_without_what_bills_it_is_not_read_at_a_guess(text) -> None:
    with pytest.raises(UnreadableJob):
        Job.from_json(text)


def test_two_teams_never_share_a_token() -> None:
    assert token_of("search", "job-1") != token_of("art", "job-1")
    assert token_of("search", "job-1") == token_of("search", "job-1")


def test_a_token_for_aws_is_one_that_aws_takes() -> None:
    token = token_of("search", "~" * 256)
    assert (len(token), token.isalnum()) == (64, True)


def test_a_settlement_is_a_call_of_its_own_on_the_day_the_job_ended() -> None:
    call = settlement_call(STARTED, COMPLETED)
    assert (call.day, STARTED.start.day) == ("2026-11-24", "2026-11-23")
    assert call.call_id != STARTED.start.call_id
    assert call.operation == "AsyncInvokeSettlement"


def test_a_settlement_charges_the_team_the_key_and_the_request_that_started_the_job() -> None:
    call, start = settlement_call(STARTED, COMPLETED), STARTED.start
    assert (call.team_id, call.key_id, call.request_id) == (
        start.team_id,
        start.key_id,
        start.request_id,
    )
    assert (call.model_id, call.base_model, call.geo) == (
        start.model_id,
        start.base_model,
        start.geo,
    )


def test_the_same_job_is_always_settled_by_the_same_call() -> None:
    again = replace(STARTED, started_at=STARTED.started_at.replace(hour=13))
    assert settlement_call(STARTED, COMPLETED) == settlement_call(again, COMPLETED)


def test_a_completed_job_is_billed_what_was_derived_when_it_started() -> None:
    outcome = settlement_outcome(STARTED, COMPLETED)
    assert (outcome.kind, outcome.usage_source) == ("usage", "derived")
    assert (outcome.usage.video_ms, outcome.variant) == (6_000, "hd_24fps")
    assert outcome.provider_request_id == arn()


def test_a_failed_job_is_billed_nothing() -> None:
    outcome = settlement_outcome(STARTED, Settlement("2026-11-24", "Failed"))
    assert (outcome.kind, outcome.error_code) == ("failed", "job_failed")
    assert not any(outcome.usage.as_dict().values())


def test_a_job_that_aws_forgot_is_a_usage_that_nobody_knows() -> None:
    outcome = settlement_outcome(STARTED, Settlement("2026-11-24", "Unknown"))
    assert (outcome.kind, outcome.usage_source) == ("usage", "none")


@pytest.mark.parametrize("problem", ["video_duration", "operation_not_metered"])
def test_a_completed_job_whose_units_are_not_known_is_billed_as_unknown(problem) -> None:
    outcome = settlement_outcome(replace(STARTED, due=unknown(problem)), COMPLETED)
    assert (outcome.kind, outcome.usage_source) == ("usage", "none")
