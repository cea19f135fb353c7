"""What the provider's invoice calls models and units. Written by hand, as the prices are.

Source of the names: AWS price lists, attributes `model`, `servicename` and `inferenceType`. A model
whose name is not here is billed under its id.
"""

from collections.abc import Mapping

MODELS: Mapping[str, str] = {
    "amazon.nova-micro-v1:0": "Nova Micro",
    "amazon.nova-lite-v1:0": "Nova Lite",
    "amazon.nova-pro-v1:0": "Nova Pro",
    "amazon.nova-2-lite-v1:0": "Nova 2.0 Lite",
    "amazon.nova-canvas-v1:0": "Nova Canvas",
    "anthropic.claude-3-haiku-20240307-v1:0": "Claude 3 Haiku",
    "anthropic.claude-3-5-haiku-20241022-v1:0": "Claude 3.5 Haiku",
    "anthropic.claude-3-5-sonnet-20241022-v2:0": "Claude 3.5 Sonnet v2",
    "anthropic.claude-3-7-sonnet-20250219-v1:0": "Claude 3.7 Sonnet",
    "anthropic.claude-sonnet-4-20250514-v1:0": "Claude Sonnet 4",
    "anthropic.claude-sonnet-4-5-20250929-v1:0": "Claude Sonnet 4.5",
    "anthropic.claude-sonnet-4-6": "Claude Sonnet 4.6",
    "anthropic.claude-haiku-4-5-20251001-v1:0": "Claude Haiku 4.5",
    "anthropic.claude-opus-4-5-20251101-v1:0": "Claude Opus 4.5",
    "anthropic.claude-opus-4-6-v1": "Claude Opus 4.6",
    "meta.llama3-3-70b-instruct-v1:0": "Llama 3.3 70B",
    "deepseek.r1-v1:0": "R1",
}
"""By base id."""

MARKETPLACE = ("anthropic.", "cohere.", "ai21.", "stability.", "writer.", "twelvelabs.")
"""Whose models AWS Marketplace bills: a unit is a million tokens, elsewhere a thousand."""

INFERENCE_TYPES: Mapping[str, str] = {
    "input_tokens": "Input tokens",
    "output_tokens": "Output tokens",
    "cache_read_tokens": "Prompt cache read input tokens",
    "cache_write_tokens": "Prompt cache write input tokens",
    "cache_write_1h_tokens": "Prompt cache write input tokens 1 hour",
    "images": "Created image",
    "input_images": "Input images",
    "video_ms": "Created video seconds",
    "input_video_ms": "Input video seconds",
    "input_audio_ms": "Input audio seconds",
    "queries": "Search units",
}

TOKEN_WORDS: Mapping[str, str] = {
    "cache_read_tokens": "cache-read-input-token-count",
    "cache_write_tokens": "cache-write-input-token-count",
    "cache_write_1h_tokens": "cache-write-input-token-count-1-hour",
}
"""As usage types say them, where they are not the words of the attribute."""

GUARDRAIL_POLICIES: Mapping[str, str] = {
    "guardrail_topic_units": "TopicPolicy",
    "guardrail_content_units": "ContentPolicy",
    "guardrail_content_image_units": "ContentPolicyImage",
    "guardrail_pii_units": "SensitiveInformationPolicyPaid",
    "guardrail_grounding_units": "ContextualGroundingPolicy",
    "guardrail_reasoning_units": "AutomatedReasoningPolicy",
}
"""As the usage types of guardrails say them: `USE1-Guardrail-TopicPolicyUnitsConsumed`."""

HOURS: Mapping[str, str] = {
    "ml.g5.xlarge": "1.408",
    "Nova2.0Lite-ProvisionedThroughput-NoCommit": "60.5",
}
"""US dollars an hour of one instance or model unit."""
