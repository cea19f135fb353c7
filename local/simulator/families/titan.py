"""Amazon Titan Text, Text Embeddings and Multimodal Embeddings (Bedrock user guide, "Titan").

A picture given to the multimodal model is reported nowhere.
"""

from collections.abc import Iterator

from local.simulator import pictures
from local.simulator.calls import EMBEDDING, TEXT, Ask, Chunk, Counts, Reply, limit, optional
from local.simulator.refusals import malformed

_FIRST_EMBEDDINGS = ("amazon.titan-embed-text-v1", "amazon.titan-embed-g1-")
_DIMENSIONS = (1024, 512, 256)
_MULTIMODAL_DIMENSIONS = (1024, 384, 256)
_TEXT_USAGE = (("inputTextTokenCount",), ("results", 0, "tokenCount"))


def text(ask: Ask) -> Reply:
    prompt = ask.required("inputText", str)
    config = ask.optional("textGenerationConfig", dict, {})
    passage = ask.scribe.write(limit(config, "maxTokenCount", place="#/textGenerationConfig"))
    counts = Counts(ask.scribe.read(prompt), passage.tokens)
    body = {
        "inputTextTokenCount": counts.input_tokens,
        "results": [
            {
                "tokenCount": passage.tokens,
                "outputText": passage.text,
                "completionReason": "FINISH" if passage.finished else "LENGTH",
            }
        ],
    }
    texts = (("results", 0, "outputText"),)
    return Reply(body, counts, TEXT, _TEXT_USAGE, texts, chunks=_chunks)


def _chunks(reply: Reply) -> Iterator[Chunk]:
    """Yield the pieces; only the last says what was counted."""
    result = reply.body["results"][0]
    *pieces, (text, tokens) = reply.pieces()
    nothing = ("totalOutputTextTokenCount", "completionReason", "inputTextTokenCount")
    for piece, number in pieces:
        yield Chunk({"outputText": piece, "index": 0, **dict.fromkeys(nothing)}, number)
    last = {
        "outputText": text,
        "index": 0,
        "totalOutputTextTokenCount": result.get("tokenCount"),
        "completionReason": result["completionReason"],
        "inputTextTokenCount": reply.body.get("inputTextTokenCount"),
    }
    yield Chunk(last, tokens, final=True)


def embedding(ask: Ask) -> Reply:
    """Answer as the first or the second model; the first has one size and one kind of vector."""
    prompt = ask.required("inputText", str)
    counts = Counts(ask.scribe.read(prompt))
    if ask.model.base.startswith(_FIRST_EMBEDDINGS):
        body = {"embedding": ask.scribe.vector(1_536), "inputTextTokenCount": counts.input_tokens}
        return Reply(body, counts, EMBEDDING, (("inputTextTokenCount",),))
    dimensions = _one_of(_DIMENSIONS, ask.optional("dimensions", int, 1024), "#/dimensions")
    vector = ask.scribe.vector(dimensions)
    body = {
        "embedding": vector,
        "embeddingsByType": {"float": vector},
        "inputTextTokenCount": counts.input_tokens,
    }
    return Reply(body, counts, EMBEDDING, (("inputTextTokenCount",),))


def multimodal_embedding(ask: Ask) -> Reply:
    """Embed a text, a picture, or both into one vector."""
    text, picture = ask.optional("inputText", str, ""), ask.optional("inputImage", str, None)
    if not text and picture is None:
        raise malformed("#: required key [inputText] or [inputImage] not found")
    if picture is not None:
        pictures.given(picture, "#/inputImage")
    place = "#/embeddingConfig"
    config = ask.optional("embeddingConfig", dict, {})
    length = optional(config, "outputEmbeddingLength", int, 1024, place)
    dimensions = _one_of(_MULTIMODAL_DIMENSIONS, length, f"{place}/outputEmbeddingLength")
    counts = Counts(ask.scribe.read(text), input_images=int(picture is not None))
    body = {
        "embedding": ask.scribe.vector(dimensions),
        "inputTextTokenCount": counts.input_tokens,
        "message": None,
    }
    return Reply(body, counts, EMBEDDING, (("inputTextTokenCount",),))


def _one_of(allowed: tuple[int, ...], value: int, place: str) -> int:
    if value not in allowed:
        raise malformed(f"{place}: {value} is not a valid enum value")
    return value
