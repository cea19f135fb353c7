"""Two reports of one day at once: one runs whole between any two steps of the other.

Whatever happens, the day's files are in the end those of its manifest.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from kept_files import Bucket
from month_world import World, prices

from chalicelib.reporting.claims import LASTS, Busy, ClaimLost, claim_key, claimed
from chalicelib.reporting.insights import IncompleteReport
from chalicelib.reporting.months.adjustments import each_adjustment
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.reported_day import costs_key, manifest_key

DAY = date(2026, 10, 31)
OCTOBER = Month.of(DAY)
MORNING = datetime(2026, 11, 1, 2, 15, tzinfo=UTC)
MILLION = 1_000_000
EARLY = World().records(DAY, "search", (MILLION, 0), call="c1")
LATE = World().records(DAY, "ads", (MILLION, 0), call="c2", instance="i2")
Deed = Callable[[World], object]


@dataclass
class SteppedBucket(Bucket):
    """Does something else before its step of a number, once."""

    step: int = -1
    then: Callable[[], object] = lambda: None
    steps: list[str] = field(default_factory=list)

    def put_object(self, **request: Any) -> dict[str, str]:
        self._step(request["Key"])
        return super().put_object(**request)

    def get_object(self, **request: Any) -> dict[str, Any]:
        self._step(request["Key"])
        return super().get_object(**request)

    def delete_object(self, **request: Any) -> None:
        self._step(request["Key"])
        super().delete_object(**request)

    def _step(self, key: str) -> None:
        self.steps.append(key)
        if len(self.steps) == self.step:
            self.then()


def report(world: World) -> None:
    """Report the day as the nights do: who finds it claimed comes back once more."""
    with suppress(IncompleteReport):
        try:
            world.report(DAY)
        except Busy:
            world.report(DAY)


def reported(*, later: bool = False) -> World:
    """A day that was reported once, of one call; and a second call's records since then."""
    world = World(now=MORNING - timedelta(hours=1), events=list(EARLY))
    world.report(DAY)
    return World(now=MORNING, events=[*EARLY, *LATE], bucket=world.bucket)


def interrupted(other: Deed, *, meanwhile: timedelta = timedelta()) -> Iterator[World]:
    """Report the day, again and again, with something else done before another of its steps."""
    step = 0
    while True:
        step += 1
        world = reported()
        bucket = SteppedBucket(files=world.bucket.files, step=step)
        world.bucket = bucket

        def then(world: World = world) -> None:
            world.now += meanwhile
            other(World(now=world.now, events=world.events, bucket=world.bucket))

        bucket.then = then
        report(world)
        if len(bucket.steps) < step:
            return
        yield world


def unmatched(world: World, day: date = DAY) -> list[str]:
    """Return the files of a day that are not those that its manifest states."""
    files = world.bucket.files
    stated = json.loads(files[manifest_key(day)])["files"]
    return [
        key
        for key, sha256 in stated.items()
        if key not in files or hashlib.sha256(files[key]).hexdigest() != sha256
    ]


def later(world: World) -> None:
    """Another report, of records that were read later."""
    world.now += timedelta(minutes=1)
    report(world)


def earlier(world: World) -> None:
    """Another report, that began before and read less."""
    world.now -= timedelta(minutes=1)
    world.events = [*EARLY]
    report(world)


def rerate(world: World) -> None:
    world.book = prices("2.5")
    with suppress(IncompleteReport, ValueError):
        world.rerate(DAY)


def close(world: World) -> None:
    with suppress(IncompleteReport, ValueError):
        world.close(OCTOBER)


@pytest.mark.parametrize("other", [later, earlier, rerate])
def test_the_files_are_those_of_the_manifest_whoever_comes_between(other: Deed) -> None:
    for world in interrupted(other):
        assert unmatched(world) == []


@pytest.mark.parametrize("other", [later, earlier])
def test_the_report_that_read_its_records_later_stays(other: Deed) -> None:
    for world in interrupted(other):
        assert world.rows(costs_key(DAY), "team_id") == [("ads",), ("search",)]


def test_a_writer_who_was_away_too_long_spoils_nothing_that_the_next_report_does_not_mend() -> None:
    for world in interrupted(later, meanwhile=2 * LASTS):
        spoilt = not json.loads(world.bucket.files[claim_key(str(DAY))])["clean"]
        assert spoilt or unmatched(world) == []
        world.now += 2 * LASTS
        world.report(DAY)
        assert unmatched(world) == []


def test_a_month_that_is_closed_in_between_stays_closed_and_comes_out() -> None:
    closed = 0
    for world in interrupted(close):
        assert unmatched(world) == []
        if OCTOBER.closed_key in world.bucket.files:
            closed += 1
            assert not any(world.balance(OCTOBER).out_by)
            said = json.loads(world.bucket.files[OCTOBER.closed_key])
            pinned = {day["date"]: day["csv_sha256"] for day in said["days"]}
            costs = world.bucket.files[costs_key(DAY)]
            assert pinned[str(DAY)] == hashlib.sha256(costs).hexdigest()
    assert closed


def test_an_adjustment_is_booked_once_whoever_else_books_it() -> None:
    world = World(now=MORNING, events=list(EARLY))
    world.close(OCTOBER)
    step, files = 0, dict(world.bucket.files)
    while True:
        step += 1
        bucket = SteppedBucket(files=dict(files), step=step)
        again = World(now=MORNING + timedelta(days=1), events=[*EARLY, *LATE], bucket=bucket)

        def other(again: World = again) -> None:
            again.now += 2 * LASTS
            later(World(now=again.now, events=again.events, bucket=again.bucket))

        bucket.then = other
        report(again)
        if len(bucket.steps) < step:
            return
        assert len(list(each_adjustment(again.store, OCTOBER))) == 1
        assert not any(again.balance(OCTOBER).out_by)


def test_a_claim_that_is_held_is_not_given_to_another() -> None:
    store = World().store
    with (
        claimed(store, "2026-10-31", lambda: MORNING),
        pytest.raises(Busy, match=r"until 2026-11-01T02:30:00\.000Z at most"),
        claimed(store, "2026-10-31", lambda: MORNING),
    ):
        raise AssertionError("two hold it")


def test_a_claim_is_free_once_it_is_let_go_though_its_holder_failed() -> None:
    world = World()
    with suppress(KeyError), claimed(world.store, "2026-10-31", lambda: MORNING):
        raise KeyError("the holder's own")

    with claimed(world.store, "2026-10-31", lambda: MORNING) as claim:
        assert claim.clean


def test_nothing_is_begun_in_the_last_minute_of_a_claim() -> None:
    now = [MORNING]
    with claimed(World().store, "2026-10-31", lambda: now[0]) as claim:
        claim.hold()
        now[0] += LASTS - timedelta(seconds=59)
        with pytest.raises(ClaimLost):
            claim.hold()


def test_what_a_dead_writer_left_is_written_anew() -> None:
    world = reported()
    world.bucket.fails_to_put = manifest_key(DAY)
    with pytest.raises(Exception, match="SlowDown"):
        world.report(DAY)
    assert costs_key(DAY) in unmatched(world)
    world.bucket.fails_to_put = ""

    world.events = [*EARLY, *LATE]
    outcome = world.report(DAY)

    assert unmatched(world) == []
    assert outcome.manifest.restated[-1].cost == ""  # nobody can tell what it was
