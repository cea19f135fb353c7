from decimal import Decimal

import pytest

from local.simulator.calls import Counts
from local.simulator.prices import bill

EAST = "us-east-1"
ALL_KINDS = Counts(1_000, 1_000, 1_000, 1_000, 1_000)


@pytest.mark.parametrize(
    ("model_id", "usd"),
    [
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "0.010285"),
        ("global.anthropic.claude-haiku-4-5-20251001-v1:0", "0.00935"),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "0.02805"),
    ],
)
def test_every_kind_of_token_has_its_own_price(model_id, usd):
    assert bill(model_id, EAST, "default", ALL_KINDS) == Decimal(usd)


def test_the_smallest_price_of_all_is_exact():
    read = Counts(cache_read_tokens=1)

    assert bill("amazon.nova-micro-v1:0", EAST, "default", read) == Decimal("0.00000000875")


def test_a_cache_write_of_nova_is_free():
    assert bill("amazon.nova-lite-v1:0", EAST, "default", Counts(cache_write_tokens=9)) == 0


def test_a_long_prompt_costs_more_for_the_whole_request():
    counts = Counts(input_tokens=200_000, cache_read_tokens=1, output_tokens=10)

    usd = bill("global.anthropic.claude-sonnet-4-5-20250929-v1:0", EAST, "default", counts)

    assert usd == Decimal("1.2002256")


def test_a_prompt_of_exactly_the_threshold_costs_the_short_price():
    counts = Counts(input_tokens=200_000)

    usd = bill("global.anthropic.claude-sonnet-4-5-20250929-v1:0", EAST, "default", counts)

    assert usd == Decimal("0.6")


def test_a_tier_has_prices_of_its_own():
    counts = Counts(1_000_000, 1_000_000)

    usd = [
        bill("openai.gpt-oss-120b-1:0", EAST, t, counts) for t in ("flex", "default", "priority")
    ]

    assert usd == [Decimal("0.375"), Decimal("0.75"), Decimal("1.3125")]


@pytest.mark.parametrize(
    ("model_id", "region", "tier"),
    [
        ("anthropic.claude-launched-today-v1:0", EAST, "default"),
        ("amazon.nova-micro-v1:0", EAST, "flex"),
        ("amazon.nova-micro-v1:0", "eu-central-1", "default"),
        ("eu.amazon.nova-micro-v1:0", EAST, "default"),
    ],
)
def test_what_has_no_list_price_has_no_bill(model_id, region, tier):
    assert bill(model_id, region, tier, Counts(1, 1)) is None


def test_a_kind_of_token_without_a_price_leaves_the_whole_bill_unknown():
    counts = Counts(input_tokens=10, cache_write_1h_tokens=1)

    assert bill("anthropic.claude-3-5-haiku-20241022-v1:0", EAST, "default", counts) is None


@pytest.mark.parametrize(
    ("model_id", "classes", "usd"),
    [
        ("amazon.titan-image-generator-v2:0", ["le512/standard", "gt512/standard"], "0.018"),
        ("amazon.titan-image-generator-v2:0", ["gt512/premium"] * 5, "0.06"),
        ("amazon.nova-canvas-v1:0", ["le1024/standard", "le2048/premium"], "0.12"),
        ("stability.stable-diffusion-xl-v1", ["steps_gt50"] * 3, "0.24"),
        ("stability.stable-image-ultra-v1:1", ["each"], "0.14"),
        ("stability.sd3-5-large-v1:0", [], "0"),
    ],
)
def test_each_picture_is_billed_in_its_own_class(model_id, classes, usd):
    counts = Counts(images=len(classes))

    assert bill(model_id, EAST, "default", counts, classes) == Decimal(usd)
