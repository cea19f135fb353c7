"""Prices as people quote them."""

from datetime import date
from decimal import Decimal

import pytest

from chalicelib.pricing.price import UNITS, Price, PriceKey
from chalicelib.pricing.quote import Quote, quote


def price(unit: str, amount: str) -> Price:
    key = PriceKey("m", "us-east-1", "none", "on_demand", "default", "none", unit)
    return Price(key, Decimal(amount), date(2026, 1, 1), None, "list", date(2026, 11, 23))


@pytest.mark.parametrize(
    ("unit", "amount", "usd", "per"),
    [
        ("input_tokens", "0.00000006", "0.06", "1M tokens"),
        ("cache_write_1h_tokens", "6E-7", "0.6", "1M tokens"),
        ("images", "0.04", "0.04", "image"),
        ("input_images", "0.00006", "0.00006", "image"),
        ("video_ms", "0.00008", "0.08", "second"),
        ("busy_ms", "0.00000039166", "0.00039166", "second"),
        ("queries", "0.001", "1", "1,000 queries"),
        ("guardrail_topic_units", "0.00015", "0.15", "1,000 units"),
        ("guardrail_content_image_units", "0.00075", "0.00075", "image"),
        ("request", "0.005", "0.005", "request"),
        ("instance_hour", "1.41", "1.41", "instance hour"),
        ("model_unit_hour", "39.6", "39.6", "model unit hour"),
    ],
)
def test_a_unit_is_quoted_as_on_the_price_page(unit, amount, usd, per):
    assert quote(price(unit, amount)) == Quote(Decimal(usd), per)


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_can_be_quoted(unit):
    assert quote(price(unit, "1")).per


def test_no_digit_is_lost():
    assert quote(price("input_tokens", "0.000000144375001")).usd == Decimal("0.144375001")
