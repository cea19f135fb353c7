import json
from dataclasses import replace

import pytest
from stream_world import call_of, stream_job

from chalicelib.metering.usage import Usage
from chalicelib.streams.items import item_of, job_item, job_of, owner, partition
from chalicelib.streams.job import UnreadableJob, attempt_of, first_event
from chalicelib.usage_record import Outcome

JOB = stream_job(headers={"accept": "application/json"}, retry=True, store=False, body=None)
OPENED = replace(JOB, step="opened", state="running", lease_until=7, call=call_of(JOB))
OUTCOME = Outcome("usage", Usage(input_tokens=11, output_tokens=3), "stream", status_code=200)


def test_a_new_job_is_kept_whole() -> None:
    assert job_of(job_item(JOB)) == JOB


def test_an_opened_job_is_kept_with_its_call() -> None:
    assert job_of(job_item(OPENED)) == OPENED


def test_what_becomes_of_a_job_is_kept_beside_it() -> None:
    ended = replace(OPENED, progress=OUTCOME.usage, outcome=OUTCOME)
    item = {**job_item(OPENED), **item_of(progress=OUTCOME.usage, outcome=OUTCOME)}
    assert job_of(item) == ended


def test_a_body_comes_from_an_item_of_its_own() -> None:
    assert b"secret" not in json.dumps(job_item(replace(JOB, body=b"secret"))).encode()
    assert job_of(job_item(JOB), b"secret").body == b"secret"


def test_what_a_later_release_adds_does_not_keep_this_one_from_reading_a_job() -> None:
    item = {**stored(OPENED, "job", colour="blue"), "colour": {"S": "blue"}}
    assert job_of(item) == OPENED
    assert job_of(stored(OPENED, "call", colour="blue")) == OPENED


def stored(job, attribute, **changes):
    """A job's item in which one attribute is changed; None leaves a member out."""
    item = job_item(job) | item_of(outcome=OUTCOME, progress=OUTCOME.usage)
    values = {**json.loads(item[attribute]["S"]), **changes}
    kept = {name: value for name, value in values.items() if value is not None}
    return {**job_item(job), attribute: {"S": json.dumps(kept)}}


def test_a_unit_that_this_release_does_not_know_is_never_billed_as_nothing() -> None:
    with pytest.raises(UnreadableJob):
        job_of(stored(OPENED, "progress", holograms=2))
    assert job_of(stored(OPENED, "progress", holograms=0)).progress == OUTCOME.usage


@pytest.mark.parametrize(
    "item",
    [
        {},
        {**job_item(JOB), "job": {"S": "[]"}},
        {**job_item(JOB), "job": {"S": "no JSON"}},
        {**job_item(JOB), "step": {"S": "dreaming"}},
        {**job_item(JOB), "attempt": {"N": "-1"}},
        stored(OPENED, "job", team_id=None),
        stored(OPENED, "job", model=None),
        stored(OPENED, "job", store=1),
        stored(OPENED, "job", headers={"accept": 1}),
        stored(OPENED, "call", geo=None),
        stored(OPENED, "call", team_id=7),
        stored(OPENED, "progress", input_tokens="11"),
        stored(OPENED, "outcome", usage={"input_tokens": -1}),
        stored(OPENED, "outcome", usage_source="guess"),
        stored(OPENED, "outcome", kind=None),
    ],
)
def test_a_job_without_what_bills_it_is_not_read_at_a_guess(item) -> None:
    with pytest.raises(UnreadableJob):
        job_of(item)


def test_a_job_is_under_its_team() -> None:
    assert owner(partition("search", "a#b")) == ("search", "a#b")
    assert partition("search", "a") != partition("art", "a")


def test_every_event_of_a_later_attempt_comes_after_those_of_an_earlier_one() -> None:
    assert [first_event(attempt) for attempt in (1, 2, 3)] == [1, 1_000_001, 2_000_001]
    assert [attempt_of(n) for n in (0, 1, 1_000_000, 1_000_001)] == [1, 1, 1, 2]
