from datetime import UTC, datetime

import pytest

from local.simulator.calls import Counts, Reply
from local.simulator.jobs import Finish, Jobs, Order
from local.simulator.ledger import SETTLEMENT, Ledger, open_entry
from local.simulator.models import Model
from local.simulator.refusals import Refusal, invalid
from local.simulator.storage import NO_STORAGE

REEL = "amazon.nova-reel-v1:1"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NEXT_DAY = datetime(2026, 11, 21, 0, 30, tzinfo=UTC)
EVERYTHING = Finish({})


class FullStorage:
    def write(self, folder, files):
        raise invalid(f"Unable to write to the S3 location {folder}")


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def jobs(ledger):
    return Jobs(ledger, NO_STORAGE, clock=lambda: NOON)


def order(team: str = "red", model_id: str = REEL, **request) -> Order:
    entry = open_entry({"user-agent": f"tollgate md/team#{team} md/request#req-1"})
    entry.region, entry.model, entry.base_model = "us-east-1", model_id, model_id
    folder = "s3://films/red/"
    request["outputDataConfig"] = {"s3OutputDataConfig": {"s3Uri": folder}}
    outcome = Reply({}, Counts(video_ms=6_000), media_class="720p")
    return Order(entry, Model(model_id, model_id), request, outcome, folder)


def test_a_job_is_in_progress_until_it_is_told_to_end(jobs):
    arn = jobs.start(order()).arn

    said = jobs.look(arn).as_json()

    assert said == {
        "invocationArn": arn,
        "modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{REEL}",
        "status": "InProgress",
        "submitTime": "2026-11-20T12:00:00.000Z",
        "lastModifiedTime": "2026-11-20T12:00:00.000Z",
        "outputDataConfig": {
            "s3OutputDataConfig": {"s3Uri": f"s3://films/red/{arn.rpartition('/')[2]}"}
        },
    }


def test_a_job_is_billed_by_an_entry_of_its_own_when_it_ends(jobs, ledger):
    arn = jobs.start(order()).arn

    jobs.finish(Finish({}, ended=NEXT_DAY))

    (entry,) = ledger.entries()
    assert jobs.look(arn).as_json()["endTime"] == entry["ended"] == "2026-11-21T00:30:00.000Z"
    assert (entry["operation"], entry["request_id"]) == (SETTLEMENT, arn)
    assert (entry["team"], entry["gateway_request"]) == ("red", "req-1")
    assert (entry["counts"]["video_ms"], entry["billed_usd"]) == (6_000, "0.48")


def test_a_job_that_failed_costs_nothing(jobs, ledger):
    arn = jobs.start(order()).arn

    jobs.finish(Finish({}, "Failed"))

    (entry,) = ledger.entries()
    assert jobs.look(arn).as_json()["failureMessage"]
    assert (entry["outcome"], entry["billed_usd"]) == ("refused", "0")
    assert set(entry["counts"].values()) == {0}


def test_a_job_ends_once(jobs, ledger):
    jobs.start(order())

    assert len(jobs.finish(EVERYTHING)) == 1
    assert jobs.finish(EVERYTHING) == []
    assert len(ledger.entries()) == 1


def test_a_job_whose_output_cannot_be_written_fails_and_costs_nothing(ledger):
    jobs = Jobs(ledger, FullStorage())
    arn = jobs.start(order()).arn

    jobs.finish(EVERYTHING)

    assert jobs.look(arn).status == "Failed"
    assert ledger.entries()[0]["billed_usd"] == "0"


def test_the_same_request_under_the_same_token_is_one_job(jobs):
    first = jobs.start(order(clientRequestToken="t-1", modelInput={"a": 1}))
    again = jobs.start(order(clientRequestToken="t-1", modelInput={"a": 1}))
    other = jobs.start(order(clientRequestToken="t-2", modelInput={"a": 1}))

    assert first.arn == again.arn != other.arn
    assert len(jobs.describe()) == 2


def test_a_token_used_for_another_request_is_a_conflict(jobs):
    jobs.start(order(clientRequestToken="t-1", modelInput={"a": 1}))

    with pytest.raises(Refusal) as refused:
        jobs.start(order(clientRequestToken="t-1", modelInput={"a": 2}))

    assert (refused.value.status, refused.value.code) == (400, "ConflictException")


def test_a_job_completes_after_as_many_looks_as_were_set(ledger):
    jobs = Jobs(ledger, NO_STORAGE, looks=2)
    arn = jobs.start(order()).arn

    statuses = [jobs.look(arn).status for _ in range(3)]

    assert statuses == ["InProgress", "Completed", "Completed"]
    assert len(ledger.entries()) == 1


def test_a_listing_is_a_look_too(ledger):
    jobs = Jobs(ledger, NO_STORAGE, looks=1)
    jobs.start(order())

    (listed,) = jobs.page(lambda _job: True, newest_first=True)

    assert listed.status == "Completed"


def test_a_job_can_be_armed_to_complete_after_some_looks(jobs):
    arn = jobs.start(order()).arn

    jobs.finish(Finish({}, after_looks=1))

    assert jobs.look(arn).status == "Completed"


@pytest.mark.parametrize(
    ("match", "number"),
    [
        ({}, 3),
        ({"team": "red"}, 2),
        ({"model": "luma.*"}, 1),
        ({"model": "luma.*", "team": "blue"}, 0),
        ({"arn": "*:async-invoke/*"}, 3),
    ],
)
def test_jobs_are_ended_by_team_model_and_arn(jobs, match, number):
    jobs.start(order("red"))
    jobs.start(order("red", "luma.ray-v2:0"))
    jobs.start(order("blue"))

    assert len(jobs.finish(Finish(match))) == number


def test_a_job_that_is_not_there_is_refused(jobs):
    with pytest.raises(Refusal):
        jobs.look("arn:aws:bedrock:us-east-1:123456789012:async-invoke/abcdefghijkl")


def test_an_instruction_is_read_as_the_control_api_takes_it():
    told = Finish.read({"match": {"team": "red"}, "ended": "2026-11-21T01:30:00+01:00"})

    assert told == Finish({"team": "red"}, "Completed", NEXT_DAY)


@pytest.mark.parametrize(
    "source",
    [
        [],
        {"status": "InProgress"},
        {"match": {"colour": "red"}},
        {"match": {"team": 1}},
        {"when": "now"},
        {"ended": 5},
        {"after_looks": 0},
        {"ended": "tomorrow"},
        {"ended": "2026-11-21T00:30:00"},
    ],
)
def test_an_instruction_that_cannot_mean_what_it_says_is_refused(source):
    with pytest.raises(ValueError):
        Finish.read(source)
