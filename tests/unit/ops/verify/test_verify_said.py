"""What an answer says that it used, in each form in which it can say so."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from streamed_answers import event

from chalicelib.backends.eventstream import encode_event, encode_exception
from ops.verify import said
from ops.verify.counts import Counts
from ops.verify.gateway import Answer

METRICS = {
    "inputTokenCount": 5,
    "outputTokenCount": 7,
    "cacheReadInputTokenCount": 11,
    "cacheWriteInputTokenCount": 13,
}
LAST = {"type": "message_stop", "amazon-bedrock-invocationMetrics": METRICS}
FIRST = {"type": "message_start"}
USAGE = {"inputTokens": 5, "outputTokens": 7, "cacheReadInputTokens": 11}
ALL = Counts(5, 7, 11, 13)


def answer(body: object = b"", **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(200, named, content, ("r1",))


def frame(chunk: Mapping[str, Any]) -> bytes:
    told = base64.b64encode(json.dumps(chunk).encode()).decode()
    return encode_event("chunk", json.dumps({"bytes": told}).encode())


def sse(*frames: tuple[str, object]) -> bytes:
    return b": ping\n\n" + b"".join(
        f"id: 1\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode() for name, data in frames
    )


def test_headers_count_a_text_with_its_cache() -> None:
    told = answer(
        x_amzn_bedrock_input_token_count="5",
        x_amzn_bedrock_output_token_count="7",
        x_amzn_bedrock_cache_read_input_token_count="11",
        x_amzn_bedrock_cache_write_input_token_count="13",
    )
    assert said.by_headers(told) == ALL


def test_headers_of_an_embedding_know_no_output() -> None:
    assert said.by_headers(answer(x_amzn_bedrock_input_token_count="5")) == Counts(5)


def test_converse_has_a_usage() -> None:
    assert said.by_usage(answer({"usage": USAGE})) == Counts(5, 7, 11)


def test_images_are_counted() -> None:
    assert said.by_images(answer({"images": ["a", "b"]})) == Counts(images=2)


def test_frames_tell_their_metrics() -> None:
    assert said.by_frames(answer(frame(FIRST) + frame(LAST))) == ALL


def test_converses_frames_end_with_their_metadata() -> None:
    body = encode_event("messageStart", b"{}")
    body += encode_event("metadata", json.dumps({"usage": USAGE}).encode())
    assert said.by_metadata(answer(body)) == Counts(5, 7, 11)


def test_server_sent_events_tell_the_models_own_metrics() -> None:
    body = sse(("chunk", FIRST), ("chunk", LAST), ("done", {"usage": {"input_tokens": 999}}))
    assert said.by_sse(answer(body)) == ALL


def test_a_queued_answer_tells_the_models_own_metrics() -> None:
    assert said.by_events(answer({"status": "done", "events": [FIRST, LAST]})) == ALL


@pytest.mark.parametrize(
    ("tells", "told"),
    [
        (said.by_headers, answer({})),
        (said.by_headers, answer(x_amzn_bedrock_input_token_count="five")),
        (said.by_usage, answer({"output": {}})),
        (said.by_usage, answer({"usage": {"inputTokens": 5}})),
        (said.by_usage, answer(b"not JSON")),
        (said.by_images, answer({"images": []})),
        (said.by_frames, answer(frame(FIRST))),
        (said.by_frames, answer(frame(LAST) + frame(LAST))),
        (said.by_frames, answer(frame(LAST) + encode_exception("modelStreamErrorException", ""))),
        (said.by_frames, answer(frame(FIRST) + frame(LAST)[:-1])),
        (said.by_frames, answer(frame(LAST)[:-1] + b"x")),
        (said.by_metadata, answer(encode_event("messageStart", b"{}"))),
        (said.by_sse, answer(sse(("chunk", LAST), ("error", {})))),
        (said.by_sse, answer(sse(("chunk", LAST)))),
        (said.by_sse, answer(b"")),
        (said.by_events, answer({"status": "interrupted", "events": [LAST]})),
    ],
)
def test_an_answer_that_is_not_whole_says_nothing(tells, told) -> None:
    with pytest.raises(said.UNREADABLE):
        tells(told)


def test_an_event_of_ours_reads_as_botocore_reads_it() -> None:
    made = event("metadata", usage=USAGE)
    assert said.by_metadata(answer(encode_event(made.name, made.data))) == Counts(5, 7, 11)
