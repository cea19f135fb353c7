"""`ops month`: what it says of a month's books, and that it says so when they do not come out."""

from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.reporting.cost_rows import AMOUNTS
from chalicelib.reporting.months.balance import Balance
from chalicelib.reporting.months.closed import SCHEMA, Closed, Gap
from ops import __main__ as command_line
from ops.directory import Refused
from ops.month import balanced, told

CLOSED = Closed(
    schema=SCHEMA,
    month="2026-10",
    closed_at="2026-11-02T09:00:00.000Z",
    days=(),
    gaps=(),
    rows=3,
    totals={"total_cost": "22.5"},
    files={},
)


def of(total_cost: str) -> tuple[Decimal, ...]:
    return (*(Decimal(0),) * (len(AMOUNTS) - 1), Decimal(total_cost))


COMES_OUT = Balance(CLOSED, booked=of("22.5"), adjusted=of("-2.50"), now=of("20"))


def test_a_month_without_gaps_says_so():
    assert told(CLOSED) == [
        "closed    2026-10, 2026-11-02T09:00:00.000Z: no days, 3 rows, 22.5 USD, no gaps"
    ]


def test_each_gap_is_a_line_of_its_own():
    gaps = (Gap("2026-10-07", "2 lost"), Gap("2026-10-30", "there is no report"))
    assert told(replace(CLOSED, gaps=gaps))[1:] == [
        "gap       2026-10-07: 2 lost",
        "gap       2026-10-30: there is no report",
    ]


def test_rows_without_a_price_are_told_where_there_are_any():
    assert told(replace(CLOSED, unpriced=1))[1:] == [
        "unpriced  1 row, 0 in the books; rated once there is a price, they are adjusted"
    ]


def test_adjustments_are_told_with_their_sign():
    assert balanced(COMES_OUT) == [
        "balance   22.5 closed -2.5 adjusted = 20 USD, as the records say"
    ]


def test_books_that_do_not_come_out_are_an_error():
    with pytest.raises(Refused, match=r"out by 0\.000000000001 USD; `python -m ops month adjust"):
        balanced(replace(COMES_OUT, now=of("20.000000000001")))


def test_what_is_no_month_is_an_error_in_one_line(capsys):
    environ = dict.fromkeys(
        ("AWS_REGION", "TENANTS_TABLE", "STREAMS_TABLE", "STREAMS_QUEUE", "REPORTS_BUCKET"), "x"
    )
    environ["PAYLOADS_BUCKET"] = "x"
    assert command_line.main(["month", "close", "October"], environ) == 1
    assert capsys.readouterr().err == "error: 'October' is not a month YYYY-MM\n"
