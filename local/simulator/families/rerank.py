"""Reranking: Amazon Rerank and Cohere Rerank (Bedrock user guide, "Rerank").

Billed by the query of up to 100 documents; one longer than the model reads at once counts as
several. No answer says how many were counted: neither body nor headers hold anything.
"""

from zlib import crc32

from local.simulator.calls import Ask, Counts, Reply
from local.simulator.refusals import malformed

DOCUMENTS_A_QUERY = 100
_MOST_DOCUMENTS = 1_000


def amazon(ask: Ask) -> Reply:
    return _rank(ask)


def cohere(ask: Ask) -> Reply:
    version = ask.required("api_version", int)
    if version < 2:
        raise malformed(f"#/api_version: {version} is not greater or equal to 2")
    return _rank(ask)


def _rank(ask: Ask) -> Reply:
    query = ask.required("query", str)
    documents = ask.required("documents", list)
    if not 1 <= len(documents) <= _MOST_DOCUMENTS:
        raise malformed(f"#/documents: {len(documents)} items are not between 1 and 1000")
    if not all(isinstance(document, str) for document in documents):
        raise malformed("#/documents/0: expected type: String")
    wanted = ask.limit("top_n", len(documents))
    for text in (query, *documents):
        ask.scribe.read(text)
    scores = [crc32(f"{query}\n{document}".encode("utf-8", "replace")) for document in documents]
    best = sorted(range(len(documents)), key=lambda i: (-scores[i], i))[:wanted]
    results = [{"index": i, "relevance_score": scores[i] // 429_497 / 10_000} for i in best]
    chunks = len(documents) * ask.direction.chunks_per_document
    return Reply({"results": results}, Counts(queries=-(-chunks // DOCUMENTS_A_QUERY)))
