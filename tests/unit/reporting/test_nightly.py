"""The nightly run: which days are due, and that each is done once a night, come what may."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from month_world import World

from chalicelib.reporting.claims import claimed
from chalicelib.reporting.insights import IncompleteReport, NotFinished
from chalicelib.reporting.late_records import MARK_KEY
from chalicelib.reporting.months.adjustments import adjustments_key
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.months.telling import told_key
from chalicelib.reporting.nightly import due, left, report_due
from chalicelib.reporting.reported_day import costs_key, manifest_key
from chalicelib.reporting.restating import Outcome
from chalicelib.reporting.team_keys import team_adjusted_key

TENTH = date(2026, 11, 10)  # the morning; yesterday is the ninth


def november(*days: int) -> list[date]:
    return [date(2026, 11, day) for day in days]


def at(day: int, hour: int = 2, minute: int = 15) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def with_reports_of(*days: int) -> World:
    """A world whose nights came on the mornings after these days, and on no other."""
    world = World()
    for day in november(*days):
        world.now = datetime(day.year, day.month, day.day, 3, tzinfo=UTC) + timedelta(days=1)
        world.report(day)
    return world


def test_on_the_first_night_only_yesterday_is_due() -> None:
    assert list(due(at(10), World().store)) == november(9)


def test_yesterday_is_due_first_and_then_the_three_days_before_it_the_oldest_first() -> None:
    world = with_reports_of(1, 2, 3, 4, 5, 6, 7, 8)

    assert list(due(at(10), world.store)) == november(9, 6, 7, 8)


def test_a_day_without_a_report_is_made_up_for() -> None:
    world = with_reports_of(1, 3, 8)

    assert list(due(at(10), world.store)) == november(9, 2, 4, 5, 6, 7, 8)


def test_yesterday_is_due_though_somebody_reported_today_already() -> None:
    assert list(due(at(10), with_reports_of(10).store)) == november(9)


def test_days_before_the_first_report_are_nobodys_and_those_of_long_ago_are_let_be() -> None:
    world = with_reports_of(1)
    night = at(10) + timedelta(days=40)

    found = list(due(night, world.store))

    assert found == [night.date() - timedelta(days=1)]


def test_what_is_done_this_night_is_not_done_again() -> None:
    world = with_reports_of(5, 6, 7, 8)
    first = world.night(TENTH)

    again = report_due(at(10, minute=35), world.store, world.report)

    assert [day["date"] for day in first.days] == [str(day) for day in november(9, 6, 7, 8)]
    assert again.days == ()


def test_the_next_night_does_them_again() -> None:
    world = with_reports_of(5, 6, 7, 8)
    world.night(TENTH)

    assert list(due(at(11), world.store)) == november(10, 7, 8, 9)


def test_a_report_by_hand_before_the_night_is_not_taken_for_the_nights() -> None:
    world = with_reports_of(8)
    world.now = at(10, hour=1)
    world.report(date(2026, 11, 9))

    assert date(2026, 11, 9) in list(due(at(10), world.store))


def test_what_did_not_change_is_not_written_again_and_what_changed_is_named() -> None:
    world = with_reports_of(8, 9)
    eighth = date(2026, 11, 8)
    world.write(*world.records(eighth, "search", (1_000_000, 0), call="late"))

    night = world.night(date(2026, 11, 11))

    changed = {day["date"]: day["changed"] for day in night.days}
    assert costs_key(eighth) in changed[str(eighth)]
    assert changed["2026-11-09"] == []


def test_a_day_that_needs_another_run_ends_this_one_and_the_days_after_it_wait() -> None:
    world = with_reports_of(6, 7, 8)
    asked: list[date] = []

    def report(day: date) -> Outcome:
        asked.append(day)
        raise NotFinished("no time is left")

    night = report_due(at(10), world.store, report)

    assert asked == november(9)
    assert night.days == ({"date": "2026-11-09", "goes_on": "no time is left"},)
    assert not night.failed


def test_a_day_that_is_left_to_the_next_run_is_in_the_function_s_log_with_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def report(day: date) -> Outcome:
        raise NotFinished("no time is left")

    report_due(at(10), with_reports_of(6, 7, 8).store, report)

    assert caplog.messages == ["2026-11-09 is left to the next run: no time is left"]


@pytest.mark.parametrize(
    "raised",
    [
        IncompleteReport("the query of totals is not complete"),
        ClientError({"Error": {"Code": "AccessDenied"}}, "StartQuery"),
        KeyError("model_id"),
    ],
    ids=lambda raised: type(raised).__name__,
)
def test_a_day_that_cannot_be_reported_stops_no_other(raised: Exception) -> None:
    world = with_reports_of(6, 7, 8)
    world.now = at(10)

    def report(day: date) -> Outcome:
        if day.day == 7:
            raise raised
        return world.report(day)

    night = report_due(at(10), world.store, report)

    assert [day["date"][-2:] for day in night.days] == ["09", "06", "08"]
    assert night.failed == {date(2026, 11, 7): str(raised)}


def test_a_day_whose_manifest_cannot_be_read_fails_and_stops_no_other() -> None:
    world = with_reports_of(6, 7, 8)
    world.bucket.files[manifest_key(date(2026, 11, 7))] = b"{}"

    night = world.night(TENTH)

    assert [day["date"][-2:] for day in night.days] == ["09", "06", "08"]
    assert list(night.failed) == november(7)


def test_a_mark_of_late_records_that_cannot_be_read_keeps_no_day_from_its_report() -> None:
    world = with_reports_of(6, 7, 8)
    world.bucket.files[MARK_KEY] = b"{}"

    night = world.night(TENTH)

    assert [day["date"][-2:] for day in night.days] == ["09", "06", "07", "08"]


def test_what_a_night_leaves_undone_is_known_with_its_reason_each() -> None:
    world = with_reports_of(6, 7)
    world.now = at(10, hour=5, minute=55)

    def report(day: date) -> Outcome:
        if day.day == 9:
            raise ValueError("a price is negative")
        if day.day == 7:
            raise NotFinished("no time is left")
        return world.report(day)

    night = report_due(world.now, world.store, report)

    assert left(world.now, world.store, night) == {
        date(2026, 11, 9): "a price is negative",
        date(2026, 11, 7): "no time is left",
        date(2026, 11, 8): "the night's runs ended before it was its turn",
    }


def test_a_day_that_somebody_else_writes_is_left_to_the_next_run() -> None:
    world = with_reports_of(8)
    world.now = at(10)
    with claimed(world.store, "2026-11-08", lambda: world.now):
        night = report_due(at(10), world.store, world.report)

    assert night.days[0]["complete"] is True
    assert list(night.days[1]) == ["date", "goes_on"]
    assert list(due(at(10, minute=35), world.store)) == november(8)


def test_a_closed_day_is_done_for_the_night_once_its_records_were_read() -> None:
    world = with_reports_of(8, 9)
    thirtieth = date(2026, 11, 30)
    world.now = datetime(2026, 12, 1, 1, tzinfo=UTC)
    world.close(Month.of(thirtieth))
    closed = world.bucket.files[manifest_key(thirtieth)]

    night = world.night(date(2026, 12, 1))

    assert [day["date"][-2:] for day in night.days] == ["30", "27", "28", "29"]
    assert list(due(world.now + timedelta(minutes=20), world.store)) == []
    assert world.bucket.files[manifest_key(thirtieth)] == closed


@pytest.mark.parametrize("key", [adjustments_key, team_adjusted_key, told_key])
def test_a_closed_day_whose_adjusting_broke_off_is_due_again_until_all_of_it_is_done(
    key: Callable[[date], str],
) -> None:
    world = with_reports_of(28, 29)
    thirtieth = date(2026, 11, 30)
    calls = [world.records(thirtieth, "ads", (1_000_000, 0), call=f"c{n}") for n in range(2)]
    world.write(*calls[0])
    world.now = datetime(2026, 12, 1, 1, tzinfo=UTC)
    world.close(Month.of(thirtieth), with_gaps=True)
    world.records(thirtieth, "ads", (1, 0), call="lost")
    late = world.records(thirtieth, "ads", (1, 0), call="after it")
    world.write(*calls[1], *late)
    world.bucket.fails_to_put = key(thirtieth)

    assert list(world.night(date(2026, 12, 1)).failed) == [thirtieth]
    assert list(due(world.now, world.store)) == [thirtieth]

    world.bucket.fails_to_put = ""
    world.now += timedelta(minutes=20)
    report_due(world.now, world.store, world.report)
    assert list(due(world.now, world.store)) == []
    assert world.balance(Month.of(thirtieth)).adjusted[-1] > 3


def test_a_report_that_would_find_fewer_records_than_before_is_not_written() -> None:
    world = with_reports_of(8)
    ninth = date(2026, 11, 9)
    world.write(*world.records(ninth, "search", (1, 0), call="c1"))
    world.night(TENTH)
    before = world.bucket.reports
    world.events.clear()  # the log group keeps them no longer

    with pytest.raises(IncompleteReport, match="0 records are left of those"):
        world.report(ninth)

    assert world.bucket.reports == before


def test_an_event_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        list(due(datetime(2026, 11, 10, 2, 15), World().store))  # noqa: DTZ001
