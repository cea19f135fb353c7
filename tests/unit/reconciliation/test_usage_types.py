"""Usage types as AWS's bills have them, word by word."""

import pytest

from chalicelib.pricing.billed_names import MODELS
from chalicelib.reconciliation.billed import Key, base_model, of_bill, plain
from chalicelib.reconciliation.usage_types import Checked, Hours, Used, read

GUIDE = "Bedrock user guide, Understanding your Amazon Bedrock Cost and Usage Report data"
BLOG = "AWS Machine Learning blog, Bedrock cost attribution with Amazon Athena and CUDOS, 2026-08"
LIST = "AWS price list, AmazonBedrock, us-east-1, 2026-07 (aws-samples' parser of it)"
MARKET = "AWS price list, AmazonBedrockFoundationModels, us-east-1"
BILL = "github.com/awssteph/reinvent25-cop401, BedrockCostAllocation.sql, a query of a CUR 2.0"
COST_EXPLORER = "github.com/huizi-2003/sample-cost-guard-for-amazon-bedrock, from Cost Explorer"
SONNET = "anthropic.claude-sonnet-4-6"
OPUS = "anthropic.claude-opus-4-6-v1"
OPUS_48 = "anthropic.claude-opus-4-8"
NOVA = "amazon.nova-lite-v1:0"
NOVA_2 = "amazon.nova-2-lite-v1:0"
KNOWN = {plain(each): each for each in ("openai.gpt-oss-120b-1:0", "moonshotai.kimi-k2.5")}
KNOWN |= {"gptoss120b": "openai.gpt-oss-120b-1:0"}

BILLED = [
    ("USE1-NovaLite-input-tokens", NOVA, "input_tokens", (), BLOG),
    ("USE1-NovaLite-output-tokens", NOVA, "output_tokens", (), BLOG),
    ("USW2-Claude4.6Sonnet-input-tokens", SONNET, "input_tokens", (), BLOG),
    ("USW2-Claude4.6Sonnet-cache-write-input-token-count", SONNET, "cache_write_tokens", (), BLOG),
    ("USW2-Claude4.6Sonnet-cache-read-input-token-count", SONNET, "cache_read_tokens", (), BLOG),
    (
        *("USW2-anthropic.claude-opus-4-8-mantle-cache-write-tokens-standard", OPUS_48),
        *("cache_write_tokens", (), BLOG),
    ),
    (
        *("USW2-anthropic.claude-opus-4-8-mantle-cache-write-tokens-global-standard", OPUS_48),
        *("cache_write_tokens", ("global",), COST_EXPLORER),
    ),
    (
        *("USE1-Claude4.6Opus-input-tokens-cross-region-global", OPUS),
        *("input_tokens", ("global",), COST_EXPLORER),
    ),
    (
        *("USE1-Claude4.6Opus-cache-read-input-token-count-cross-region-global", OPUS),
        *("cache_read_tokens", ("global",), COST_EXPLORER),
    ),
    (
        *("USE1-Claude4Sonnet-cache-write-input-token-count-1-hour",),
        *("anthropic.claude-sonnet-4-20250514-v1:0", "cache_write_1h_tokens", (), LIST),
    ),
    (
        *("USE1-Claude4Sonnet-output-tokens-long-context-cross-region-global",),
        *("anthropic.claude-sonnet-4-20250514-v1:0", "output_tokens"),
        *(("global", "long_context"), LIST),
    ),
    ("USE1-Nova2.0Lite-input-tokens-flex", NOVA_2, "input_tokens", ("flex",), GUIDE),
    ("USE1-Nova2.0Lite-input-tokens-batch", NOVA_2, "input_tokens", ("batch",), LIST),
    (
        *("USE1-NovaPro-input-tokens-latency-optimized", "amazon.nova-pro-v1:0"),
        *("input_tokens", ("optimized",), LIST),
    ),
    (
        *("USE1-openai.gpt-oss-120b-mantle-input-tokens-priority", "openai.gpt-oss-120b-1:0"),
        *("input_tokens", ("priority",), GUIDE),
    ),
    (
        "USE1-KimiK2.5-mantle-input-tokens-standard",
        "moonshotai.kimi-k2.5",
        "input_tokens",
        (),
        LIST,
    ),
]
"""A usage type, what it is of, and where it was seen."""

MARKETPLACE = [
    ("USW2-MP:USW2_InputTokenCount-Units", "input_tokens", (), BILL),
    ("USE1-MP:USE1_OutputTokenCount_Global-Units", "output_tokens", ("global",), MARKET),
    ("USE1-MP:USE1_CacheReadInputTokenCount-Units", "cache_read_tokens", (), MARKET),
    ("USE1-MP:USE1_CacheWriteInputTokenCount-Units", "cache_write_tokens", (), MARKET),
    ("USE1-MP:USE1_CacheWrite1hInputTokenCount-Units", "cache_write_1h_tokens", (), MARKET),
    (
        *("USE1-MP:USE1_CacheWrite1hInputTokenCount_Global-Units", "cache_write_1h_tokens"),
        *(("global",), MARKET),
    ),
    (
        *("USE1-MP:USE1_InputTokenCount_Global_Batch-Units", "input_tokens"),
        *(("batch", "global"), MARKET),
    ),
    ("USE1-MP:USE1_input_tokens_standard-Units", "input_tokens", (), MARKET),
    (
        *("USE1-MP:USE1_cache_write_tokens_1h_long_ctx_standard-Units", "cache_write_1h_tokens"),
        *(("long_context",), MARKET),
    ),
    (
        *("USE1-MP:USE1_input_tokens_long_ctx_global_standard-Units", "input_tokens"),
        *(("global", "long_context"), MARKET),
    ),
]


@pytest.mark.parametrize(("usage_type", "model", "unit", "terms", "source"), BILLED)
def test_a_usage_type_is_a_model_a_unit_and_what_changes_its_price(
    usage_type: str, model: str, unit: str, terms: tuple[str, ...], source: str
) -> None:
    line = read(usage_type)
    assert isinstance(line, Used), source
    assert of_bill(line.model, line.words, KNOWN) == Key(model, unit, frozenset(terms)), source


@pytest.mark.parametrize(("usage_type", "unit", "terms", "source"), MARKETPLACE)
def test_on_the_marketplaces_bill_the_service_is_the_model(
    usage_type: str, unit: str, terms: tuple[str, ...], source: str
) -> None:
    line = read(usage_type)
    assert isinstance(line, Used), source
    service = "Claude 4.6 Sonnet (Amazon Bedrock Edition)"
    assert of_bill(line.model or service, line.words, {}) == Key(SONNET, unit, frozenset(terms))


@pytest.mark.parametrize(
    ("usage_type", "line"),
    [
        ("USE1-Host:ml.g5.xlarge", Hours("ml.g5.xlarge", "instance_hour", "none")),
        ("USE2-Host:ml.p5en.48xlarge", Hours("ml.p5en.48xlarge", "instance_hour", "none")),
        (
            "USE1-Nova2.0Lite-ProvisionedThroughput-NoCommit-ModelUnits",
            Hours("Nova2.0Lite", "model_unit_hour", "no_commit"),
        ),
        (
            "USE1-Nova2.0Lite-ProvisionedThroughput-1month-ModelUnits",
            Hours("Nova2.0Lite", "model_unit_hour", "1mo"),
        ),
        (
            "USW2-Llama3-1-70B-ProvisionedThroughput-NoCommit-ModelUnits",
            Hours("Llama3-1-70B", "model_unit_hour", "no_commit"),
        ),
        (
            "USE1-MP:USE1_ProvisionedThroughput_NoCommit_ModelUnits_Usage-Units",
            Hours("", "model_unit_hour", "no_commit"),
        ),
        ("USE1-Guardrail-ContentPolicyUnitsConsumed", Checked("guardrail_content_units")),
        ("USE1-Guardrail-TopicPolicyUnitsConsumed", Checked("guardrail_topic_units")),
        (
            "USE1-Guardrail-SensitiveInformationPolicyPaidUnitsConsumed",
            Checked("guardrail_pii_units"),
        ),
        (
            "USE1-Guardrail-AutomatedReasoningPolicyUnitsConsumed",
            Checked("guardrail_reasoning_units"),
        ),
    ],
)
def test_capacity_and_guardrails_have_lines_of_their_own(usage_type: str, line: Hours) -> None:
    assert read(usage_type) == line


@pytest.mark.parametrize(
    "usage_type",
    [
        "USE1-Guardrail-WordPolicyUnitsConsumed",
        "USE1-Guardrail-SensitiveInformationPolicyFreeUnitsConsumed",
        "USE1-Train:ml.p3.2xlarge",
        "USE1-BoxUsage:m5.large",
        "TimedStorage-ByteHrs",
        "USE1-Nova2.0Lite-Customization-Storage",
        "USE1-Nova2.0Lite-ProvisionedThroughput-Someday-ModelUnits",
    ],
)
def test_what_is_free_or_something_else_is_no_line_of_ours(usage_type: str) -> None:
    assert read(usage_type) is None


@pytest.mark.parametrize(
    "usage_type",
    [
        "USE1-moonshotai.kimi-k3-mantle-cache-write-tokens-30m-standard",
        "USE1-NovaPro-cache-write-input-token-count-custom-model",
        "USE1-Nova2.0Omni-input-audio-token-count",
    ],
)
def test_a_word_that_may_be_another_price_is_not_known(usage_type: str) -> None:
    line = read(usage_type)
    assert isinstance(line, Used)
    assert of_bill(line.model, line.words, {"kimik3": "k", "nova20omni": "o"}) is None


def test_names_that_are_one_when_they_are_written_together_are_told_apart_or_unknown() -> None:
    for name, model in (("Cohere Command R", "r"), ("Cohere Command R+", "r-plus")):
        assert base_model(name, {}) == f"cohere.command-{model}-v1:0"
    assert base_model("CohereCommandR", {}) is None


def test_every_listed_name_is_its_own_model() -> None:
    assert all(base_model(name, {}) == models[0] for name, models in MODELS.items())
