"""A day's FOCUS file keeps every rule of FOCUS 1.2 that can be kept, says its own validator."""

import csv
import io
from datetime import date

import pytest
from focus_days import LINES, LIST, content, corrections_of, reported
from focus_verdict import CRITERIA, read_verdict, validate

pytestmark = pytest.mark.focus

UNAVOIDABLE = {"InvoiceId-C-005-C"}
"""It wants an invoice's id, which there is not before the invoice; C-004 wants none before it."""


def changed(column: str, cell: str) -> bytes:
    """The full day's file with another cell in its first row."""
    rows = list(csv.reader(io.StringIO(content(reported()).decode("ascii"))))
    rows[1][rows[0].index(column)] = cell
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def test_a_day_fails_no_rule_but_the_one_that_nobody_can_keep(tmp_path):
    verdict = validate(content(reported()), tmp_path)
    assert verdict.failed == UNAVOIDABLE
    assert len(verdict.passed) >= 136


def test_what_the_file_holds_besides_is_right_too(tmp_path):
    verdict = validate(content(reported()), tmp_path, *CRITERIA)
    assert verdict.failed == UNAVOIDABLE
    assert len(verdict.passed) >= 230


def test_corrections_of_records_and_prices_are_right_too(tmp_path):
    corrected = corrections_of(reported(LINES[1:], LIST), reported(), date(2026, 12, 3))
    verdict = validate(corrected, tmp_path, *CRITERIA)
    assert verdict.failed == UNAVOIDABLE
    assert len(verdict.passed) >= 230


@pytest.mark.parametrize(("column", "cell"), [("BilledCost", ""), ("BillingCurrency", "usd")])
def test_a_file_that_is_wrong_does_not_pass(tmp_path, column, cell):
    verdict = validate(changed(column, cell), tmp_path)
    assert any(rule.startswith(f"{column}-") for rule in verdict.failed)


def test_a_rule_that_could_not_be_checked_counts_as_failed():
    report = b"""<testsuites><testsuite>
      <testcase name="A-C-001-M :: Type"/>
      <testcase name="B-C-001-M :: Type"><error/></testcase>
      <testcase name="C-C-001-M :: Type"><failure/></testcase>
      <testcase name="D-C-001-M :: Type"><skipped/></testcase>
    </testsuite></testsuites>"""
    verdict = read_verdict(report)
    assert verdict.failed == {"B-C-001-M", "C-C-001-M"}
    assert (verdict.passed, verdict.skipped) == ({"A-C-001-M"}, {"D-C-001-M"})
