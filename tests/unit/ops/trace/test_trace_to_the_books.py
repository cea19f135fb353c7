"""How a trace goes on from a call to its day's report, and to the books of its month."""

import json
from datetime import UTC, date, datetime

from month_world import SETTINGS, World

from chalicelib.reporting.months.month import Month
from local.insights.table import Event
from ops.trace.day import read_day
from ops.trace.history import Missing
from ops.trace.records import Call
from ops.trace.screen import lines_of

DAY = date(2026, 10, 30)
OCTOBER = Month.of(DAY)
MILLION = 1_000_000


def written(world: World, call_id: str, *, instance: str = "i1") -> Call:
    """Let a call of 3 dollars be made on the day, and its records come now."""
    events = world.records(DAY, "search", (MILLION, 0), call=call_id, instance=instance)
    world.write(*events)
    return Call(call_id, *map(_record, events), copies=0)


def _record(event: Event) -> dict[str, object]:
    record: dict[str, object] = json.loads(event[1])
    return record


def traced(world: World, call: Call) -> dict[str, str]:
    """Return what is said of a call after its event, by name."""
    day = read_day(call.day, world.bucket, SETTINGS)
    lines = list(lines_of(call, None, Missing("no event"), day))
    return {line[:9].strip(): line[9:] for line in lines if not line.startswith(" ")}


def closed_world() -> tuple[World, Call]:
    world = World(now=datetime(2026, 11, 2, 9, tzinfo=UTC))
    call = written(world, "c1")
    world.close(OCTOBER)
    return world, call


def test_a_report_that_was_made_before_a_call_ended_is_not_said_to_hold_it() -> None:
    world = World(now=datetime(2026, 10, 30, 12, 0, 2, tzinfo=UTC))
    written(world, "c1")
    world.report(DAY)

    said = traced(world, written(world, "c2"))

    assert said["report"] == (
        "2026-10-30 was reported before this call ended, which is not in it: report it again"
    )


def test_a_call_of_an_open_month_is_in_no_books() -> None:
    world = World(now=datetime(2026, 10, 31, 9, tzinfo=UTC))
    call = written(world, "c1")
    world.report(DAY)

    said = traced(world, call)

    assert said["report"].startswith("costs/date=2026-10-30/costs.csv line 2: 2026-10-30,search,")
    assert "month" not in said


def test_a_call_of_a_closed_month_is_followed_to_its_books() -> None:
    world, call = closed_world()

    said = traced(world, call)

    assert said["month"] == (
        "2026-10 was closed at 2026-11-02T09:00:00.000Z; its lines are in "
        "month_costs/month=2026-10/costs.csv"
    )


def test_a_closed_day_that_was_only_read_again_is_not_said_to_be_adjusted() -> None:
    world, call = closed_world()
    world.report(DAY)

    assert "adjust" not in str(traced(world, call))


def test_a_call_that_came_after_the_closing_is_found_in_what_adjusts_its_day() -> None:
    world, _ = closed_world()
    late = written(world, "c2", instance="i2")
    world.report(DAY)

    said = traced(world, late)

    assert said["report"].startswith("adjusted/costs/date=2026-10-30/costs.csv line 2: ")
    assert said["manifest"].endswith("that is the file")
    assert said["month"].endswith("adjustments/month=2026-10/2026-10-30.csv")
