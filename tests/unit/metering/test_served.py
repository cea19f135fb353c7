import pytest
from exchanges import metered, token_headers

from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import Usage

TIER = "x-amzn-bedrock-service-tier"
LATENCY = "x-amzn-bedrock-performanceconfig-latency"
NOVA = "amazon.nova-pro-v1:0"
SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def served(model_id: str = NOVA, input_tokens: int = 5, **headers: str) -> Metered:
    names = {"tier": TIER, "latency": LATENCY}
    extra = {names[name]: value for name, value in headers.items()}
    return metered(model_id, headers={**token_headers(input_tokens, 1), **extra})


def test_an_answer_that_says_nothing_was_served_by_default():
    assert (served().tier, served().variant) == ("default", "none")


@pytest.mark.parametrize("tier", ["flex", "priority", "default", "reserved", "ultrafast"])
def test_the_tier_is_the_one_served(tier):
    assert served(tier=tier).tier == tier


def test_a_tier_that_nobody_knows_is_never_priced_as_default():
    assert served(tier="brand_new").tier == "brand_new"
    assert served(tier="Default").tier == "unknown"
    assert served(tier="default\n").tier == "unknown"
    assert served(tier='"=cmd()').tier == "unknown"
    assert served(tier="").tier == "unknown"
    assert served(tier="_flex").tier == "unknown"  # the report would take its record for forged


def test_an_optimized_latency_has_its_own_price():
    assert served(latency="optimized").variant == "optimized"
    assert served(latency="standard").variant == "none"
    assert served(latency="Odd!").variant == "unknown"


@pytest.mark.parametrize(
    ("model_id", "threshold", "variant"),
    [
        ("anthropic.claude-haiku-5-5", 100_000, "above_100k"),
        ("apac.anthropic.claude-sonnet-4-20250514-v1:0", 200_000, "above_200k"),
        (SONNET, 200_000, "above_200k"),
        ("us.openai.gpt-5.4", 272_000, "above_272k"),
        ("global.openai.gpt-6-luna", 272_000, "above_272k"),
        ("openai.gpt-6.1-sol", 272_000, "above_272k"),
    ],
)
def test_a_long_prompt_changes_the_price_of_the_whole_call(model_id, threshold, variant):
    assert served(model_id, threshold).variant == "none"
    assert served(model_id, threshold + 1).variant == variant


@pytest.mark.parametrize(
    "model_id", [NOVA, "anthropic.claude-sonnet-4-6", "openai.gpt-oss-120b-1:0"]
)
def test_models_without_a_long_context_price_have_one_price(model_id):
    assert served(model_id, 900_000).variant == "none"


def test_cached_tokens_are_part_of_a_prompts_length():
    body = {
        "usage": {
            "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 99_999}
        }
    }
    reading = metered(SONNET, body, headers=token_headers(1, 50, 100_000, 100_000))
    assert reading.usage == Usage(1, 50, 100_000, 1, 99_999)
    assert reading.variant == "above_200k"


def test_output_is_no_part_of_a_prompts_length():
    assert metered(SONNET, headers=token_headers(5, 300_000)).variant == "none"


def test_several_variants_are_joined_in_the_order_of_the_tables():
    assert served(SONNET, 200_001, latency="optimized").variant == "above_200k+optimized"


def test_a_picture_class_comes_first():
    reading = metered(
        "amazon.nova-canvas-v1:0",
        {"images": ["AAAA"]},
        headers={LATENCY: "optimized", TIER: "flex"},
        request={"taskType": "TEXT_IMAGE"},
    )
    assert (reading.tier, reading.variant) == ("flex", "le1024/standard+optimized")
