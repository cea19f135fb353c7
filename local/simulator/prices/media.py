"""Prices of pictures, video, sound, queries and guardrails, in US dollars each.

Source: AWS, "Amazon Bedrock pricing", on demand, US East (N. Virginia) and US West (Oregon); a
region in which a model is not offered has its price here all the same, but for VIDEO_REGIONS. Video
and sound are listed by the second. No price that can be trusted is public for pictures given to
Cohere Embed, nor for document pictures given to Nova's embeddings: such calls have no bill.
"""

from collections.abc import Mapping

PICTURES: Mapping[tuple[str, str], str] = {
    ("amazon.titan-image-generator-v1", "le512/standard"): "0.008",
    ("amazon.titan-image-generator-v1", "le512/premium"): "0.01",
    ("amazon.titan-image-generator-v1", "gt512/standard"): "0.01",
    ("amazon.titan-image-generator-v1", "gt512/premium"): "0.012",
    ("amazon.titan-image-generator-v2:0", "le512/standard"): "0.008",
    ("amazon.titan-image-generator-v2:0", "le512/premium"): "0.01",
    ("amazon.titan-image-generator-v2:0", "gt512/standard"): "0.01",
    ("amazon.titan-image-generator-v2:0", "gt512/premium"): "0.012",
    ("amazon.nova-canvas-v1:0", "le1024/standard"): "0.04",
    ("amazon.nova-canvas-v1:0", "le1024/premium"): "0.06",
    ("amazon.nova-canvas-v1:0", "le2048/standard"): "0.06",
    ("amazon.nova-canvas-v1:0", "le2048/premium"): "0.08",
    ("stability.sd3-5-large-v1:0", "each"): "0.08",
    ("stability.stable-image-core-v1:1", "each"): "0.04",
    ("stability.stable-image-ultra-v1:1", "each"): "0.14",
    ("stability.stable-diffusion-xl-v1", "steps_le50"): "0.04",
    ("stability.stable-diffusion-xl-v1", "steps_gt50"): "0.08",
    ("stability.stable-conservative-upscale-v1:0", "each"): "0.4",
    ("stability.stable-creative-upscale-v1:0", "each"): "0.6",
    ("stability.stable-fast-upscale-v1:0", "each"): "0.03",
    ("stability.stable-image-control-sketch-v1:0", "each"): "0.07",
    ("stability.stable-image-control-structure-v1:0", "each"): "0.07",
    ("stability.stable-image-erase-object-v1:0", "each"): "0.07",
    ("stability.stable-image-inpaint-v1:0", "each"): "0.07",
    ("stability.stable-image-remove-background-v1:0", "each"): "0.07",
    ("stability.stable-image-search-recolor-v1:0", "each"): "0.07",
    ("stability.stable-image-search-replace-v1:0", "each"): "0.07",
    ("stability.stable-image-style-guide-v1:0", "each"): "0.07",
    ("stability.stable-outpaint-v1:0", "each"): "0.06",
    ("stability.stable-style-transfer-v1:0", "each"): "0.08",
}
"""A picture made, by base model and class; a profile costs the same."""

VIDEO_SECONDS: Mapping[tuple[str, str], str] = {
    ("amazon.nova-reel-v1:0", "720p"): "0.08",
    ("amazon.nova-reel-v1:1", "720p"): "0.08",
    ("luma.ray-v2:0", "540p"): "0.75",
    ("luma.ray-v2:0", "720p"): "1.5",
}
"""A second of video made, by base model and size."""

VIDEO_REGIONS: Mapping[str, tuple[str, ...]] = {"luma.ray-v2:0": ("us-west-2",)}
"""The only regions in which a model that makes videos has a price."""

INPUT_PICTURES: Mapping[tuple[str, str], str] = {
    ("amazon.titan-embed-image-v1", ""): "0.00006",
    ("amazon.nova-2-multimodal-embeddings-v1:0", "standard_image"): "0.00006",
    ("twelvelabs.marengo-embed-2-7-v1:0", ""): "0.0001",
    ("twelvelabs.marengo-embed-3-0-v1:0", ""): "0.0001",
}
"""A picture read, by base model and class."""

INPUT_VIDEO_SECONDS: Mapping[str, str] = {
    "amazon.nova-2-multimodal-embeddings-v1:0": "0.0007",
    "twelvelabs.marengo-embed-2-7-v1:0": "0.0007",
    "twelvelabs.marengo-embed-3-0-v1:0": "0.0007",
    "twelvelabs.pegasus-1-2-v1:0": "0.00049",
}
INPUT_AUDIO_SECONDS: Mapping[str, str] = {
    "amazon.nova-2-multimodal-embeddings-v1:0": "0.00014",
    "twelvelabs.marengo-embed-2-7-v1:0": "0.00014",
    "twelvelabs.marengo-embed-3-0-v1:0": "0.00014",
}
QUERIES: Mapping[str, str] = {
    "amazon.rerank-v1:0": "0.001",
    "cohere.rerank-v3-5:0": "0.002",
    "twelvelabs.marengo-embed-2-7-v1:0": "0.00007",
    "twelvelabs.marengo-embed-3-0-v1:0": "0.00007",
}
"""A query that is ranked, or a text that Marengo embeds."""

GUARDRAIL_UNITS: Mapping[str, str] = {
    "guardrail_topic_units": "0.00015",
    "guardrail_content_units": "0.00015",
    "guardrail_content_image_units": "0.00075",
    "guardrail_pii_units": "0.0001",
    "guardrail_grounding_units": "0.0001",
    "guardrail_reasoning_units": "0.00017",
}
