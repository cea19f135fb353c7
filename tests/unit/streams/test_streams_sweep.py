"""No job waits for ever: for an engine that is gone, or for a message that was lost."""

from datetime import timedelta

import pytest
from stream_world import QUEUE, World, begun, stream_job

from chalicelib.streams.job import QUEUED_SECONDS
from chalicelib.streams.sweep import SweepIncomplete


@pytest.fixture
def without_message(world: World):
    """A queued job whose message is lost."""
    return world.table.create(stream_job())


def swept(world: World, seconds: int = 240):
    return world.sweeper().run(lambda: seconds * 1000).to_dict()


NOTHING = {"resumed": 0, "sent_again": 0, "waiting": 0, "not_begun": 0, "left": 0}


def test_what_lives_is_left_alone(world: World, without_message) -> None:
    begun(world.table, world.clock, request_id="request-2")
    assert swept(world) == NOTHING


def test_a_dead_lease_is_resumed(world: World) -> None:
    begun(world.table, world.clock)
    world.clock.advance(minutes=2)
    assert swept(world) == {**NOTHING, "resumed": 1}
    assert (world.job().step, world.job().state) == ("emitted", "interrupted")
    assert swept(world) == NOTHING


def test_a_message_that_must_be_lost_is_sent_again(world: World, without_message) -> None:
    world.clock.advance(seconds=QUEUED_SECONDS + 1)
    assert swept(world) == {**NOTHING, "sent_again": 1}
    world.work()
    assert world.job().state == "done"


def test_it_is_sent_again_once(world: World, without_message, capsys, caplog) -> None:
    world.clock.advance(seconds=QUEUED_SECONDS + 1)
    swept(world)
    world.sqs.queues[QUEUE].clear()
    assert swept(world) == NOTHING

    world.clock.advance(seconds=QUEUED_SECONDS + 1)
    assert swept(world) == {**NOTHING, "not_begun": 1}
    assert (world.job().step, world.job().state) == ("emitted", "failed")
    assert world.job().error_code == "not_begun"
    assert world.records.written == []
    assert '"StreamInterrupted":1' in capsys.readouterr().out
    assert "stream not begun: request request-1" in caplog.text


def test_a_message_that_comes_after_its_job_was_given_up_calls_nothing(
    world: World, without_message
) -> None:
    world.clock.advance(seconds=QUEUED_SECONDS + 1)
    swept(world)
    (late,) = world.sqs.queues[QUEUE].values()
    world.sqs.queues[QUEUE].clear()
    world.clock.advance(seconds=QUEUED_SECONDS + 1)
    assert swept(world)["not_begun"] == 1
    world.sqs.put(QUEUE, late.body)
    world.work()
    assert world.provider.calls == {}


def overdue_twice(world: World, *request_ids: str) -> None:
    for request_id in request_ids:
        world.submit(request_id=request_id)
    for _ in range(2):
        world.clock.advance(seconds=QUEUED_SECONDS + 1)
        if world.job(request_ids[0]).sends == 1:
            swept(world)


def test_no_job_is_given_up_while_messages_wait(world: World) -> None:
    overdue_twice(world, "request-1")
    messages = len(world.sqs.queues[QUEUE])
    assert swept(world) == {**NOTHING, "waiting": 1}
    assert swept(world) == NOTHING
    assert (world.job().step, len(world.sqs.queues[QUEUE])) == ("queued", messages)

    world.work()
    assert world.job().state == "done"


def test_no_job_is_given_up_while_workers_have_messages(world: World) -> None:
    overdue_twice(world, "request-1")
    world.sqs.put(QUEUE, "another's")
    for message in world.sqs.queues[QUEUE].values():
        message.visible_at = world.clock() + timedelta(minutes=1)
    assert swept(world) == {**NOTHING, "waiting": 1}


def test_a_job_that_waited_behind_others_is_given_up_once_nothing_waits(world: World) -> None:
    overdue_twice(world, "request-1")
    swept(world)
    world.sqs.queues[QUEUE].clear()
    world.clock.advance(seconds=QUEUED_SECONDS + 1)
    assert swept(world) == {**NOTHING, "not_begun": 1}


def test_no_job_waits_longer_than_its_answer_could_be_read(world: World) -> None:
    overdue_twice(world, "request-1")
    world.clock.advance(days=1)
    assert swept(world) == {**NOTHING, "not_begun": 1}


def test_a_sweep_asks_once_what_waits_and_only_for_jobs_that_it_may_give_up(world: World) -> None:
    overdue_twice(world, "request-1", "request-2")
    assert world.sqs.asked_for_backlog == 0
    assert swept(world) == {**NOTHING, "waiting": 2}
    assert world.sqs.asked_for_backlog == 1


def test_a_queue_that_does_not_say_what_waits_lets_no_job_be_given_up(world: World) -> None:
    overdue_twice(world, "request-1")
    world.sqs.queues[QUEUE].clear()
    world.sqs.away = True
    with pytest.raises(SweepIncomplete):
        swept(world)
    assert world.job().step == "queued"


def test_one_jobs_fault_keeps_no_other_waiting(world: World, monkeypatch, capsys) -> None:
    for request_id in ("request-1", "request-2"):
        begun(world.table, world.clock, request_id=request_id)
    world.clock.advance(minutes=2)
    world.records.failing = True
    with pytest.raises(SweepIncomplete, match="2 streams"):
        swept(world)
    assert '"StreamsLeft":2' in capsys.readouterr().out

    world.records.failing = False
    assert swept(world) == {**NOTHING, "resumed": 2}


def test_a_sweep_leaves_what_it_has_no_time_for(world: World) -> None:
    begun(world.table, world.clock)
    world.clock.advance(minutes=2)
    with pytest.raises(SweepIncomplete):
        swept(world, seconds=10)
    assert world.job().step == "opened"
