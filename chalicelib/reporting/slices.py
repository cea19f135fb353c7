"""Slices: parts of the records that a query matches, so small that no limit can cut their answer.

Whatever the records hold, the parts of a slice have all of its records, each once. A field of
random hex digits is parted by them, and into all that begins otherwise or lacks the field; what
that cannot part, forged records under one odd key, is parted in time, down to a millisecond.

The filters rest on what Logs Insights documents (CloudWatch Logs user guide, "filter"): `like` a
regular expression, `not like`, ispresent(), and `@timestamp` as integer milliseconds. An absent
field may pass `not like` or not: each negation is asked beside `not ispresent`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final

HEX: Final = "0123456789abcdef"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Prefix:
    """Values of a field that begin with `text` and go on with one of `digits`.

    `depth` is how many more digits may follow before parting by them is given up: one key that
    has very many records is not parted by its digits at all.
    """

    field: str
    depth: int
    text: str = ""
    digits: str = ""  # none: nothing is said yet of what follows

    @property
    def filter(self) -> str:
        return f"{self.field} like /{self._pattern}/"

    @property
    def others(self) -> str:
        """Keep what does not begin so, and what lacks the field."""
        return f"not ispresent({self.field}) or {self.field} not like /{self._pattern}/"

    @property
    def ends(self) -> bool:
        return self.depth == 0 and len(self.digits) < 2

    def longer(self) -> "Prefix":
        return Prefix(self.field, self.depth - 1, self.text + self.digits, HEX)

    def parts(self, count: int) -> Iterator["Prefix"]:
        size = ceil(len(self.digits) / count)
        for first in range(0, len(self.digits), size):
            yield replace(self, digits=self.digits[first : first + size])

    @property
    def _pattern(self) -> str:
        return f"^{self.text}[{self.digits}]"


@dataclass(frozen=True, slots=True)
class Span:
    """Milliseconds since the epoch, both ends included."""

    first: int
    last: int

    @classmethod
    def of(cls, start: datetime, end: datetime) -> "Span":
        """Take a window as StartQuery does, widened to whole seconds."""
        return cls(int(start.timestamp()) * 1000, ceil(end.timestamp()) * 1000)

    @property
    def filter(self) -> str:
        return f"@timestamp >= {self.first} and @timestamp <= {self.last}"

    @property
    def start(self) -> datetime:
        return _EPOCH + timedelta(milliseconds=self.first)

    @property
    def end(self) -> datetime:
        return _EPOCH + timedelta(milliseconds=self.last)

    def parts(self, count: int) -> Iterator["Span"]:
        """Part it in time; a single millisecond has no parts."""
        size = ceil((self.last - self.first + 1) / count)
        if self.first < self.last:
            for first in range(self.first, self.last + 1, size):
                yield Span(first, min(first + size - 1, self.last))


@dataclass(frozen=True, slots=True)
class Slice:
    """The records of a span that pass all filters, and how they can be parted further."""

    span: Span
    prefix: Prefix | None  # None: by time alone
    filters: tuple[str, ...] = ()
    flat: bool = False  # parted in time: the records of one key may be in several slices

    @classmethod
    def all_of(cls, span: Span, prefix: Prefix | None) -> "Slice":
        """Take all records of a span, to the millisecond, as its parts in time will.

        StartQuery's ends are seconds: whether the last one counts whole it does not say.
        """
        return cls(span, prefix, (span.filter,))

    def narrowed(self, filters: tuple[str, ...]) -> tuple["Slice", ...]:
        """Make a part of each of these filters, which are known to have all records between."""
        return tuple(replace(self, filters=(*self.filters, each)) for each in filters)

    def parts(self, count: int) -> tuple["Slice", ...]:
        """Part it into about as many; none where it cannot be parted any further."""
        if self.prefix is None or self.prefix.ends:
            return self.in_time(count)
        if len(self.prefix.digits) > 1:
            return tuple(self._beginning(prefix) for prefix in self.prefix.parts(count))
        longer = self.prefix.longer()
        others = replace(self, filters=(*self.filters, longer.others), prefix=None)
        return others, *(self._beginning(prefix) for prefix in longer.parts(count))

    def in_time(self, count: int) -> tuple["Slice", ...]:
        """Part it in time alone; a single millisecond has no parts."""
        return tuple(self._within(span) for span in self.span.parts(count))

    def _beginning(self, prefix: Prefix) -> "Slice":
        return replace(self, filters=(*self.filters, prefix.filter), prefix=prefix)

    def _within(self, span: Span) -> "Slice":
        filters = tuple(each for each in self.filters if each != self.span.filter)
        return replace(self, span=span, prefix=None, flat=True, filters=(*filters, span.filter))
