"""Cohere Command, Command R and Embed v3 (Bedrock user guide, "Cohere models").

No body says what was used: only the headers do, and Embed sends the input's alone.
"""

from typing import Any
from uuid import UUID

from local.simulator.calls import EMBEDDING, TEXT, Ask, Counts, Reply
from local.simulator.refusals import malformed

_INPUT_TYPES = ("search_document", "search_query", "classification", "clustering", "image")
_MOST_TEXTS = 96
_MOST_GENERATIONS = 5
_DIMENSIONS = 1_024


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
    return Reply(body, Counts(read, sum(passage.tokens for passage in written)), TEXT)


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
    return Reply(body, Counts(read, passage.tokens), TEXT)


def embed(ask: Ask) -> Reply:
    if ask.required("input_type", str) not in _INPUT_TYPES:
        raise malformed(f"#/input_type: {ask.payload['input_type']} is not a valid enum value")
    texts = ask.required("texts", list)
    if not 1 <= len(texts) <= _MOST_TEXTS:
        raise malformed(f"#/texts: expected maximum item count: {_MOST_TEXTS}, found: {len(texts)}")
    if not all(isinstance(text, str) for text in texts):
        raise malformed("#/texts/0: expected type: String, found: JSONObject")
    counts = Counts(sum(map(ask.scribe.read, texts)))
    vectors = [ask.scribe.vector(_DIMENSIONS) for _ in texts]
    kinds = ask.optional("embedding_types", list, [])
    if not all(isinstance(kind, str) for kind in kinds):
        raise malformed("#/embedding_types: expected type: String")
    body: dict[str, Any] = {
        "id": _id(ask, 0),
        "response_type": "embeddings_by_type" if kinds else "embeddings_floats",
        "embeddings": dict.fromkeys(kinds, vectors) if kinds else vectors,
        "texts": texts,
    }
    return Reply(body, counts, EMBEDDING)


def _id(ask: Ask, index: int) -> str:
    return str(UUID(int=ask.scribe.digest << 64 | index))
