"""What a worker does with one message, and when SQS is to deliver it again."""

import json

from stream_world import QUEUE, World, begun, call_of, finished, in_ms, stream_job

from chalicelib.errors import DirectoryUnavailable, ModelBlocked
from chalicelib.streams.worker import PAUSES_SECONDS


def test_a_job_is_run_and_its_message_forgotten(world: World) -> None:
    world.submit()
    world.work()
    assert (world.job().step, world.job().state) == ("emitted", "done")
    assert world.records.kinds == ["started", "usage"]
    assert world.sqs.queues[QUEUE] == {}


def test_a_job_is_run_with_its_body_once_it_is_opened(world: World, monkeypatch) -> None:
    bodies = []
    monkeypatch.setattr(
        "stream_world.ScriptedRunner.run_to_end",
        lambda _self, job, _seconds: bodies.append(job.body),
    )
    world.submit(body=b'{"messages":["hello"]}')
    world.work()
    assert bodies == [b'{"messages":["hello"]}']


def test_a_message_that_comes_twice_calls_once(world: World) -> None:
    job = world.submit()
    world.queue.send(job.team_id, job.request_id, job.attempt)
    world.work()
    assert list(world.provider.calls.values()) == [1]
    assert world.sqs.queues[QUEUE] == {}


def test_a_message_of_a_job_that_was_taken_back_is_forgotten(world: World) -> None:
    world.table.remove(world.submit())
    world.work()
    assert world.sqs.queues[QUEUE] == {}
    assert world.records.written == []


def test_a_message_of_an_earlier_attempt_starts_nothing(world: World) -> None:
    job = world.submit(retry=True)
    world.deaths += ["provider.call", "queue.send"]
    world.work()
    world.clock.advance(minutes=2)
    world.sweep()
    world.sqs.queues[QUEUE].clear()
    world.queue.send(job.team_id, job.request_id, job.attempt)
    world.work()
    assert (world.job().step, world.job().attempt) == ("queued", 2)
    assert len(world.provider.calls) == 1


def test_a_message_during_a_living_lease_waits_for_its_end(world: World) -> None:
    job = world.submit()
    lease_until = in_ms(world.clock()) + 41_000
    world.table.open(job, call_of(job), lease_until)
    world.work()
    assert world.sqs.visibilities == [41]
    assert len(world.sqs.queues[QUEUE]) == 1
    assert world.provider.calls == {}


def test_two_workers_that_have_one_message_call_once(world: World, monkeypatch) -> None:
    world.submit()
    found = world.table.find_whole

    def find_while_another_opens(team_id, request_id):
        job = found(team_id, request_id)
        world.table.open(job, call_of(job), in_ms(world.clock()) + 60_000)
        return job

    monkeypatch.setattr(world.table, "find_whole", find_while_another_opens)
    world.work()
    assert world.provider.calls == {}
    assert world.sqs.visibilities == [60]


def test_a_job_that_was_deleted_while_it_waited_is_not_begun(world: World) -> None:
    world.submit()
    world.table.delete("search", "request-1")
    world.work()
    assert world.provider.calls == {}
    assert world.job().step == "emitted"
    assert world.sqs.queues[QUEUE] == {}


def test_a_job_that_was_stopped_while_it_waited_fails_and_costs_nothing(world: World) -> None:
    world.submit()
    world.refused = ModelBlocked()
    world.work()
    assert (world.provider.calls, world.records.written) == ({}, [])
    assert (world.job().state, world.job().error_code) == ("failed", "model_blocked")
    assert world.job().step == "emitted"
    assert world.sqs.queues[QUEUE] == {}


def test_a_job_waits_on_while_it_cannot_be_told_whether_it_was_stopped(
    world: World, monkeypatch
) -> None:
    def unread(*_: object) -> None:
        raise DirectoryUnavailable

    world.submit()
    monkeypatch.setattr("stream_world.ScriptedRunner.refusal", unread)
    world.work()
    assert (world.provider.calls, world.job().step) == ({}, "queued")
    assert world.sqs.visibilities == [PAUSES_SECONDS[0]]


def test_nothing_is_called_that_cannot_be_recorded_and_it_is_tried_again_soon(
    world: World,
) -> None:
    world.submit()
    world.records.failing = True
    world.work()
    assert world.provider.calls == {}
    assert world.job().step == "queued"
    assert world.sqs.visibilities == [PAUSES_SECONDS[0]]

    world.records.failing = False
    world.clock.advance(seconds=PAUSES_SECONDS[0])
    world.work()
    assert world.job().state == "done"


def test_each_pause_is_longer_until_the_message_dies(world: World) -> None:
    world.submit()
    world.records.failing = True
    for _ in range(6):
        world.work()
        world.clock.advance(minutes=4)
    assert world.sqs.visibilities == [15, 60, 240, 240, 240]
    assert world.sqs.queues[QUEUE] == {}


def test_a_message_of_somebody_else_calls_nothing(world: World) -> None:
    world.sqs.put(QUEUE, json.dumps({"job": "request-1"}))
    world.work()
    assert len(world.sqs.queues[QUEUE]) == 1


def test_a_message_that_comes_late_changes_nothing(world: World) -> None:
    job = begun(world.table, world.clock)
    finished(world.table, job)
    world.queue.send(job.team_id, job.request_id, job.attempt)
    world.work()
    assert world.sqs.queues[QUEUE] == {}
    assert world.records.written == []


def test_another_teams_job_of_the_same_id_is_another_job(world: World) -> None:
    world.submit()
    world.table.create(stream_job("research"))
    world.work()
    others = world.table.find("research", "request-1")
    assert others
    assert others.step == "queued"
