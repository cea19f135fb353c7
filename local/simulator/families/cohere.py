"""Cohere Command, Command R, Embed v3 and v4 (Bedrock user guide, "Cohere models").

No body says what was used: only the headers do, and Embed sends the input's alone, which are the
text's. How many pictures it was given it reports nowhere. Command streams piece by piece only where
the body asks for it, and a single generation; else its whole answer is one chunk.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from local.simulator import pictures
from local.simulator.calls import EMBEDDING, TEXT, Ask, Chunk, Counts, Reply, required
from local.simulator.refusals import malformed

_INPUT_TYPES = ("search_document", "search_query", "classification", "clustering", "image")
_MOST_TEXTS = 96
_MOST_GENERATIONS = 5
_DIMENSIONS = 1_024
_V4_DIMENSIONS = (1_536, 1_024, 512, 256)


def command(ask: Ask) -> Reply:
    prompt = ask.required("prompt", str)
    limit, wanted = ask.limit("max_tokens"), ask.optional("num_generations", int, 1)
    if not 1 <= wanted <= _MOST_GENERATIONS:
        raise malformed(f"#/num_generations: {wanted} is not less or equal to {_MOST_GENERATIONS}")
    written = [ask.scribe.write(limit) for _ in range(wanted)]
    body = {
        "id": _id(ask, 0),
        "prompt": prompt,
        "generations": [
            {
                "id": _id(ask, i),
                "text": passage.text,
                "finish_reason": "COMPLETE" if passage.finished else "MAX_TOKENS",
            }
            for i, passage in enumerate(written, 1)
        ],
    }
    read = ask.scribe.read(prompt)
    counts = Counts(read, sum(passage.tokens for passage in written))
    texts = tuple(("generations", i, "text") for i in range(wanted))
    asked = ask.payload.get("stream") is True and wanted == 1
    return Reply(body, counts, TEXT, texts=texts, chunks=_generated if asked else _whole)


def _whole(reply: Reply) -> Iterator[Chunk]:
    yield Chunk(reply.body, reply.counts.output_tokens, final=True)


def _generated(reply: Reply) -> Iterator[Chunk]:
    for text, tokens in reply.pieces():
        yield Chunk({"index": 0, "is_finished": False, "text": text}, tokens)
    reason = reply.body["generations"][0]["finish_reason"]
    yield Chunk({"finish_reason": reason, "index": 0, "is_finished": True}, final=True)


def command_r(ask: Ask) -> Reply:
    message = ask.required("message", str)
    history = ask.optional("chat_history", list, [])
    passage = ask.scribe.write(ask.limit("max_tokens"))
    read = ask.scribe.read(message)
    for turn in (*history, *ask.optional("documents", list, [])):
        read += ask.scribe.read(str(turn))
    body = {
        "response_id": _id(ask, 0),
        "text": passage.text,
        "generation_id": _id(ask, 1),
        "chat_history": [
            *history,
            {"role": "USER", "message": message},
            {"role": "CHATBOT", "message": passage.text},
        ],
        "finish_reason": "COMPLETE" if passage.finished else "MAX_TOKENS",
    }
    return Reply(body, Counts(read, passage.tokens), TEXT, texts=(("text",),), chunks=_events)


def _events(reply: Reply) -> Iterator[Chunk]:
    """Yield Cohere's chat events; the last has the whole answer once more."""
    begun = {"event_type": "stream-start", "generation_id": reply.body["generation_id"]}
    yield Chunk({"is_finished": False, **begun})
    for text, tokens in reply.pieces():
        yield Chunk({"is_finished": False, "event_type": "text-generation", "text": text}, tokens)
    response = {key: reply.body[key] for key in reply.body if not key.startswith("amazon-")}
    ended = {"event_type": "stream-end", "finish_reason": response["finish_reason"]}
    yield Chunk({"is_finished": True, **ended, "response": response}, final=True)


def embed(ask: Ask) -> Reply:
    """Embed texts, or a single picture."""
    _check_input_type(ask)
    if "images" in ask.payload:
        images = _pictures(ask, most=1)
        return _vectors(ask, Counts(input_images=images), images, _DIMENSIONS)
    texts = _texts(ask)
    reply = _vectors(ask, Counts(sum(map(ask.scribe.read, texts))), len(texts), _DIMENSIONS)
    reply.body["texts"] = texts
    return reply


def embed_v4(ask: Ask) -> Reply:
    """Embed texts, pictures, or inputs that mix both."""
    _check_input_type(ask)
    dimensions = ask.optional("output_dimension", int, _V4_DIMENSIONS[0])
    if dimensions not in _V4_DIMENSIONS:
        raise malformed(f"#/output_dimension: {dimensions} is not a valid enum value")
    if "images" in ask.payload:
        images = _pictures(ask, _MOST_TEXTS)
        return _vectors(ask, Counts(input_images=images), images, dimensions)
    if "inputs" in ask.payload:
        inputs = _inputs(ask)
        texts = [part["text"] for parts in inputs for part in parts if part["type"] == "text"]
        images = sum(map(len, inputs)) - len(texts)
        counts = Counts(sum(map(ask.scribe.read, texts)), input_images=images)
        return _vectors(ask, counts, len(inputs), dimensions)
    texts = _texts(ask)
    reply = _vectors(ask, Counts(sum(map(ask.scribe.read, texts))), len(texts), dimensions)
    reply.body["texts"] = texts
    return reply


def _vectors(ask: Ask, counts: Counts, number: int, dimensions: int) -> Reply:
    kinds = ask.optional("embedding_types", list, [])
    if not all(isinstance(kind, str) for kind in kinds):
        raise malformed("#/embedding_types: expected type: String")
    vectors = [ask.scribe.vector(dimensions) for _ in range(number)]
    body: dict[str, Any] = {
        "id": _id(ask, 0),
        "response_type": "embeddings_by_type" if kinds else "embeddings_floats",
        "embeddings": dict.fromkeys(kinds, vectors) if kinds else vectors,
    }
    return Reply(body, counts, EMBEDDING)


def _check_input_type(ask: Ask) -> None:
    if ask.required("input_type", str) not in _INPUT_TYPES:
        raise malformed(f"#/input_type: {ask.payload['input_type']} is not a valid enum value")


def _texts(ask: Ask) -> list[str]:
    texts: list[str] = ask.required("texts", list)
    if not 1 <= len(texts) <= _MOST_TEXTS:
        raise malformed(f"#/texts: expected maximum item count: {_MOST_TEXTS}, found: {len(texts)}")
    if not all(isinstance(text, str) for text in texts):
        raise malformed("#/texts/0: expected type: String, found: JSONObject")
    return texts


def _pictures(ask: Ask, most: int) -> int:
    images = ask.required("images", list)
    if not 1 <= len(images) <= most:
        raise malformed(f"#/images: expected maximum item count: {most}, found: {len(images)}")
    for i, image in enumerate(images):
        _check_picture(image, f"#/images/{i}")
    return len(images)


def _inputs(ask: Ask) -> list[list[dict[str, Any]]]:
    """Return the parts of each input, each a text or a picture."""
    inputs = ask.required("inputs", list)
    if not 1 <= len(inputs) <= _MOST_TEXTS:
        raise malformed(f"#/inputs: expected maximum item count: {_MOST_TEXTS}")
    read = []
    for i, each in enumerate(inputs):
        content = required(each, "content", list, f"#/inputs/{i}") if type(each) is dict else None
        if not content or not all(isinstance(part, dict) for part in content):
            raise malformed(f"#/inputs/{i}/content: expected a list of parts")
        for part in content:
            if part.get("type") == "text":
                required(part, "text", str, f"#/inputs/{i}/content")
                continue
            url = required(part, "image_url", dict, f"#/inputs/{i}/content").get("url")
            _check_picture(url, f"#/inputs/{i}/content")
        read.append([{"type": "image_url", **part} for part in content])
    return read


def _check_picture(image: object, place: str) -> None:
    head, comma, encoded = str(image).partition(";base64,")
    if not head.startswith("data:image/") or not comma:
        raise malformed(f"{place}: expected a data URI of an image")
    pictures.given(encoded, place)


def _id(ask: Ask, index: int) -> str:
    return str(UUID(int=ask.scribe.digest << 64 | index))
