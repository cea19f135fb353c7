"""Whether a request asks that a part of its prompt be kept in the cache for an hour.

It does so by the `ttl` of a `cachePoint` (service model bedrock-runtime, CachePointBlock) or of a
`cache_control` (Anthropic, "Prompt caching"); `"1h"` in any other place says nothing of a price.
"""

import json

from chalicelib.json_text import names

ONE_HOUR = "1h"
_MARKS = frozenset({"cachePoint", "cache_control"})
_ASKS = ("ttl", ONE_HOUR)


def asked_for(request: bytes) -> bool:
    """Say whether an hour is asked for. Only a request that names one is parsed."""
    if not names(request, b'"1h"'):
        return False
    found: list[bool] = []

    def look(pairs: list[tuple[str, object]]) -> tuple[tuple[str, object], ...]:
        # Objects stay pairs: of a key that is there twice, both values are seen.
        found.extend(
            isinstance(mark, tuple) and _ASKS in mark for key, mark in pairs if key in _MARKS
        )
        return tuple(pairs)

    try:
        json.loads(request, object_pairs_hook=look)
    except (ValueError, RecursionError):
        return True  # it may
    return any(found)
