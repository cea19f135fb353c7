"""A day that a night looks at once more: its records are read again only where there are others."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from month_world import World, prices

from chalicelib.reporting import daily, kept_counts
from chalicelib.reporting.claims import Busy, claimed, is_clean
from chalicelib.reporting.daily import RecordsGone
from chalicelib.reporting.insights import NotFinished
from chalicelib.reporting.reported_day import costs_key, counts_key, manifest_key
from chalicelib.reporting.tenant_tree import Tenants, tenants_key
from chalicelib.reporting.usage_query import read_day
from chalicelib.tenants.nouns import Tenant

DAY = date(2026, 11, 9)
MORNING = datetime(2026, 11, 10, 2, 15, tzinfo=UTC)
MILLION = 1_000_000


@pytest.fixture
def world() -> World:
    """A day with one call of search, reported; the next night has come."""
    found = World(now=MORNING)
    found.write(*found.records(DAY, "search", (MILLION, 0), call="c1"))
    found.report(DAY)
    found.now += timedelta(days=1)
    return found


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """The days whose records were read."""
    days: list[date] = []

    def watched(insights: Any, day: date, *others: Any) -> Any:
        days.append(day)
        return read_day(insights, day, *others)

    monkeypatch.setattr(daily, "read_day", watched)
    return days


def test_a_night_reads_no_record_of_a_day_that_has_no_others(
    world: World, readings: list[date]
) -> None:
    again = world.night_report(DAY)

    assert readings == []
    assert (again.changed, again.manifest.restated) == ((), ())


def test_the_manifest_says_until_when_the_records_are_all_known(world: World) -> None:
    assert world.night_report(DAY).manifest.reported_at == "2026-11-11T02:15:00.000Z"


def test_its_files_are_those_that_reading_all_of_it_again_would_make(world: World) -> None:
    world.book = prices("2.5")
    world.night_report(DAY)
    rated = dict(world.bucket.files)
    world.report(DAY)

    said = {manifest_key(DAY), f"claims/{DAY}.json"}
    assert {key: each for key, each in world.bucket.files.items() if key not in said} == {
        key: each for key, each in rated.items() if key not in said
    }


def test_a_price_that_came_since_is_applied_without_reading_the_records(
    world: World, readings: list[date]
) -> None:
    world.book = prices("2.5")

    again = world.night_report(DAY)

    assert readings == []
    assert costs_key(DAY) in again.changed
    assert [each.cost for each in again.manifest.restated] == ["-0.5"]


def test_a_day_is_read_whole_where_there_is_one_record_more(
    world: World, readings: list[date]
) -> None:
    began, _ = world.records(DAY, "search", (MILLION, 0), call="late")
    world.write(began)

    again = world.night_report(DAY)

    assert readings == [DAY]
    assert again.manifest.orphaned == 1


def test_a_day_is_read_whole_where_a_record_of_the_next_shows_that_some_are_lost(
    world: World, readings: list[date]
) -> None:
    at = datetime(2026, 11, 9, 23, 50, tzinfo=UTC)
    world.records(DAY, "search", (MILLION, 0), call="unseen", written=at)  # takes two numbers
    world.write(
        *world.records(
            DAY + timedelta(days=1),
            "search",
            (MILLION, 0),
            call="c3",
            written=at + timedelta(minutes=20),
        )
    )

    again = world.night_report(DAY)

    assert readings == [DAY]
    assert again.manifest.lost == 2


def test_a_day_that_lost_records_is_not_read_again_while_none_of_its_time_come(
    world: World, readings: list[date]
) -> None:
    world.records(DAY, "search", (MILLION, 0), call="unseen")
    world.write(*world.records(DAY, "search", (MILLION, 0), call="c3"))
    assert world.report(DAY).manifest.lost == 2
    readings.clear()

    assert world.night_report(DAY).manifest.lost == 2
    assert readings == []


def test_whoever_is_missing_among_the_tenants_is_added_though_no_record_is_new(
    world: World, readings: list[date]
) -> None:
    world.tenants = Tenants({"search": Tenant("search", "team", MORNING, cost_center="CC-1")})

    again = world.night_report(DAY)

    assert readings == []
    assert tenants_key(DAY) in again.changed
    assert b"CC-1" in world.bucket.files[tenants_key(DAY)]


def test_a_day_is_left_to_a_run_that_has_the_time_to_write_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_counts, "leave_time_to_write", _no_time)
    before = dict(world.bucket.files)

    with pytest.raises(NotFinished):
        world.night_report(DAY)
    assert world.bucket.files == before


def _no_time(*_about: Any) -> None:
    raise NotFinished("no time is left")


def test_a_report_that_broke_off_meanwhile_is_left_to_the_next_run_which_reads_it_again(
    world: World, readings: list[date], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_off(*about: Any) -> Any:
        found = kept_counts.unchanged(*about)
        with claimed(world.store, str(DAY), lambda: world.now) as claim:
            claim.clean = False
        return found

    monkeypatch.setattr(daily, "unchanged", breaks_off)
    with pytest.raises(Busy):
        world.night_report(DAY)
    monkeypatch.undo()

    assert not is_clean(world.store, str(DAY))


def test_a_day_whose_counts_are_not_those_of_its_manifest_is_read_again(
    world: World, readings: list[date]
) -> None:
    world.bucket.files[counts_key(DAY)] = b"spoilt"

    world.night_report(DAY)

    assert readings == [DAY]


def test_a_day_over_which_a_writer_died_is_read_again(world: World, readings: list[date]) -> None:
    with claimed(world.store, str(DAY), lambda: world.now) as claim:
        claim.clean = False

    world.night_report(DAY)

    assert readings == [DAY]


def test_records_that_are_gone_are_told(world: World) -> None:
    world.events.pop()

    with pytest.raises(RecordsGone):
        world.night_report(DAY)


def test_a_report_that_was_written_meanwhile_is_left_and_looked_at_by_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(*about: Any) -> Any:
        world.report(DAY)
        return nothing_closed(*about)

    nothing_closed = kept_counts.is_closed
    monkeypatch.setattr(kept_counts, "is_closed", overtaken)
    world.now += timedelta(minutes=20)

    with pytest.raises(Busy, match="another report of 2026-11-09 was written meanwhile"):
        world.night_report(DAY)
