"""What the report of a day scans: the gateway's own reading, of records that are spread evenly.

Logs Insights bills what a query scans, which is all of its window, whatever it filters. A question
whose answer could be cut off is asked again in slices, by digits of ids: each scans the window as
well. So twice the records are four times the cost, and of too many slices no report is made.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from chalicelib.reporting.day_questions import DayQuestions
from chalicelib.reporting.insights import MAX_ROWS, Answer, Found, IncompleteReport
from chalicelib.reporting.late_question import TAKEN_WITHIN, begins
from chalicelib.reporting.nightly import BEGINS, ONCE_MORE
from chalicelib.reporting.reading import Question, Reading
from chalicelib.reporting.slices import HEX, Slice

_DAY: Final = date(2026, 1, 1)  # any
_ONE: Final = timedelta(days=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LATE_QUERIES: Final = 2
_LATE: Final = _LATE_QUERIES * (TAKEN_WITHIN + _ONE)
"""Of log, that a night scans to find days whose report has not all records."""


@dataclass(frozen=True, slots=True)
class Scans:
    """Queries for one day's report, on all its nights."""

    queries: int
    days: Decimal  # of log, that they scan
    whole: bool
    """False: it is given up, for its slices are too many."""


@dataclass(frozen=True, slots=True)
class _Told:
    """Says how many records a slice has, and answers with no row."""

    records: int

    def found(self) -> Found:
        return Found("", 0, self.records, 0)

    def answer(self, read: Any) -> Answer[Any]:
        return Answer("", "", [], self.records, 0)

    def stop(self) -> None:
        pass


def scans(records: int) -> Scans:
    """Go over the queries of a day of so many records: on its night, and on those once more after.

    On these its records are counted, and read again only if there are others: not here.
    """
    read = [_read(each, records) for each in _questions()]
    read += [(list(_counting(night)), True) for night in range(1, 1 + ONCE_MORE)]
    asked = [part for parts, _ in read for part in parts]
    of_log = sum((part.span.end - part.span.start for part in asked), _LATE)
    days = Decimal(of_log // _MILLISECOND) / (_ONE // _MILLISECOND)
    return Scans(len(asked) + _LATE_QUERIES, days, all(whole for _, whole in read))


def _questions() -> Iterator[Question[Any]]:
    """Give a day's questions. Their rows are taken for few: what they count is not there."""
    of_day = _of_day(0)
    nobody: Any = None  # is asked: of few rows nothing is planned
    for each in (of_day.gaps(), of_day.totals(nobody, nobody), of_day.pairs()):
        yield replace(each, counted=None)


def _counting(night: int) -> Iterator[Slice]:
    yield _of_day(night).how_many().whole
    yield _of_day(night).how_many_numbered().whole


def _of_day(night: int) -> DayQuestions:
    asked = datetime.combine(_DAY + timedelta(days=1 + night), BEGINS)
    return DayQuestions(_DAY, begins(_DAY), asked)


def _read(question: Question[Any], records: int) -> tuple[list[Slice], bool]:
    """Return what is asked, and whether that reads the question whole."""
    reading, asked = Reading(question), list[Slice]()
    waiting = deque([(question.whole, records)])
    try:
        while waiting:
            part, has = waiting.popleft()
            asked.append(part)
            for each in reading.take(part, _Told(has), MAX_ROWS):
                waiting.append((each, _of(each, part, has, records)))
    except IncompleteReport:
        return asked, False
    return asked, True


def _of(part: Slice, parent: Slice, has: int, records: int) -> int:
    """Return how many of the records are in a part."""
    if part.prefix:
        return records * len(part.prefix.digits) // int(len(HEX) ** (len(part.prefix.text) + 1))
    if part.flat:
        return has * _length(part) // _length(parent)
    return 0  # all that begins with no digit: forged, and there is none


def _length(part: Slice) -> int:
    return part.span.last - part.span.first + 1
