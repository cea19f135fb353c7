"""AWS's counters beside ours: which cause a difference is found to have, and which it is not."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from builders import count_line

from chalicelib.metering.usage import Usage
from chalicelib.reconciliation import counters
from chalicelib.reconciliation.calls import Day
from chalicelib.reconciliation.counted import Counted
from chalicelib.reconciliation.made import MOST_OF_A_CALL, Scope, made
from chalicelib.reconciliation.row import Hidden, Row
from chalicelib.reconciliation.series import METRICS
from chalicelib.usage_record import UNANSWERED

MODEL = "us.amazon.nova-lite-v1:0"
KEY = ("search", "bedrock", MODEL)
FIVE = count_line(model_id=MODEL, n_started=5, n_usage=5, usage=Usage(50, 70))
QUIET = Day(lost=0, carried={}, tolerance=Decimal(0))


def found(
    *lines: Any,
    aws: Mapping[str, Counted | int],
    orphans: int = 0,
    day: Day = QUIET,
    scope: Scope = Scope("bedrock", MODEL),  # noqa: B008 - frozen
) -> dict[str, Row]:
    """Reconcile lines with what AWS counted of one scope; the rows by unit."""
    theirs = {
        unit: each if isinstance(each, Counted) else Counted(each) for unit, each in aws.items()
    }
    ours = made(lines, {KEY: orphans} if orphans else {}, "us-east-1")
    return {row.unit: row for row in counters.rows(ours, {scope: theirs}, day, price_of)}


def price_of(_scope: Scope, _unit: str) -> Decimal | None:
    return Decimal("0.001")


def told(rows: Mapping[str, Row]) -> dict[str, tuple[str, str, int]]:
    return {unit: ("+".join(row.causes), row.status, row.calls) for unit, row in rows.items()}


def test_the_same_counts_are_equal() -> None:
    rows = found(FIVE, aws={"invocations": 5, "input_tokens": 50, "output_tokens": 70})
    assert {row.status for row in rows.values()} == {"equal"}


def test_what_nobody_used_is_no_row() -> None:
    assert found(aws={"images": 0}) == {}


def test_more_calls_and_tokens_than_were_recorded_bypassed_the_gateway() -> None:
    rows = found(FIVE, aws={"invocations": 6, "input_tokens": 60, "output_tokens": 84})
    assert told(rows) == {
        "invocations": ("bypass", "difference", 1),
        "input_tokens": ("bypass", "difference", 1),
        "output_tokens": ("bypass", "difference", 1),
    }
    assert rows["output_tokens"].difference == -14


def test_a_model_that_only_others_call_bypasses_the_gateway() -> None:
    rows = found(aws={"invocations": 3, "input_tokens": 9})
    assert told(rows)["input_tokens"] == ("bypass", "difference", 3)


def test_a_call_that_bypassed_does_not_hide_behind_one_that_was_refused() -> None:
    refused = count_line(model_id=MODEL, n_usage=0, n_failed=1)
    aws = {"invocations": 6, "answered": 6, "errors": 1, "input_tokens": 60, "output_tokens": 70}
    rows = found(FIVE, refused, aws=aws)
    assert told(rows)["input_tokens"] == ("bypass", "difference", 1)
    assert told(rows)["answered"] == ("bypass", "difference", 1)


def test_without_samples_a_call_behind_a_refused_one_is_told_by_its_tokens() -> None:
    refused = count_line(model_id=MODEL, n_usage=0, n_failed=1)
    aws = {"invocations": 6, "errors": 1, "input_tokens": 60, "output_tokens": 70}
    rows = found(FIVE, refused, aws=aws)
    assert told(rows)["input_tokens"] == ("bypass", "difference", 0)
    assert rows["invocations"].status == "equal"


def test_more_invocations_than_could_be_refused_ones_are_direct_calls() -> None:
    refused = count_line(model_id=MODEL, n_usage=0, n_failed=3)
    aws = {"invocations": 6, "throttled": 3, "input_tokens": 60, "output_tokens": 70}
    assert told(found(FIVE, refused, aws=aws))["invocations"] == ("bypass", "difference", 1)


@pytest.mark.parametrize("kind", ["errors", "throttled"])
def test_refused_calls_that_are_not_ours_are_somebody_elses(kind: str) -> None:
    refused = count_line(model_id=MODEL, n_usage=0, n_failed=1)
    aws = {"invocations": 5, "input_tokens": 50, "output_tokens": 70, kind: 3}
    rows = found(FIVE, refused, aws=aws)
    assert told(rows)["refused"] == ("bypass", "difference", 2)
    assert rows["invocations"].status == "equal"


@pytest.mark.parametrize(("model_id", "rings"), [("zai.no-such", False), (MODEL, True)])
def test_refused_calls_of_an_id_that_nobody_lists_are_among_those_counted_together(
    model_id: str, *, rings: bool
) -> None:
    together = count_line(model_id=UNANSWERED, n_started=9, n_usage=0, n_failed=9)

    rows = found(together, aws={"errors": 4}, scope=Scope("bedrock", model_id))

    assert any(row.status == "difference" for row in rows.values()) is rings


def test_what_only_counts_tokens_is_no_invocation() -> None:
    free = count_line(model_id=MODEL, variant="count_tokens")
    aws = {"invocations": 5, "input_tokens": 50, "output_tokens": 70}
    assert {row.status for row in found(FIVE, free, aws=aws).values()} == {"equal"}


def test_refused_calls_are_no_difference_whether_aws_counts_them_or_not() -> None:
    refused = count_line(model_id=MODEL, n_usage=0, n_failed=2)
    for invocations in (5, 6, 7):
        aws = {"invocations": invocations, "answered": 5, "errors": 2}
        aws |= {"input_tokens": 50, "output_tokens": 70}
        assert {row.status for row in found(FIVE, refused, aws=aws).values()} == {"equal"}


def test_calls_that_left_no_end_record_are_missing_records_and_explained_by_the_report() -> None:
    rows = found(FIVE, aws={"invocations": 7, "input_tokens": 70, "output_tokens": 90}, orphans=2)
    assert told(rows)["input_tokens"] == ("missing_records", "explained", 2)
    assert told(rows)["invocations"] == ("missing_records", "explained", 2)


def test_what_a_direct_call_in_the_place_of_an_orphaned_one_could_hide_is_a_figure() -> None:
    rows = found(FIVE, aws={"invocations": 7, "input_tokens": 70, "output_tokens": 90}, orphans=2)
    assert rows["invocations"].hidden == Hidden(2, 2, None)
    assert rows["input_tokens"].hidden is not None
    assert (rows["input_tokens"].hidden.most, rows["input_tokens"].hidden.calls) == (20, 2)


def test_more_tokens_than_orphaned_calls_can_use_are_a_difference() -> None:
    most = 2 * MOST_OF_A_CALL["input_tokens"]
    aws = {"invocations": 7, "output_tokens": 70}

    explained = found(FIVE, aws={**aws, "input_tokens": 50 + most}, orphans=2)
    beyond = found(FIVE, aws={**aws, "input_tokens": 51 + most}, orphans=2)

    assert explained["input_tokens"].status == "explained"
    assert beyond["input_tokens"].status == "difference"


def test_more_calls_than_were_orphaned_bypassed_the_gateway_as_well() -> None:
    rows = found(FIVE, aws={"invocations": 8, "input_tokens": 90, "output_tokens": 70}, orphans=2)
    assert told(rows)["input_tokens"] == ("bypass+missing_records", "difference", 3)


def test_calls_of_which_both_records_were_lost_are_missing_records() -> None:
    day = Day(lost=2, carried={}, tolerance=Decimal(0))
    rows = found(FIVE, aws={"invocations": 6, "input_tokens": 60, "output_tokens": 70}, day=day)
    assert told(rows)["input_tokens"] == ("missing_records", "difference", 1)


def test_fewer_lost_records_than_two_a_call_do_not_explain_it() -> None:
    day = Day(lost=1, carried={}, tolerance=Decimal(0))
    rows = found(FIVE, aws={"invocations": 6, "input_tokens": 60, "output_tokens": 70}, day=day)
    assert told(rows)["input_tokens"] == ("bypass", "difference", 1)


def test_lost_records_of_one_call_explain_one_call_of_the_day() -> None:
    lines = [count_line(model_id=name, usage=Usage(1)) for name in "ab"]
    theirs = {
        Scope("bedrock", name): {"invocations": Counted(2), "input_tokens": Counted(2)}
        for name in "ab"
    }
    day = Day(lost=3, carried={}, tolerance=Decimal(0))
    rows = counters.rows(made(lines, {}, "us-east-1"), theirs, day, price_of)
    assert {(row.scope, row.causes, row.calls) for row in rows} == {
        ("a", ("missing_records",), 1),
        ("b", ("bypass",), 1),
    }


def test_lost_records_that_explain_some_of_the_calls_leave_the_others_a_bypass() -> None:
    day = Day(lost=2, carried={}, tolerance=Decimal(0))
    rows = found(FIVE, aws={"invocations": 8, "input_tokens": 80, "output_tokens": 70}, day=day)
    assert told(rows)["invocations"] == ("bypass+missing_records", "difference", 3)


def test_a_cut_streams_rest_is_explained_by_the_report_that_lists_it() -> None:
    cut = count_line(model_id=MODEL, usage_source="partial", usage=Usage(10, 3))
    rows = found(FIVE, cut, aws={"invocations": 6, "input_tokens": 60, "output_tokens": 95})
    assert told(rows)["output_tokens"] == ("cut_stream", "explained", 1)
    assert rows["output_tokens"].difference == -22


def test_a_call_that_timed_out_may_have_been_counted_or_not() -> None:
    unknown = count_line(model_id=MODEL, usage_source="none")
    for invocations in (5, 6):
        aws = {"invocations": invocations, "input_tokens": 61, "output_tokens": 70}
        rows = found(FIVE, unknown, aws=aws)
        assert told(rows)["input_tokens"] == ("cut_stream", "explained", 1)
        assert rows["invocations"].status == "equal"


def test_a_cut_stream_does_not_hide_a_call_that_bypassed_the_gateway() -> None:
    cut = count_line(model_id=MODEL, usage_source="partial", usage=Usage(10, 3))
    rows = found(FIVE, cut, aws={"invocations": 7, "input_tokens": 60, "output_tokens": 95})
    assert told(rows)["output_tokens"] == ("bypass+cut_stream", "difference", 1)


def test_calls_that_bypassed_behind_refused_ones_are_not_what_one_cut_answer_used() -> None:
    cut = count_line(model_id=MODEL, usage_source="partial", usage=Usage(10, 3))
    refused = count_line(model_id=MODEL, n_usage=0, n_failed=5)
    aws = {"invocations": 11, "errors": 5, "input_tokens": 5_000_060, "output_tokens": 700_073}
    rows = found(FIVE, cut, refused, aws=aws)
    assert told(rows)["input_tokens"] == ("bypass+cut_stream", "difference", 0)
    assert told(rows)["output_tokens"] == ("bypass+cut_stream", "difference", 0)
    assert rows["invocations"].status == "equal"


TIMED_OUT = count_line(model_id=MODEL, usage_source="none")
REFUSED = count_line(model_id=MODEL, n_usage=0, n_failed=1)


@pytest.mark.parametrize("refused_are_invocations", [0, 1])
def test_a_small_call_that_bypassed_beside_cut_and_refused_ones_is_found_by_its_number(
    refused_are_invocations: int,
) -> None:
    """Eight tokens would fit into what the call that timed out can have used."""
    aws = {"invocations": 7 + refused_are_invocations, "answered": 7, "errors": 1}
    aws |= {"input_tokens": 50 + 9 + 8, "output_tokens": 70 + 12 + 8}
    rows = found(FIVE, TIMED_OUT, REFUSED, aws=aws)
    assert told(rows)["input_tokens"] == ("bypass+cut_stream", "difference", 1)
    assert told(rows)["answered"] == ("bypass", "difference", 1)


def test_a_cut_answers_rest_hides_no_call_where_the_numbers_of_calls_are_even() -> None:
    cut = count_line(model_id=MODEL, usage_source="partial", usage=Usage(10, 3))
    aws = {"invocations": 6, "answered": 6, "errors": 1, "input_tokens": 60, "output_tokens": 95}
    row = found(FIVE, cut, REFUSED, aws=aws)["output_tokens"]
    assert (row.causes, row.status, row.hidden) == (("cut_stream",), "explained", None)


def test_a_call_in_the_place_of_one_that_timed_out_is_said_to_be_possible_as_a_figure() -> None:
    """Whether AWS ran the call that timed out, or another one instead, no counter tells."""
    aws = {"invocations": 6, "answered": 6, "input_tokens": 59, "output_tokens": 82}
    row = found(FIVE, TIMED_OUT, aws=aws)["output_tokens"]
    assert (row.causes, row.status, row.hidden) == (
        *(("cut_stream",), "explained", Hidden(12, 1, Decimal("0.012"))),
    )
    assert row.advice.endswith("| others could have used up to 12 / 0.012 USD")
    assert row.cells()[-2:] == ("12", "0.012")


def test_what_could_be_hidden_is_no_more_than_the_calls_in_doubt_can_use() -> None:
    cut = count_line(model_id=MODEL, n_started=3, n_usage=3, usage_source="partial")
    aws = {"invocations": 9, "answered": 9, "output_tokens": 70 + 400_000}
    row = found(FIVE, cut, TIMED_OUT, aws=aws)["output_tokens"]
    assert row.hidden == Hidden(131_072, 1, Decimal("131.072"))


def test_samples_that_are_more_than_the_invocations_tell_nothing() -> None:
    aws = {"invocations": 5, "answered": 60, "input_tokens": 50, "output_tokens": 70}
    assert {row.status for row in found(FIVE, aws=aws).values()} == {"equal"}


def test_what_is_taken_for_yesterdays_where_nobody_knows_could_hide_a_call() -> None:
    day = Day(lost=0, carried=None, tolerance=Decimal(0))
    aws = {"invocations": Counted(6, early=1), "output_tokens": Counted(90, early=20)}
    row = found(FIVE, aws=aws | {"input_tokens": 50}, day=day)["output_tokens"]
    assert (row.causes, row.hidden) == (("midnight",), Hidden(20, 1, Decimal("0.020")))


def test_more_than_a_cut_answer_can_use_is_unexplained_where_no_call_can_hide() -> None:
    cut = count_line(model_id=MODEL, usage_source="partial", usage=Usage(10, 3))
    aws = {"invocations": 6, "input_tokens": 60, "output_tokens": 73 + 131_073}
    assert told(found(FIVE, cut, aws=aws))["output_tokens"] == (
        *("unexplained+cut_stream", "difference", 0),
    )


@pytest.mark.parametrize(("unit", "most"), MOST_OF_A_CALL.items())
def test_a_cut_answer_explains_what_one_call_can_use_and_no_more(unit: str, most: int) -> None:
    cut = count_line(model_id=MODEL, n_started=2, n_usage=2, usage_source="none")
    for more, status in ((2 * most, "explained"), (2 * most + 1, "difference")):
        assert found(cut, aws={unit: more})[unit].status == status


def test_each_unit_that_aws_counts_has_a_most() -> None:
    assert MOST_OF_A_CALL.keys() == set(METRICS.values())


def test_a_cut_stream_is_not_claimed_where_none_was_cut() -> None:
    rows = found(FIVE, aws={"invocations": 5, "input_tokens": 50, "output_tokens": 95})
    assert told(rows)["output_tokens"] == ("unexplained", "difference", 0)


def test_less_than_was_recorded_is_late_or_wrong_here() -> None:
    rows = found(FIVE, aws={"invocations": 5, "input_tokens": 50})
    assert told(rows)["output_tokens"] == ("aws_less", "difference", 0)


def test_what_is_within_the_tolerance_is_no_difference() -> None:
    day = Day(lost=0, carried={}, tolerance=Decimal("0.02"))
    aws = {"invocations": 5, "input_tokens": 51, "output_tokens": 72}
    rows = found(FIVE, aws=aws, day=day)
    assert rows["input_tokens"].status == "tolerated"
    assert rows["output_tokens"].status == "difference"


def test_cache_writes_of_both_kinds_are_one_counter() -> None:
    line = count_line(model_id=MODEL, usage=Usage(cache_write_tokens=3, cache_write_1h_tokens=4))
    assert found(line, aws={"invocations": 1, "cache_write_tokens": 7})[
        "cache_write_tokens"
    ].status == ("equal")


def test_an_applications_profile_is_joined_by_its_id() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123def456"
    line = count_line(model_id=arn, usage=Usage(5))
    scope = Scope("bedrock", "abc123def456")
    rows = found(line, aws={"invocations": 1, "input_tokens": 5}, scope=scope)
    assert {(row.scope, row.status) for row in rows.values()} == {("abc123def456", "equal")}


def test_a_geographys_profile_is_no_other_series() -> None:
    line = count_line(model_id="amazon.nova-lite-v1:0", usage=Usage(5))
    rows = [
        *counters.rows(
            made([line], {}, "us-east-1"),
            {Scope("bedrock", MODEL): {"input_tokens": Counted(5)}},
            QUIET,
            price_of,
        )
    ]
    assert {(row.scope, row.unit, row.status) for row in rows if row.unit == "input_tokens"} == {
        ("amazon.nova-lite-v1:0", "input_tokens", "difference"),
        (MODEL, "input_tokens", "difference"),
    }


def test_endpoints_are_compared_by_their_calls_alone() -> None:
    line = count_line(service="sagemaker", model_id="chat", usage=Usage(50, 70))
    scope = Scope("sagemaker", "chat")
    assert set(found(line, aws={"invocations": 1}, scope=scope)) == {"invocations"}
    rows = found(line, aws={"invocations": 2}, scope=scope)
    assert told(rows) == {"invocations": ("bypass", "difference", 1)}


def test_an_asynchronous_job_is_no_invocation_nor_is_its_settlement() -> None:
    begun = count_line(model_id=MODEL, usage_source="deferred")
    settled = count_line(model_id=MODEL, usage_source="derived", usage=Usage(video_ms=6000))
    assert all(row.status == "equal" for row in found(begun, settled, aws={}).values())


def test_another_regions_calls_and_guardrails_are_left_out() -> None:
    elsewhere = count_line(model_id=MODEL, region="eu-west-1", usage=Usage(5))
    guardrail = count_line(model_id="guardrail/abc", base_model="guardrails")
    assert found(elsewhere, guardrail, aws={}) == {}
