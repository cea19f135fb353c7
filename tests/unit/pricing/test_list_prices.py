"""The list prices that ship: facts that a bill stands on, written by hand."""

from datetime import date
from decimal import Decimal

import pytest

from chalicelib.pricing.price_book import PRICES_CSV, PriceBook, PriceKey

DAY = date(2026, 11, 22)
BOOK = PriceBook.load()


def per_unit(model, geo, unit, variant="none", tier="default", region="us-east-1", day=DAY):
    price = BOOK.find(PriceKey(model, region, geo, "on_demand", tier, variant, unit), day)
    return price and price.usd_per_unit


def per_million(*args, **kwargs):
    price = per_unit(*args, **kwargs)
    return None if price is None else price * 1_000_000


TOKENS = (
    *("input_tokens", "output_tokens", "cache_read_tokens"),
    *("cache_write_tokens", "cache_write_1h_tokens"),
)
HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"


@pytest.mark.parametrize(
    ("model", "geo", "variant", "dollars"),
    [
        (HAIKU, "us", "none", "1.1 5.5 0.11 1.375 2.2"),
        (HAIKU, "global", "none", "1 5 0.1 1.25 2"),
        (HAIKU, "none", "none", "1.1 5.5 0.11 1.375 2.2"),
        (SONNET, "us", "none", "3.3 16.5 0.33 4.125 6.6"),
        (SONNET, "us", "above_200k", "6.6 24.75 0.66 8.25 13.2"),
        (SONNET, "global", "none", "3 15 0.3 3.75 6"),
        (SONNET, "global", "above_200k", "6 22.5 0.6 7.5 12"),
    ],
)
def test_claude_costs_ten_percent_more_in_a_geography_than_everywhere(model, geo, variant, dollars):
    prices = [per_million(model, geo, unit, variant) for unit in TOKENS]

    assert prices == [Decimal(each) for each in dollars.split()]


@pytest.mark.parametrize(
    ("model", "geo", "in_dollars", "out_dollars"),
    [
        ("anthropic.claude-3-5-haiku-20241022-v1:0", "none", "0.8", "4"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "none", "0.25", "1.25"),
        ("amazon.nova-micro-v1:0", "none", "0.035", "0.14"),
        ("amazon.nova-lite-v1:0", "us", "0.06", "0.24"),
        ("amazon.nova-pro-v1:0", "us", "0.8", "3.2"),
        ("amazon.titan-text-express-v1", "none", "0.2", "0.6"),
        ("amazon.titan-text-lite-v1", "none", "0.15", "0.2"),
        ("meta.llama3-3-70b-instruct-v1:0", "us", "0.72", "0.72"),
        ("meta.llama3-8b-instruct-v1:0", "none", "0.3", "0.6"),
        ("mistral.mistral-large-2402-v1:0", "none", "4", "12"),
        ("mistral.mixtral-8x7b-instruct-v0:1", "none", "0.45", "0.7"),
        ("mistral.mistral-7b-instruct-v0:2", "none", "0.15", "0.2"),
        ("cohere.command-text-v14", "none", "1", "2"),
        ("openai.gpt-oss-120b-1:0", "none", "0.15", "0.6"),
        ("openai.gpt-oss-20b-1:0", "none", "0.07", "0.3"),
        ("ai21.jamba-1-5-mini-v1:0", "none", "0.2", "0.4"),
    ],
)
def test_a_text_model_has_its_list_price(model, geo, in_dollars, out_dollars):
    assert per_million(model, geo, "input_tokens") == Decimal(in_dollars)
    assert per_million(model, geo, "output_tokens") == Decimal(out_dollars)


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        ("amazon.titan-embed-text-v1", "0.1"),
        ("amazon.titan-embed-text-v2:0", "0.02"),
        ("cohere.embed-english-v3", "0.1"),
    ],
)
def test_an_embedding_model_is_charged_for_its_input(model, dollars):
    assert per_million(model, "none", "input_tokens") == Decimal(dollars)


@pytest.mark.parametrize(
    ("model", "variant", "dollars"),
    [
        ("amazon.titan-image-generator-v1", "le512/standard", "0.008"),
        ("amazon.titan-image-generator-v1", "le512/premium", "0.01"),
        ("amazon.titan-image-generator-v2:0", "gt512/standard", "0.01"),
        ("amazon.titan-image-generator-v2:0", "gt512/premium", "0.012"),
        ("amazon.nova-canvas-v1:0", "le1024/standard", "0.04"),
        ("amazon.nova-canvas-v1:0", "le1024/premium", "0.06"),
        ("amazon.nova-canvas-v1:0", "le2048/standard", "0.06"),
        ("amazon.nova-canvas-v1:0", "le2048/premium", "0.08"),
        ("stability.stable-diffusion-xl-v1", "steps_le50", "0.04"),
        ("stability.stable-diffusion-xl-v1", "steps_gt50", "0.08"),
        ("stability.sd3-5-large-v1:0", "none", "0.08"),
        ("stability.stable-image-core-v1:1", "none", "0.04"),
        ("stability.stable-image-ultra-v1:1", "none", "0.14"),
    ],
)
def test_an_image_costs_what_its_class_costs(model, variant, dollars):
    assert per_unit(model, "none", "images", variant) == Decimal(dollars)


def test_images_of_mixed_or_unknown_class_have_no_price():
    assert per_unit("amazon.nova-canvas-v1:0", "none", "images", "mixed") is None
    assert per_unit("amazon.nova-canvas-v1:0", "none", "images", "none") is None


def test_a_tier_is_its_own_row():
    assert per_million("openai.gpt-oss-20b-1:0", "none", "input_tokens", tier="flex") == Decimal(
        "0.035"
    )
    assert per_million(HAIKU, "us", "input_tokens", tier="flex") is None


@pytest.mark.parametrize(
    ("model", "region", "variant", "dollars_a_second"),
    [
        ("amazon.nova-reel-v1:0", "us-east-1", "hd_24fps", "0.08"),
        ("amazon.nova-reel-v1:1", "us-east-1", "hd_24fps", "0.08"),
        ("luma.ray-v2:0", "us-west-2", "540p", "0.75"),
        ("luma.ray-v2:0", "us-west-2", "720p", "1.5"),
    ],
)
def test_a_video_costs_what_its_seconds_cost(model, region, variant, dollars_a_second):
    price = per_unit(model, "none", "video_ms", variant, region=region)
    assert price * 1000 == Decimal(dollars_a_second)


@pytest.mark.parametrize(
    ("model", "dollars"), [("amazon.rerank-v1:0", "0.001"), ("cohere.rerank-v3-5:0", "0.002")]
)
def test_a_query_of_a_rerank_model_has_its_price(model, dollars):
    assert per_unit(model, "none", "queries") == Decimal(dollars)


@pytest.mark.parametrize(
    ("unit", "dollars"),
    [
        ("guardrail_topic_units", "0.00015"),
        ("guardrail_content_units", "0.00015"),
        ("guardrail_content_image_units", "0.00075"),
        ("guardrail_pii_units", "0.0001"),
        ("guardrail_grounding_units", "0.0001"),
        ("guardrail_reasoning_units", "0.00017"),
    ],
)
def test_every_policy_of_a_guardrail_has_its_price(unit, dollars):
    assert per_unit("guardrails", "none", unit) == Decimal(dollars)


@pytest.mark.parametrize(
    ("model", "region", "in_dollars", "out_dollars"),
    [
        ("amazon.nova-pro-v1:0", "us-east-1", "1", "4"),
        ("meta.llama3-1-405b-instruct-v1:0", "us-east-2", "3", "3"),
        ("meta.llama3-1-70b-instruct-v1:0", "us-west-2", "0.9", "0.9"),
    ],
)
def test_a_faster_answer_has_a_price_of_its_own(model, region, in_dollars, out_dollars):
    optimized = {"variant": "optimized", "region": region}
    assert per_million(model, "us", "input_tokens", **optimized) == Decimal(in_dollars)
    assert per_million(model, "us", "output_tokens", **optimized) == Decimal(out_dollars)


def test_a_picture_that_is_embedded_is_priced_by_its_detail():
    embeddings = ("amazon.nova-2-multimodal-embeddings-v1:0", "none", "input_images")
    assert per_unit(*embeddings, "standard_image") == Decimal("0.00006")
    assert per_unit(*embeddings, "document_image") is None


@pytest.mark.parametrize(
    ("service", "dollars"),
    [
        ("stable-conservative-upscale", "0.4"),
        ("stable-creative-upscale", "0.6"),
        ("stable-fast-upscale", "0.03"),
        ("stable-image-control-sketch", "0.07"),
        ("stable-image-control-structure", "0.07"),
        ("stable-image-erase-object", "0.07"),
        ("stable-image-inpaint", "0.07"),
        ("stable-image-remove-background", "0.07"),
        ("stable-image-search-recolor", "0.07"),
        ("stable-image-search-replace", "0.07"),
        ("stable-image-style-guide", "0.07"),
        ("stable-outpaint", "0.06"),
        ("stable-style-transfer", "0.08"),
    ],
)
def test_a_stability_service_has_its_price(service, dollars):
    assert per_unit(f"stability.{service}-v1:0", "us", "images") == Decimal(dollars)


def test_seconds_of_media_are_priced_by_the_millisecond_exactly():
    video = per_unit("amazon.nova-2-multimodal-embeddings-v1:0", "none", "input_video_ms")

    assert video * 1000 == Decimal("0.0007")


def test_a_nova_cache_write_is_free_and_a_claude_one_is_not():
    assert per_unit("amazon.nova-lite-v1:0", "us", "cache_write_tokens") == 0
    assert per_unit(HAIKU, "us", "cache_write_tokens") > 0


@pytest.mark.parametrize("tier", ["default", "flex", "priority"])
@pytest.mark.parametrize("geo", ["none", "us"])
def test_a_nova_cache_write_is_free_on_every_tier(tier, geo):
    assert per_unit("amazon.nova-pro-v1:0", geo, "cache_write_tokens", tier=tier) == 0


def test_only_what_a_source_calls_free_costs_nothing():
    assert {price.key.unit for price in BOOK if price.usd_per_unit == 0} == {"cache_write_tokens"}


def test_a_promotion_ends_on_its_last_promised_day():
    sol = ("openai.gpt-5.6-sol", "us", "input_tokens")

    assert per_million(*sol, day=date(2026, 11, 21)) == Decimal("4.4")
    assert per_million(*sol, day=date(2026, 11, 22)) is None


def test_a_region_that_no_source_prices_has_no_price():
    assert per_unit("amazon.nova-lite-v1:0", "none", "input_tokens", region="eu-west-1") is None


def test_every_model_is_a_bedrock_id_or_the_guardrails():
    models = {price.key.model for price in BOOK}

    assert {model for model in models if "." not in model} == {"guardrails"}
    assert not {model for model in models if "@" in model or model.startswith(("us.", "global."))}


def test_the_file_is_sorted_so_that_a_change_reads_as_one():
    rows = PRICES_CSV.read_text(encoding="utf-8").splitlines()[1:]
    keys = [tuple(each.split(",")[:7]) for each in rows]

    assert keys == sorted(keys)
