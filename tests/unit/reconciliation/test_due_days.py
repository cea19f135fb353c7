"""Which days are to be reconciled on a morning."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from kept_reports import Kept, manifest

from chalicelib.reconciliation import days
from chalicelib.reconciliation.causes import Cause
from chalicelib.reconciliation.row import Row
from chalicelib.reconciliation.statement import Statement

TODAY = date(2026, 11, 24)


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


def due(files: dict[str, bytes]) -> Iterable[int]:
    return [day.day for day in days.due(Kept(files), TODAY)]


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


def test_a_day_that_no_report_restates_any_more_is_not_looked_at() -> None:
    assert due(reported(18, 19)) == [19]


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
