import json
from datetime import timedelta

import pytest
from job_fakes import NOON, arn, job

from chalicelib.async_jobs.job import Settlement
from chalicelib.aws_json import AwsFault

COMPLETED = Settlement("2026-11-23", "Completed", "{}")


def begin(jobs, name="abcdefghijkl", **parts):
    announced = job(**parts)
    jobs.announce(announced)
    jobs.begin(announced, arn(name))
    return jobs.find(announced.team_id, arn(name)).job


def test_a_job_is_announced_until_its_arn_is_written_down(jobs) -> None:
    announced = job()
    jobs.announce(announced)
    assert (jobs.announced(), jobs.unsettled()) == ([announced], [])

    jobs.begin(announced, arn())
    assert (jobs.announced(), jobs.unsettled()) == ([], [("search", arn())])


def test_an_announcement_can_be_taken_back(jobs) -> None:
    jobs.announce(job())
    jobs.forget(job())
    assert jobs.announced() == []


def test_a_start_takes_back_its_own_announcement_alone(jobs) -> None:
    first, second = job(call_id="call-1"), job(call_id="call-2")
    jobs.announce(first)
    jobs.announce(second)
    jobs.forget(second)
    assert jobs.announced() == [first]


def test_a_job_is_found_by_its_own_team_alone(jobs) -> None:
    begin(jobs)
    assert jobs.find("search", arn())
    assert jobs.find("art", arn()) is None


def test_a_job_that_is_started_again_is_still_one_job(jobs) -> None:
    first = begin(jobs, call_id="call-1")
    jobs.settle(first, COMPLETED)

    begin(jobs, call_id="call-2")

    kept = jobs.find("search", arn())
    assert (kept.job, kept.state) == (first, "settled")
    assert jobs.announced() == []


def test_a_job_that_is_started_again_after_it_was_recorded_is_not_opened_again(jobs) -> None:
    first = begin(jobs, call_id="call-1")
    jobs.settle(first, COMPLETED)
    jobs.close(first, NOON)

    begin(jobs, call_id="call-2")

    assert jobs.unsettled() == []


def test_of_two_settlements_one_decides(jobs) -> None:
    begun = begin(jobs)
    assert jobs.settle(begun, COMPLETED)
    assert not jobs.settle(begun, Settlement("2026-11-24", "Failed"))
    assert jobs.find("search", arn()).settlement == COMPLETED


def test_a_closed_job_is_no_longer_swept_and_is_still_found(jobs) -> None:
    begun = begin(jobs)
    jobs.settle(begun, COMPLETED)
    jobs.close(begun, NOON)
    assert (jobs.unsettled(), jobs.find("search", arn()).state) == ([], "recorded")


def test_only_a_closed_job_is_ever_forgotten(jobs, dynamodb) -> None:
    open_job, closed = begin(jobs, "aaaaaaaaaaaa"), begin(jobs, "bbbbbbbbbbbb")
    jobs.settle(closed, COMPLETED)
    jobs.close(closed, NOON)
    jobs.announce(job(call_id="call-9"))

    expiring = {item["sk"]["S"] for item in dynamodb.items() if "expires_at" in item}

    assert expiring == {closed.arn}
    assert open_job.arn not in expiring


def test_a_transaction_that_was_refused_for_another_reason_is_a_fault(jobs, dynamodb) -> None:
    jobs.announce(job())
    dynamodb.away.add("TransactWriteItems")
    with pytest.raises(AwsFault):
        jobs.begin(job(), arn())
    assert jobs.announced() == [job()]


def test_nothing_of_a_prompt_is_kept(jobs, dynamodb) -> None:
    begin(jobs)
    assert "prompt" not in json.dumps(dynamodb.items())


@pytest.fixture
def three(jobs):
    """Three jobs of a team, an hour apart, and another team's."""
    for hours, name in enumerate(("aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc")):
        begin(jobs, name, started_at=NOON + timedelta(hours=hours))
    begin(jobs, "dddddddddddd", team_id="art")
    return jobs


def names(page):
    return [kept.job.arn[-1] for kept in page.jobs]


@pytest.mark.parametrize(("newest_first", "order"), [(True, "cba"), (False, "abc")])
def test_a_team_lists_its_own_jobs_by_time(three, newest_first, order) -> None:
    assert names(three.page("search", newest_first=newest_first)) == list(order)


def test_a_list_can_begin_and_end_at_a_time(three) -> None:
    assert names(three.page("search", since=NOON + timedelta(minutes=1))) == ["c", "b"]
    assert names(three.page("search", until=NOON + timedelta(minutes=1))) == ["a"]


def test_a_list_is_paged_without_gaps_or_repeats(three) -> None:
    first = three.page("search", limit=2)
    second = three.page("search", limit=2, after=first.after)
    assert (names(first), names(second), second.after) == (["c", "b"], ["a"], None)
