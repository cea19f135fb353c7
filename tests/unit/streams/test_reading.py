"""What a reader sees of an answer that grows, is made anew, ends, or is taken away."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from stream_world import PROGRESS, WHOLE, World, begun, delta, finished, keep

from chalicelib.aws_json import AwsFault
from chalicelib.streams import sse
from chalicelib.streams.reading import PAGE_BYTES, Look, Reader
from chalicelib.streams.recovery import LOST
from chalicelib.streams.text import as_json
from chalicelib.streams.told import last_frame
from chalicelib.usage_record import Outcome

LOST_ONE = replace(
    WHOLE, outcome=Outcome("usage", PROGRESS, "partial", error_code=LOST), state="interrupted"
)


@dataclass
class Waiting:
    """A clock that only waiting moves; things happen after the pauses that they are set for."""

    now: float = 0.0
    pauses: list[float] = field(default_factory=list)
    happens: dict[int, Callable[[], Any]] = field(default_factory=dict)

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds
        self.happens.pop(len(self.pauses), lambda: None)()


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
def reader(world: World, waiting: Waiting) -> Reader:
    return Reader(world.table, clock=waiting, wait=waiting.wait)


@pytest.fixture
def job(world: World):
    return begun(world.table, world.clock)


def look(reader: Reader, position: int = 0) -> Look:
    seen = reader.look("search", "request-1", position)
    assert seen
    return seen


def numbers(seen: Look) -> list[int]:
    return [number for number, _ in seen.events]


def frames(reader: Reader, position: int = 0, seconds: float = 60.0, **how: Any) -> list[bytes]:
    """The frames that a reader gets, each by itself."""
    whole = b"".join(reader.frames(look(reader, position), seconds, **how))
    return [frame + b"\n\n" for frame in whole.split(b"\n\n")[:-1]]


def chunks(*texts: str, first: int = 1) -> list[bytes]:
    return [sse.chunk(number, as_json(delta(text))) for number, text in enumerate(texts, first)]


def test_a_look_shows_what_is_new_and_where_the_reader_is_then(world, reader, job) -> None:
    keep(world.table, job, "a", "b", "c")
    seen = look(reader, 1)
    assert (numbers(seen), seen.position, seen.status) == ([2, 3], 3, "running")
    assert not look(reader, 3).is_news


def test_a_look_has_no_more_than_a_page(world, reader, job) -> None:
    keep(world.table, job, "x" * (PAGE_BYTES - 200), "b", "y" * 200)
    seen = look(reader)
    assert (numbers(seen), seen.more) == ([1, 2], True)
    assert (numbers(look(reader, 2)), look(reader, 2).more) == ([3], False)


def test_a_job_is_looked_at_before_its_events(world, reader, job, monkeypatch) -> None:
    """So one that ends in between is not shown as whole without its last events."""
    keep(world.table, job, "a")
    answers = world.table.answers

    def end_first(*asked):
        monkeypatch.setattr(world.table, "answers", answers)
        keep(world.table, job, "b", first=2)
        finished(world.table, job)
        return answers.page(*asked)

    monkeypatch.setattr(world.table, "answers", SimpleNamespace(page=end_first))
    seen = look(reader)
    assert (numbers(seen), seen.status) == ([1, 2], "running")


@pytest.mark.parametrize("state", ["done", "failed", "interrupted"])
def test_a_settled_job_has_ended_though_its_records_may_wait(world, reader, job, state) -> None:
    world.table.settle(job, replace(WHOLE, state=state))
    assert (look(reader).status, look(reader).ended) == (state, True)


def test_a_lost_call_that_is_made_again_has_not_ended(world, reader) -> None:
    world.table.settle(begun(world.table, world.clock, retry=True), LOST_ONE)
    assert (look(reader).status, look(reader).ended) == ("running", False)


@pytest.fixture
def again(world: World):
    """A job whose first call was lost after three events, and whose second has written one."""
    first = begun(world.table, world.clock, retry=True)
    keep(world.table, first, "a", "b", "c")
    second = world.table.requeue(world.table.settle(first, LOST_ONE))
    keep(world.table, second, "A")
    return second


def test_who_has_read_of_a_lost_call_is_told_that_it_is_void(reader, again) -> None:
    seen = look(reader, 2)
    assert (seen.restarted, numbers(seen), seen.position) == (True, [1_000_001], 1_000_001)


@pytest.mark.parametrize("position", [0, 1_000_000, 1_000_001])
def test_who_has_read_nothing_of_it_is_not(reader, again, position) -> None:
    assert not look(reader, position).restarted


def test_nobody_is_told_twice_that_a_call_is_made_again(world, reader) -> None:
    first = begun(world.table, world.clock, retry=True)
    keep(world.table, first, "a")
    world.table.requeue(world.table.settle(first, LOST_ONE))
    seen = look(reader, 1)
    assert (seen.status, seen.restarted, seen.position) == ("queued", True, 1_000_000)
    assert not look(reader, seen.position).restarted


def test_nothing_of_a_deleted_answer_is_shown(world, reader, job) -> None:
    keep(world.table, job, "a")
    world.table.delete("search", "request-1")
    keep(world.table, job, "b", first=2)
    seen = look(reader)
    assert (seen.status, seen.events, seen.ended) == ("deleted", (), True)


def test_a_long_poll_returns_as_soon_as_there_is_something(world, reader, waiting, job) -> None:
    waiting.happens[3] = lambda: keep(world.table, job, "a")
    seen = reader.await_news("search", "request-1", 0, 20.0)
    assert numbers(seen) == [1]
    assert waiting.pauses == pytest.approx([0.1, 0.15, 0.225])


def test_a_long_poll_looks_ever_less_often_and_ends_in_time(reader, waiting, job) -> None:
    seen = reader.await_news("search", "request-1", 0, 20.0)
    assert not seen.is_news
    assert (max(waiting.pauses), waiting.now) == (1.0, pytest.approx(20.0))


def test_a_long_poll_without_time_looks_once(reader, waiting, job) -> None:
    assert reader.await_news("search", "request-1", 0, 0.0)
    assert waiting.pauses == []


def test_a_long_poll_does_not_wait_for_what_has_ended(world, reader, waiting, job) -> None:
    finished(world.table, job)
    assert reader.await_news("search", "request-1", 0, 20.0).ended
    assert waiting.pauses == []


def test_a_follower_gets_every_event_and_how_it_ended(world, reader, waiting, job) -> None:
    keep(world.table, job, "a", "b")
    waiting.happens[1] = lambda: keep(world.table, job, "ä ☃", first=3)
    waiting.happens[2] = lambda: finished(world.table, job)
    seen = frames(reader)
    assert seen == [*chunks("a", "b", "ä ☃"), last_frame(world.job(), 3)]
    assert seen[-1].startswith(b"id: 3\nevent: done\n")
    assert b'"usage":{"input_tokens":11,"output_tokens":3}' in seen[-1]


def test_a_follower_goes_on_where_they_were(world, reader, job) -> None:
    keep(world.table, job, "a", "b", "c")
    finished(world.table, job)
    assert frames(reader, 2)[:-1] == chunks("c", first=3)


def test_a_follower_of_a_long_answer_gets_all_its_pages(world, reader, job) -> None:
    keep(world.table, job, *["x" * 400_000] * 5)
    finished(world.table, job)
    assert frames(reader)[:-1] == chunks(*["x" * 400_000] * 5)


def test_a_follower_of_nothing_new_is_answered_at_once(reader, waiting, job) -> None:
    look = reader.look(job.team_id, job.request_id, 0)
    assert next(reader.frames(look, 40.0)) == sse.PING
    assert waiting.pauses == []


def test_a_follower_hears_that_the_connection_lives(world, reader, waiting, job) -> None:
    assert frames(reader, seconds=40.0) == [sse.PING] * 4 + [sse.RETRY]
    assert waiting.now == pytest.approx(40.0)


def test_a_connection_that_has_to_end_asks_to_come_back(world, reader, waiting, job) -> None:
    keep(world.table, job, "a")
    assert frames(reader, seconds=5.0)[-1] == sse.RETRY


def test_where_nothing_streams_a_follower_gets_what_is_there_and_comes_back(
    world, reader, waiting, job
) -> None:
    keep(world.table, job, "a", "b")
    assert frames(reader, seconds=20.0, briefly=True) == [*chunks("a", "b"), sse.RETRY]
    assert waiting.pauses == []


def test_where_nothing_streams_a_follower_waits_for_the_first_events(
    world, reader, waiting, job
) -> None:
    waiting.happens[2] = lambda: keep(world.table, job, "a")
    assert frames(reader, seconds=20.0, briefly=True) == [*chunks("a"), sse.RETRY]


def test_a_follower_of_a_lost_call_hears_of_the_restart_first(reader, again) -> None:
    seen = frames(reader, 2, seconds=0.0)
    assert seen == [
        sse.restart(1_000_000, {"attempt": 2}),
        *chunks("A", first=1_000_001),
        sse.RETRY,
    ]


def test_a_follower_of_an_answer_that_is_deleted_hears_nothing_but_that(
    world, reader, waiting, job
) -> None:
    keep(world.table, job, "a")
    waiting.happens[1] = lambda: world.table.delete("search", "request-1")
    assert frames(reader)[1:] == [b'id: 1\nevent: error\ndata: {"status":"deleted"}\n\n']


def test_a_follower_of_a_failure_is_told_why(world, reader, job) -> None:
    world.table.settle(
        job,
        replace(
            WHOLE,
            outcome=Outcome("failed"),
            state="failed",
            error_code="throttled",
            error_message="Wait.",
        ),
    )
    (frame,) = frames(reader)
    assert frame.startswith(b"id: 0\nevent: error\n")
    assert b'"error":{"code":"throttled","message":"Wait."}' in frame


def test_a_table_that_goes_away_has_a_follower_come_back(
    world, reader, waiting, job, monkeypatch
) -> None:
    def away(*_):
        raise AwsFault("NoAnswer")

    keep(world.table, job, "a")
    waiting.happens[1] = lambda: monkeypatch.setattr(world.table, "find", away)
    assert frames(reader) == [*chunks("a"), sse.RETRY]


def test_an_answer_that_is_not_stored_is_there_until_it_has_ended(world, reader) -> None:
    job = begun(world.table, world.clock, store=False)
    keep(world.table, job, "a")
    assert numbers(look(reader)) == [1]
    finished(world.table, job)
    assert (numbers(look(reader)), look(reader).job.store) == ([], False)


def test_an_answer_that_lost_events_on_its_way_says_so(world, reader, job) -> None:
    finished(world.table, job, whole=False)
    assert b'"whole":false' in frames(reader)[-1]


def test_a_stranger_sees_nothing(world, reader, job) -> None:
    assert reader.look("research", "request-1", 0) is None
    assert reader.await_news("research", "request-1", 0, 20.0) is None


def test_what_has_expired_is_not_there(world, reader, job) -> None:
    finished(world.table, job)
    world.clock.advance(days=2)
    assert reader.look("search", "request-1", 0) is None
