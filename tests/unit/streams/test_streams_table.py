"""The table of streamed jobs, in moto; and once more where every write is made twice."""

from contextlib import suppress
from dataclasses import replace

import pytest
from job_fakes import NOON, Clock
from stream_world import (
    PROGRESS,
    TABLE,
    WHOLE,
    begun,
    call_of,
    delta,
    finished,
    in_ms,
    keep,
    stream_job,
)

from chalicelib.aws_json import AwsFault
from chalicelib.streams.table import AlreadyThere, JobGone, StreamsTable
from chalicelib.usage_record import Outcome

LATER = in_ms(NOON) + 60_000
TWENTY_MINUTES = in_ms(NOON) + 1_200_000
INTERRUPTED = replace(WHOLE, outcome=Outcome("usage", PROGRESS, "partial"), state="interrupted")


class Repeated:
    """DynamoDB behind AwsApi, where the first answer to each write is lost."""

    def __init__(self, dynamodb) -> None:
        self.dynamodb = dynamodb

    def call(self, operation, payload):
        if operation in ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"):
            with suppress(AwsFault):
                self.dynamodb.call(operation, payload)
        return self.dynamodb.call(operation, payload)


@pytest.fixture(scope="module")
def name(shared_dynamodb):
    shared_dynamodb.client.create_table(TableName="jobs", **TABLE)
    return "jobs"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=[False, True], ids=["once", "twice"])
def dynamodb(request, shared_dynamodb, name):
    yield Repeated(shared_dynamodb) if request.param else shared_dynamodb
    client = shared_dynamodb.client
    for item in items(client):
        client.delete_item(TableName=name, Key={k: item[k] for k in ("pk", "sk")})


@pytest.fixture
def table(dynamodb, name, clock):
    return StreamsTable(dynamodb, name, clock)


def items(client):
    return client.scan(TableName="jobs")["Items"]


def item(client, sk="job"):
    return next(each for each in items(client) if each["sk"]["S"] == sk)


def texts(table, after=0, team_id="search"):
    return [e.data for _, e in table.answers.page(team_id, "request-1", after, 10**6).events]


def test_a_new_job_is_found_by_its_own_team_alone(table) -> None:
    job = table.create(stream_job())
    assert table.find("search", "request-1") == replace(job, body=None)
    assert table.find("art", "request-1") is None


def test_a_job_that_is_to_be_run_is_found_with_its_body(table) -> None:
    job = table.create(stream_job())
    assert table.find_whole("search", "request-1") == job
    assert table.find_whole("search", "request-2") is None


def test_a_job_whose_body_is_in_the_bucket_is_found_without(table) -> None:
    job = table.create(stream_job(body=None, body_key="streams/request-1"))
    assert table.find_whole("search", "request-1") == job


def test_a_queued_job_must_begin_within_twenty_minutes(table) -> None:
    assert table.create(stream_job()).lease_until == TWENTY_MINUTES


def test_a_live_job_is_created_opened(table) -> None:
    job = stream_job(step="opened", state="running", lease_until=LATER)
    job = replace(job, call=call_of(job))
    assert table.create(job) == job
    assert table.settle(job, WHOLE).step == "settled"


def test_a_request_id_is_one_jobs_alone(table) -> None:
    first = table.create(stream_job())
    with pytest.raises(AlreadyThere):
        table.create(stream_job(key_id="another"))
    assert table.find_whole("search", "request-1") == first


def test_a_job_whose_message_was_not_sent_is_taken_back(table, shared_dynamodb) -> None:
    assert table.remove(table.create(stream_job()))
    assert items(shared_dynamodb.client) == []


def test_a_job_that_has_begun_is_not_taken_back(table, clock) -> None:
    job = begun(table, clock)
    assert not table.remove(job)
    assert table.find_whole("search", "request-1") == job


def test_an_opened_job_has_its_call_and_a_lease(table) -> None:
    job = table.create(stream_job())
    call = call_of(job)
    opened = table.open(job, call, LATER)
    assert opened == replace(job, step="opened", state="running", call=call, lease_until=LATER)
    assert table.find_whole("search", "request-1") == opened


def test_of_two_that_would_open_a_job_one_does(table) -> None:
    job = table.create(stream_job())
    assert table.open(job, call_of(job, "call-1"), LATER)
    assert table.open(job, call_of(job, "call-2"), LATER) is None
    assert table.find("search", "request-1").call.call_id == "call-1"


@pytest.mark.parametrize("deed", ["settle", "emit"])
def test_a_job_that_has_ended_is_never_opened_again(table, clock, deed) -> None:
    job = begun(table, clock)
    {"settle": lambda: table.settle(job, WHOLE), "emit": lambda: finished(table, job)}[deed]()
    assert table.open(stream_job(), call_of(job, "call-2"), LATER) is None
    assert table.open(stream_job(), call_of(job, "call-1"), LATER) is None


def test_a_job_whose_call_was_not_made_is_queued_again(table, clock) -> None:
    job = begun(table, clock)
    assert table.unopen(job)
    queued = table.find("search", "request-1")
    assert (queued.step, queued.state, queued.call) == ("queued", "queued", None)
    assert queued.lease_until == TWENTY_MINUTES
    assert table.open(queued, call_of(job, "call-2"), LATER)


def test_nobody_unopens_another_ones_call(table, clock) -> None:
    job = begun(table, clock)
    other = replace(job, call=call_of(job, "call-2"))
    assert not table.unopen(other)
    assert table.find("search", "request-1").step == "opened"


def test_a_renewed_lease_carries_what_was_used_so_far(table, clock) -> None:
    job = begun(table, clock)
    assert table.renew(job, LATER + 1, PROGRESS)
    kept = table.find("search", "request-1")
    assert (kept.lease_until, kept.progress) == (LATER + 1, PROGRESS)


def test_who_renews_is_told_that_the_tenant_deleted_the_answer(table, clock) -> None:
    job = begun(table, clock)
    table.delete("search", "request-1")
    assert not table.renew(job, LATER, PROGRESS)


def test_the_lease_of_a_settled_call_cannot_be_renewed(table, clock) -> None:
    job = begun(table, clock)
    table.settle(job, INTERRUPTED)
    with pytest.raises(JobGone):
        table.renew(job, LATER, PROGRESS)
    assert table.find("search", "request-1").progress != PROGRESS


def test_a_settled_job_says_how_it_ended(table, clock) -> None:
    job = begun(table, clock)
    told = replace(INTERRUPTED, last_event=7, whole=False, error_code="lost", error_message="Sorry")
    settled = table.settle(job, told)
    assert replace(settled, body=None) == table.find("search", "request-1")
    assert (settled.step, settled.state, settled.outcome) == (
        "settled",
        "interrupted",
        INTERRUPTED.outcome,
    )
    assert (settled.last_event, settled.whole) == (7, False)
    assert (settled.stop_reason, settled.error_code) == ("end_turn", "lost")


def test_of_two_settlements_the_first_one_counts(table, clock) -> None:
    job = begun(table, clock)
    first = table.settle(job, INTERRUPTED)
    assert table.settle(job, WHOLE) == first
    table.emitted(first)
    assert table.settle(job, WHOLE).outcome == INTERRUPTED.outcome


def test_a_call_that_is_not_the_jobs_any_more_is_not_settled(table, clock) -> None:
    job = begun(table, clock)
    again = table.requeue(table.settle(job, INTERRUPTED))
    table.open(again, call_of(job, "call-2"), LATER)
    with pytest.raises(JobGone):
        table.settle(job, WHOLE)
    assert table.find("search", "request-1").step == "opened"


def test_who_takes_a_job_for_lost_does_not_settle_it_once_its_lease_was_renewed(
    table, clock
) -> None:
    read = begun(table, clock)
    table.renew(read, LATER + 1, PROGRESS)
    found = table.settle(read, INTERRUPTED, lease_until=read.lease_until)
    assert (found.step, found.lease_until) == ("opened", LATER + 1)
    assert table.settle(read, INTERRUPTED, lease_until=LATER + 1).step == "settled"
    assert table.settle(read, WHOLE).state == "interrupted"


def test_a_job_that_is_not_there_is_not_settled(table) -> None:
    job = stream_job(step="opened")
    with pytest.raises(JobGone):
        table.settle(replace(job, call=call_of(job)), WHOLE)


def test_a_settlement_is_tried_for_as_long_as_the_caller_can_wait(
    shared_dynamodb, table, name, clock
) -> None:
    job = begun(table, clock)
    shared_dynamodb.away.add("UpdateItem")
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            shared_dynamodb.away.clear()

    patient = StreamsTable(shared_dynamodb, name, clock, clock=lambda: 0.0, sleep=sleep)
    assert patient.settle(job, WHOLE, 5.0).step == "settled"
    assert len(pauses) == 3


def test_a_job_is_looked_for_from_the_end_of_its_lease_until_it_is_emitted(table, clock) -> None:
    job = begun(table, clock)
    assert list(table.dead()) == []

    clock.advance(seconds=61)
    assert list(table.dead()) == [("search", "request-1")]

    settled = table.settle(job, WHOLE)
    assert list(table.dead()) == [("search", "request-1")]

    table.emitted(settled)
    assert list(table.dead()) == []


def test_every_dead_job_is_found_whatever_its_request_id(table, clock) -> None:
    ids = [f"request-{number}" for number in range(12)]
    for request_id in ids:
        table.create(stream_job(request_id=request_id, body=None))
    clock.advance(minutes=21)
    assert sorted(table.dead()) == sorted(("search", request_id) for request_id in ids)


def test_an_emitted_job_is_out_of_the_index_and_has_no_lease(table, clock, shared_dynamodb) -> None:
    finished(table, begun(table, clock))
    assert {"lease_shard", "lease_until"}.isdisjoint(item(shared_dynamodb.client))
    assert table.find("search", "request-1").lease_until == 0


def test_a_job_is_not_emitted_for_a_call_that_is_its_last_ones(table, clock) -> None:
    first = table.settle(begun(table, clock), INTERRUPTED)
    second = table.open(table.requeue(first), call_of(first, "call-2"), LATER)
    table.settle(second, INTERRUPTED)
    table.emitted(first)
    assert table.find("search", "request-1").step == "settled"


def test_a_job_that_is_tried_again_begins_anew(table, clock) -> None:
    job = begun(table, clock)
    table.renew(job, LATER, PROGRESS)
    settled = table.settle(job, replace(INTERRUPTED, last_event=7, whole=False, error_code="lost"))
    queued = table.requeue(settled)
    anew = replace(table.create(stream_job(request_id="request-2")), request_id="request-1")
    assert queued == replace(anew, attempt=2)
    assert queued.first_event == 1_000_001


def test_a_job_is_not_tried_again_twice_for_one_call(table, clock) -> None:
    first = table.settle(begun(table, clock), INTERRUPTED)
    second = table.open(table.requeue(first), call_of(first, "call-2"), LATER)
    with pytest.raises(JobGone):
        table.requeue(first)
    assert table.find("search", "request-1").call == second.call


def test_a_message_is_sent_once_more_and_not_again(table, clock) -> None:
    job = table.create(stream_job())
    clock.advance(minutes=21)
    again = table.resent(job)
    assert (again.sends, again.lease_until) == (2, TWENTY_MINUTES + 21 * 60_000)
    clock.advance(minutes=21)
    assert table.resent(again) is None
    assert table.resent(job) is None


def test_a_job_that_waits_behind_others_has_as_long_again_and_no_other_message(
    table, clock
) -> None:
    job = table.create(stream_job())
    clock.advance(minutes=21)
    assert table.wait_longer(job)
    queued = table.find("search", "request-1")
    assert (queued.sends, queued.lease_until) == (1, TWENTY_MINUTES + 21 * 60_000)

    opened = table.open(queued, call_of(job), LATER)
    table.wait_longer(job)
    assert table.find("search", "request-1").lease_until == opened.lease_until


def test_a_job_that_never_began_ends_without_a_call(table, clock) -> None:
    job = table.create(stream_job())
    assert table.fail(job, "not_begun", "Try again.")
    failed = table.find("search", "request-1")
    assert (failed.state, failed.step, failed.error_code) == ("failed", "emitted", "not_begun")
    assert list(table.dead()) == []
    assert table.open(job, call_of(job), LATER) is None


def test_a_job_that_has_begun_is_not_failed_without_its_call(table, clock) -> None:
    job = begun(table, clock)
    assert not table.fail(job, "not_begun", "Try again.")
    finished(table, job)
    assert not table.fail(job, "not_begun", "Try again.")
    assert table.find("search", "request-1").state == "done"


def test_a_deleted_job_is_forgotten_at_once_and_runs_on(table, clock) -> None:
    job = begun(table, clock)
    keep(table, job, "Hello")
    assert table.delete("search", "request-1")
    assert (texts(table), table.find("search", "request-1").deleted) == ([], True)
    assert table.settle(job, WHOLE).deleted


@pytest.mark.parametrize("deed", ["wait", "run", "end"])
def test_no_request_outlives_its_deletion(table, clock, deed, shared_dynamodb) -> None:
    if deed == "wait":
        table.create(stream_job())
    elif deed == "run":
        begun(table, clock)
    else:
        finished(table, begun(table, clock))
    table.delete("search", "request-1")
    assert [each["sk"]["S"] for each in items(shared_dynamodb.client)] == ["job"]


def test_the_request_of_a_job_that_never_began_is_forgotten(table, shared_dynamodb) -> None:
    table.fail(table.create(stream_job()), "not_begun", "Try again.")
    assert [each["sk"]["S"] for each in items(shared_dynamodb.client)] == ["job"]


def test_nobody_deletes_another_teams_job(table, clock) -> None:
    keep(table, begun(table, clock), "Hello")
    assert not table.delete("art", "request-1")
    assert not table.find("search", "request-1").deleted
    assert texts(table) != []


@pytest.mark.parametrize("how", ["deleted", "not stored"])
def test_what_must_not_be_kept_is_gone_when_the_job_ends(
    table, clock, how, shared_dynamodb
) -> None:
    job = begun(table, clock, store=how == "deleted")
    if how == "deleted":
        table.delete("search", "request-1")
    keep(table, job, "written late")
    finished(table, job)
    assert [each["sk"]["S"] for each in items(shared_dynamodb.client)] == ["job"]


def test_a_stored_answer_outlives_its_job(table, clock) -> None:
    job = begun(table, clock)
    keep(table, job, "Hello")
    finished(table, job)
    assert texts(table) == [delta("Hello").data]
    assert texts(table, team_id="art") == []


def test_all_of_a_long_answer_is_forgotten(table, clock) -> None:
    job = begun(table, clock)
    for number in range(1, 31):
        keep(table, job, "Hello", first=number)
    table.answers.forget("search", "request-1")
    assert texts(table) == []


def test_everything_expires(table, clock, shared_dynamodb) -> None:
    job = begun(table, clock)
    keep(table, job, "Hello")
    kept = items(shared_dynamodb.client)
    assert len(kept) == 3
    assert all(int(each["expires_at"]["N"]) >= job.expires_at for each in kept)


def test_no_job_is_forgotten_before_it_is_emitted(table, clock, shared_dynamodb) -> None:
    job = begun(table, clock)
    month = 30 * 86_400
    assert item(shared_dynamodb.client)["expires_at"] == {"N": str(job.expires_at + month)}
    finished(table, job)
    assert item(shared_dynamodb.client)["expires_at"] == {"N": str(job.expires_at)}


def test_what_expired_is_not_found_any_more_though_it_is_still_there(table, clock) -> None:
    finished(table, begun(table, clock))
    clock.advance(days=1)
    assert table.find("search", "request-1") is None
    assert table.find_whole("search", "request-1") is None


def test_a_job_that_is_not_emitted_is_found_however_late(table, clock) -> None:
    begun(table, clock)
    clock.advance(days=2)
    assert table.find("search", "request-1")
