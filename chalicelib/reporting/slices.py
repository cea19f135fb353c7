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
from itertools import product
from math import ceil
from typing import Final

HEX: Final = "0123456789abcdef"
MOST_IN_TIME: Final = 16
"""Parts in time, at once: nobody knows how records are spread over it."""
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
    def ends(self) -> bool:
        return self.depth == 0 and len(self.digits) < 2

    def digits_for(self, count: int) -> int:
        """Return how many more digits make as many parts, or as many digits as may follow."""
        enough = (more for more in range(1, self.depth) if len(HEX) ** more >= count)
        return next(enough, self.depth)

    def longer(self, more: int) -> Iterator["Prefix"]:
        """Yield all that go on with so many digits; together they have what `others` has not."""
        for digits in product(HEX, repeat=more - 1):
            text = "".join((self.text, self.digits, *digits))
            yield Prefix(self.field, self.depth - more, text, HEX)

    def others(self, more: int) -> str:
        """Keep what does not go on with so many digits, and what lacks the field."""
        pattern = f"^{self.text}{self.digits}" + f"[{HEX}]" * more
        return f"not ispresent({self.field}) or {self.field} not like /{pattern}/"

    def parts(self, count: int) -> Iterator["Prefix"]:
        size = max(len(self.digits) // count, 1)
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
        """Part it into about as many; none where it cannot be parted any further.

        Straight into parts that are small enough: each is a query that scans the whole span.
        """
        if self.prefix is None or self.prefix.ends:
            return self.in_time(count)
        if len(self.prefix.digits) > 1:
            return tuple(self._beginning(prefix) for prefix in self.prefix.parts(count))
        more = self.prefix.digits_for(count)
        others = replace(self, filters=(*self.filters, self.prefix.others(more)), prefix=None)
        of_each = ceil(count / len(HEX) ** (more - 1))
        longer = (part for each in self.prefix.longer(more) for part in each.parts(of_each))
        return others, *map(self._beginning, longer)

    def in_time(self, count: int) -> tuple["Slice", ...]:
        """Part it in time alone; a single millisecond has no parts."""
        return tuple(self._within(span) for span in self.span.parts(min(count, MOST_IN_TIME)))

    def _beginning(self, prefix: Prefix) -> "Slice":
        return replace(self, filters=(*self.filters, prefix.filter), prefix=prefix)

    def _within(self, span: Span) -> "Slice":
        filters = tuple(each for each in self.filters if each != self.span.filter)
        return replace(self, span=span, prefix=None, flat=True, filters=(*filters, span.filter))
