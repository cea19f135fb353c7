"""Bedrock's own counters: the response headers of InvokeModel.

Every text model's answer carries them, and they hold where a body does not: a guardrail that
masks an answer takes counts out of the body, never out of the headers. They are not in the
service model (botocore's bedrock-runtime); the names are those that recorded answers carry.
"""

from collections.abc import Mapping

from chalicelib.metering.usage import Usage, count, exact_tokens

INPUT_TOKENS = "x-amzn-bedrock-input-token-count"  # uncached
OUTPUT_TOKENS = "x-amzn-bedrock-output-token-count"
CACHE_READ_TOKENS = "x-amzn-bedrock-cache-read-input-token-count"
CACHE_WRITE_TOKENS = "x-amzn-bedrock-cache-write-input-token-count"  # 5 minutes and 1 hour together


def token_counts(
    headers: Mapping[str, str], *, writes_text: bool = True, bills_writes: bool = True
) -> Usage | None:
    """Read the counts, or None unless every one is there and exact.

    An embedding model sends no output count; models without a prompt cache send no cache counts,
    those with one send both, or only reads where writes are not billed. Cache writes of both kinds
    stand in `cache_write_tokens`: only a body can tell them apart.
    """
    written = headers.get(OUTPUT_TOKENS, None if writes_text else 0)
    cache_read, cache_write = headers.get(CACHE_READ_TOKENS), headers.get(CACHE_WRITE_TOKENS)
    if cache_read is cache_write is None:
        return exact_tokens(headers.get(INPUT_TOKENS), written)
    if cache_write is None and not bills_writes:
        return exact_tokens(headers.get(INPUT_TOKENS), written, cache_read)
    return exact_tokens(headers.get(INPUT_TOKENS), written, cache_read, cache_write)


def output_tokens(headers: Mapping[str, str]) -> int | None:
    """Read the output alone, of a model whose input is not billed by the token."""
    return count(headers.get(OUTPUT_TOKENS))


def any_counts(headers: Mapping[str, str]) -> bool:
    """Say whether a model ran: where a guardrail blocks the input, there are no counts at all."""
    return INPUT_TOKENS in headers or OUTPUT_TOKENS in headers
