"""Wherever processes die: each call is made once and has one pair of records, and jobs end."""

import pytest
from stream_world import PROGRESS, WHOLE, World, begun, in_ms

from chalicelib.metering.usage import Usage
from chalicelib.streams.recovery import MAX_ATTEMPTS, LivingLease, RecordsNotWritten

IN_ORDER = (
    "table.open",
    "ledger.started",
    "provider.call",
    "table.renew",
    "table.settle",
    "ledger.ended",
    "table.emitted",
)
"""The steps of a job that nothing happens to; a process may die right after each of them."""

THEN_IN_RECOVERY = ("table.settle", "ledger.settled", "table.emitted")
THEN_IN_A_RETRY = ("ledger.settled", "table.requeue", "queue.send", "table.open", "ledger.ended")

DEATHS = [
    *[[step] for step in IN_ORDER],
    *[["provider.call", step] for step in THEN_IN_RECOVERY],
    ["table.renew", "table.settle", "ledger.settled", "table.emitted"],
]
DEATHS_IN_RETRIES = [
    *[["provider.call", step] for step in THEN_IN_A_RETRY],
    ["provider.call", "table.requeue", "provider.call", "table.settle"],
]
BEFORE_IT_IS_SETTLED = {"table.open", "ledger.started", "provider.call", "table.renew"}


def by_redelivery(world: World) -> None:
    """SQS alone, for as long as a message lives."""
    while not world.is_quiet():
        world.clock.advance(minutes=16)
        world.work()
        world.bury()


def by_the_sweep(world: World) -> None:
    """The sweep, and the messages that it sends."""
    while not world.is_quiet():
        world.clock.advance(minutes=16)
        world.sweep()
        world.work()


RESUMED = pytest.mark.parametrize("resume", [by_redelivery, by_the_sweep])


def assert_books_are_right(world: World) -> None:
    assert set(world.provider.calls.values()) <= {1}
    assert set(world.provider.calls) <= set(world.pairs())
    assert all(kinds == ["started", "usage"] for kinds in world.pairs().values())


@RESUMED
@pytest.mark.parametrize("deaths", DEATHS, ids=" then ".join)
def test_a_job_ends_wherever_its_process_dies(world: World, deaths, resume) -> None:
    world.submit()
    world.deaths += deaths
    world.work()
    resume(world)

    assert world.deaths == []
    assert_books_are_right(world)
    assert len(world.pairs()) == 1
    lost = deaths[0] in BEFORE_IT_IS_SETTLED
    assert (world.job().step, world.job().state) == ("emitted", "interrupted" if lost else "done")


@pytest.mark.parametrize("deaths", DEATHS_IN_RETRIES, ids=" then ".join)
def test_a_lost_call_is_made_again_for_who_asked_for_it(world: World, deaths) -> None:
    world.submit(retry=True)
    world.deaths += deaths
    world.work()
    by_the_sweep(world)

    assert world.deaths == []
    assert_books_are_right(world)
    assert (world.job().step, world.job().state) == ("emitted", "done")
    assert len(world.pairs()) == world.job().attempt


def test_a_lost_call_is_billed_what_the_provider_had_reported(world: World) -> None:
    world.submit()
    world.deaths += ["table.renew"]
    world.work()
    by_the_sweep(world)
    usage = world.records.written[-1]
    assert (usage["usage_source"], usage["error_code"]) == ("partial", "interrupted")
    assert Usage.from_counts(usage) == PROGRESS


def test_a_call_whose_end_was_decided_is_billed_as_decided(world: World) -> None:
    world.submit()
    world.deaths += ["table.settle"]
    world.work()
    by_the_sweep(world)
    usage = world.records.written[-1]
    assert Usage.from_counts(usage) == WHOLE.outcome.usage
    assert usage["usage_source"] == "stream"


def test_calls_that_are_always_lost_are_not_made_for_ever(world: World) -> None:
    world.submit(retry=True)
    world.deaths += ["provider.call"] * (MAX_ATTEMPTS + 2)
    world.work()
    by_the_sweep(world)
    assert len(world.provider.calls) == MAX_ATTEMPTS
    assert_books_are_right(world)
    assert world.job().state == "interrupted"


def test_a_lost_call_is_not_made_again_for_who_has_deleted_the_answer(world: World) -> None:
    world.submit(retry=True)
    world.deaths += ["provider.call"]
    world.work()
    world.table.delete("search", "request-1")
    by_the_sweep(world)
    assert len(world.provider.calls) == 1
    assert_books_are_right(world)


def test_a_lost_call_is_heard_of(world: World, capsys, caplog) -> None:
    world.submit()
    world.deaths += ["provider.call"]
    world.work()
    by_the_sweep(world)
    assert '"StreamInterrupted":1' in capsys.readouterr().out
    assert "stream lost: request request-1" in caplog.text


def test_a_living_engine_is_left_alone(world: World) -> None:
    job = begun(world.table, world.clock)
    with pytest.raises(LivingLease) as alive:
        world.recovery().resume(job)
    assert alive.value.until == job.lease_until
    assert world.records.written == []


def test_an_engine_that_was_heard_of_meanwhile_is_left_alone(world: World) -> None:
    lost = begun(world.table, world.clock)
    world.clock.advance(minutes=2)
    until = in_ms(world.clock()) + 60_000
    world.table.renew(lost, until, PROGRESS)
    with pytest.raises(LivingLease) as alive:
        world.recovery().resume(lost)
    assert alive.value.until == until
    assert (world.job().step, world.records.written) == ("opened", [])


def test_an_engine_that_settles_first_decides(world: World) -> None:
    lost = begun(world.table, world.clock)
    world.table.settle(lost, WHOLE)
    world.clock.advance(minutes=2)
    world.recovery().resume(lost)
    assert world.records.written[-1]["usage_source"] == "stream"
    assert world.job().state == "done"


def test_a_job_that_went_on_meanwhile_is_left_alone(world: World) -> None:
    lost = begun(world.table, world.clock, retry=True)
    world.clock.advance(minutes=2)
    world.recovery().resume(lost)
    world.records.written.clear()
    world.recovery().resume(lost)
    assert world.records.written == []
    assert (world.job().step, world.job().attempt) == ("queued", 2)


def test_a_job_whose_records_cannot_be_written_stays_settled(world: World) -> None:
    lost = begun(world.table, world.clock)
    world.clock.advance(minutes=2)
    world.records.failing = True
    with pytest.raises(RecordsNotWritten):
        world.recovery().resume(lost)
    assert world.job().step == "settled"

    world.records.failing = False
    world.recovery().resume(world.job())
    assert world.job().step == "emitted"
    assert_books_are_right(world)
