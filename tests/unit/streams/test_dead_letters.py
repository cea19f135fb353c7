"""A message that was delivered in vain too often takes no job with it."""

import pytest
from stream_world import DEAD_QUEUE, World, begun


def test_a_job_whose_message_died_has_failed_and_cost_nothing(world: World, caplog) -> None:
    world.submit()
    world.records.failing = True
    for _ in range(6):
        world.work()
        world.clock.advance(minutes=4)
    world.bury()
    assert (world.job().step, world.job().state) == ("emitted", "failed")
    assert world.provider.calls == {}
    assert world.sqs.queues[DEAD_QUEUE] == {}
    assert "stream not begun: request request-1" in caplog.text


def test_an_opened_job_whose_message_died_is_settled_and_recorded(world: World) -> None:
    job = begun(world.table, world.clock)
    world.clock.advance(minutes=2)
    world.sqs.put(DEAD_QUEUE, f'{{"team_id":"search","request_id":"{job.request_id}","attempt":1}}')
    world.bury()
    assert (world.job().step, world.job().state) == ("emitted", "interrupted")
    assert world.pairs() == {"call-1": ["started", "usage"]}


def test_a_dead_message_waits_while_an_engine_lives(world: World) -> None:
    begun(world.table, world.clock)
    world.sqs.put(DEAD_QUEUE, '{"team_id":"search","request_id":"request-1","attempt":1}')
    world.bury()
    assert world.sqs.visibilities == [60]
    assert len(world.sqs.queues[DEAD_QUEUE]) == 1
    assert world.job().step == "opened"


@pytest.mark.parametrize(
    "body", ["not ours", '{"team_id":"search","request_id":"request-9","attempt":1}']
)
def test_a_dead_message_without_a_job_is_forgotten(world: World, body: str) -> None:
    world.sqs.put(DEAD_QUEUE, body)
    world.bury()
    assert world.sqs.queues[DEAD_QUEUE] == {}
