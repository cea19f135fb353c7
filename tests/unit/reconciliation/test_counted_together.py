"""Calls of ids that no list names, counted together: which of AWS's series they explain."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest
from builders import count_line
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.metering.usage import Usage
from chalicelib.pricing.count_line import CountLine
from chalicelib.reconciliation import counters
from chalicelib.reconciliation.calls import Day
from chalicelib.reconciliation.counted import Counted
from chalicelib.reconciliation.made import Scope, made
from chalicelib.usage_record import UNANSWERED

QUIET = Day(lost=0, carried={}, tolerance=Decimal(0))
TOGETHER = count_line(model_id=UNANSWERED, base_model=UNANSWERED, usage=Usage())
TIMED_OUT = replace(TOGETHER, n_started=1, n_usage=1, usage_source="none")
REFUSED = replace(TOGETHER, n_started=1, n_usage=0, n_failed=1)
KEY = ("search", "bedrock", UNANSWERED)
A_CALL = {"invocations": 1, "answered": 1, "input_tokens": 900_000, "output_tokens": 100_000}
AN_ERROR = {"errors": 1}
ACME, GLM, NEW = "acme.other", "zai.glm-new", "zai.newer-v1:0"


def ringing(
    *lines: CountLine, aws: Mapping[str, Mapping[str, int]], orphans: int = 0
) -> dict[str, str]:
    """Hold lines against the series that AWS counted; those of which a row differs, and why."""
    ours = made(lines, {KEY: orphans} if orphans else {}, "us-east-1")
    theirs = {
        Scope("bedrock", name): {unit: Counted(n) for unit, n in counted.items()}
        for name, counted in aws.items()
    }
    rows = counters.rows(ours, theirs, QUIET, lambda *_: None)
    return {row.scope: "+".join(row.causes) for row in rows if row.status == "difference"}


def test_as_many_series_are_explained_as_calls_timed_out_and_no_more() -> None:
    twice = replace(TIMED_OUT, n_started=2, n_usage=2)

    assert ringing(twice, aws={ACME: A_CALL, GLM: A_CALL}) == {}
    assert ringing(twice, aws={ACME: A_CALL, GLM: A_CALL, NEW: A_CALL}) == {NEW: "bypass"}


@pytest.mark.parametrize(
    "name",
    ["abcdefghijkl", "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/x"],
)
def test_a_profile_or_a_model_of_ones_own_is_never_counted_together(name: str) -> None:
    assert ringing(TIMED_OUT, aws={name: A_CALL}) == {name: "bypass"}


def test_a_refused_call_explains_one_error_of_one_series() -> None:
    assert ringing(REFUSED, aws={ACME: AN_ERROR, GLM: AN_ERROR}) == {GLM: "bypass"}


def test_a_refused_call_that_explains_an_invocation_explains_no_error_elsewhere() -> None:
    accepted = {**AN_ERROR, "invocations": 1}

    assert ringing(REFUSED, aws={ACME: accepted}) == {}
    assert ringing(REFUSED, aws={ACME: accepted, GLM: AN_ERROR}) == {GLM: "bypass"}


def test_what_a_refused_call_explains_is_left_to_the_one_that_timed_out_for_others() -> None:
    aws = {ACME: {**AN_ERROR, "invocations": 1}, GLM: A_CALL}

    assert ringing(REFUSED, TIMED_OUT, aws=aws) == {}


def test_more_tokens_than_one_call_can_use_are_of_as_many_calls_as_they_need() -> None:
    twice = replace(TIMED_OUT, n_started=2, n_usage=2)
    of_two = {**A_CALL, "input_tokens": 1_900_000}

    assert ringing(twice, aws={ACME: of_two}) == {}
    assert ringing(twice, aws={ACME: of_two, GLM: A_CALL}) == {GLM: "bypass"}


def test_an_orphaned_call_explains_one_series() -> None:
    aws = {ACME: A_CALL, GLM: A_CALL}

    found = ringing(REFUSED, aws=aws, orphans=1)

    assert found == {GLM: "bypass"}


def test_an_error_of_a_call_that_timed_out_leaves_the_refused_one_to_another_series() -> None:
    aws = {ACME: {**A_CALL, **AN_ERROR}, GLM: AN_ERROR}

    assert ringing(REFUSED, TIMED_OUT, aws=aws) == {}


COUNTED_AS = (
    *((REFUSED, {}), (REFUSED, AN_ERROR), (REFUSED, {"throttled": 1})),
    *((REFUSED, {**AN_ERROR, "invocations": 1}), (TIMED_OUT, {}), (TIMED_OUT, A_CALL)),
    *((TIMED_OUT, {"invocations": 1}), (TIMED_OUT, {**A_CALL, **AN_ERROR}), (TIMED_OUT, AN_ERROR)),
)
"""What AWS may count of a call that nothing answered."""


@given(st.lists(st.tuples(st.sampled_from((ACME, GLM, NEW)), st.sampled_from(COUNTED_AS))))
def test_calls_that_are_all_ours_ring_in_no_series_however_aws_counts_them(calls) -> None:
    aws: dict[str, Counter[str]] = {name: Counter() for name in (ACME, GLM, NEW)}
    for name, (_, counted) in calls:
        aws[name].update(counted)

    assert ringing(*(line for _, (line, _) in calls), aws=aws) == {}
