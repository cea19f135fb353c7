"""What is booked of a closed day reaches its teams and FOCUS once, however often it is tried."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import reduce

import pytest
from kept_files import Bucket
from month_world import World, prices

from chalicelib.reporting.cost_rows import EXACT
from chalicelib.reporting.focus import focus_key
from chalicelib.reporting.focus.corrections import corrections_key
from chalicelib.reporting.insights import IncompleteReport
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.months import closing
from chalicelib.reporting.months.adjustments import adjustments_key
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.months.telling import told_key
from chalicelib.reporting.reported_day import manifest_key
from chalicelib.reporting.restating import ADJUSTED, Outcome
from chalicelib.reporting.team_days import TeamDays
from chalicelib.reporting.team_keys import team_adjusted_key, team_adjustments_key
from local.insights.table import Event

OCTOBER = Month.read("2026-10")
DAY = date(2026, 10, 30)
FIRST, SECOND = date(2026, 11, 3), date(2026, 11, 5)
MILLION = 1_000_000
ADS, SEARCH = (team_adjustments_key(team, DAY) for team in ("ads", "search"))


def closed() -> World:
    """One call of `search` on the thirtieth, closed on the second of November."""
    world = World(now=datetime(2026, 11, 2, 9, tzinfo=UTC), bucket=Bucket())
    world.write(*world.records(DAY, "search", (MILLION, 0), call="c1"))
    world.close(OCTOBER)
    return world


def late(world: World, team: str, on: date) -> None:
    """Let a call come to be known on a date."""
    world.now = datetime(on.year, on.month, on.day, 2, 15, tzinfo=UTC)
    world.write(*world.records(DAY, team, (MILLION, 0), call=f"{team}-{on}", instance=f"{on}"))


def told(world: World) -> dict[str, bytes]:
    """What teams and finance read."""
    return {
        key: body
        for key, body in world.bucket.files.items()
        if key.startswith(("teams/", "focus/", "adjusted/told/", "adjustments/"))
    }


def billed(world: World, *keys: str) -> Decimal:
    costs = (Decimal(cost) for key in keys for (cost,) in world.rows(key, "BilledCost"))
    return reduce(EXACT.add, costs, Decimal(0))


def test_a_team_is_told_of_its_own_adjustments_and_of_no_other_s() -> None:
    world = closed()
    late(world, "ads", FIRST)
    world.report(DAY)

    assert world.rows(ADS, "adjusted_on", "reason", "team_id", "total_cost") == [
        ("2026-11-03", "late records", "ads", "3")
    ]
    assert SEARCH not in world.bucket.files


def test_a_team_s_file_keeps_what_it_was_told_before() -> None:
    world = closed()
    late(world, "ads", FIRST)
    world.report(DAY)
    late(world, "search", SECOND)
    world.book = prices("2.5")
    world.report(DAY)

    assert world.rows(ADS, "adjusted_on", "reason", "total_cost") == [
        ("2026-11-03", "late records", "3"),
        ("2026-11-05", "price change", "-0.5"),
    ]
    assert world.rows(SEARCH, "adjusted_on", "reason", "total_cost") == [
        ("2026-11-05", "late records", "3"),
        ("2026-11-05", "price change", "-1"),
    ]


@pytest.mark.parametrize(
    "broken", [adjustments_key(DAY), ADS, SEARCH, corrections_key(FIRST, DAY), told_key(DAY)]
)
def test_wherever_a_telling_breaks_off_the_next_report_tells_the_same(broken: str) -> None:
    worlds = []
    for fails_to_put in ("", broken):
        world = closed()
        late(world, "ads", FIRST)
        late(world, "search", FIRST)
        world.bucket.fails_to_put = fails_to_put
        if fails_to_put:
            with pytest.raises(Exception, match="SlowDown"):
                world.report(DAY)
        world.bucket.fails_to_put = ""
        world.now += timedelta(hours=1)
        world.report(DAY)
        worlds.append(told(world))

    assert worlds[0] == worlds[1]


@pytest.mark.parametrize("broken", [SEARCH, corrections_key(FIRST, DAY), told_key(DAY)])
def test_a_price_whose_telling_breaks_off_is_booked_once(broken: str) -> None:
    world = closed()
    late(world, "ads", FIRST)
    world.book = prices("2.5")
    world.bucket.fails_to_put = broken
    with pytest.raises(Exception, match="SlowDown"):
        world.report(DAY)
    booked = world.bucket.files[adjustments_key(DAY)]
    world.bucket.fails_to_put = ""
    world.now += timedelta(hours=1)
    world.report(DAY)

    assert world.bucket.files[adjustments_key(DAY)] == booked
    assert billed(world, corrections_key(FIRST, DAY)) == world.balance(OCTOBER).adjusted[-1] == 2


def test_what_was_told_is_not_told_again() -> None:
    world = closed()
    late(world, "ads", FIRST)
    world.report(DAY)

    for key in (ADS, corrections_key(FIRST, DAY), told_key(DAY)):
        world.bucket.fails_to_put = key
        world.report(DAY)
        world.rerate(DAY)


def test_what_is_told_a_night_after_it_was_booked_is_of_the_date_of_the_booking() -> None:
    world = closed()
    late(world, "ads", FIRST)
    world.bucket.fails_to_put = corrections_key(FIRST, DAY)
    with pytest.raises(Exception, match="SlowDown"):
        world.report(DAY)
    world.bucket.fails_to_put = ""
    world.now += timedelta(days=1)
    world.report(DAY)

    assert billed(world, corrections_key(FIRST, DAY)) == 3


def test_focus_with_its_corrections_is_what_the_records_say_now() -> None:
    world = closed()
    late(world, "ads", FIRST)
    world.report(DAY)
    first = world.bucket.files[corrections_key(FIRST, DAY)]
    late(world, "search", SECOND)
    world.book = prices("2.5")
    world.report(DAY)

    corrections = [corrections_key(on, DAY) for on in (FIRST, SECOND)]
    balance = world.balance(OCTOBER)
    assert world.bucket.files[corrections[0]] == first
    assert billed(world, focus_key(DAY)) == balance.booked[-1] == 3
    assert billed(world, *corrections) == balance.adjusted[-1] == Decimal("4.5")


def test_what_is_booked_twice_on_a_date_is_one_file() -> None:
    world = closed()
    late(world, "ads", FIRST)
    world.report(DAY)
    world.book = prices("2.5")
    world.rerate(DAY)

    key = corrections_key(FIRST, DAY)
    assert billed(world, key) == world.balance(OCTOBER).adjusted[-1] == 2
    assert world.rows(key, "SubAccountId", "ConsumedQuantity", "ContractedUnitPrice") == [
        ("ads", "1000000.0", "2.5"),
        ("search", "-1000000.0", "3.0"),
        ("search", "1000000.0", "2.5"),
    ]


def missing(world: World) -> tuple[bool, bool]:
    """Say whether records of the day are missing, as its team is told and as is known."""
    (day,) = TeamDays(lambda: world.bucket, "reports").read("search", [DAY])
    adjusted = Manifest.from_json(world.bucket.files[ADJUSTED + manifest_key(DAY)])
    return day.lost, adjusted.lost > 0


def closed_with_a_hole(of: date = DAY) -> tuple[World, tuple[Event, Event]]:
    """A closed day on which three calls were written; the second one's records were held up."""
    world = World(now=datetime(2026, 11, 2, 9, tzinfo=UTC), bucket=Bucket())
    noon = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
    first, held, last = (
        world.records(day, "search", (MILLION, 0), call=f"c{nth}", written=noon)
        for nth, day in enumerate((DAY, of, DAY))
    )
    world.write(*first, *last)
    world.close(OCTOBER, with_gaps=True)
    return world, held


def test_a_team_whose_lost_records_came_is_not_told_any_more_that_they_are_missing() -> None:
    world, held = closed_with_a_hole()
    (before,) = TeamDays(lambda: world.bucket, "reports").read("search", [DAY])
    world.write(*held)
    world.report(DAY)

    (after,) = TeamDays(lambda: world.bucket, "reports").read("search", [DAY])
    assert (before.complete, after.complete, after.message) == (False, True, "")
    assert missing(world) == (False, False)


def test_a_team_is_told_of_records_that_were_found_to_be_missing_after_the_closing() -> None:
    world = closed()
    world.records(DAY, "search", (MILLION, 0), call="lost for good")
    world.write(*world.records(DAY, "ads", (MILLION, 0), call="c3"))
    world.report(DAY)

    assert missing(world) == (True, True)


def test_a_team_is_told_what_is_missing_though_no_cost_has_moved() -> None:
    world, held = closed_with_a_hole(of=DAY - timedelta(days=1))
    world.write(*held)
    world.report(DAY)

    assert adjustments_key(DAY) not in world.bucket.files
    assert missing(world) == (False, False)


def test_where_as_much_is_missing_as_at_the_closing_nothing_more_is_said_of_it() -> None:
    world, _ = closed_with_a_hole()
    late(world, "ads", FIRST)
    world.report(DAY)

    assert team_adjusted_key(DAY) not in world.bucket.files
    assert missing(world) == (True, True)


@pytest.mark.parametrize("broken", [team_adjusted_key(DAY), told_key(DAY)])
def test_what_is_missing_is_told_by_the_next_report_where_a_telling_broke_off(broken: str) -> None:
    world, held = closed_with_a_hole()
    world.write(*held)
    world.bucket.fails_to_put = broken
    with pytest.raises(Exception, match="SlowDown"):
        world.report(DAY)
    world.bucket.fails_to_put = ""
    world.now += timedelta(hours=1)
    world.report(DAY)

    assert missing(world) == (False, False)


@pytest.mark.parametrize("left", [focus_key, lambda day: f"manifests/date={day}/manifest.json"])
def test_a_day_that_the_month_was_closed_without_is_corrected_whole(
    left: Callable[[date], str],
) -> None:
    world = World(now=datetime(2026, 11, 2, 9, tzinfo=UTC), bucket=Bucket())
    world.write(*world.records(DAY, "search", (MILLION, 0), call="c1"))
    world.bucket.fails_to_put = left(DAY)
    with pytest.raises(Exception, match="SlowDown"):
        world.report(DAY)
    world.bucket.fails_to_put = ""

    def report(day: date) -> Outcome:
        if day == DAY:
            raise IncompleteReport("the query of totals is not complete")
        return world.report(day)

    world.now += timedelta(hours=1)
    closing.close(
        OCTOBER, store=world.store, report=report, clock=lambda: world.now, with_gaps=True
    )
    world.report(DAY)

    (day,) = TeamDays(lambda: world.bucket, "reports").read("search", [DAY])
    both = (focus_key(DAY), corrections_key(world.now.date(), DAY))
    assert billed(world, *(key for key in both if key in world.bucket.files)) == 3
    assert [row["total_cost"] for row in day.adjustments] == ["3"]
    assert (day.state, day.rows, day.complete) == ("not_reported", (), False)
    assert "closed without a report" in day.message
