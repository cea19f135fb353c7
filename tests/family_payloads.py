"""A small valid request for every model that the simulator lists, by operation."""

import base64
from collections.abc import Mapping
from typing import Any

from local.simulator import media, pictures
from local.simulator.models import SERVED

Payload = Mapping[str, Any]

USER = {"role": "user", "content": "How deep is the river?"}
TALK = [{"role": "user", "content": [{"text": "How deep is the river?"}]}]
PICTURE = pictures.png(640, 320)
VIDEO = base64.b64encode(media.mp4(12_500)).decode()
SOUND = base64.b64encode(media.wav(2_250)).decode()

_CHAT = {"messages": [USER], "max_tokens": 40}
_PROMPT = {"prompt": "How deep is the river?", "max_tokens": 40}
_EDIT = {"image": PICTURE, "prompt": "a river"}
_EMBED = {"texts": ["one", "two"], "input_type": "search_document"}
_RANK = {"query": "deep rivers", "documents": ["the Rhine", "the Elbe", "a pump"]}

INVOKE: Mapping[str, Payload] = {
    "": _CHAT,
    "amazon.nova-": {"messages": TALK, "inferenceConfig": {"maxTokens": 40}},
    "amazon.nova-2-multimodal-embeddings": {
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": {
            "embeddingPurpose": "GENERIC_INDEX",
            "embeddingDimension": 256,
            "text": {"truncationMode": "END", "value": "How deep is the river?"},
        },
    },
    "amazon.nova-canvas": {"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "a river"}},
    "amazon.rerank": _RANK,
    "amazon.titan-embed": {"inputText": "How deep is the river?"},
    "amazon.titan-image": {"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "a river"}},
    "amazon.titan-text": {"inputText": "Hello", "textGenerationConfig": {"maxTokenCount": 40}},
    "anthropic.": {"anthropic_version": "bedrock-2023-05-31", **_CHAT},
    "cohere.command-": _PROMPT,
    "cohere.command-r": {"message": "How deep is the river?", "max_tokens": 40},
    "cohere.embed": _EMBED,
    "cohere.rerank": {**_RANK, "api_version": 2},
    "deepseek.r1": _PROMPT,
    "meta.": {"prompt": "How deep is the river?", "max_gen_len": 40},
    "mistral.mistral-7b": _PROMPT,
    "mistral.mistral-large-2402": _PROMPT,
    "mistral.mixtral": _PROMPT,
    "stability.": _EDIT,
    "stability.stable-diffusion-xl": {"text_prompts": [{"text": "a river"}]},
    "stability.stable-image-search-recolor": {**_EDIT, "select_prompt": "the bank"},
    "stability.stable-image-search-replace": {**_EDIT, "search_prompt": "the bank"},
    "stability.stable-outpaint": {"image": PICTURE, "left": 64, "down": 32},
    "stability.stable-style-transfer": {"init_image": PICTURE, "style_image": PICTURE},
    "twelvelabs.marengo-embed-2": {"inputType": "text", "inputText": "a river"},
    "twelvelabs.marengo-embed-3": {"inputType": "text", "text": {"inputText": "a river"}},
    "twelvelabs.pegasus": {
        "inputPrompt": "What happens?",
        "mediaSource": {"base64String": VIDEO},
        "maxOutputTokens": 40,
    },
}
"""Bodies of InvokeModel, by the beginning of the model's id; the longest decides."""

JOBS: Mapping[str, Payload] = {
    "amazon.nova-2-multimodal-embeddings": {
        "taskType": "SEGMENTED_EMBEDDING",
        "segmentedEmbeddingParams": {
            "embeddingPurpose": "GENERIC_INDEX",
            "embeddingDimension": 256,
            "video": {"format": "mp4", "source": {"bytes": VIDEO}},
        },
    },
    "amazon.nova-reel": {
        "taskType": "TEXT_VIDEO",
        "textToVideoParams": {"text": "a river"},
        "videoGenerationConfig": {"durationSeconds": 6, "fps": 24, "dimension": "1280x720"},
    },
    "luma.ray": {"prompt": "a river", "duration": "9s", "resolution": "540p"},
    "twelvelabs.marengo-embed-2": {"inputType": "video", "mediaSource": {"base64String": VIDEO}},
    "twelvelabs.marengo-embed-3": {
        "inputType": "audio",
        "audio": {"mediaSource": {"base64String": SOUND}},
    },
}
"""Inputs of StartAsyncInvoke."""


def payload(payloads: Mapping[str, Payload], model_id: str) -> Payload:
    return payloads[max((p for p in payloads if model_id.startswith(p)), key=len)]


def served(operation: str) -> list[str]:
    """Return the models that the simulator lists for an operation."""
    return [model_id for model_id, operations in SERVED.items() if operation in operations]
