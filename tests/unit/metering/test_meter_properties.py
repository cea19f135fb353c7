"""For any bytes and any headers: no exception, no negative count, none beyond what can be."""

import json

import pytest
from exchanges import conversed, endpoint, model
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.metering.exchange import Exchange
from chalicelib.metering.guardrails import FREE, UNITS
from chalicelib.metering.meter import meter
from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import MAX_COUNT, NO_USAGE, Usage
from chalicelib.settings import CONTAINERS

MODELS = [
    model(model_id)
    for model_id in (
        "amazon.nova-lite-v1:0",
        "amazon.nova-canvas-v1:0",
        "amazon.titan-embed-image-v1",
        "amazon.titan-embed-text-v2:0",
        "amazon.titan-image-generator-v1",
        "amazon.titan-text-express-v1",
        "anthropic.claude-haiku-5-5",
        "anthropic.claude-v2:1",
        "amazon.nova-2-multimodal-embeddings-v1:0",
        "amazon.nova-reel-v1:1",
        "amazon.rerank-v1:0",
        "cohere.embed-v4:0",
        "deepseek.v3-v1:0",
        "meta.llama3-8b-instruct-v1:0",
        "openai.gpt-6-luna",
        "stability.sd3-large-v1:0",
        "stability.stable-diffusion-xl-v1",
        "twelvelabs.marengo-embed-3-0-v1:0",
        "twelvelabs.pegasus-1-2-v1:0",
        "newcomer.model-v1:0",
    )
] + [endpoint(container) for container in CONTAINERS]

WORDS = st.sampled_from(
    [
        "usage",
        "inputTokens",
        "outputTokens",
        "cacheReadInputTokenCount",
        "cacheWriteInputTokenCount",
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "cache_creation",
        "ephemeral_5m_input_tokens",
        "ephemeral_1h_input_tokens",
        "prompt_tokens",
        "completion_tokens",
        "prompt_tokens_details",
        "cached_tokens",
        "inputTextTokenCount",
        "results",
        "tokenCount",
        "prompt_token_count",
        "generation_token_count",
        "images",
        "error",
        "artifacts",
        "finishReason",
        "base64",
        "SUCCESS",
        "finish_reasons",
        "details",
        "generated_tokens",
        "prefill",
        "object",
        "list",
        "imageGenerationConfig",
        "width",
        "height",
        "quality",
        "steps",
        "taskType",
        "TEXT_IMAGE",
        "premium",
        "inputImage",
        "inputs",
        "content",
        "image_url",
        "type",
        "cacheDetails",
        "ttl",
        "1h",
        "trace",
        "guardrail",
        "inputAssessment",
        "outputAssessments",
        "invocationMetrics",
        "topicPolicyUnits",
        "amazon-bedrock-trace",
        "amazon-bedrock-guardrailAction",
        "INTERVENED",
        "serviceTier",
        "documents",
        "inputType",
        "text",
        "video",
        "mediaSource",
        "base64String",
        "singleEmbeddingParams",
        "source",
        "bytes",
        "nova_grounding",
        "output",
        "message",
    ]
)
NUMBERS = st.integers(-10, 10**10) | st.floats() | st.integers(0, 5).map(str)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=20,
)
BODIES = JSON.map(lambda body: json.dumps(body).encode()) | st.binary(max_size=30)
COUNT_HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "x-amzn-bedrock-input-token-count",
            "x-amzn-bedrock-output-token-count",
            "x-amzn-bedrock-cache-read-input-token-count",
            "x-amzn-bedrock-cache-write-input-token-count",
            "x-amzn-bedrock-service-tier",
            "x-amzn-bedrock-performanceconfig-latency",
        ]
    ),
    NUMBERS.map(str) | st.text(max_size=8) | st.just("flex"),
)


@pytest.mark.parametrize("tried", MODELS, ids=lambda tried: tried.family)
@given(
    st.builds(
        Exchange,
        request=BODIES,
        headers=COUNT_HEADERS,
        response=BODIES,
        complete=st.booleans(),
        operation=st.sampled_from(["InvokeModel", "Converse", "ApplyGuardrail", "CountTokens"]),
        guardrail=st.booleans(),
    ),
    st.integers(0, 900_000),
)
def test_whatever_comes_back_no_count_is_wrong_by_its_form(tried, made, busy_ms):
    reading = meter(tried, made, busy_ms)
    assert all(0 <= count <= MAX_COUNT for count in reading.usage.as_dict().values())
    assert all(type(count) is int for count in reading.usage.as_dict().values())
    assert reading.usage_source in ("header", "body", "derived", "clock", "none")
    assert reading.usage_source != "none" or reading.problem
    assert reading.tier
    assert reading.variant


UNIT_NAMES = [*UNITS, *FREE]
UNIT_COUNTS = st.fixed_dictionaries({name: st.integers(0, 10**6) for name in UNIT_NAMES})


@given(st.lists(UNIT_COUNTS, min_size=1, max_size=4), st.lists(UNIT_COUNTS, max_size=4))
def test_a_guardrails_units_are_the_sum_of_its_assessments(way_in, way_out):
    def assessed(usage):
        return {"invocationMetrics": {"usage": usage}}

    trace = {
        "inputAssessment": {str(place): assessed(usage) for place, usage in enumerate(way_in)},
        "outputAssessments": {"a": [assessed(usage) for usage in way_out]},
    }
    body = {"usage": {"inputTokens": 1, "outputTokens": 2}, "trace": {"guardrail": trace}}
    counted = conversed("amazon.nova-lite-v1:0", body).usage.as_dict()
    for name, counter in UNITS.items():
        assert counted[counter] == sum(usage[name] for usage in way_in + way_out)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_cache_writes_of_both_kinds_are_what_was_written(read, short, long, output):
    usage = {
        "inputTokens": 5,
        "outputTokens": output,
        "cacheReadInputTokens": read,
        "cacheWriteInputTokens": short + long,
        "cacheDetails": [{"ttl": "5m", "inputTokens": short}, {"ttl": "1h", "inputTokens": long}],
        "totalTokens": 5 + read + short + long + output,
    }
    counted = conversed("anthropic.claude-opus-4-6-v1", {"usage": usage}).usage
    assert counted == Usage(5, output, read, short, long)


def test_a_reading_cannot_be_changed():
    with pytest.raises(AttributeError):
        Metered(NO_USAGE, "none").tier = "flex"
