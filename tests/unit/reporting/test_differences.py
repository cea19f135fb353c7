"""What moved between two states of a day's costs: signed, exact, and with its reason."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.pricing.costs import CSV_COLUMNS
from chalicelib.reporting.cost_rows import AMOUNTS, CostRow, row_at, summed
from chalicelib.reporting.csv_writer import render_signed
from chalicelib.reporting.differences import differences, moved
from chalicelib.reporting.months.adjustments import Adjustment
from chalicelib.reporting.team_adjustments import COLUMNS

ROW = CostRow(
    date="2026-10-31",
    team_id="search",
    service="bedrock",
    model_id="m",
    amounts=(Decimal(0),) * len(AMOUNTS),
    status="PRICED",
    price_version="p1",
)


def row(**fields: object) -> CostRow:
    """A row of team search with these amounts by name; other fields are the row's own."""
    amounts = [Decimal(str(fields.pop(name, 0))) for name in AMOUNTS]
    return replace(ROW, amounts=tuple(amounts), **fields)  # type: ignore[arg-type]


PAID = row(invocations=2, input_tokens=100, input_cost="0.3", total_cost="0.3")


def reasons(before: list[CostRow], after: list[CostRow]) -> list[str]:
    return [found.reason for found in differences(before, after)]


def test_a_row_that_is_as_it_was_is_no_difference() -> None:
    assert list(differences([PAID], [PAID])) == []


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ([], [PAID], "late records"),
        ([PAID], [], "fewer records"),
        ([PAID], [row(invocations=3, input_tokens=100, total_cost="0.4")], "late records"),
        ([PAID], [row(invocations=1, input_tokens=900, total_cost="0.4")], "fewer records"),
        ([row(capacity_cost=1)], [row(capacity_cost=2)], "capacity shared anew"),
        ([row(total_cost=1)], [row(total_cost=2, price_version="p2")], "price change"),
        ([PAID], [replace(PAID, status="INCOMPLETE")], "status"),
    ],
)
def test_each_difference_has_its_reason(
    before: list[CostRow], after: list[CostRow], reason: str
) -> None:
    assert reasons(before, after) == [reason]


def test_other_price_rows_that_cost_the_same_are_no_difference() -> None:
    assert reasons([PAID], [replace(PAID, price_version="p2")]) == []


def test_a_cost_that_nobody_knew_is_added_whole_once_it_is_known() -> None:
    cells = {"date": "2026-10-31", "team_id": "search", "service": "bedrock", "model_id": "m"}
    cells |= {"status": "UNPRICED", "price_version": "none"}
    unknown = row_at([cells.get(name, "") for name in CSV_COLUMNS])

    (found,) = differences([unknown], [row(total_cost="0.3")])

    assert (found.row.of("total_cost"), found.reason) == (Decimal("0.3"), "price change")


def test_an_amount_below_nothing_is_a_plain_number_in_its_file_and_formulas_are_still_refused() -> (
    None
):
    (found,) = differences([PAID], [])

    content = render_signed(COLUMNS, [Adjustment("2026-11-03", found.reason, found.row).cells()])

    assert b",-2,-100," in content
    with pytest.raises(ValueError, match="cannot stand"):
        render_signed(COLUMNS, [Adjustment("2026-11-03", "-1+cmd", found.row).cells()])


def test_what_moved_is_counted_by_reason_and_added_up() -> None:
    ads = replace(PAID, team_id="ads")
    found = differences([ads, PAID], [ads, row(invocations=4, total_cost="0.7")])

    told = moved(found)
    assert (told.rows, told.cost) == ({"fewer records": 1}, Decimal("0.4"))


amounts = st.tuples(*[st.decimals(-(10**9), 10**9, places=12) for _ in AMOUNTS])
rows = st.builds(
    replace,
    st.just(ROW),
    team_id=st.sampled_from(["ads", "search", "web"]),
    model_id=st.sampled_from(["m", "n"]),
    amounts=amounts,
)
days = st.lists(rows, max_size=5, unique_by=lambda each: each.order).map(
    lambda found: sorted(found, key=lambda each: each.order)
)


@given(days, days)
def test_before_and_the_differences_are_after_to_the_last_digit(
    before: list[CostRow], after: list[CostRow]
) -> None:
    found = [each.row for each in differences(before, after)]

    assert summed(each.amounts for each in [*before, *found]) == summed(
        each.amounts for each in after
    )


@given(days, days)
def test_what_was_adjusted_is_not_adjusted_again(
    before: list[CostRow], after: list[CostRow]
) -> None:
    booked = [*before, *(each.row for each in differences(before, after))]
    booked.sort(key=lambda each: each.order)

    again = list(differences(booked, after))

    assert again == []
