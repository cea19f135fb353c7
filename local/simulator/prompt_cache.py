"""Bedrock's prompt cache: what a prompt reads from it and writes to it.

The rule (Bedrock user guide, "Prompt caching"): a prompt is a row of segments (tools, system,
messages) of which some are marked as checkpoints. The longest live prefix is read; what lies
between it and the last checkpoint is written, each part for the time that its checkpoint asks; the
rest is plain input. Prefixes shorter than 1,024 tokens are not cached (the guide gives this minimum
for most models; here it is everybody's). A read renews the prefix.

The cache is the account's, so among calls at the same moment with the same new prefix exactly one
writes and the others read. Which one is a matter of arrival; the sums are not.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Keep = Literal["5m", "1h"]

MINIMUM_TOKENS = 1_024
_SECONDS: dict[Keep, int] = {"5m": 300, "1h": 3_600}


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a prompt; `keep` marks the end of a prefix that the caller wants kept."""

    text: str
    tokens: int
    keep: Keep | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """A prompt's tokens by what becomes of them."""

    uncached: int = 0
    read: int = 0
    written_5m: int = 0
    written_1h: int = 0


@dataclass(frozen=True, slots=True)
class _Prefix:
    key: bytes
    tokens: int
    keep: Keep | None


class PromptCache:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._live: dict[bytes, tuple[float, Keep]] = {}

    def clear(self) -> None:
        with self._lock:
            self._live.clear()

    def settle(self, model_id: str, segments: Sequence[Segment]) -> Split:
        """Return the prompt's split, and remember its prefixes."""
        total = sum(segment.tokens for segment in segments)
        prefixes = _prefixes(model_id, segments)
        if not any(prefix.keep for prefix in prefixes):
            return Split(uncached=total)
        with self._lock:
            return self._settle(prefixes, total)

    def _settle(self, prefixes: list[_Prefix], total: int) -> Split:
        now = self._clock()
        self._live = {key: entry for key, entry in self._live.items() if entry[0] > now}
        read = done = 0
        for prefix in reversed(prefixes):
            if prefix.key in self._live:
                read = done = prefix.tokens
                self._renew(prefix.key, self._live[prefix.key][1], now)
                break
        written: dict[Keep, int] = {"5m": 0, "1h": 0}
        for prefix in prefixes:
            if prefix.keep and prefix.tokens >= MINIMUM_TOKENS and prefix.tokens > done:
                written[prefix.keep] += prefix.tokens - done
                done = prefix.tokens
                self._renew(prefix.key, prefix.keep, now)
        return Split(total - done, read, written["5m"], written["1h"])

    def _renew(self, key: bytes, keep: Keep, now: float) -> None:
        self._live[key] = (now + _SECONDS[keep], keep)


def _prefixes(model_id: str, segments: Sequence[Segment]) -> list[_Prefix]:
    """Return every prefix up to the last checkpoint: a former checkpoint need not be marked."""
    last = max((i for i, segment in enumerate(segments) if segment.keep), default=-1)
    running = hashlib.blake2b(model_id.encode(), digest_size=16)
    tokens = 0
    prefixes = []
    for segment in segments[: last + 1]:
        running.update(b"\x00" + segment.text.encode("utf-8", "replace"))
        tokens += segment.tokens
        prefixes.append(_Prefix(running.digest(), tokens, segment.keep))
    return prefixes
