"""AWS's price lists as rows: exact where the list is, listed where it is not."""

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from price_lists import AWS, MARKETPLACE, answer, claude, offer, product

from chalicelib.pricing.billed_names import MODELS
from chalicelib.pricing.price import Price, PriceKey
from ops.price_import import Imported, imported
from ops.price_names import IN_USAGETYPES

NOVA = "amazon.nova-lite-v1:0"
SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"


def of(*entries, regions=("us-east-1",), geos=()) -> Imported:
    return imported(answer(*entries), regions, geos)


def only(entry, **kwargs) -> Price:
    (price,) = of(entry, **kwargs).prices
    return price


def refused(*entries, **kwargs) -> str:
    made = of(*entries, **kwargs)
    assert made.prices == ()
    return made.not_mapped[0].why


def test_nova_lites_row_is_six_cents_a_million_with_its_publication_and_sku_as_source() -> None:
    entry = product(
        "USE1-NovaLite-input-tokens",
        "0.0000600000",
        model="Nova Lite",
        inferenceType="Input tokens",
        feature="On-demand Inference",
        provider="Amazon",
    )

    assert only(entry) == Price(
        key=PriceKey(NOVA, "us-east-1", "none", "on_demand", "default", "none", "input_tokens"),
        usd_per_unit=Decimal("0.00000006"),
        effective_from=date(2026, 11, 1),
        effective_to=None,
        source="AWS Price List AmazonBedrock 2026-11-20 2FPWE5J4KDH8Q3VM",
        checked=date(2026, 11, 20),
    )


def test_an_offer_file_says_what_the_query_api_says() -> None:
    entries = (
        product("USE1-NovaLite-input-tokens", "0.00006", model="Nova Lite", sku="A"),
        product("USE1-NovaLite-output-tokens", "0.00024", model="Nova Lite", sku="B"),
    )
    around = json.dumps({"FormatVersion": "aws_v1", "PriceList": json.loads(answer(*entries))})

    assert imported(offer(*entries), ["us-east-1"]) == of(*entries)
    assert imported(around.encode(), ["us-east-1"]) == of(*entries)


@pytest.mark.parametrize(
    ("meter", "usd", "geo", "variant", "unit", "per_million"),
    [
        ("InputTokenCount", "3.3", "none", "none", "input_tokens", "3.3"),
        ("InputTokenCount_Global", "3", "global", "none", "input_tokens", "3"),
        ("OutputTokenCount_Global", "15", "global", "none", "output_tokens", "15"),
        ("CacheReadInputTokenCount", "0.33", "none", "none", "cache_read_tokens", "0.33"),
        ("CacheWriteInputTokenCount", "4.125", "none", "none", "cache_write_tokens", "4.125"),
        ("CacheWrite1hInputTokenCount", "6.6", "none", "none", "cache_write_1h_tokens", "6.6"),
        ("InputTokenCount_LCtx_Global", "6", "global", "above_200k", "input_tokens", "6"),
        ("input_tokens_standard", "5.5", "none", "none", "input_tokens", "5.5"),
        ("input_tokens_global_standard", "5", "global", "none", "input_tokens", "5"),
        ("cache_write_tokens_standard", "6.25", "none", "none", "cache_write_tokens", "6.25"),
        (
            *("cache_write_tokens_1h_global_standard", "10", "global", "none"),
            *("cache_write_1h_tokens", "10"),
        ),
        ("input_tokens_long_ctx_standard", "6.6", "none", "above_200k", "input_tokens", "6.6"),
        ("OutputTokenCount_LatencyOptimized", "9", "none", "optimized", "output_tokens", "9"),
    ],
)
def test_a_marketplace_row_is_priced_by_the_million(meter, usd, geo, variant, unit, per_million):
    price = only(claude(meter, usd))

    assert price.key == PriceKey(SONNET, "us-east-1", geo, "on_demand", "default", variant, unit)
    assert price.usd_per_unit * 1_000_000 == Decimal(per_million)


@pytest.mark.parametrize(
    ("usagetype", "tier", "geo", "variant", "unit"),
    [
        ("USE1-NovaLite-output-tokens", "default", "none", "none", "output_tokens"),
        (
            "USE1-NovaLite-cache-read-input-token-count",
            "default",
            "none",
            "none",
            "cache_read_tokens",
        ),
        ("NovaLite-cache-write-input-token-count", "default", "none", "none", "cache_write_tokens"),
        ("USE1-NovaLite-input-tokens-flex", "flex", "none", "none", "input_tokens"),
        ("USE1-NovaLite-input-tokens-priority", "priority", "none", "none", "input_tokens"),
        (
            "USE1-NovaLite-input-tokens-cross-region-global",
            "default",
            "global",
            "none",
            "input_tokens",
        ),
        (
            *("USE1-NovaLite-output-tokens-flex-cross-region-global", "flex", "global", "none"),
            "output_tokens",
        ),
        (
            *("USE1-NovaLite-output-tokens-latency-optimized", "default", "none", "optimized"),
            "output_tokens",
        ),
    ],
)
def test_a_usage_type_says_tier_geo_and_what_is_metered(usagetype, tier, geo, variant, unit):
    price = only(product(usagetype, "0.00006", model="Nova Lite"))

    assert price.key == PriceKey(NOVA, "us-east-1", geo, "on_demand", tier, variant, unit)


@pytest.mark.parametrize(
    ("listed", "code", "usd", "per_million"),
    [
        ("1K tokens", AWS, "0.00006", "0.06"),
        ("1M tokens", AWS, "0.06", "0.06"),
        ("Units", MARKETPLACE, "0.06", "0.06"),
        ("1M tokens", MARKETPLACE, "0.06", "0.06"),
        ("1K tokens", "AmazonBedrockService", "0.00006", "0.06"),
    ],
)
def test_the_unit_of_tokens_is_read_by_service_code(listed, code, usd, per_million):
    entry = product("USE1-NovaLite-input-tokens", usd, listed, code=code, model="Nova Lite")

    assert only(entry).usd_per_unit * 1_000_000 == Decimal(per_million)


@pytest.mark.parametrize("code", [AWS, "AmazonBedrockService"])
def test_units_of_tokens_outside_the_marketplace_may_be_anything(code):
    entry = product("USE1-NovaLite-input-tokens", "0.06", "Units", code=code, model="Nova Lite")

    assert refused(entry) == "what 'Units' means for input_tokens is not known"


@pytest.mark.parametrize(
    ("usagetype", "listed", "usd", "model", "variant", "unit", "per_unit"),
    [
        (
            *("USE1-NovaCanvas-T2I-1024-Standard", "image", "0.04", "amazon.nova-canvas-v1:0"),
            *("le1024/standard", "images", "0.04"),
        ),
        (
            *("USE1-NovaCanvas-I2I-2048-Premium", "Units", "0.08", "amazon.nova-canvas-v1:0"),
            *("le2048/premium", "images", "0.08"),
        ),
        (
            *("USE1-NovaMultiModalEmbeddings-input-audio-second", "1K seconds", "0.14"),
            *("amazon.nova-2-multimodal-embeddings-v1:0", "none", "input_audio_ms", "1.4E-7"),
        ),
        (
            *("USE1-AmazonRerank-v1-searchunits", "Search Units", "0.001", "amazon.rerank-v1:0"),
            *("none", "queries", "0.001"),
        ),
        (
            *("USE1-TitanEmbeddingsG1-Image-input-image", "Images Processed", "0.00006"),
            *("amazon.titan-embed-image-v1", "none", "input_images", "0.00006"),
        ),
    ],
)
def test_what_is_no_token_has_its_own_unit(usagetype, listed, usd, model, variant, unit, per_unit):
    price = only(product(usagetype, usd, listed))

    assert (price.key.model, price.key.variant, price.key.unit) == (model, variant, unit)
    assert price.usd_per_unit == Decimal(per_unit)


def test_a_name_of_several_versions_makes_a_row_for_each() -> None:
    made = of(product("USE1-NovaReel-T2V-Medfps-HDRes", "0.08", "second", model="Nova Reel"))

    assert [price.key.model for price in made.prices] == [
        "amazon.nova-reel-v1:0",
        "amazon.nova-reel-v1:1",
    ]
    assert {price.key.variant for price in made.prices} == {"hd_24fps"}
    assert {price.usd_per_unit for price in made.prices} == {Decimal("0.00008")}


@pytest.mark.parametrize(
    ("term", "variant", "words"),
    [("NoCommit", "no_commit", "no commit"), ("1month", "1mo", "1 month commit")],
)
def test_model_units_are_hours_of_provisioned_throughput(term, variant, words):
    price = only(
        product(
            f"USE1-Nova2.0Lite-ProvisionedThroughput-{term}-ModelUnits",
            "60.5",
            "hour",
            model="Nova 2.0 Lite",
            feature=f"Provisioned Throughput Inference - {words}",
        ),
        geos=["us"],
    )

    assert (price.key.basis, price.key.unit) == ("provisioned", "model_unit_hour")
    assert (price.key.variant, price.key.geo) == (variant, "none")
    assert price.usd_per_unit == Decimal("60.5")


@pytest.mark.parametrize(
    ("usagetype", "region"),
    [
        ("EUC1-NovaLite-input-tokens", "eu-central-1"),
        ("EU-NovaLite-input-tokens", "eu-west-1"),
        ("APS3-NovaLite-input-tokens", "ap-south-1"),
        ("UGW1-NovaLite-input-tokens", "us-gov-west-1"),
        ("NovaLite-input-tokens", "us-east-1"),
    ],
)
def test_a_usage_types_prefix_is_that_of_its_region(usagetype, region):
    entry = product(usagetype, "0.00006", region=region, model="Nova Lite")

    assert only(entry, regions=[region]).key.region == region


@pytest.mark.parametrize(
    ("entry", "prefix"),
    [
        (product("EUC1-NovaLite-input-tokens", "0.00006", model="Nova Lite"), "EUC1"),
        (product("XYZ9-NovaLite-input-tokens", "0.00006", model="Nova Lite"), "XYZ9"),
        (
            product("NovaLite-input-tokens", "0.00006", region="eu-central-1", model="Nova Lite"),
            "",
        ),
        (
            claude("InputTokenCount", "3", regions="EUC1-MP:USE1"),
            "EUC1",
        ),
        (
            claude("InputTokenCount", "3", regions="USE1-MP:EUC1"),
            "EUC1",
        ),
    ],
)
def test_a_prefix_of_another_region_or_of_none_is_listed(entry, prefix):
    why = refused(entry, regions=["us-east-1", "eu-central-1"])

    assert why.startswith(f"the prefix {prefix!r} is not known as that of ")


@pytest.mark.parametrize(
    "words",
    [
        {"model": "Nova Pro Latency Optimized"},
        {"model": "Nova Pro", "inferenceType": "Input tokens latency-optimized"},
        {"model": "Nova Pro", "feature": "Latency Optimized Inference"},
    ],
)
def test_a_price_for_low_latency_is_never_that_of_the_plain_model(words):
    entry = product("USE1-NovaPro-input-tokens", "0.001", **words)

    assert only(entry).key[0] == "amazon.nova-pro-v1:0"
    assert only(entry).key.variant == "optimized"


def test_a_long_context_that_an_attribute_states_is_that_models_own() -> None:
    priced = claude("InputTokenCount", "6", inferenceType="Input tokens Long Context")
    unclear = product(
        "USE1-NovaLite-input-tokens", "1", model="Nova Lite", inferenceType="Input Long Context"
    )

    assert only(priced).key.variant == "above_200k"
    assert refused(unclear) == "from which length on this model's context is long is not known"


@pytest.mark.parametrize(
    ("usagetype", "words"),
    [
        ("USE1-NovaLite-input-tokens", "Text input tokens"),
        ("USE1-NovaLite-cache-read-input-token-count", "Prompt cache read input tokens"),
        ("USE1-NovaLite-output-tokens", "Output tokens"),
    ],
)
def test_words_that_repeat_the_usage_type_change_nothing(usagetype, words):
    key = only(product(usagetype, "1", model="Nova Lite", inferenceType=words)).key

    assert (key.tier, key.variant, key.geo) == ("default", "none", "none")


def test_the_standard_in_a_pictures_quality_is_no_tier() -> None:
    entry = product(
        "USE1-NovaCanvas-T2I-1024-Standard", "0.02", "image", inferenceType="T2I 1024 Standard Flex"
    )

    assert only(entry).key.tier == "flex"


def test_a_global_price_that_only_an_attribute_states_is_no_regional_one() -> None:
    entry = product(
        "USE1-NovaLite-input-tokens",
        "1",
        model="Nova Lite",
        inferenceType="Input tokens cross-region global",
    )

    assert only(entry).key.geo == "global"


def test_a_geography_makes_rows_of_its_own_regions_alone() -> None:
    made = of(
        product("USE1-NovaLite-input-tokens", "0.00006", model="Nova Lite"),
        product("EUC1-NovaLite-input-tokens", "0.00008", model="Nova Lite", region="eu-central-1"),
        regions=["us-east-1", "eu-central-1"],
        geos=["us", "eu"],
    )

    assert [(price.key.region, price.key.geo) for price in made.prices] == [
        ("eu-central-1", "eu"),
        ("eu-central-1", "none"),
        ("us-east-1", "none"),
        ("us-east-1", "us"),
    ]


@pytest.mark.parametrize(("geo", "region"), [("eu", "us-east-1"), ("us", "us-gov-west-1")])
def test_a_geography_without_any_of_the_regions_is_refused(geo, region):
    with pytest.raises(ValueError, match=f"no profile of {geo} is called from {region}"):
        of(product("USE1-NovaLite-input-tokens", "1"), regions=[region], geos=[geo])


@pytest.mark.parametrize(
    ("stem", "model"),
    [
        ("Llama3-1-8B", "meta.llama3-1-8b-instruct-v1:0"),
        ("DeepSeek-R1", "deepseek.r1-v1:0"),
        ("mistral.mistral-large-3-675b-instruct", "mistral.mistral-large-3-675b-instruct"),
    ],
)
def test_a_usage_type_may_name_the_model_as_its_attributes_or_its_id_do(stem, model):
    names = {"Llama3-1-8B": "Llama 3.1 8B", "DeepSeek-R1": "R1"}
    entry = product(
        f"USE1-{stem}-input-tokens",
        "0.0001",
        model=names.get(stem, "Mistral Large 3"),
        provider="DeepSeek" if model.startswith("deepseek") else "Other",
    )

    assert only(entry).key.model == model


def test_a_regions_price_is_that_of_its_geographys_profile_where_the_operator_says_so() -> None:
    made = of(claude("InputTokenCount", "3.3"), geos=["us"])
    everywhere = of(claude("InputTokenCount_Global", "3"), geos=["us"])

    assert [price.key.geo for price in made.prices] == ["none", "us"]
    assert [price.key.geo for price in everywhere.prices] == ["global"]


def test_only_regions_that_are_named_make_rows_and_the_others_are_counted() -> None:
    made = of(
        product("USE1-NovaLite-input-tokens", "0.00006", model="Nova Lite"),
        product("EUC1-NovaLite-input-tokens", "0.00008", model="Nova Lite", region="eu-central-1"),
        regions=["eu-central-1"],
    )

    assert [price.key.region for price in made.prices] == ["eu-central-1"]
    assert made.elsewhere == 1


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (product("USE1-NovaLite-input-tokens-batch", "0.00003", model="Nova Lite"), "batch"),
        (claude("MillionBatchInputTokens", "1.5"), "batch"),
        (
            product(
                "USE1-NovaLite-input-tokens", "1", model="Nova Lite", feature="Batch Inference"
            ),
            "batch",
        ),
        (
            product(
                "USE1-NovaLite-input-tokens",
                "1",
                model="Nova Lite",
                inferenceType="Input tokens batch",
            ),
            "batch",
        ),
        (product("USE1-NovaLite-input-tokens-custom-model", "0.0003", model="Nova Lite"), "custom"),
        (product("USE1-NovaPro-Customization-Training", "0.002", model="Nova Pro"), "custom"),
        (
            product("USE1-openai.gpt-oss-120b-mantle-input-tokens-standard", "0.00015"),
            "bedrock-mantle",
        ),
        (claude("Reserved_1Month_InputTPM_Global", "100"), "reserved"),
    ],
)
def test_what_no_call_is_billed_by_is_left_out_and_not_a_worry(entry, why):
    (left_out,) = of(entry).not_mapped

    assert left_out.expected
    assert left_out.why.startswith(why)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (
            product("USE1-Nova3Lite-input-tokens", "0.00006", model="Nova 3 Lite"),
            "the id of the model 'Nova 3 Lite' is not known",
        ),
        (
            product("USE1-NovaLite-input-tokens", "0.00006", model="Nova 2.0 Lite"),
            "it names two models",
        ),
        (product("USE1-Mystery-input-tokens", "0.00006"), "no model is known as 'Mystery'"),
        (
            product("USE1-NovaLite-input-tokens-ultrafast", "0.00006", model="Nova Lite"),
            "what this usage type meters is not known",
        ),
        (
            product("USE1-NovaLite-ultrafast-input-tokens", "0.00006", model="Nova Lite"),
            "'NovaLite-ultrafast' is not known as a name of amazon.nova-lite-v1:0",
        ),
        (
            product(
                "USE1-NovaLite-input-tokens",
                "1",
                model="Nova Lite",
                inferenceType="Input tokens ultrafast",
            ),
            "what 'ultrafast' in 'Input tokens ultrafast' does to the price is not known",
        ),
        (
            product(
                "USE1-NovaLite-input-tokens", "1", model="Nova Lite", feature="Turbo Inference"
            ),
            "what 'turbo' in 'Turbo Inference' does to the price is not known",
        ),
        (
            product(
                "USE1-NovaLite-output-tokens", "1", model="Nova Lite", inferenceType="Input tokens"
            ),
            "what 'input' in 'Input tokens' does to the price is not known",
        ),
        (
            claude("CacheWriteInputTokenCount", "1", inferenceType="Cache write 1 hour"),
            "what '1' in 'Cache write 1 hour' does to the price is not known",
        ),
        (
            claude("cache_write_tokens_30m_standard", "6"),
            "what this usage type meters is not known",
        ),
        (
            product("USE1-NovaLite-nova-grounding", "0.03", "Requests", model="Nova Lite"),
            "what this usage type meters is not known",
        ),
        (
            product("USE1-NovaLite-T2I-1024-Standard", "0.04", "image", model="Nova Lite"),
            "what this usage type meters is not known of this model",
        ),
        (
            product("USE1-NovaLite-input-tokens", "0.00006", "tokens", model="Nova Lite"),
            "what 'tokens' means for input_tokens is not known",
        ),
        (
            product(
                "USE1-NovaLite-input-tokens-flex", "1", model="Nova Lite", service_tier="standard"
            ),
            "it states two tiers: default and flex",
        ),
        (
            product(
                "USE1-NovaLite-input-tokens",
                "1",
                model="Nova Lite",
                inferenceType="Input tokens priority",
                service_tier="flex",
            ),
            "it states two tiers: flex and priority",
        ),
        (
            product("USE1-NovaLite-input-tokens", "1", model="Nova Lite", service_tier="ultrafast"),
            "the tier 'ultrafast' is not known",
        ),
        (
            claude("InputTokenCount_LCtx", "3", servicename="Claude Sonnet 4.6"),
            "from which length on this model's context is long is not known",
        ),
        (
            product("NovaLite-input-tokens", "0.1", region="", model="Nova Lite"),
            "it names no region",
        ),
        (
            product("USE1-NovaLite-input-tokens", "0.0000000000001", model="Nova Lite"),
            "1E-13 has too many places for a list price",
        ),
    ],
)
def test_what_the_list_does_not_say_exactly_is_listed_and_never_guessed(entry, why):
    assert refused(entry) == why
    assert not of(entry).not_mapped[0].expected


@pytest.mark.parametrize(
    "place", [{"inferenceType": "Input tokens flex"}, {"service_tier": "Flex"}, {"feature": "Flex"}]
)
def test_a_tier_may_stand_in_any_of_its_places(place):
    entry = product("USE1-NovaLite-input-tokens", "0.00003", model="Nova Lite", **place)

    assert only(entry).key.tier == "flex"


def test_two_products_that_price_one_key_differently_are_both_listed() -> None:
    made = of(
        product("USE1-NovaCanvas-T2I-1024-Standard", "0.04", "image", sku="A"),
        product("USE1-NovaCanvas-I2I-1024-Standard", "0.05", "image", sku="B"),
    )

    assert made.prices == ()
    assert [each.sku for each in made.not_mapped] == ["A", "B"]
    assert made.not_mapped[0].why.startswith("2 prices for amazon.nova-canvas-v1:0 us-east-1")


def test_two_products_that_price_one_key_alike_are_one_row() -> None:
    made = of(
        product("USE1-NovaCanvas-T2I-1024-Standard", "0.04", "image", sku="B"),
        product("USE1-NovaCanvas-I2I-1024-Standard", "0.0400", "image", sku="A"),
    )

    assert [price.source[-1] for price in made.prices] == ["A"]


def test_a_price_by_volume_or_without_a_day_is_listed_by_its_sku() -> None:
    volume, undated, termless = (product("u", "1", sku=sku) for sku in ("V", "U", "T"))
    term = volume["terms"]["OnDemand"]["V.JRTCKXETXF"]
    term["priceDimensions"]["second"] = term["priceDimensions"]["V.JRTCKXETXF.6YS6EN2CT7"]
    del undated["terms"]["OnDemand"]["U.JRTCKXETXF"]["effectiveDate"]
    termless["terms"] = {"Reserved": {}}

    made = of(volume, undated, termless)

    assert [each.sku for each in made.not_mapped] == ["V", "U", "T"]


@pytest.mark.parametrize("usd", ["NaN", "sNaN", "Infinity", "-1", "1E+999999", "", "one", None])
def test_a_price_that_is_no_number_is_listed(usd):
    assert refused(product("USE1-NovaLite-input-tokens", usd, model="Nova Lite"))


@pytest.mark.parametrize("content", [b"", b"{}", b"[[]]", b'["{"]', b'{"products":[]}', b"\xff"])
def test_what_is_no_price_list_is_refused(content):
    with pytest.raises(ValueError, match="this is no price list of AWS"):
        imported(content, ["us-east-1"])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@given(st.lists(json_values, max_size=3))
def test_odd_entries_are_listed_one_by_one(entries):
    assert len(of(*entries).not_mapped) == len(entries)


NATIVE = {"input_tokens": "input-tokens", "output_tokens": "output-tokens"}
MARKET = {
    "input_tokens": "InputTokenCount",
    "output_tokens": "OutputTokenCount",
    "cache_read_tokens": "CacheReadInputTokenCount",
    "cache_write_tokens": "CacheWriteInputTokenCount",
    "cache_write_1h_tokens": "CacheWrite1hInputTokenCount",
}
amounts = st.integers(1, 10**12).map(lambda pico: Decimal(pico).scaleb(-12))


@given(
    st.sampled_from(sorted(NATIVE)),
    st.sampled_from(["none", "global"]),
    st.sampled_from(["default", "flex", "priority"]),
    amounts,
)
def test_a_row_that_aws_lists_by_the_thousand_is_given_back(unit, geo, tier, amount):
    suffixes = {"default": "", "none": "", "global": "-cross-region-global"}
    usagetype = f"USE1-NovaLite-{NATIVE[unit]}{suffixes.get(tier, f'-{tier}')}{suffixes[geo]}"

    price = only(product(usagetype, f"{amount * 1000:f}", model="Nova Lite"))

    assert price.key == PriceKey(NOVA, "us-east-1", geo, "on_demand", tier, "none", unit)
    assert price.usd_per_unit == amount


@given(
    st.sampled_from(sorted(MARKET)),
    st.sampled_from(["none", "global"]),
    st.sampled_from(["none", "above_200k"]),
    amounts,
)
def test_a_row_that_aws_lists_by_the_million_is_given_back(unit, geo, variant, amount):
    suffixes = {"none": "", "global": "_Global", "above_200k": "_LCtx"}
    meter = f"{MARKET[unit]}{suffixes[variant]}{suffixes[geo]}"

    price = only(claude(meter, f"{amount * 1_000_000:f}"))

    assert price.key == PriceKey(SONNET, "us-east-1", geo, "on_demand", "default", variant, unit)
    assert price.usd_per_unit == amount


def test_names_are_matched_whole() -> None:
    assert MODELS["Nova Lite"] != MODELS["Nova 2.0 Lite"]
    assert refused(product("USE1-Nova-input-tokens", "1", model="Nova")).endswith("is not known")
    assert refused(product("USE1-Nova-input-tokens", "1", model="Llama 3")).endswith("is not known")


def test_every_name_stands_for_a_bedrock_id_without_a_geography() -> None:
    ids = {model for models in (*MODELS.values(), *IN_USAGETYPES.values()) for model in models}

    assert {model for model in ids if model.split(".")[0] in ("us", "eu", "global")} == set()
    assert all("." in model for model in ids)
