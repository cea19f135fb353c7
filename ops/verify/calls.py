"""The calls that are made: a dozen at most, each small, each another way to be answered."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from chalicelib.catalog import GEOS, family_of
from ops.directory import Refused
from ops.verify import said
from ops.verify.gateway import Answer, Gateway
from ops.verify.said import Tells

QUESTION: Final = "Name three rivers of Europe, nothing else."
MOST_OUTPUT: Final = 24
JSON: Final = {"Content-Type": "application/json"}
SSE: Final = {**JSON, "Accept": "text/event-stream"}
FRAMES: Final = {**JSON, "Accept": "application/vnd.amazon.eventstream"}
TEMPLATE_TOKENS: Final = 200
"""What a model may put around a prompt."""

Json = dict[str, Any]
Way = Callable[[Gateway, str, bytes, Mapping[str, str]], Answer]


@dataclass(frozen=True, slots=True)
class Call:
    """`most_input` is more than its prompt can have: a token is a byte at least."""

    name: str
    model: str
    path: str
    body: bytes
    tells: Tells
    headers: Mapping[str, str]
    way: Way = Gateway.once
    most_output: int = MOST_OUTPUT
    images: int = 0

    @property
    def most_input(self) -> int:
        return 0 if self.images else len(self.body) + TEMPLATE_TOKENS

    def made(self, gateway: Gateway) -> Answer:
        return self.way(gateway, self.path, self.body, self.headers)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a family of models is asked by InvokeModel."""

    asked: Callable[[str], Json]
    cached_lines: int
    """Of a prompt that is long enough for its cache, which takes none below 1,024 tokens, and of
    some Claude models none below 4,096 (Bedrock user guide, "Prompt caching")."""


def _nova(text: str) -> Json:
    messages = [{"role": "user", "content": [{"text": text}]}]
    limit = {"maxTokens": MOST_OUTPUT}
    return {"schemaVersion": "messages-v1", "messages": messages, "inferenceConfig": limit}


def _claude(text: str) -> Json:
    return {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": MOST_OUTPUT,
        "messages": [{"role": "user", "content": text}],
    }


DIALECTS: Final[Mapping[str, Dialect]] = {
    "nova": Dialect(_nova, 150),
    "claude": Dialect(_claude, 420),
}
"""By family; those that have a prompt cache."""


@dataclass(frozen=True, slots=True)
class Models:
    """What is called; an empty name is not."""

    text: str
    embedding: str = ""
    image: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.text, self.embedding, self.image)))


def planned(models: Models, nonce: str) -> tuple[Call, ...]:
    """Plan the calls. The `nonce` makes the cached prompt a new one, so that it is written first.

    Raises Refused for a text model of which it is not known how it is asked.
    """
    dialect = DIALECTS.get(family_of(base_of(models.text)))
    if dialect is None:
        raise Refused(f"{models.text}: --text takes a Nova or a Claude model")
    calls = [*_text(models.text, dialect, nonce), *_cached(models.text, dialect, nonce)]
    if models.embedding:
        calls.append(_embedding(models.embedding))
    if models.image:
        calls.append(_image(models.image))
    return tuple(calls)


def base_of(model: str) -> str:
    """Return a model's id without its geography."""
    geo, _, base = model.partition(".")
    return base if geo in GEOS else model


def geo_of(model: str) -> str:
    geo = model.partition(".")[0]
    return geo if geo in GEOS else "none"


def _text(model: str, dialect: Dialect, nonce: str) -> Iterator[Call]:
    invoke = f"/invoke?model_id={quote(model, safe='')}"
    native = f"/model/{quote(model, safe='')}"
    streamed = f"{invoke}&stream=true"
    body = _json(dialect.asked(QUESTION))
    talk = _json(_conversation(QUESTION))
    key = {**JSON, "Idempotency-Key": f"verify-{nonce}"}
    yield Call("POST /invoke", model, invoke, body, said.by_headers, JSON)
    yield Call("… twice, one key", model, invoke, body, said.by_headers, key, Gateway.twice)
    yield Call("… live, as SSE", model, streamed, body, said.by_sse, SSE)
    yield Call("… live, as frames", model, streamed, body, said.by_frames, FRAMES)
    yield Call("… queued", model, streamed, body, said.by_events, JSON, Gateway.queued)
    yield Call("InvokeModel", model, f"{native}/invoke", body, said.by_headers, JSON)
    yield Call("Converse", model, f"{native}/converse", talk, said.by_usage, JSON)
    live = f"{native}/invoke-with-response-stream"
    yield Call("InvokeModel, streamed", model, live, body, said.by_frames, FRAMES)
    live = f"{native}/converse-stream"
    yield Call("Converse, streamed", model, live, talk, said.by_metadata, FRAMES)


def _cached(model: str, dialect: Dialect, nonce: str) -> Iterator[Call]:
    lines = (f"{n}. The river {nonce} {n} is {n + 7} km long." for n in range(dialect.cached_lines))
    system = [{"text": "\n".join(lines)}, {"cachePoint": {"type": "default"}}]
    body = _json({**_conversation("How long is river 5?"), "system": system})
    path = f"/model/{quote(model, safe='')}/converse"
    for name in ("Converse, to the cache", "Converse, from the cache"):
        yield Call(name, model, path, body, said.by_usage, JSON)


def _conversation(text: str) -> Json:
    messages = [{"role": "user", "content": [{"text": text}]}]
    return {"messages": messages, "inferenceConfig": {"maxTokens": MOST_OUTPUT}}


def _embedding(model: str) -> Call:
    body = _json({"inputText": QUESTION})
    path = f"/invoke?model_id={quote(model, safe='')}"
    return Call("an embedding", model, path, body, said.by_headers, JSON, most_output=0)


def _image(model: str) -> Call:
    how = {"numberOfImages": 1, "width": 512, "height": 512, "quality": "standard"}
    asked = {"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "A river in spring"}}
    body = _json({**asked, "imageGenerationConfig": how})
    path = f"/invoke?model_id={quote(model, safe='')}"
    return Call("an image", model, path, body, said.by_images, JSON, most_output=0, images=1)


def _json(body: Json) -> bytes:
    return json.dumps(body).encode()
