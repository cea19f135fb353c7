"""Amounts as they are read, and what caching saved."""

from datetime import date
from decimal import Decimal

import pytest
from builders import count_line, price_book
from month_figures import row

from chalicelib.metering.usage import Usage
from chalicelib.reporting.csv_writer import write_counts
from ops.month_page.figures import DayCosts, MonthSums
from ops.month_page.money import change, dollars, share
from ops.month_page.savings import Saving, read_cached, savings

DAY = date(2026, 11, 23)
ROW = "m,us-east-1,none,on_demand,default,none,{},{},2026-01-01,,list,2026-11-01"
BOOK = price_book(
    ROW.format("input_tokens", "0.10"),
    ROW.format("cache_read_tokens", "0.01"),
    ROW.format("cache_write_tokens", "0.125"),
)


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("0", "$0.00"),
        ("1234.5", "$1,234.50"),
        ("0.004219", "$0.0042"),
        ("0.00001", "< $0.0001"),
        ("-3.5", "−$3.50"),
    ],
)
def test_dollars_are_written_as_people_read_them(amount, said):
    assert dollars(Decimal(amount)) == said


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [("3", "2", "+50 %"), ("1", "2", "−50 %"), ("1", "0", "new"), ("0", "0", "")],
)
def test_a_change_is_in_percent_of_before(now, before, said):
    assert change(Decimal(now), Decimal(before)) == said


def test_a_share_is_never_more_than_the_whole():
    assert share(Decimal(3), Decimal(2)) == 100
    assert share(Decimal(-3), Decimal(2)) == 0
    assert share(Decimal(1), Decimal(3)) == Decimal("33.3")


def test_caching_saves_the_difference_to_plain_input_less_what_writing_costs():
    line = count_line(usage=Usage(cache_read_tokens=1000, cache_write_tokens=100))
    (saving,) = savings([line], BOOK, DAY).values()
    assert saving == Saving(1000, 100, Decimal("87.500"), 0)


def test_prompts_that_nobody_read_again_saved_less_than_nothing():
    line = count_line(usage=Usage(cache_write_tokens=100))
    (saving,) = savings([line], BOOK, DAY).values()
    assert saving.saved == Decimal("-2.5")


def test_tokens_without_a_price_are_counted_and_save_nothing():
    line = count_line(usage=Usage(cache_read_tokens=1000, cache_write_1h_tokens=7))
    (saving,) = savings([line], BOOK, DAY).values()
    assert (saving.saved, saving.without_price) == (90, 7)


def test_a_model_that_cached_nothing_is_not_listed():
    assert not savings([count_line(usage=Usage(input_tokens=9))], BOOK, DAY)


def test_what_was_cached_is_read_by_its_price_whoever_used_it():
    lines = [
        count_line(team_id=team, usage=Usage(cache_read_tokens=1000, cache_write_tokens=at))
        for at, team in enumerate(("ads", "search"))
    ]
    (cached,) = read_cached([write_counts([*lines, count_line(team_id="shop")])])
    assert (cached.usage.cache_read_tokens, cached.usage.cache_write_tokens) == (2000, 1)
    assert savings([cached], BOOK, DAY) == savings(lines, BOOK, DAY)


def test_a_day_s_costs_are_kept_to_the_last_digit():
    costs = {"ads": Decimal("0.000000000001"), "ads2": Decimal("-12345678901234567890.5")}
    day = DayCosts.of(costs)
    assert {team: day.of_team(team) for team in costs} == costs
    assert (day.of_team("ad"), day.total) == (0, Decimal("-12345678901234567890.499999999999"))


def test_a_row_without_a_price_is_none_any_more_once_it_is_adjusted():
    sums = MonthSums()
    unpriced, other = row(status="UNPRICED", cost="0"), row("ads", status="UNPRICED", cost="0")
    costs = sums.add_day([unpriced, other], [row(cost="3")])
    assert (sums.unpriced, sums.adjustments) == ({("nova", "ads")}, 1)
    assert (costs.total, costs.of_team("search")) == (3, 3)
