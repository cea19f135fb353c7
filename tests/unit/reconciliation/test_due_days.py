"""Which days are to be reconciled on a morning."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from kept_reports import LONG_AGO, Kept, manifest

from chalicelib.reconciliation import days
from chalicelib.reconciliation.causes import Cause
from chalicelib.reconciliation.row import Row
from chalicelib.reconciliation.statement import Statement, reconciled_key
from chalicelib.reporting.reported_day import manifest_key

TODAY = date(2026, 11, 24)
NEVER: Mapping[str, datetime] = {}


def reported(*of_november: int, counts: str = "c") -> dict[str, bytes]:
    return {
        f"manifests/date=2026-11-{day:02}/manifest.json": manifest(counts_sha256=counts).to_json()
        for day in of_november
    }


def reconciled(*of_november: int, counts: str = "c") -> dict[str, bytes]:
    found = {}
    for day in of_november:
        at = f"2026-11-{day:02}"
        statement = Statement(f"date={at}", days.FOLDER, (), {at: counts})
        found |= {file.key: b"".join(file.render()) for file in statement.files()}
    return found


def later(*keys: str, minutes: int = 60) -> dict[str, datetime]:
    """Times of files that were written so long after the reports."""
    return dict.fromkeys(keys, LONG_AGO + timedelta(minutes=minutes))


def due(files: dict[str, bytes], times: Mapping[str, datetime] = NEVER) -> Iterable[int]:
    kept = Kept(files)
    kept.times |= later(*(key for key in files if key.startswith("reconciled/"))) | times
    return [day.day for day in days.due(kept, TODAY)]


def test_yesterday_is_due_once_it_is_reported() -> None:
    assert due(reported(23)) == [23]
    assert due({}) == []


def test_a_day_that_is_reconciled_is_not_due() -> None:
    assert due(reported(22, 23) | reconciled(22, 23)) == []


def test_a_day_whose_counts_were_restated_is_due_and_so_are_those_that_follow_it() -> None:
    files = reported(20, 21, 23) | reported(22, counts="late") | reconciled(20, 21, 22, 23)
    assert due(files) == [22, 23]


def test_days_that_were_missed_are_due_the_oldest_first() -> None:
    assert due(reported(21, 22, 23)) == [21, 22, 23]


def test_a_day_of_long_ago_that_was_never_reconciled_is_not_looked_at() -> None:
    assert due(reported(18, 19)) == [19]


def manifest_of(day: int) -> str:
    return manifest_key(date(2026, 11, day))


def test_a_day_that_a_late_record_restates_weeks_later_is_due_and_so_is_the_one_after_it() -> None:
    files = reported(2, 4, 5) | reported(3, counts="late") | reconciled(2, 3, 4, 5)
    times = later(manifest_of(2), manifest_of(3), minutes=600)
    assert due(files, times) == [3, 4]


def test_a_restated_day_is_due_as_well_where_its_month_is_closed() -> None:
    files = reported(3) | reconciled(3)
    adjusted = f"adjusted/{manifest_of(3)}"
    files[adjusted] = manifest(counts_sha256="late").to_json()
    assert due(files, later(adjusted, minutes=600)) == [3]


def test_a_report_that_was_written_while_its_day_was_reconciled_is_not_missed() -> None:
    files = reported(3, counts="late") | reconciled(3)
    assert due(files, later(manifest_of(3), minutes=50)) == [3]


def test_a_day_that_was_reconciled_after_its_last_report_is_not_read_again() -> None:
    class Read(Kept):
        def read(self, key: str) -> bytes | None:
            asked.append(key)
            return super().read(key)

    asked: list[str] = []
    kept = Read(reported(3) | reconciled(3))
    kept.times = later(reconciled_key("date=2026-11-03"))
    assert days.due(kept, TODAY) == []
    assert not any("2026-11-03" in key for key in asked)


def test_what_was_found_of_an_old_day_and_not_told_is_due_the_next_morning() -> None:
    row = Row("counters", "m", "images", Decimal(1), Decimal(2), (Cause.BYPASS,), "difference")
    _, said = Statement("date=2026-11-03", days.FOLDER, (row,), {"2026-11-03": "c"}).files()
    files = reported(3) | {said.key: b"".join(said.render())}
    assert due(files, {said.key: datetime(2026, 11, 23, 7, tzinfo=UTC)}) == [3]


def test_what_is_no_statement_is_made_anew() -> None:
    broken = {"reconciled/date=2026-11-23/reconciled.json": json.dumps({"of": 1}).encode()}
    assert due(reported(23) | broken) == [23]


def test_a_day_whose_differences_nobody_was_told_of_is_due() -> None:
    row = Row("counters", "m", "images", Decimal(1), Decimal(2), (Cause.BYPASS,), "difference")
    found = Statement("date=2026-11-23", days.FOLDER, (row,), {"2026-11-23": "c"})
    for told, is_due in ((False, [23]), (True, [])):
        _, said = replace(found, told=told).files()
        assert due(reported(23) | {said.key: b"".join(said.render())}) == is_due


@pytest.mark.parametrize(
    ("found", "turns"),
    [([], []), ([23], [23]), ([21, 22, 23], [23, 21, 22, 23]), ([20, 23], [23, 20])],
)
def test_the_newest_day_is_first_and_again_once_the_day_before_is_known(
    found: list[int], turns: list[int]
) -> None:
    asked = days.in_turn([date(2026, 11, day) for day in found])
    assert [day.day for day in asked] == turns
