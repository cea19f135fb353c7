"""The keeper's thread. No test waits for time to pass: the table is what holds the thread up."""

import threading

import pytest
from stream_world import PROGRESS, WHOLE, begun, delta

from chalicelib.streams.keeper import Keeper, Kept
from chalicelib.streams.kept import KeptAnswers

WORDS = ("Hello", "how", "are", "you")
LONG = 30.0  # seconds that no test waits


@pytest.fixture
def job(world):
    return begun(world.table, world.clock)


class Door:
    """Every write stops before it until it is opened."""

    def __init__(self) -> None:
        self._reached, self._open = threading.Event(), threading.Event()

    def pass_through(self) -> None:
        self._reached.set()
        assert self._open.wait(LONG)

    def await_somebody(self) -> None:
        assert self._reached.wait(LONG)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def door(monkeypatch):
    """A table that does not answer a write before it is told to."""
    door, put = Door(), KeptAnswers.put

    def slow_put(answers, job, chunk):
        door.pass_through()
        put(answers, job, chunk)

    monkeypatch.setattr(KeptAnswers, "put", slow_put)
    yield door
    door.open()


def texts(world):
    return [e.data for _, e in world.table.answers.page("search", "request-1", 0, 10**6).events]


def test_what_was_handed_over_is_kept_once_it_has_finished(world, job) -> None:
    keeper = Keeper(world.table, job)
    for word in WORDS:
        keeper.add([delta(word)])
    assert keeper.finish(LONG) == Kept(4)
    assert texts(world) == [delta(word).data for word in WORDS]


def test_what_the_provider_reported_is_on_the_job_before_the_answer(world, job, door) -> None:
    keeper = Keeper(world.table, job)
    keeper.add([delta("Hello")], PROGRESS)
    door.await_somebody()
    assert world.job().progress == PROGRESS
    door.open()
    keeper.finish(LONG)


def test_a_table_that_does_not_answer_holds_no_reader_up(world, job, door) -> None:
    keeper = Keeper(world.table, job)
    keeper.add([delta("Hello")])
    door.await_somebody()
    for word in WORDS:
        keeper.add([delta(word)])
    assert texts(world) == []
    door.open()
    assert keeper.finish(LONG) == Kept(5)


def test_who_can_wait_no_longer_is_told_what_is_kept_by_then(world, job, door) -> None:
    keeper = Keeper(world.table, job)
    keeper.add([delta("Hello")])
    door.await_somebody()
    assert keeper.finish(0.0) == Kept(0, whole=False)


def test_after_it_has_finished_nothing_more_is_kept(world, job) -> None:
    keeper = Keeper(world.table, job)
    keeper.finish(LONG)
    keeper.add([delta("late")])
    assert texts(world) == []


def test_a_job_that_somebody_else_has_settled_gets_no_more_of_an_answer(world, job) -> None:
    world.table.settle(job, WHOLE)
    keeper = Keeper(world.table, job)
    keeper.add([delta("Hello")], PROGRESS)
    keeper._thread.join(LONG)
    assert keeper.finish(LONG) == Kept(0, whole=False)
    assert texts(world) == []


def test_a_keeper_that_breaks_keeps_no_stream_from_its_end(world, job, monkeypatch) -> None:
    def broken(answers, job, chunk):
        raise RuntimeError("broken")

    monkeypatch.setattr(KeptAnswers, "put", broken)
    keeper = Keeper(world.table, job)
    keeper.add([delta("Hello")])
    assert keeper.finish(LONG) == Kept(0, whole=False)


def test_what_was_used_is_on_the_job_though_no_event_is_left_to_keep(world, job) -> None:
    keeper = Keeper(world.table, job)
    keeper.add([], PROGRESS)
    keeper.finish(LONG)
    assert world.job().progress == PROGRESS


def test_an_engine_that_broke_does_not_hold_its_lease_for_ever(world, job) -> None:
    seconds = iter([0.0, 0.0, 1_000.0])
    keeper = Keeper(world.table, job, clock=lambda: next(seconds, 1_000.0))
    keeper._thread.join(LONG)
    assert not keeper._thread.is_alive()
