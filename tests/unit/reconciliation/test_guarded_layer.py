"""Guardrails' text units by policy, beside the counter that AWS keeps of them."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from builders import count_line

from chalicelib.metering.usage import Usage
from chalicelib.reconciliation import guarded
from chalicelib.reconciliation.calls import Day
from chalicelib.reconciliation.counted import Counted
from chalicelib.reconciliation.row import Hidden, Row

QUIET = Day(lost=0, carried={}, tolerance=Decimal(0))
ALONE = count_line(
    model_id="guardrail/abc", base_model="guardrails", usage=Usage(guardrail_topic_units=4)
)
WITH_A_MODEL = count_line(usage=Usage(10, 5, guardrail_topic_units=6))
CUT = replace(count_line(), usage_source="partial")


def found(*lines: Any, aws: Counted | int) -> Row:
    theirs = aws if isinstance(aws, Counted) else Counted(aws)
    counted = {"guardrail_topic_units": theirs}
    (row,) = guarded.rows(lines, counted, "us-east-1", QUIET, lambda *_: Decimal("0.01"))
    return row


def test_units_are_equal_whether_aws_counts_those_that_went_with_a_model_or_not() -> None:
    assert found(ALONE, WITH_A_MODEL, aws=4).status == "equal"
    assert found(ALONE, WITH_A_MODEL, aws=10).status == "equal"


def test_a_guardrail_that_was_called_directly_is_found() -> None:
    row = found(ALONE, WITH_A_MODEL, aws=13)
    assert (row.causes, row.status, row.difference) == (("bypass",), "difference", -3)
    assert "ApplyGuardrail" in row.advice


def test_units_that_aws_did_not_count_are_late_or_wrong_here() -> None:
    assert found(ALONE, aws=0).causes == ("aws_less",)


def test_a_cut_answers_guardrail_explains_units_that_nobody_reported() -> None:
    row = found(WITH_A_MODEL, CUT, aws=8)
    assert (row.causes, row.status) == (("cut_stream",), "explained")
    assert row.hidden == Hidden(2, 0, Decimal("0.02"))


def test_a_cut_answer_of_a_team_without_guardrails_explains_nothing() -> None:
    row = found(WITH_A_MODEL, replace(CUT, team_id="ads"), aws=8)
    assert (row.causes, row.hidden) == (("bypass",), None)


def test_a_guardrail_over_midnight_is_carried() -> None:
    assert found(ALONE, aws=Counted(0, after=4)).carried == 4


def test_another_regions_units_are_left_out() -> None:
    elsewhere = replace(ALONE, region="eu-west-1")
    counted = {"guardrail_topic_units": Counted()}
    assert list(guarded.rows([elsewhere], counted, "us-east-1", QUIET, lambda *_: None)) == []
