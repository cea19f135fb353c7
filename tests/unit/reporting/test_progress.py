"""A day whose reading is stopped goes on where it stopped, or anew where that is not sure."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from kept_files import Bucket
from test_slices import said, spread

from chalicelib.reporting.insights import (
    MAX_ROWS,
    RESERVE_MS,
    IncompleteReport,
    Insights,
    NotFinished,
    Patience,
)
from chalicelib.reporting.progress import Progress
from chalicelib.reporting.store import ReportStore
from chalicelib.reporting.usage_query import DayCounts, read_day
from local.insights.client import LogsClient
from local.insights.faults import Behaviour, Fault

DAY = date(2026, 11, 23)
FIRST_RUN = datetime(2026, 11, 24, 2, 15, tzinfo=UTC)
EVENTS = spread(64)


class Stopped:
    """A run that is left time for so many looks at its clock; each look is a call of AWS."""

    def __init__(self, bucket: Bucket, looks: int = 10**6, now: datetime = FIRST_RUN) -> None:
        self.progress = Progress(ReportStore(bucket, "reports"), DAY)
        self.logs = LogsClient.over(EVENTS)
        self._left = looks
        self._now = now

    def read(self, max_rows: int = 32) -> DayCounts:
        patience = Patience(self._remaining_ms, lambda seconds: None)
        insights = Insights(self.logs, ["usage"], patience, max_rows)
        return read_day(insights, DAY, self._now, self.progress)

    def asked(self) -> int:
        return sum(called == "StartQuery" for called, _ in self.logs.calls)

    def _remaining_ms(self) -> int:
        self._left -= 1
        return 900_000 if self._left >= 0 else RESERVE_MS


def work(bucket: Bucket) -> list[str]:
    return [key for key in bucket.files if key.startswith("work/")]


WHOLE = said(Stopped(Bucket()).read())


def test_a_run_that_has_time_keeps_nothing() -> None:
    bucket = Bucket()

    Stopped(bucket).read()

    assert work(bucket) == []


@pytest.mark.parametrize("looks", range(2, 90, 8))
def test_wherever_a_run_is_stopped_the_next_comes_to_what_one_run_reads(looks: int) -> None:
    bucket = Bucket()
    with pytest.raises(NotFinished):
        Stopped(bucket, looks).read()

    day = Stopped(bucket, now=FIRST_RUN + timedelta(minutes=20)).read()

    assert said(day) == WHOLE


def test_what_is_kept_is_not_asked_again() -> None:
    bucket = Bucket()
    first = Stopped(bucket, looks=60)
    with pytest.raises(NotFinished):
        first.read()

    second = Stopped(bucket)
    second.read()

    whole = Stopped(Bucket())
    whole.read()
    assert second.asked() < whole.asked()


def test_the_window_of_the_first_run_is_the_window_of_all() -> None:
    bucket = Bucket()
    with pytest.raises(NotFinished):
        Stopped(bucket, looks=60).read()

    day = Stopped(bucket, now=FIRST_RUN + timedelta(minutes=40)).read()

    assert day.end == FIRST_RUN


def test_the_work_of_another_night_is_deleted_and_not_gone_on_with() -> None:
    bucket = Bucket()
    with pytest.raises(NotFinished):
        Stopped(bucket, looks=60).read()
    next_night = FIRST_RUN + timedelta(days=1)

    day = Stopped(bucket, now=next_night).read()

    assert day.end == next_night
    assert work(bucket) == []


def test_what_was_read_before_a_query_failed_is_kept() -> None:
    bucket = Bucket()
    failed = Stopped(bucket)
    failed.logs.service.behave(Behaviour(), Fault("StartQuery", Behaviour(ends="Failed"), 9))

    with pytest.raises(IncompleteReport, match="ended as Failed"):
        failed.read()

    assert work(bucket)
    assert said(Stopped(bucket).read()) == WHOLE


def test_records_that_came_between_two_runs_are_read_with_all_the_others() -> None:
    bucket = Bucket()
    with pytest.raises(NotFinished):
        Stopped(bucket, looks=60).read()
    more: list[Any] = spread(80)

    second = Stopped(bucket)
    second.logs = LogsClient.over(more)
    third = Stopped(Bucket())
    third.logs = LogsClient.over(more)

    assert said(second.read()) == said(third.read())
    assert work(bucket) == []


def test_a_day_that_leaves_no_time_to_write_it_is_left_to_a_run_that_has_all_its_time() -> None:
    bucket = Bucket()
    whole = Stopped(Bucket())
    whole.read()
    looks = 10**6 - whole._left

    with pytest.raises(NotFinished, match="no time is left to write"):
        Stopped(bucket, looks=looks - 1).read()

    second = Stopped(bucket)
    assert said(second.read()) == WHOLE


def test_a_day_of_which_all_is_kept_is_not_written_where_other_days_had_the_runs_time() -> None:
    bucket = Bucket()
    for _ in range(2):  # no more is left than what is kept back: enough to read, not to write
        with pytest.raises(NotFinished, match="no time is left to write"):
            Stopped(bucket, looks=1).read(max_rows=MAX_ROWS)

    last = Stopped(bucket)
    last.read(max_rows=MAX_ROWS)
    assert last.asked() == 0


def test_the_work_is_deleted_when_the_day_is_written() -> None:
    bucket = Bucket()
    run = Stopped(bucket, looks=60)
    with pytest.raises(NotFinished):
        run.read()

    run.progress.forget()

    assert work(bucket) == []
