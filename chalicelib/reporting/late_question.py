"""What the log holds, by the days of its records: is there anything that no report has read?

CloudWatch Logs takes no record more than 14 days after the time that the record bears, or two hours
before it (API reference, PutLogEvents). So whatever it took since a moment lies in the window that
begins 14 days before that moment, however late it was written, or taken.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

from chalicelib.reporting.insights import IncompleteReport, Insights, Row
from chalicelib.reporting.progress import Progress
from chalicelib.reporting.reading import Question, Reading, read_all
from chalicelib.reporting.slices import Slice, Span
from chalicelib.reporting.usage_query import CLOCK_SKEW, KEPT
from chalicelib.reporting.whole_number import whole

TAKEN_WITHIN: Final = timedelta(days=14)

NO_DAY: Final = "no day"
"""Stands for whatever is not a day, or lies years ahead or back."""

_RECORDS: Final = "filter ispresent(tollgate)"
_BY_DAY: Final = "stats count(*) as records by day"


@dataclass(frozen=True, slots=True)
class Held:
    """Records that a window of the log holds, copies and foreign ones among them."""

    days: Mapping[date, int]  # all that the log has of each day of which the window has any
    astray: Mapping[str, int]  # by what they give as their day: one that no report can be of


class _Counted(NamedTuple):
    day: str
    records: int


def since(asked_at: datetime | None, oldest: date | None, now: datetime) -> datetime:
    """Return where the window begins that has all that was taken since a question was asked.

    Since ever, where none was: since the oldest report began, and as long as records are kept.
    """
    first = (asked_at or now) - TAKEN_WITHIN
    if asked_at is None and oldest is not None:
        first = min(first, begins(oldest))
    return max(first, now - KEPT)


def begins(day: date) -> datetime:
    """Return from when on a report of a day looks for its records."""
    return datetime.combine(day, time(), UTC) - CLOCK_SKEW


def ask(insights: Insights, start: datetime, now: datetime) -> Held:
    """Count the log's records by day. Raises IncompleteReport where the answer is not whole."""
    years = "|".join(map(str, range((now - KEPT).year, now.year + 1)))
    like = f"like /^({years})-[01][0-9]-[0-3][0-9]$/"  # few enough for one answer
    named = Reading(_question("records by day", f"day {like}", start, now))
    others = Reading(
        replace(
            _question("records of no day", f"not ispresent(day) or day not {like}", start, now),
            commands="stats count(*) as records",
        )
    )
    read_all(insights, Progress(None, now.date()), (named, others))
    held = _sorted_out(_added(named.rows), now)
    older = [day for day in held.days if begins(day) < start]
    whole_days = _all_of(insights, older, now) if older else {}
    astray = {**held.astray, NO_DAY: others.matched} if others.matched else held.astray
    return Held({**held.days, **whole_days}, astray)


def _all_of(insights: Insights, days: Collection[date], now: datetime) -> dict[date, int]:
    """Count all records of days of which the first window shows the latest only."""
    listed = ", ".join(f'"{day}"' for day in days)
    reading = Reading(
        _question("records of older days", f"day in [{listed}]", begins(min(days)), now)
    )
    read_all(insights, Progress(None, now.date()), (reading,))
    return {date.fromisoformat(day): records for day, records in _added(reading.rows).items()}


def _question(name: str, chosen: str, start: datetime, end: datetime) -> Question[_Counted]:
    whole = Slice.all_of(Span.of(start, end), None)
    records = f"{_RECORDS} | filter {chosen}"
    return Question(name, records, _BY_DAY, _read, whole, counted=lambda row: row.records)


def _read(row: Row) -> _Counted:
    records = whole(row.get("records"))
    if records is None:
        raise IncompleteReport(f"a number of records is {row.get('records')!r}")
    return _Counted(row.get("day", NO_DAY), records)


def _added(rows: Iterable[_Counted]) -> Counter[str]:
    """Add up rows: those of one day come from several slices where a query timed out."""
    found: Counter[str] = Counter()
    for row in rows:
        found[row.day] += row.records
    return found


def _sorted_out(found: Mapping[str, int], now: datetime) -> Held:
    days: dict[date, int] = {}
    astray: dict[str, int] = {}
    for text, records in sorted(found.items()):
        day = _day(text)
        if day and (now - KEPT).date() < day <= now.date():
            days[day] = records
        else:
            astray[text] = records
    return Held(days, astray)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
