"""Amazon Titan Text and Titan Text Embeddings (Bedrock user guide, "Amazon Titan models")."""

from typing import Any

from local.simulator.calls import EMBEDDING, TEXT, Ask, Counts, Reply, limit
from local.simulator.refusals import malformed

_DIMENSIONS = {"amazon.titan-embed-text-v1": (1536,), "": (1024, 512, 256)}
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
    return Reply(body, counts, TEXT, _TEXT_USAGE)


def embedding(ask: Ask) -> Reply:
    prompt = ask.required("inputText", str)
    allowed = _DIMENSIONS.get(ask.model.base, _DIMENSIONS[""])
    dimensions = ask.optional("dimensions", int, allowed[0])
    if dimensions not in allowed:
        raise malformed(f"#/dimensions: {dimensions} is not a valid enum value")
    counts = Counts(ask.scribe.read(prompt))
    vector = ask.scribe.vector(dimensions)
    body: dict[str, Any] = {"embedding": vector, "inputTextTokenCount": counts.input_tokens}
    if len(allowed) > 1:
        body["embeddingsByType"] = {"float": vector}
    return Reply(body, counts, EMBEDDING, (("inputTextTokenCount",),))
