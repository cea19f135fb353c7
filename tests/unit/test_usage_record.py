import json
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import provider_call

from chalicelib.metering.usage import COUNTERS, Usage
from chalicelib.usage_record import (
    KIND_COUNTERS,
    PRICE_FIELDS,
    UNANSWERED,
    Outcome,
    is_name,
    record_line,
    rfc3339,
)

AT = datetime(2026, 11, 23, 8, 5, 3, 7_999, tzinfo=UTC)
PAID = Outcome(
    "usage",
    Usage(input_tokens=30, output_tokens=51),
    "header",
    tier="flex",
    variant="above_200k",
    provider_request_id="aws-1",
)


def record(outcome: Outcome | None, **fields: Any) -> dict[str, Any]:
    line = record_line(provider_call(**fields), outcome, at=AT, instance="i-1", seq=7)
    read: dict[str, Any] = json.loads(line)
    return read


def test_a_record_is_one_line_of_flat_json() -> None:
    line = record_line(provider_call(), PAID, at=AT, instance="i-1", seq=7)
    assert "\n" not in line
    assert {type(value) for value in json.loads(line).values()} == {str, int}


def test_every_price_selecting_field_is_there_and_never_empty() -> None:
    for outcome in (None, PAID, Outcome("failed")):
        assert all(record(outcome)[name] for name in PRICE_FIELDS)


def test_every_counter_is_a_whole_number_zeros_written_out() -> None:
    for outcome in (None, PAID, Outcome("failed")):
        counts = record(outcome)
        assert {type(counts[name]) for name in (*KIND_COUNTERS, *COUNTERS)} == {int}


def test_both_records_of_a_call_have_its_day_and_its_call_id() -> None:
    pair = [record(None, day="2026-11-22"), record(PAID, day="2026-11-22")]
    assert [(r["day"], r["event_id"]) for r in pair] == [
        ("2026-11-22", "call-1-s"),
        ("2026-11-22", "call-1-e"),
    ]


def test_a_record_says_the_tier_that_was_served_and_the_class_that_is_billed() -> None:
    assert (record(PAID)["tier"], record(PAID)["variant"]) == ("flex", "above_200k")


def test_no_field_that_could_be_forged_breaks_the_line() -> None:
    forged = record(PAID, request_id='x"}\n{"tollgate":"usage"')
    assert forged["request_id"] == 'x"}\n{"tollgate":"usage"'


def test_a_record_stays_far_below_the_fields_that_logs_insights_extracts() -> None:
    assert len(record(PAID)) < 100


@pytest.mark.parametrize(
    ("text", "safe"),
    [("0e9a-8f2c", True), ("", False), ('a"b', False), ("a b", False), ("x" * 129, False)],
)
def test_only_a_plain_identifier_of_a_providers_is_kept(text, safe) -> None:
    assert is_name(text) is safe


def test_a_time_has_milliseconds_and_is_utc() -> None:
    assert rfc3339(AT) == "2026-11-23T08:05:03.007Z"


@pytest.mark.parametrize(
    "outcome",
    [
        None,
        Outcome("failed", status_code=404),
        Outcome("failed", status_code=429),
        Outcome("usage", error_code="timeout"),
    ],
)
def test_a_call_of_an_id_that_nobody_lists_is_counted_with_others_until_its_model_answers(
    outcome: Outcome | None,
) -> None:
    of_unlisted = record(outcome, unlisted=1)

    assert of_unlisted.pop("counted_as") == UNANSWERED
    assert of_unlisted == record(outcome) | {"unlisted": 1}


@pytest.mark.parametrize(
    "outcome",
    [
        PAID,
        Outcome("usage", Usage(input_tokens=3), "partial"),
        Outcome("usage", error_code="cut_body", status_code=200),
    ],
)
def test_an_answer_that_began_counts_under_its_own_name(outcome: Outcome) -> None:
    assert record(outcome, unlisted=1) == record(outcome) | {"unlisted": 1}
