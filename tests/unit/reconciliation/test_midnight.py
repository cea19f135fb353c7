"""Calls over midnight: found by running sums, and not claimed where these do not hold."""

from decimal import Decimal

import pytest
from builders import count_line
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.metering.usage import Usage
from chalicelib.reconciliation import counters
from chalicelib.reconciliation.calls import Carried, Day
from chalicelib.reconciliation.counted import Counted
from chalicelib.reconciliation.made import Scope, made
from chalicelib.reconciliation.midnight import settled
from chalicelib.reconciliation.row import Row

MODEL = "us.amazon.nova-lite-v1:0"
EVENING = count_line(model_id=MODEL, n_started=3, n_usage=3, usage=Usage(30, 90))


def output(aws: Counted, carried: Carried | None, calls: int = 3) -> Row:
    """The row of the output tokens of three calls, which wrote 90."""
    theirs = {"invocations": Counted(calls), "input_tokens": Counted(30), "output_tokens": aws}
    day = Day(lost=0, carried=carried, tolerance=Decimal(0))
    ours = made([EVENING], {}, "us-east-1")
    rows = counters.rows(ours, {Scope("bedrock", MODEL): theirs}, day, lambda *_: None)
    return next(row for row in rows if row.unit == "output_tokens")


def test_what_aws_counted_soon_after_midnight_is_a_call_over_midnight_and_carried() -> None:
    row = output(Counted(day=60, after=30), carried={})
    assert (row.causes, row.status, row.carried) == (("midnight",), "explained", 30)


def test_the_next_day_the_running_sum_is_even_again() -> None:
    row = output(Counted(day=120, early=30), carried={(MODEL, "output_tokens"): Decimal(30)})
    assert (row.causes, row.status, row.carried) == (("midnight",), "explained", 0)


def test_what_never_comes_is_not_a_call_over_midnight() -> None:
    row = output(Counted(day=60, after=0), carried={})
    assert (row.causes, row.status) == (("aws_less",), "difference")


def test_what_was_carried_and_did_not_come_is_a_difference_of_the_day_it_was_to_come() -> None:
    row = output(Counted(day=90), carried={(MODEL, "output_tokens"): Decimal(30)})
    assert (row.causes, row.status, row.difference) == (("aws_less",), "difference", 0)


def test_a_direct_call_soon_after_midnight_is_not_one_of_the_day_before() -> None:
    row = output(Counted(day=120, early=30), carried={}, calls=4)
    assert (row.causes, row.status) == (("bypass",), "difference")


def test_where_the_day_before_was_not_reconciled_it_may_be_one() -> None:
    row = output(Counted(day=120, early=30), carried=None)
    assert (row.causes, row.status) == (("midnight",), "explained")


def test_a_call_at_noon_is_none_though_the_day_before_was_not_reconciled() -> None:
    row = output(Counted(day=120, early=10), carried=None, calls=4)
    assert (row.causes, row.status) == (("bypass",), "difference")


@pytest.mark.parametrize("carried", [0, 5, None])
def test_a_quiet_midnight_carries_nothing(carried: int | None) -> None:
    assert settled(90, 90, Counted(90), carried).carried == 0


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=8))
def test_days_that_differ_by_their_midnights_alone_are_all_settled(days) -> None:
    """Each day is what its calls used by midnight, and what they used after it."""
    carried: int | None = 0
    brought = 0
    for by_midnight, later in days:
        ours = by_midnight + later
        aws = Counted(day=by_midnight + brought, early=brought, after=later)
        each = settled(ours, ours, aws, carried)
        assert (each.left, each.carried) == (0, later)
        carried, brought = each.carried, later


AROUND = st.tuples(*(st.integers(0, 9) for _ in range(4)))


@given(st.lists(AROUND, min_size=1, max_size=8))
def test_days_whose_calls_are_partly_in_doubt_are_all_settled(days) -> None:
    """Whatever part of those in doubt AWS counts, and on whichever side of midnight."""
    carried: int | None = 0
    brought = 0
    for by_midnight, later, fewer, more in days:
        low = max(by_midnight + later - fewer, 0)
        aws = Counted(day=by_midnight + brought, early=brought, after=later)
        each = settled(low, by_midnight + later + more, aws, carried)
        assert (each.left, each.carried) in ((0, later), (0, None))
        carried, brought = each.carried, later


@given(st.lists(AROUND, min_size=1, max_size=8))
def test_what_may_come_at_most_is_never_less_than_what_comes(days) -> None:
    """Of calls that may leave a sample or not, the bound of one day is all that the next knows."""
    most: int | None = 0
    brought = 0
    for by_midnight, later, more, of_others in days:
        aws = Counted(day=by_midnight + brought, early=brought, after=later + of_others)
        each = settled(0, by_midnight + later + more, aws, None, most)
        assert each.left == 0
        assert each.most is not None
        assert later <= each.most <= aws.after
        most, brought = each.most, later
