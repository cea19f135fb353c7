from dataclasses import replace

import pytest
from job_fakes import arn, job

from chalicelib.async_jobs.job import (
    Job,
    Settlement,
    settlement_call,
    settlement_outcome,
    token_of,
)
from chalicelib.metering.metered import unknown

STARTED = replace(job(), arn=arn())
COMPLETED = Settlement("2026-11-24", "Completed")


def test_a_job_is_kept_whole() -> None:
    assert Job.from_json(STARTED.to_json()) == STARTED


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
