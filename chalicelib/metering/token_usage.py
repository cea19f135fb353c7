"""TokenUsage: the counts in the body of Converse, and of Nova's own answers.

Source: service model bedrock-runtime, TokenUsage and CacheDetail. On the wire the cache counts go
by two names, `cacheReadInputTokens` and `cacheReadInputTokenCount`; Converse sends both, Nova the
second. Reasoning is part of the output. `totalTokens` includes what the cache read and wrote, and
is never used.
"""

from collections.abc import Mapping

from chalicelib.metering import cache_hour
from chalicelib.metering.exchange import at
from chalicelib.metering.usage import Usage, count, exact_tokens

WHERE = (
    "`usage.{inputTokens, outputTokens, cacheReadInputTokens, cacheWriteInputTokens, cacheDetails}`"
)
FIVE_MINUTES = "5m"


def read(usage: object, request: bytes) -> Usage | None:
    """Read the counts, all of them exact, or None.

    Raises nothing. The cache writes are told apart by `cacheDetails`, which must sum to them.
    Without it they are kept 5 minutes, unless the request asked for an hour.
    """
    if not isinstance(usage, dict):
        return None
    written = _either(usage, "cacheWriteInputTokens", "cacheWriteInputTokenCount")
    cache_read = _either(usage, "cacheReadInputTokens", "cacheReadInputTokenCount")
    if written is None or cache_read is None:
        return None
    split = _split(usage.get("cacheDetails"), written, request)
    if split is None:
        return None
    return exact_tokens(usage.get("inputTokens"), usage.get("outputTokens"), cache_read, *split)


def _either(usage: Mapping[str, object], name: str, other: str) -> int | None:
    """Read an optional count that goes by two names: 0 where absent, None where they disagree."""
    values = {count(value) for value in (usage.get(name), usage.get(other)) if value is not None}
    return values.pop() if len(values) == 1 else (None if values else 0)


def _split(details: object, written: int, request: bytes) -> tuple[int, int] | None:
    """Return the tokens written for 5 minutes and for 1 hour, or None."""
    if not details and details in (None, []):
        return None if written and cache_hour.asked_for(request) else (written, 0)
    if not isinstance(details, list):
        return None
    kept = {FIVE_MINUTES: 0, cache_hour.ONE_HOUR: 0}
    for detail in details:
        ttl, tokens = at(detail, "ttl"), count(at(detail, "inputTokens"))
        if not isinstance(ttl, str) or ttl not in kept or tokens is None:
            return None
        kept[ttl] += tokens
    short, long = kept[FIVE_MINUTES], kept[cache_hour.ONE_HOUR]
    return (short, long) if short + long == written else None
