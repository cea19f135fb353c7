"""Corrections bring FOCUS to what is known of a closed day, and leave what was closed as it is."""

import csv
import io
from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal

import focus_days
from focus_days import (
    BOOK,
    CLAUDE_LINE,
    DAY,
    EXACT,
    LINES,
    LIST,
    NOVA_LINE,
    Rows,
    read,
    reported,
    total,
)
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.metering.usage import Usage
from chalicelib.reporting.focus.columns import COLUMNS
from chalicelib.reporting.focus.corrections import corrections_key
from chalicelib.reporting.reported_day import ReportedDay

BOOKED_ON = date(2026, 12, 3)
MONEY = ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost")
SUMMED = (*MONEY, "ConsumedQuantity", "PricingQuantity", "x_Invocations")
SKU = (
    *("SubAccountId", "SkuPriceId", "RegionId", "ResourceId"),
    *("ListUnitPrice", "ContractedUnitPrice"),
)
days = st.builds(
    reported,
    st.lists(
        st.builds(
            replace,
            st.sampled_from([NOVA_LINE, CLAUDE_LINE, replace(NOVA_LINE, tier="flex")]),
            team_id=st.sampled_from(["ads", "search"]),
            n_usage=st.integers(0, 3),
            usage=st.builds(Usage, st.integers(0, 3), st.integers(0, 10**12)),
        ),
        max_size=6,
    ),
    book=st.sampled_from([BOOK, LIST]),
)


def corrected(after: ReportedDay, *before: Rows) -> Rows:
    content = focus_days.corrected(list(before), read(after), BOOKED_ON).decode("ascii")
    return list(csv.DictReader(io.StringIO(content, newline="")))


def sums(*files: Rows) -> dict[tuple[str, ...], tuple[Decimal, ...]]:
    """What rows of a SKU price come to at a unit price, unless it is nothing."""
    added: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for row in (row for rows in files for row in rows):
        added[tuple(row[name] for name in SKU)].append({name: row[name] or "0" for name in SUMMED})
    found = {key: tuple(total(rows, name) for name in SUMMED) for key, rows in added.items()}
    return {key: amounts for key, amounts in found.items() if any(amounts)}


@given(days, days, days)
def test_what_was_closed_and_all_corrections_are_what_is_known(one, two, three) -> None:
    closed = read(one)
    first = corrected(two, closed)
    second = corrected(three, closed, first)

    assert sums(closed, first) == sums(read(two))
    assert sums(closed, first, second) == sums(read(three))


@given(days, days)
def test_a_correction_s_cost_is_its_price_times_its_quantity(one, two) -> None:
    for row in corrected(two, read(one)):
        quantity = Decimal(row["PricingQuantity"])
        for price, cost in (("ListUnitPrice", "ListCost"), ("ContractedUnitPrice", "BilledCost")):
            assert Decimal(row[cost]) == EXACT.multiply(Decimal(row[price]), quantity)


def test_a_day_that_is_known_as_it_was_has_no_correction() -> None:
    assert corrected(reported(), read(reported())) == []


def test_a_day_that_was_not_there_is_corrected_whole() -> None:
    rows = corrected(reported())
    assert total(rows) == total(read(reported()))
    assert len(rows) == len(read(reported()))


def test_a_correction_is_of_the_day_and_billed_when_it_is_booked() -> None:
    rows = corrected(reported(LINES[1:]), read(reported()))
    assert rows
    for row in rows:
        assert row["ChargeClass"] == "Correction"
        assert row["ChargePeriodStart"] == f"{DAY}T00:00:00Z"
        assert row["BillingPeriodStart"] == "2026-12-01T00:00:00Z"
        assert row["BillingPeriodEnd"] == "2027-01-01T00:00:00Z"


def test_at_a_price_that_moved_what_stood_is_reversed_and_stands_at_the_new_one() -> None:
    line = replace(NOVA_LINE, n_usage=2, usage=Usage(output_tokens=2500))
    closed, now = read(reported([line], LIST)), reported([line], BOOK)
    told = [
        tuple(row[name] for name in ("ConsumedQuantity", "ContractedUnitPrice", "x_Invocations"))
        for row in corrected(now, closed)
    ]
    assert told == [("-2500.0", "0.24", "-2"), ("2500.0", "0.2", "2")]


def test_a_reversal_has_the_cells_of_what_it_reverses() -> None:
    closed = [{**row, "SubAccountName": "as it was"} for row in read(reported())]
    rows = corrected(reported([], orphaned={}), closed)
    calls = [row for row in rows if row["x_Invocations"]]
    assert calls
    assert {row["SubAccountName"] for row in calls} == {"as it was"}


def test_a_column_that_an_older_file_lacks_is_empty() -> None:
    closed = [
        {name: cell for name, cell in row.items() if name != "x_CostSource"}
        for row in read(reported())
    ]
    rows = corrected(reported(LINES[1:]), closed)
    assert all(tuple(row) == COLUMNS for row in rows)


def test_corrections_lie_beside_the_files_of_the_date_on_which_they_are_booked() -> None:
    assert corrections_key(BOOKED_ON, DAY) == (
        "focus/date=2026-12-03/corrections_of_2026-11-23.csv"
    )
