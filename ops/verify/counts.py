"""Counts: what a call used, as far as its answer and AWS's own counters tell it."""

from dataclasses import astuple, dataclass, fields
from typing import Self

from chalicelib.metering.usage import Usage


@dataclass(frozen=True, slots=True)
class Counts:
    input_tokens: int = 0  # neither read from a cache nor written to one
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0  # for whatever time
    images: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*map(sum, zip(astuple(self), astuple(other), strict=True)))

    @classmethod
    def of(cls, usage: Usage) -> Self:
        """Take them out of a record's usage."""
        return cls(
            usage.input_tokens,
            usage.output_tokens,
            usage.cache_read_tokens,
            usage.cache_write_tokens + usage.cache_write_1h_tokens,
            usage.images,
        )

    def as_usage(self) -> Usage:
        return Usage.from_counts({name: getattr(self, name) for name in COUNTED})


COUNTED = tuple(field.name for field in fields(Counts))
NOTHING = Counts()
