"""A record that comes too late for its day's nights is in that day's report all the same, once.

Or it is told of: nothing that the log holds is in no report and in no message.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from kept_files import Bucket
from month_world import World

from chalicelib.reporting import nightly
from chalicelib.reporting.claims import claimed
from chalicelib.reporting.insights import IncompleteReport, NotFinished
from chalicelib.reporting.late_question import NO_DAY, TAKEN_WITHIN, Held, begins, since
from chalicelib.reporting.late_records import MARK_KEY, Report, Settled
from chalicelib.reporting.months.adjustments import adjustments_key, each_adjustment
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.reported_day import costs_key, manifest_key
from chalicelib.reporting.restating import ADJUSTED
from chalicelib.reporting.store import ReportStore
from chalicelib.reporting.usage_query import KEPT
from local.insights.client import LogsClient
from local.insights.faults import Behaviour, Fault, Page, Refusal
from local.insights.service import InsightsService
from local.insights.table import Event, Events

DAY = date(2026, 11, 3)
NOVEMBER = Month.of(DAY)
MORNING_AFTER = DAY + timedelta(days=1)
MILLION = (1_000_000, 0)
TWO_CALLS = [("ads", "3"), ("search", "3")]


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def reported(nights: int = 1) -> World:
    """A day of one call, and the nights since; its bucket may be copied for each of many tests."""
    world = World()
    world.write(*world.records(DAY, "search", MILLION, call="c1"))
    for night in range(nights):
        world.night(MORNING_AFTER + timedelta(days=night))
    return world


def late(world: World, days: int, call: str = "c2", day: date = DAY) -> None:
    """Write a call of the day so many days after it, at noon: the next night is to find it."""
    written = noon(day + timedelta(days=days))
    world.write(*world.records(day, "ads", MILLION, call=call, instance=call, written=written))


def next_night(world: World, days: int) -> Any:
    return world.night(DAY + timedelta(days=days + 1))


def costs(world: World, day: date = DAY) -> list[tuple[str, ...]]:
    return world.rows(costs_key(day), "team_id", "total_cost")


def mark(world: World) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.bucket.files[MARK_KEY])
    return found


def forged(world: World, day: object, call: str, at: datetime) -> Event:
    """A record that gives anything as its day; None: it gives none."""
    began, _ = world.records(DAY, "ads", MILLION, call=call, instance=call, written=at)
    fields = json.loads(began[1])
    fields["day"] = day
    if day is None:
        del fields["day"]
    return began[0], json.dumps(fields), began[2]


# Found, once


@pytest.mark.parametrize("days", [4, 10, 40])
def test_a_late_record_restates_its_day_while_the_month_is_open(days: int) -> None:
    world = reported(nights=4)
    late(world, days)

    next_night(world, days)

    assert costs(world) == TWO_CALLS
    manifest = json.loads(world.bucket.files[manifest_key(DAY)])
    assert manifest["restated"][-1]["rows"] == {"late records": 1}
    assert manifest["restated"][-1]["cost"] == "+3"


@pytest.mark.parametrize("days", [28, 40])
def test_a_late_record_of_a_closed_month_becomes_its_adjustment(days: int) -> None:
    world = reported(nights=5)
    world.now = datetime(2026, 12, 1, 9, tzinfo=UTC)
    world.close(NOVEMBER, with_gaps=True)
    closed = costs(world)
    late(world, days)

    next_night(world, days)

    (row,) = each_adjustment(world.store, NOVEMBER)
    assert (row.reason, row.row.date, row.row.team_id) == ("late records", str(DAY), "ads")
    assert not any(world.balance(NOVEMBER).out_by)
    assert costs(world) == closed


@pytest.mark.parametrize("month_is_closed", [False, True])
def test_what_was_found_is_not_found_again(month_is_closed: bool) -> None:
    world = reported()
    if month_is_closed:
        world.now = datetime(2026, 12, 1, 9, tzinfo=UTC)
        world.close(NOVEMBER, with_gaps=True)
    late(world, 40)
    next_night(world, 40)
    before = {
        key: body
        for key, body in world.bucket.reports.items()
        if str(DAY) in key or key == adjustments_key(DAY)
    }

    again = next_night(world, 41)

    assert str(DAY) not in [each["date"] for each in again.days]
    assert {key: world.bucket.files[key] for key in before} == before


def test_another_late_record_of_the_day_is_found_as_well() -> None:
    world = reported()
    late(world, 10)
    next_night(world, 10)
    late(world, 30, call="c3")

    next_night(world, 30)

    assert costs(world) == [("ads", "6"), ("search", "3")]


@pytest.mark.parametrize("days", [5, 10, 13])
def test_a_record_that_bears_its_own_time_and_is_taken_days_later_is_found(days: int) -> None:
    world = reported(nights=days)
    world.write(*world.records(DAY, "ads", MILLION, call="held", instance="i2"))

    next_night(world, days)

    assert costs(world) == TWO_CALLS


@pytest.mark.parametrize("missed", [2, 20, 100])
def test_nights_that_are_missed_lose_no_late_record(missed: int) -> None:
    world = reported(nights=6)
    late(world, 8)

    next_night(world, 8 + missed)

    assert costs(world) == TWO_CALLS


def test_a_day_that_had_no_report_and_is_too_old_for_the_nights_is_reported() -> None:
    world = reported()
    missed = DAY + timedelta(days=2)
    world.write(*world.records(missed, "search", MILLION, call="c3"))

    next_night(world, 50)

    assert costs(world, missed) == [("search", "3")]


def test_a_day_before_the_first_report_that_has_records_is_reported() -> None:
    world = World()
    before = DAY - timedelta(days=1)
    world.write(*world.records(before, "search", MILLION, call="c0"))

    world.night(MORNING_AFTER)

    assert costs(world, before) == [("search", "3")]


def test_a_gateway_that_was_here_before_the_question_is_asked_about_all_its_days() -> None:
    world = reported(nights=5)
    late(world, 10)
    del world.bucket.files[MARK_KEY]

    next_night(world, 60)

    assert costs(world) == TWO_CALLS


def test_a_report_by_hand_reads_to_now() -> None:
    world = reported(nights=5)
    late(world, 40)
    world.now = noon(DAY + timedelta(days=41))

    world.report(DAY)

    assert costs(world) == TWO_CALLS


def test_closing_a_month_reads_what_came_late() -> None:
    world = reported(nights=5)
    late(world, 20)
    world.now = datetime(2026, 12, 1, 9, tzinfo=UTC)

    closed = world.close(NOVEMBER, with_gaps=True)

    assert closed.totals["total_cost"] == "6"


# Asked once a night, and until it is settled


def test_a_run_after_the_question_is_settled_asks_nothing() -> None:
    world = reported()
    world.now += timedelta(minutes=20)
    asked: list[datetime] = []

    def ask(start: datetime, end: datetime) -> Held:
        asked.append(start)
        return World.ask(world, start, end)

    with patch.object(world, "ask", ask):
        world.late()
        assert asked == []
        world.now += timedelta(days=1)
        world.late()

    assert asked == [datetime(2026, 11, 4, 2, 15, tzinfo=UTC) - TAKEN_WITHIN]


def test_a_day_that_fails_keeps_the_mark_where_it_is_and_is_read_by_the_next_run() -> None:
    world = reported(nights=5)
    before = mark(world)
    late(world, 10)
    with patch.object(world, "report", side_effect=IncompleteReport("no")):
        night = next_night(world, 10)
    assert night.failed[DAY] == "no"
    assert mark(world) == before

    next_night(world, 30)

    assert costs(world) == TWO_CALLS
    assert mark(world)["asked_at"] == "2026-12-04T02:15:00.000Z"


def test_a_day_that_failed_already_is_not_tried_twice_by_one_run() -> None:
    world = reported(nights=5)
    late(world, 4)
    tried: list[date] = []

    def report(day: date) -> Any:
        tried.append(day)
        raise IncompleteReport("no")

    with patch.object(world, "report", report):
        world.night(DAY + timedelta(days=2))

    assert len(tried) == len(set(tried))


def test_a_day_that_somebody_else_writes_waits_for_the_next_run() -> None:
    world = reported(nights=5)
    late(world, 10)
    world.now = noon(DAY + timedelta(days=11))
    before = mark(world)
    with claimed(world.store, str(DAY), lambda: world.now):
        done = world.late()
    assert list(done.night.waiting) == [DAY]
    assert (done.waiting, mark(world)) == ("days that have some are left to the next run", before)

    world.late()

    assert costs(world) == TWO_CALLS


def test_a_run_whose_time_ends_leaves_the_rest_to_the_next() -> None:
    world = reported(nights=5)
    late(world, 10)
    world.now = noon(DAY + timedelta(days=11))
    with patch.object(world, "ask", side_effect=NotFinished("no time is left")):
        assert world.late().waiting == "no time is left"

    world.late()

    assert costs(world) == TWO_CALLS


# Two at once


@pytest.mark.parametrize("closes", [False, True])
def test_two_nights_at_once_restate_the_day_once(closes: bool) -> None:
    world = reported(nights=5)
    if closes:
        world.now = datetime(2026, 12, 1, 9, tzinfo=UTC)
        world.close(NOVEMBER, with_gaps=True)
    late(world, 40)
    world.now = noon(DAY + timedelta(days=41))
    step = 0
    files = dict(world.bucket.files)
    while True:
        step += 1
        world.bucket = Stepped(dict(files), step, world.late)
        world.late()
        if not world.bucket.came_between:
            break
        world.late()  # whoever found it claimed comes back
        assert Report.read(world.store, DAY).records == 4
        if closes:
            assert len(list(each_adjustment(world.store, NOVEMBER))) == 1
            assert not any(world.balance(NOVEMBER).out_by)
        else:
            assert costs(world) == TWO_CALLS
    assert step > 10


def test_a_mark_does_not_go_back() -> None:
    world = reported(nights=5)
    slow = Settled.read(world.store)
    next_night(world, 10)
    after = mark(world)

    assert slow.mark
    assert not slow.put(slow.mark)
    assert mark(world) == after


class Stepped(Bucket):
    """Lets another run go whole before its step of a number."""

    def __init__(self, files: dict[str, bytes], step: int, other: Callable[[], object]) -> None:
        super().__init__(files=files)
        self.came_between = False
        self._left = step
        self._other = other

    def put_object(self, **request: Any) -> dict[str, str]:
        self._step()
        return super().put_object(**request)

    def get_object(self, **request: Any) -> dict[str, Any]:
        self._step()
        return super().get_object(**request)

    def _step(self) -> None:
        self._left -= 1
        if self._left == 0:
            self.came_between = True
            self._other()


# Faults


Files = dict[str, bytes]
EVENTS: list[Event] = []


@pytest.fixture(scope="module")
def asked_again() -> Files:
    """A day that a mark of long after it leaves to a query of its own: three, then the report's."""
    world = reported()
    next_night(world, 36)
    late(world, 40)
    EVENTS.extend(world.events)
    return dict(world.bucket.files)


FAULTS = [
    Fault("StartQuery", Refusal("InvalidParameterException")),
    Fault("StartQuery", Behaviour(ends="Failed")),
    Fault("StartQuery", Behaviour(ends="Cancelled")),
    Fault("StartQuery", Behaviour(silent=True)),
    Fault("GetQueryResults", Refusal("ResourceNotFoundException")),
    Fault("GetQueryResults", Page.FAILED),
    Fault("GetQueryResults", Page.SHORT),
]


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_whatever_goes_wrong_with_a_query_the_mark_stays_until_the_day_is_right(
    fault: Fault, nth: int, asked_again: Files
) -> None:
    world = World(now=noon(DAY + timedelta(days=41)), events=list(EVENTS))
    world.bucket.files = dict(asked_again)
    before = mark(world)
    service = InsightsService()
    service.behave(Behaviour(), replace(fault, nth=nth))
    logs = LogsClient(service, Events(world.events))
    with patch("month_world.LogsClient.over", lambda events: logs):
        done = world.late()
    failed = bool(done.failed or done.night.failed)
    assert failed or nth == 2  # of which an answer has no row that it could lack
    assert failed == (mark(world) == before)
    assert failed or costs(world) == TWO_CALLS

    world.late()

    assert costs(world) == TWO_CALLS
    assert mark(world) != before


def test_a_question_that_times_out_is_asked_in_parts() -> None:
    world = reported(nights=5)
    late(world, 40)
    world.now = noon(DAY + timedelta(days=41))
    service = InsightsService()
    service.behave(Behaviour(), Fault("StartQuery", Behaviour(ends="Timeout"), 1))
    logs = LogsClient(service, Events(world.events))
    start = world.now - timedelta(days=41, hours=12)

    with patch("month_world.LogsClient.over", lambda events: logs):
        held = world.ask(start, world.now)

    assert held == Held({DAY: 4}, {})


@pytest.mark.parametrize("broken", ["fails_at", "fails_to_put"])
def test_a_mark_that_s3_does_not_give_or_take_is_settled_by_the_next_run(broken: str) -> None:
    world = reported(nights=5)
    late(world, 10)
    world.now = noon(DAY + timedelta(days=11))
    setattr(world.bucket, broken, MARK_KEY)
    assert "SlowDown" in world.late().failed

    setattr(world.bucket, broken, "")
    world.late()

    assert costs(world) == TWO_CALLS
    assert mark(world)["asked_at"] == "2026-11-14T12:00:00.000Z"


def test_a_mark_that_cannot_be_read_is_no_mark_to_go_on_from() -> None:
    world = reported()
    world.bucket.files[MARK_KEY] = b'{"schema": 1}'
    world.now += timedelta(days=1)

    assert world.late().failed.startswith("late/settled.json cannot be read")


def test_a_mark_of_an_older_version_which_says_more_is_gone_on_from() -> None:
    world = reported()
    kept = mark(world)
    world.bucket.files[MARK_KEY] = json.dumps({**kept, "restated": {}}).encode()

    assert Settled.read(world.store).asked_at == kept["asked_at"]


@pytest.mark.parametrize(
    "key", [adjustments_key(DAY), ADJUSTED + costs_key(DAY), ADJUSTED + manifest_key(DAY)]
)
def test_an_adjusting_that_breaks_off_is_gone_on_with_and_booked_once(key: str) -> None:
    world = reported()
    world.now = datetime(2026, 12, 1, 9, tzinfo=UTC)
    world.close(NOVEMBER, with_gaps=True)
    late(world, 40)
    world.bucket.fails_to_put = key
    night = next_night(world, 40)
    assert DAY in night.failed

    world.bucket.fails_to_put = ""
    world.late()

    assert len(list(each_adjustment(world.store, NOVEMBER))) == 1
    assert not any(world.balance(NOVEMBER).out_by)
    assert Report.read(world.store, DAY).records == 4


# What no report can have is told


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2026-12-24", "2026-12-24"),  # has not begun
        ("2027-11-03", NO_DAY),
        ("2025-01-01", "2025-01-01"),  # its records are gone
        ("2026-13-39", "2026-13-39"),
        ("1999-11-03", NO_DAY),
        ("=cmd()", NO_DAY),
        (20261103, NO_DAY),
        (None, NO_DAY),
    ],
)
def test_a_record_of_no_day_that_can_be_reported_is_told(day: object, told: str) -> None:
    world = reported(nights=5)
    world.write(forged(world, day, "x", noon(DAY + timedelta(days=10))))
    before = world.bucket.reports

    night = next_night(world, 10)

    assert not night.failed
    assert world.told[-1] == {told: 1} == mark(world)["unreported"]
    assert {key: world.bucket.files[key] for key in before} == before


def test_a_flood_of_forged_days_is_told_and_keeps_no_late_record_from_its_report() -> None:
    world = reported(nights=5)
    at = noon(DAY + timedelta(days=10))
    for n in range(300):
        world.write(forged(world, f"2026-99-{n}", f"x{n}", at))
    late(world, 10)

    next_night(world, 10)

    assert costs(world) == TWO_CALLS
    assert world.told[-1] == {NO_DAY: 300}


def test_a_record_that_lies_before_its_own_day_is_told_when_the_day_is_over_and_once() -> None:
    world = reported()
    day = DAY + timedelta(days=4)
    early = noon(DAY)
    world.write(*world.records(day, "ads", MILLION, call="early", instance="i9", written=early))
    told = []
    for days in range(1, 7):
        next_night(world, days)
        told.append(world.told[-1])

    ahead, today, over, *later = told[1:]
    assert (ahead, today, over) == ({str(day): 2}, {}, {str(day): 2})
    assert later == [{}, {}]
    assert mark(world)["given_up"] == {str(day): 2}


def test_a_day_of_which_records_are_gone_keeps_its_report_and_what_came_late_is_told_once() -> None:
    world = reported(nights=5)
    kept = costs(world)
    world.events.clear()
    late(world, 10)
    world.events.pop()

    night = next_night(world, 10)
    assert "records are left of those" in night.failed[DAY]
    assert world.told[-1] == {str(DAY): 1}

    night = next_night(world, 11)
    assert night.failed == {}
    assert (costs(world), world.told[-1]) == (kept, {})


@pytest.mark.parametrize("left", [0, 1])
def test_a_recent_day_of_which_records_are_gone_fails_one_night_and_holds_up_nothing(
    left: int,
) -> None:
    world = reported()
    kept = costs(world)
    del world.events[left:]
    world.write(forged(world, "2026-12-24", "x", noon(DAY)))
    of_the_day = {str(DAY): left} if left else {}

    night = next_night(world, 1)
    assert "records are left of those" in night.failed[DAY]
    assert world.told[-1] == {"2026-12-24": 1, **of_the_day}
    assert mark(world)["asked_at"] == "2026-11-05T02:15:00.000Z"

    for days in (2, 3, 4):
        assert next_night(world, days).failed == {}
        assert world.told[-1] == {"2026-12-24": 1}
    assert costs(world) == kept


def test_a_day_of_which_records_are_gone_is_not_tried_again_by_the_night_s_next_run() -> None:
    world = reported()
    del world.events[1:]
    next_night(world, 1)
    world.now += timedelta(minutes=20)

    assert list(nightly.due(world.now, world.store)) == []


def test_a_recent_day_whose_records_were_gone_and_are_there_again_is_read_as_ever() -> None:
    world = reported()
    gone = world.events[1:]
    del world.events[1:]
    next_night(world, 1)
    world.write(*gone)
    late(world, 2)

    assert next_night(world, 2).failed == {}
    assert costs(world) == TWO_CALLS
    assert mark(world)["given_up"] == {}


def test_what_is_in_no_report_is_told_in_the_night_s_last_run_though_a_day_still_fails() -> None:
    world = reported(nights=5)
    late(world, 10)
    world.write(forged(world, "2026-12-24", "x", noon(DAY + timedelta(days=10))))
    before, told = mark(world), list(world.told)
    with patch.object(world, "report", side_effect=IncompleteReport("no")):
        next_night(world, 10)
        assert world.told == told

        world.now = datetime.combine(world.now, nightly.LAST_RUN, UTC)
        world.late()

    assert world.told[len(told) :] == [{"2026-12-24": 1}]  # and not of the day that may be read yet
    assert mark(world) == before


def test_what_cannot_be_told_is_not_settled() -> None:
    world = reported(nights=5)
    late(world, 10)
    before = mark(world)
    with patch.object(world, "told", new=()):  # takes nothing
        next_night(world, 10)

    assert mark(world) == before


# The window of the question


def test_the_question_reaches_back_to_what_was_taken_since_the_last_one() -> None:
    now = noon(DAY)

    assert since(now - timedelta(days=1), DAY, now) == now - timedelta(days=15)
    assert since(now - timedelta(days=50), None, now) == now - timedelta(days=64)


def test_the_first_question_reaches_back_to_the_first_report_and_never_beyond_the_log() -> None:
    now = noon(DAY)
    long_ago = DAY - timedelta(days=300)

    assert since(None, None, now) == now - TAKEN_WITHIN
    assert since(None, long_ago, now) == begins(long_ago)
    assert since(None, DAY - timedelta(days=900), now) == now - KEPT
    assert since(now - timedelta(days=900), None, now) == now - KEPT


def test_a_manifest_says_how_many_records_its_day_has_copies_too() -> None:
    world = World()
    began, ended = world.records(DAY, "search", MILLION, call="c1")
    world.write(began, ended, ended)
    world.night(MORNING_AFTER)

    assert Report.read(world.store, DAY).records == 3


def test_a_day_that_is_being_written_or_was_not_written_to_its_end_has_read_nothing() -> None:
    world = reported()
    world.now += timedelta(hours=1)
    read, nothing = Report.read(world.store, DAY), Report(0, "")
    for clean in (False, True):
        with claimed(world.store, str(DAY), lambda: world.now) as claim:
            claim.clean = clean
            assert Report.read(world.store, DAY) == nothing
        assert Report.read(world.store, DAY) == (read if clean else nothing)


def test_a_day_without_a_report_has_read_nothing() -> None:
    assert Report.read(ReportStore(Bucket(), "reports"), DAY) == Report(0, "")
    broken = Bucket(files={manifest_key(DAY): b"{}"})
    assert Report.read(ReportStore(broken, "reports"), DAY) == Report(0, "")
