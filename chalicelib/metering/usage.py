"""Usage: the integer counts of one provider call, and the one place that validates a count."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Self

MAX_COUNT = 10**9
"""More than any single call can use: the largest context window is 10 million tokens."""


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
    busy_ms: int = 0  # a SageMaker endpoint's time, by the gateway's clock
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
    behind a guardrail), `"28"` (a header). A bool, a fraction, a sign, NaN, an exponent that
    is not whole, or anything else does not: better unknown than wrong.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value <= MAX_COUNT else None
    if isinstance(value, str) and not (value.isascii() and value[:1].isdigit()):
        return None
    if not isinstance(value, str | float | Decimal):
        return None
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        return None
    if not number.is_finite() or not 0 <= number <= MAX_COUNT or number != int(number):
        return None
    return int(number)
