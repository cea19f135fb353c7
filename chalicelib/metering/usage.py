"""Usage: the integer counts of one provider call, and the one place that validates a count."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

MAX_COUNT = 10**9
"""More than any single call can use: the largest context window is 10 million tokens."""

_MAX_SPELLING = 16  # characters: MAX_COUNT with a fraction of zeros, and no work for more


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts of what was used, each in the price book's own unit name; 0 where nothing was."""

    input_tokens: int = 0  # uncached input
    output_tokens: int = 0  # reasoning included
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0  # kept 5 minutes
    cache_write_1h_tokens: int = 0
    images: int = 0  # made, not filtered
    input_images: int = 0
    video_ms: int = 0
    input_video_ms: int = 0
    input_audio_ms: int = 0
    queries: int = 0
    busy_ms: int = 0  # of capacity that is billed by time, by the gateway's clock
    guardrail_topic_units: int = 0
    guardrail_content_units: int = 0
    guardrail_content_image_units: int = 0
    guardrail_pii_units: int = 0
    guardrail_grounding_units: int = 0
    guardrail_reasoning_units: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*(getattr(self, name) + getattr(other, name) for name in COUNTERS))

    def as_dict(self) -> dict[str, int]:
        """Return every counter, zeros included, in record order."""
        return {name: getattr(self, name) for name in COUNTERS}

    @classmethod
    def from_counts(cls, counts: Mapping[str, int]) -> Self:
        """Take the counters out of a wider mapping; one that is missing is 0."""
        return cls(*(counts.get(name, 0) for name in COUNTERS))


COUNTERS: tuple[str, ...] = tuple(field.name for field in fields(Usage))
NO_USAGE = Usage()


def count(value: object) -> int | None:
    """Read one count as a provider wrote it, or None where it is not exactly a count.

    A whole number from 0 to MAX_COUNT counts, however it is spelled: `28`, `28.0` (Titan
    behind a guardrail), `"28"` (a header). A bool, a fraction, a sign, NaN, a string with an
    exponent, a space or a digit that is not ASCII, or anything else does not: better unknown
    than wrong.
    """
    # Exact types, not isinstance: a bool is an int, and no count.
    if type(value) is str:
        return _spelled(value)
    if type(value) is int:
        return value if 0 <= value <= MAX_COUNT else None
    if type(value) is float:
        return int(value) if 0 <= value <= MAX_COUNT and value.is_integer() else None
    return None


def _spelled(text: str) -> int | None:
    if len(text) > _MAX_SPELLING or not text.isascii():
        return None
    if not text.isdigit():
        whole, _, fraction = text.partition(".")
        if not whole.isdigit() or not fraction or fraction.strip("0"):
            return None
        text = whole
    number = int(text)
    return number if number <= MAX_COUNT else None


def exact_tokens(
    input_tokens: object,
    output_tokens: object,
    cache_read_tokens: object = 0,
    cache_write_tokens: object = 0,
    cache_write_1h_tokens: object = 0,
) -> Usage | None:
    """Make the Usage of one call out of counts as a provider wrote them: of all, or None.

    One that is not exactly a count spoils the set, and so does a sum beyond MAX_COUNT: a part of
    a bill is a wrong bill.
    """
    fresh, output = count(input_tokens), count(output_tokens)
    read, write = count(cache_read_tokens), count(cache_write_tokens)
    write_1h = count(cache_write_1h_tokens)
    if fresh is None or output is None or read is None or write is None or write_1h is None:
        return None
    if fresh + output + read + write + write_1h > MAX_COUNT:
        return None
    return Usage(fresh, output, read, write, write_1h)
