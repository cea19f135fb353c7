"""A row per family: an answer as AWS sends it, what it counts, and what nothing may make of it."""

import json
from typing import Any, NamedTuple

import pytest
from exchanges import metered, mp4, png, spoilt, token_headers

from chalicelib.metering.meter import METERS
from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import Usage


class Row(NamedTuple):
    """One call: where a family counts twice, both places hold the same."""

    model_id: str
    answer: Any
    reading: Metered
    headers: dict[str, str] = token_headers(21, 8)
    request: Any = None


HEADER = Metered(Usage(21, 8), "header")
MESSAGES = {"messages": [{"role": "user", "content": "Hello?"}], "max_tokens": 99}
CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1763887475,
    "model": "a-model",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello."},
            "finish_reason": "stop",
            "stop_reason": "stop",
        }
    ],
}
USAGE = {"prompt_tokens": 21, "completion_tokens": 8, "total_tokens": 29}
COUNTED_CHAT = {**CHAT, "usage": {**USAGE, "prompt_tokens_details": {"cached_tokens": 0}}}
PICTURE = png(1024, 1024)
PICTURES = Metered(
    Usage(images=1), "body", variant="le1024/standard", image_width=1024, image_height=1024
)
DERIVED = "derived"

ROWS = {
    "claude": Row(
        "us.anthropic.claude-sonnet-4-6",
        {
            "id": "msg_bdrk_01",
            "type": "message",
            "role": "assistant",
            "content": [{"type": "text", "text": "Hello."}],
            "usage": {
                "input_tokens": 21,
                "output_tokens": 8,
                "cache_read_input_tokens": 0,
                "cache_creation_input_tokens": 70,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 50,
                    "ephemeral_1h_input_tokens": 20,
                },
            },
        },
        Metered(Usage(21, 8, 0, 50, 20), "header"),
        headers=token_headers(21, 8, 0, 70),
    ),
    "claude_legacy": Row(
        "anthropic.claude-instant-v1",
        {"type": "completion", "completion": " Hello.", "stop_reason": "stop_sequence"},
        HEADER,
    ),
    "cohere_command": Row(
        "cohere.command-r-v1:0",
        {"response_id": "1", "text": "Hello.", "generation_id": "2", "finish_reason": "COMPLETE"},
        HEADER,
        request={"message": "Hello?", "chat_history": []},
    ),
    "cohere_embed": Row(
        "cohere.embed-v4:0",
        {"id": "1", "response_type": "embeddings_floats", "embeddings": [[0.1]], "texts": ["a"]},
        Metered(Usage(7), "header"),
        headers=token_headers(7),
        request={"texts": ["a"], "input_type": "search_query"},
    ),
    "deepseek": Row("us.deepseek.r1-v1:0", COUNTED_CHAT, HEADER),
    "gemma": Row("google.gemma-3-4b-it", COUNTED_CHAT, HEADER, request=MESSAGES),
    "glm": Row("zai.glm-4.7", COUNTED_CHAT, HEADER, request=MESSAGES),
    "grok": Row("xai.grok-4.6", COUNTED_CHAT, HEADER, request=MESSAGES),
    "jamba": Row("ai21.jamba-1-5-mini-v1:0", {**CHAT, "usage": USAGE}, HEADER, request=MESSAGES),
    "jurassic": Row(
        "ai21.j2-ultra-v1",
        {
            "id": 1234,
            "prompt": {"text": "Hello?", "tokens": [{"generatedToken": {"logprob": -8.1}}]},
            "completions": [
                {"data": {"text": "Hi", "tokens": []}, "finishReason": {"reason": "length"}}
            ],
        },
        HEADER,
        request={"prompt": "Hello?", "maxTokens": 99},
    ),
    "kimi": Row("moonshot.kimi-k2-thinking", COUNTED_CHAT, HEADER, request=MESSAGES),
    "llama": Row(
        "us.meta.llama4-scout-17b-instruct-v1:0",
        {"generation": "Hi", "prompt_token_count": 21, "generation_token_count": 8},
        HEADER,
    ),
    "marengo": Row(
        "us.twelvelabs.marengo-embed-2-7-v1:0",
        {"data": [{"embedding": [0.1, 0.2]}]},
        Metered(Usage(queries=1), DERIVED),
        headers={},
        request={"inputType": "text", "inputText": "a dog"},
    ),
    "minimax": Row("minimax.minimax-m2", COUNTED_CHAT, HEADER, request=MESSAGES),
    "mistral": Row("mistral.magistral-small-2509", CHAT, HEADER, request=MESSAGES),
    "nemotron": Row("nvidia.nemotron-nano-9b-v2", COUNTED_CHAT, HEADER, request=MESSAGES),
    "nova": Row(
        "us.amazon.nova-premier-v1:0",
        {
            "output": {"message": {"role": "assistant", "content": [{"text": "Hello."}]}},
            "stopReason": "end_turn",
            "usage": {
                "inputTokens": 21,
                "outputTokens": 8,
                "totalTokens": 29,
                "cacheReadInputTokenCount": 0,
                "cacheWriteInputTokenCount": 0,
            },
        },
        HEADER,
        headers=token_headers(21, 8, 0, 0),
    ),
    "nova_canvas": Row(
        "amazon.nova-canvas-v1:0",
        {"images": [PICTURE]},
        PICTURES,
        headers={},
        request={
            "taskType": "VIRTUAL_TRY_ON",
            "virtualTryOnParams": {"sourceImage": PICTURE, "referenceImage": PICTURE},
        },
    ),
    "nova_embed": Row(
        "amazon.nova-2-multimodal-embeddings-v1:0",
        {"embeddings": [{"embeddingType": "IMAGE", "embedding": [0.1]}]},
        Metered(Usage(input_images=1), DERIVED, variant="standard_image"),
        headers={},
        request={"singleEmbeddingParams": {"image": {"source": {"bytes": PICTURE}}}},
    ),
    "openai": Row("openai.gpt-oss-20b-1:0", COUNTED_CHAT, HEADER, request=MESSAGES),
    "other": Row("newcomer.model-v1:0", CHAT, HEADER, request=MESSAGES),
    "palmyra": Row("us.writer.palmyra-x5-v1:0", COUNTED_CHAT, HEADER, request=MESSAGES),
    "pegasus": Row(
        "us.twelvelabs.pegasus-1-2-v1:0",
        {"message": "A dog runs.", "finishReason": "stop"},
        Metered(Usage(output_tokens=8, input_video_ms=6_000), DERIVED),
        request={"inputPrompt": "?", "mediaSource": {"base64String": mp4(6_000)}},
    ),
    "qwen": Row("qwen.qwen3-coder-next", COUNTED_CHAT, HEADER, request=MESSAGES),
    "rerank": Row(
        "cohere.rerank-v3-5:0",
        {"results": [{"index": 0, "relevance_score": 0.9}]},
        Metered(Usage(queries=1), DERIVED),
        headers={"x-amzn-bedrock-invocation-latency": "140"},
        request={"query": "Which?", "documents": ["a", "b"], "api_version": 2},
    ),
    "sdxl": Row(
        "stability.stable-diffusion-xl-v1",
        {"result": "success", "artifacts": [{"base64": PICTURE, "finishReason": "SUCCESS"}]},
        Metered(
            Usage(images=1),
            "body",
            variant="steps_gt50",
            image_width=1024,
            image_height=1024,
            image_steps=51,
        ),
        headers={},
        request={"text_prompts": [{"text": "A dog."}], "steps": 51},
    ),
    "stability": Row(
        "stability.sd3-5-large-v1:0",
        {"seeds": [7], "finish_reasons": [None], "images": [PICTURE]},
        Metered(Usage(images=1), "body", image_width=1024, image_height=1024),
        headers={},
        request={"prompt": "A dog."},
    ),
    "titan_embed": Row(
        "amazon.titan-embed-text-v2:0",
        {"embedding": [0.1, 0.2], "inputTextTokenCount": 7},
        Metered(Usage(7), "header"),
        headers=token_headers(7),
        request={"inputText": "a red shoe"},
    ),
    "titan_embed_image": Row(
        "amazon.titan-embed-image-v1",
        {"embedding": [0.1, 0.2], "inputTextTokenCount": 7, "message": None},
        Metered(Usage(7, input_images=1), DERIVED),
        headers={},
        request={"inputText": "a red shoe", "inputImage": PICTURE},
    ),
    "titan_image": Row(
        "amazon.titan-image-generator-v2:0",
        {"images": [PICTURE], "error": None},
        Metered(
            Usage(images=1),
            "body",
            variant="gt512/standard",
            image_width=1024,
            image_height=1024,
        ),
        headers={},
        request={"taskType": "BACKGROUND_REMOVAL", "backgroundRemovalParams": {"image": PICTURE}},
    ),
    "titan_text": Row(
        "amazon.titan-tg1-large",
        {
            "inputTextTokenCount": 21,
            "results": [{"tokenCount": 8, "outputText": "Hello.", "completionReason": "FINISH"}],
        },
        HEADER,
        request={"inputText": "Hello?"},
    ),
}
EACH = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


def read(row: Row, **changed: Any) -> Metered:
    parts = {"headers": row.headers, "request": row.request, **changed}
    return metered(row.model_id, parts.pop("answer", row.answer), **parts)


def right_or_not_known(reading: Metered, row: Row) -> bool:
    return reading.usage_source == "none" or reading.usage == row.reading.usage


def test_there_is_a_row_for_every_family_that_is_invoked():
    assert set(ROWS) == {n for n, each in METERS.items() if "InvokeModel" in each.operations}


@EACH
def test_an_answer_is_counted(row):
    assert read(row) == row.reading


@EACH
def test_what_is_added_to_an_answer_changes_nothing(row):
    more = {**row.answer, "totalTokens": 999, "tokens": 999, "metrics": {"inputTokens": 999}}
    assert read(row, answer=more) == row.reading
    assert read(row, headers={**row.headers, "x-amzn-bedrock-token-count": "9"}) == row.reading


WRONG = [None, "", "ten", "1e3", " 5", 1.5, -1, -0.5, True, 10**12, 10**400, float("nan"), [8], {}]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: repr(wrong)[:12])
@EACH
def test_a_number_of_the_body_that_is_none_gives_no_wrong_count(row, wrong):
    for answer in spoilt(row.answer, wrong):
        assert right_or_not_known(read(row, answer=answer), row)
        assert right_or_not_known(read(row, answer=answer, headers={}), row)


@pytest.mark.parametrize("wrong", ["", "ten", "1e3", " 5", "1.5", "-1", "True", "8, 8", "9" * 30])
@EACH
def test_a_header_that_is_no_number_gives_no_wrong_count(row, wrong):
    for name in row.headers:
        assert right_or_not_known(read(row, headers={**row.headers, name: wrong}), row)


@EACH
def test_a_header_that_is_missing_gives_no_wrong_count(row):
    for name in row.headers:
        rest = {other: value for other, value in row.headers.items() if other != name}
        assert right_or_not_known(read(row, headers=rest), row)


@EACH
def test_an_answer_cut_anywhere_gives_no_wrong_count(row):
    whole = json.dumps(row.answer).encode()
    for kept in range(0, len(whole), max(1, len(whole) // 40)):
        for headers in (row.headers, {}):
            cut = {"answer": whole[:kept], "headers": headers}
            assert right_or_not_known(read(row, **cut), row)
            assert right_or_not_known(read(row, **cut, complete=False), row)


SERVICES = [
    "stable-conservative-upscale",
    "stable-creative-upscale",
    "stable-fast-upscale",
    "stable-image-control-sketch",
    "stable-image-control-structure",
    "stable-image-erase-object",
    "stable-image-inpaint",
    "stable-image-remove-background",
    "stable-image-search-recolor",
    "stable-image-search-replace",
    "stable-image-style-guide",
    "stable-outpaint",
    "stable-style-transfer",
]


@pytest.mark.parametrize("service", SERVICES)
def test_a_stability_service_is_billed_by_the_picture(service):
    request = {"image": PICTURE, "prompt": "A dog.", "output_format": "png"}
    answer = {"seeds": [7], "finish_reasons": [None], "images": [png(2048, 2048)]}
    reading = metered(f"us.stability.{service}-v1:0", answer, request=request)
    assert (reading.usage, reading.usage_source) == (Usage(images=1), "body")
    assert reading.variant == "none"


@pytest.mark.parametrize(
    "task",
    [
        *("TEXT_IMAGE", "COLOR_GUIDED_GENERATION", "IMAGE_VARIATION", "INPAINTING", "OUTPAINTING"),
        *("BACKGROUND_REMOVAL", "VIRTUAL_TRY_ON"),
    ],
)
def test_every_task_of_nova_canvas_is_billed_by_the_class_of_its_pictures(task):
    made = {"images": [png(1536, 1536), png(1536, 1536)]}
    config = {"width": 1536, "height": 1536, "quality": "premium", "numberOfImages": 3}
    request = {"taskType": task, "imageGenerationConfig": config}
    reading = metered("amazon.nova-canvas-v1:0", made, request=request)
    assert (reading.usage, reading.variant) == (Usage(images=2), "le2048/premium")
