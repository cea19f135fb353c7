"""The jobs that ask Logs Insights, each with the stage on which it begins."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

from struck_stage import (
    CLEAN,
    DAY,
    EARLY,
    EVENTS,
    LAMBDA,
    MORNING,
    SLICED,
    TRICKLE,
    Failed,
    Job,
    Stage,
    pair,
)

from chalicelib.reporting import late_question, nightly
from chalicelib.reporting.months import closing
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.restating import Outcome
from chalicelib.reporting.today import Today
from chalicelib.reporting.today_table import TodayTable
from local.insights.faults import Fault
from local.insights.table import Event
from ops.trace.records import calls_of
from ops.verify import records as verified


def report(stage: Stage) -> None:
    stage.report(DAY)


def _older() -> Stage:
    """The day was reported before the last of its records came."""
    stage = Stage(EARLY)
    Job("", report, stage).run(stage)
    return replace(stage.copy(), events=EVENTS)


def _stopped_half_way() -> Stage:
    """A sliced day, half of which was read by a run whose time was up."""
    counted = Stage(limit=SLICED)
    Job("", report, counted).run(counted)
    started = sum(operation == "StartQuery" for operation, _ in counted.logs.calls)
    stage = Stage(limit=SLICED)
    endless = replace(TRICKLE, running_polls=10_000)
    stage.strike(Fault("StartQuery", endless, started // 2))
    Job("", report, stage).run(stage)
    return replace(stage.copy(), now=stage.now + timedelta(minutes=45))


MONTH = Month.of(DAY)


def close(stage: Stage) -> None:
    """Close the month, unless it is closed already."""

    def report(day: date) -> Outcome:
        stage.end = stage.now + timedelta(minutes=1)
        return stage.report(day)

    if MONTH.closed_key not in stage.bucket.files:
        with patch.object(closing, "TRIES", 3):
            closing.close(MONTH, store=stage.store, report=report, clock=lambda: stage.now)


def _before_the_closing() -> Stage:
    """A month of which each day is reported, and most had no call."""
    stage = Stage(EARLY, datetime(2026, 11, 1, 2, 15, tzinfo=UTC))
    for day in MONTH.days():
        stage.end = stage.now + LAMBDA
        stage.report(day)
    return stage.copy()


def _closed() -> Stage:
    stage = _before_the_closing()
    close(stage)
    return replace(stage.copy(), events=EVENTS, now=stage.now + timedelta(days=1))


DAYS = [DAY - timedelta(days=back) for back in range(4)]


def _of_days(*calls: str) -> tuple[Event, ...]:
    """Records of these calls on each of the days, of a process a day."""
    return tuple(
        each
        for n, day in enumerate(DAYS)
        for seq, call_id in enumerate(calls)
        for each in pair(2 * seq + 1, f"{call_id}{n}", day=day, instance=f"c{n}")
    )


def night(stage: Stage) -> None:
    made = nightly.report_due(stage.now, stage.store, stage.night_report)
    if made.failed or made.waiting:
        raise Failed(f"{made.failed} {made.waiting}")


def once_more(stage: Stage) -> None:
    stage.night_report(DAY)


def _a_night_later() -> Stage:
    """The day was reported with all that there is of it."""
    stage = Stage(EVENTS)
    Job("", report, stage).run(stage)
    return replace(stage.copy(), now=stage.now + timedelta(days=1))


def _evening() -> Stage:
    """Three of the days were reported, and have got another call each since then."""
    stage = Stage(_of_days("aa"))
    for day in DAYS[1:]:
        reported_on = datetime.combine(day + timedelta(days=1), time(2, 15), UTC)
        stage.now, stage.end = reported_on, reported_on + LAMBDA
        stage.report(day)
    return replace(stage.copy(), events=_of_days("aa", "b1"), now=MORNING)


def late(stage: Stage) -> None:
    made = nightly.report_late(
        stage.now,
        stage.store,
        stage.night_report,
        ask=partial(late_question.ask, stage.insights),
        tell=lambda mark: None,
        now=stage.now,
    )
    if made.failed or made.waiting or made.night.failed:
        raise Failed(str(made))


def _weeks_later() -> Stage:
    """Three days were reported; two of them have got records that were written a week later."""
    stage = _evening()
    long_after: dict[str, Any] = {"later": timedelta(days=8)}
    written = (
        *pair(3, "b2", **long_after, day=DAYS[2], instance="c2"),
        *pair(3, "b3", **long_after, day=DAYS[3], instance="c3"),
    )
    return replace(stage, events=(*_of_days("aa"), *written), now=MORNING + timedelta(days=12))


def today(stage: Stage) -> None:
    asked_at = stage.now
    asking = Today(
        lambda: stage.logs,
        ["usage"],
        TodayTable(stage.items),  # type: ignore[arg-type]
        lambda: stage.now,
        stage.sleep,
    )
    kept = asking.of("search", DAY, seconds=3)
    if kept is None or not kept.as_of:
        raise Failed("nothing is counted")
    stage.say(kept.lines())
    if kept.as_of < int(asked_at.timestamp()):
        raise Failed("the counts are older")


def _asked_before() -> Stage:
    stage = Stage(EARLY, datetime.combine(DAY, time(22), UTC))
    today(stage)
    return replace(stage.copy(), events=EVENTS, now=stage.now + timedelta(minutes=10))


WINDOW = (datetime.combine(DAY, time(), UTC), MORNING)


def trace(stage: Stage) -> None:
    stage.say(calls_of(stage.insights, "r-aa5", *WINDOW))


def verify(stage: Stage) -> None:
    stage.say(verified.read(stage.insights, ["r-aa1", "r-aa5", "r-c07"], *WINDOW))


JOBS = {
    job.name: job
    for job in (
        Job("a day read whole", report, _older()),
        Job("a day read in slices", report, replace(_older(), limit=SLICED)),
        Job("a day that another run began", report, _stopped_half_way()),
        Job("a day of a closed month", report, _closed()),
        Job("a day that has no other records", once_more, _a_night_later()),
        Job("the nights' four days", night, _evening()),
        Job("late records of older days", late, _weeks_later(), rings=False),
        Job("the closing of a month", close, replace(_before_the_closing(), events=CLEAN)),
        Job("a team's day so far", today, _asked_before(), rings=False),
        Job("ops trace", trace, Stage(), rings=False),
        Job("ops verify", verify, Stage(), rings=False),
    )
}
