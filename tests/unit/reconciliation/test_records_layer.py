"""A day's records among themselves: what began is what ended, but for what the report lists."""

from builders import count_line
from kept_reports import manifest

from chalicelib.reconciliation import records
from chalicelib.reconciliation.row import Row
from chalicelib.reporting.manifest import OrphanedRow

PAIRS = count_line(n_started=3, n_usage=2, n_failed=1)
ROW = ("search", "bedrock", "m")


def found(*lines, **said) -> dict[tuple[str, str], Row]:
    counts = {"started": 3, "usage": 2, "failed": 1}
    rows = records.rows(lines or (PAIRS,), manifest(**{**counts, **said}))
    return {(row.scope, row.unit): row for row in rows}


def test_a_day_whose_pairs_are_whole_balances() -> None:
    assert {row.status for row in found().values()} == {"equal"}


def test_an_orphan_balances_and_is_a_missing_record_that_the_report_lists() -> None:
    line = count_line(n_started=4, n_usage=2, n_failed=1)
    rows = found(line, started=4, orphaned=1, orphaned_rows=(OrphanedRow(*ROW, 1),))
    assert rows["all", "calls"].status == "equal"
    ended = rows["all", "ended"]
    assert (ended.causes, ended.calls, ended.status) == (("missing_records",), 1, "explained")
    assert ("search bedrock m", "calls") not in rows


def test_a_gap_in_the_numbering_is_missing_records() -> None:
    row = found(lost=2)["all", "records"]
    assert (row.difference, row.causes, row.status) == (-2, ("missing_records",), "difference")


def test_a_call_that_nobody_announced_balances() -> None:
    rows = found(count_line(n_started=2, n_usage=2, n_failed=1), started=2, unannounced=1)
    assert {row.status for row in rows.values()} == {"equal"}


def test_a_beginning_that_no_pair_explains_does_not_balance() -> None:
    rows = found(count_line(n_started=4, n_usage=2, n_failed=1), started=4)
    assert rows["all", "calls"].causes == ("unexplained",)
    assert rows["search bedrock m", "calls"].causes == ("missing_records",)
