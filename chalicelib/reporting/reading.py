"""Questions about a day's records, each read whole: in slices where one answer could be cut off.

What proves it: an answer's rows are fewer than the limit; what the slices of a question matched is
together what the question itself had matched; and where the rows count their records, that they
count all.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import Any, Final, Generic

from chalicelib.reporting.insights import (
    Answer,
    Found,
    IncompleteReport,
    Insights,
    Query,
    Row,
    T,
    TimedOut,
)
from chalicelib.reporting.progress import Asked, Progress
from chalicelib.reporting.slices import Slice

SIDE_BY_SIDE: Final = 8
"""Queries of ours that run at once, of the 100 that an account and region may run (Logs Insights
quotas); dashboards and scheduled queries take from the same."""

MOST_SLICES: Final = 1_000
"""Slices of one question, after which it is given up: 40.9 million records, evenly spread."""

_MOST_PARTS_OF_ROWS: Final = 16
_ROOM: Final = Fraction(5, 4)  # by which parts are smaller than the limit, for they differ
_PARTS_OF_UNKNOWN: Final = 4  # of what timed out, and said nothing of its size


class RecordsArrived(IncompleteReport):
    """Two queries of one report did not see the same records; asked again, they may."""


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """What is asked of some records, and how it may be asked of a part of them."""

    name: str
    records: str  # the commands that choose the records
    commands: str  # what is asked of them
    read: Callable[[Row], T]
    whole: Slice
    flat: str = ""  # asked instead of slices in time, where the records of a key may be apart
    counted: Callable[[T], int] | None = None  # the records of a row, where the rows count all
    hides_groups: bool = False  # the engine groups records that no row tells of
    plan: Callable[[], tuple[str, ...]] = tuple
    """Returns filters to begin with, which have all records between them; none: no plan."""

    def query(self, part: Slice, max_rows: int) -> Query:
        commands = self.flat if part.flat and self.flat else self.commands
        filters = [f"filter {each}" for each in part.filters]
        text = " | ".join([self.records, *filters, commands, f"limit {max_rows}"])
        return Query(self.name, text, part.span.start, part.span.end)

    def may_be_cut(self, found: Found, max_rows: int) -> bool:
        groups = found.matched if self.hides_groups else found.rows
        return max(groups, found.rows) >= max_rows


@dataclass(slots=True)
class Reading(Generic[T]):
    """What has been read of a question."""

    question: Question[T]
    rows: list[T] = field(default_factory=list)
    matched: int = 0
    expected: int | None = None  # what the whole question matched; None while that is not known
    slices: int = 0  # that it was parted into, whether they are read or not
    about: list[dict[str, str | int]] = field(default_factory=list)  # its queries

    def take(self, part: Slice, asked: Asked, max_rows: int) -> tuple[Slice, ...]:
        """Read the answer for a slice; where it may be cut off, return the slice's parts."""
        try:
            found = asked.found()
        except TimedOut:
            parts = part.in_time if self._adds_up else part.parts
            return self._parted(part, parts(_PARTS_OF_UNKNOWN))
        if part == self.question.whole:
            self.expected = found.matched
        if self.question.may_be_cut(found, max_rows):
            count = max(ceil(_ROOM * found.matched / max_rows), 2)
            if not self.question.hides_groups:  # too many rows: records do not tell how many
                count = min(count, _MOST_PARTS_OF_ROWS)
            return self._parted(part, self._planned(part) or part.parts(count))
        self._keep(asked.answer(self.question.read))
        return ()

    def hold(self) -> None:
        """Raise RecordsArrived where the slices did not match what the whole did."""
        if self.expected not in (None, self.matched):
            raise RecordsArrived(
                f"the slices of {self.question.name} matched {self.matched} records "
                f"of {self.expected}"
            )

    @property
    def _adds_up(self) -> bool:
        """Say whether rows of one key may come from several slices, and be added up."""
        return not self.question.flat

    def _planned(self, part: Slice) -> tuple[Slice, ...]:
        return part.narrowed(self.question.plan()) if part == self.question.whole else ()

    def _parted(self, part: Slice, parts: tuple[Slice, ...]) -> tuple[Slice, ...]:
        self.slices += len(parts)
        if parts and self.slices <= MOST_SLICES:
            return parts
        about = "it has too many slices" if parts else "its records cannot be told apart"
        raise IncompleteReport(
            f"the query of {self.question.name} is not complete: at {part.span.start.isoformat()} "
            f"{about}"
        )

    def _keep(self, answer: Answer[T]) -> None:
        counted = self.question.counted
        if counted and (records := sum(map(counted, answer.rows))) != answer.matched:
            raise IncompleteReport(
                f"the query of {answer.name} counts {records} records of {answer.matched}"
            )
        self.rows.extend(answer.rows)
        self.matched += answer.matched
        self.about.append(
            {
                "name": answer.name,
                "query_id": answer.query_id,
                "records_matched": answer.matched,
                "records_scanned": answer.scanned,
                "rows": len(answer.rows),
            }
        )


def read_all(insights: Insights, progress: Progress, readings: Sequence[Reading[Any]]) -> None:
    """Read every question whole, a bounded number of queries side by side.

    Raises RecordsArrived where the slices of one do not add up to it, NotFinished where no time
    is left, IncompleteReport where a query fails or its answer cannot be told to be whole. Then
    what still runs is stopped.
    """
    waiting = deque((each, each.question.whole) for each in readings)
    running: deque[tuple[Reading[Any], Slice, Asked]] = deque()
    try:
        while waiting or running:
            while waiting and len(running) < SIDE_BY_SIDE:
                reading, part = waiting.popleft()
                query = reading.question.query(part, insights.max_rows)
                running.append((reading, part, progress.ask(insights, query)))
            reading, part, asked = running[0]
            parts = reading.take(part, asked, insights.max_rows)
            running.popleft()
            waiting.extend((reading, each) for each in parts)
    finally:
        for _, _, asked in running:
            asked.stop()
    for reading in readings:
        reading.hold()


def read_unsliced(insights: Insights, progress: Progress, question: Question[T]) -> list[T] | None:
    """Read what a question's one query answers; None where that may be cut off.

    So it may where its rows do not count all records: the engine groups more than it answers with.
    """
    asked = progress.ask(insights, question.query(question.whole, insights.max_rows))
    try:
        if question.may_be_cut(asked.found(), insights.max_rows):
            return None
        answer = asked.answer(question.read)
        counted = sum(map(question.counted, answer.rows)) if question.counted else answer.matched
        return answer.rows if counted == answer.matched else None
    except TimedOut:
        return None
    finally:
        asked.stop()
