from decimal import Decimal

import pytest

from local.simulator.calls import Counts
from local.simulator.prices import bill, bill_guardrail

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


def test_every_tier_of_nova_writes_to_its_cache_for_nothing():
    written = Counts(cache_write_tokens=9)

    usd = [bill("amazon.nova-pro-v1:0", EAST, t, written) for t in ("flex", "default", "priority")]

    assert usd == [0, 0, 0]


@pytest.mark.parametrize(
    ("model_id", "usd"),
    [
        ("us.amazon.nova-pro-v1:0", "0.005"),
        ("us.anthropic.claude-3-5-haiku-20241022-v1:0", "0.006"),
        ("us.meta.llama3-1-405b-instruct-v1:0", "0.006"),
    ],
)
def test_latency_optimised_has_prices_of_its_own(model_id, usd):
    counts = Counts(1_000, 1_000)

    assert bill(model_id, "us-east-2", "default", counts, latency="optimized") == Decimal(usd)


def test_what_is_listed_for_no_latency_has_no_bill():
    cached = Counts(1, 1, cache_read_tokens=1)

    assert bill("us.amazon.nova-pro-v1:0", EAST, "default", cached, latency="optimized") is None
    assert bill("us.amazon.nova-pro-v1:0", EAST, "flex", Counts(1), latency="optimized") is None


@pytest.mark.parametrize(
    ("region", "model_id", "usd"),
    [
        ("eu-central-1", "eu.anthropic.claude-haiku-4-5-20251001-v1:0", "0.0011"),
        ("eu-west-1", "global.anthropic.claude-haiku-4-5-20251001-v1:0", "0.001"),
        ("ap-northeast-1", "jp.anthropic.claude-sonnet-4-5-20250929-v1:0", "0.0033"),
    ],
)
def test_another_region_has_prices_of_its_own(region, model_id, usd):
    assert bill(model_id, region, "default", Counts(1_000)) == Decimal(usd)


def test_a_profile_has_no_price_where_it_is_not_offered():
    japanese = "jp.anthropic.claude-sonnet-4-5-20250929-v1:0"

    assert bill(japanese, "eu-west-1", "default", Counts(1_000)) is None


@pytest.mark.parametrize(
    ("model_id", "counts", "media_class", "usd"),
    [
        ("amazon.nova-reel-v1:1", Counts(video_ms=6_000), "720p", "0.48"),
        ("us.twelvelabs.pegasus-1-2-v1:0", Counts(0, 100, input_video_ms=2_500), "", "0.001975"),
        ("twelvelabs.marengo-embed-3-0-v1:0", Counts(input_audio_ms=1), "", "0.00000014"),
        ("twelvelabs.marengo-embed-3-0-v1:0", Counts(queries=2, input_images=1), "", "0.00024"),
        ("amazon.titan-embed-image-v1", Counts(1_000, input_images=1), "", "0.00086"),
        (
            "amazon.nova-2-multimodal-embeddings-v1:0",
            Counts(input_images=1),
            "standard_image",
            "0.00006",
        ),
        ("cohere.rerank-v3-5:0", Counts(queries=4), "", "0.008"),
    ],
)
def test_media_and_queries_are_billed_in_their_own_units(model_id, counts, media_class, usd):
    assert bill(model_id, EAST, "default", counts, media_class=media_class) == Decimal(usd)


@pytest.mark.parametrize(
    ("milliseconds", "size", "usd"), [(5_000, "540p", "3.75"), (9_000, "720p", "13.5")]
)
def test_a_luma_video_has_a_price_only_where_it_is_offered(milliseconds, size, usd):
    luma, counts = "luma.ray-v2:0", Counts(video_ms=milliseconds)

    assert bill(luma, "us-west-2", "default", counts, media_class=size) == Decimal(usd)
    assert bill(luma, EAST, "default", counts, media_class=size) is None


@pytest.mark.parametrize(
    ("model_id", "counts", "media_class"),
    [
        ("amazon.nova-2-multimodal-embeddings-v1:0", Counts(input_images=1), "document_image"),
        ("cohere.embed-v4:0", Counts(1, input_images=1), ""),
        ("luma.ray-v2:0", Counts(video_ms=5_000), "4k"),
    ],
)
def test_media_whose_price_is_not_public_has_no_bill(model_id, counts, media_class):
    assert bill(model_id, EAST, "default", counts, media_class=media_class) is None


def test_every_policy_of_a_guardrail_has_its_own_price():
    counts = Counts(
        guardrail_topic_units=1,
        guardrail_content_units=1,
        guardrail_content_image_units=1,
        guardrail_pii_units=1,
        guardrail_grounding_units=1,
        guardrail_reasoning_units=1,
    )

    assert bill("guardrail/all", EAST, "default", counts) == Decimal("0.00142")
    assert bill_guardrail(EAST, counts) == Decimal("0.00142")


def test_what_was_not_used_needs_no_price():
    assert bill("acme.launched-today-v1:0", EAST, "default", Counts()) == 0


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
        ("stability.stable-creative-upscale-v1:0", ["each"], "0.6"),
        ("us.stability.stable-fast-upscale-v1:0", ["each"], "0.03"),
    ],
)
def test_each_picture_is_billed_in_its_own_class(model_id, classes, usd):
    counts = Counts(images=len(classes))

    assert bill(model_id, EAST, "default", counts, classes) == Decimal(usd)
