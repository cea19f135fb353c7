"""What a call on capacity is charged where its container may keep silent about its tokens."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from builders import endpoint_line, price_book

from chalicelib.metering.usage import Usage
from chalicelib.pricing.charges import charges
from chalicelib.pricing.costs import rate

DAY = date(2026, 11, 22)
PRICES = {
    "input_tokens": "0.000001",
    "output_tokens": "0.000002",
    "request": "0.005",
    "busy_ms": "0.0000004",
}
SPOKEN = endpoint_line(usage=Usage(input_tokens=1000, output_tokens=200, busy_ms=500))
SILENT = replace(SPOKEN, usage_source="clock", usage=Usage(busy_ms=500))
REFUSED = replace(SILENT, usage_source="none", n_usage=0, n_failed=1, usage=Usage())


def book(*units, until=""):
    rows = (
        f"chat,us-east-1,none,endpoint,default,none,{unit},{PRICES[unit]},2026-01-01,{until},ours,"
        "2026-11-23"
        for unit in units
    )
    return price_book(*rows)


def row(prices, *lines):
    (only,) = rate(lines, prices, DAY)
    return only


@pytest.mark.parametrize("also", ["request", "busy_ms"])
@pytest.mark.parametrize("tokens", ["input_tokens", "output_tokens"])
def test_a_silent_container_does_not_give_away_tokens_that_have_a_price(tokens, also):
    found = row(book(tokens, also), SILENT)

    assert found.status == "PARTLY_PRICED"
    assert getattr(found, tokens.replace("tokens", "cost")) is None


def test_what_else_a_silent_call_is_charged_stays():
    found = row(book("output_tokens", "request"), SILENT)

    assert (found.other_cost, found.total_cost) == (Decimal("0.005"), Decimal("0.005"))


@pytest.mark.parametrize("busy_ms", [0, 500])
def test_a_silent_call_that_is_priced_by_tokens_alone_is_unpriced_however_short(busy_ms):
    found = row(book("input_tokens"), replace(SILENT, usage=Usage(busy_ms=busy_ms)))

    assert (found.status, found.total_cost) == ("UNPRICED", None)


def test_a_call_that_took_no_whole_millisecond_is_not_free_where_nothing_has_a_price():
    found = row(book(), replace(SILENT, usage=Usage()))

    assert (found.status, found.total_cost) == ("UNPRICED", None)


def test_a_call_that_took_no_whole_millisecond_costs_nothing_where_time_has_a_price():
    found = row(book("busy_ms"), replace(SILENT, usage=Usage()))

    assert (found.status, found.total_cost) == ("PRICED", 0)


def test_silence_hides_nothing_where_tokens_have_no_price():
    found = row(book("request", "busy_ms"), SILENT)

    assert (found.status, found.total_cost) == ("PRICED", Decimal("0.0052"))


def test_a_token_price_that_has_ended_makes_no_call_unpriced():
    ended = book("output_tokens", until="2026-11-21")

    assert row(ended.overridden_by(book("request")), SILENT).status == "PRICED"


def test_one_silent_call_among_others_is_seen_in_their_row():
    found = row(book("input_tokens", "output_tokens", "request"), SPOKEN, SILENT)

    assert (found.status, found.total_cost) == ("PARTLY_PRICED", Decimal("0.0114"))


def test_calls_that_report_their_tokens_are_priced_whole():
    found = row(book("input_tokens", "output_tokens", "request"), SPOKEN)

    assert (found.status, found.total_cost) == ("PRICED", Decimal("0.0064"))


def test_a_refused_call_costs_nothing_whatever_has_a_price():
    found = row(book("input_tokens", "request"), REFUSED)

    assert (found.status, found.total_cost) == ("PRICED", 0)


def test_a_charge_for_tokens_that_nobody_counted_names_their_price_and_no_cost():
    prices = book("output_tokens", "request")

    (tokens, request) = charges(SILENT, prices, DAY)

    assert (tokens.unit, tokens.cost, request.unit) == ("output_tokens", None, "request")
    assert tokens.price in set(prices)
