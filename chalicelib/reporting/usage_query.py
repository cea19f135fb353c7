"""A day's records, added up by Logs Insights on AWS's own engine, and proved to be whole."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import Final, NamedTuple

from chalicelib.pricing.costs import RowKey
from chalicelib.pricing.count_line import CountLine
from chalicelib.reporting.broken_pairs import BROKEN, Call, read_call, surplus
from chalicelib.reporting.groups import KEYS, SUMS, Group, merged, summed
from chalicelib.reporting.insights import (
    MAX_ROWS,
    Answer,
    IncompleteReport,
    Insights,
    Query,
    Row,
    T,
    whole,
)

CLOCK_SKEW: Final = timedelta(minutes=5)
LATEST: Final = timedelta(days=3)
"""How long after its day began a record may be written and still be found."""

CALLS_END: Final = timedelta(days=1, minutes=30)
"""By then all calls of the day have ended: none lasts longer than a Lambda, 15 minutes."""

_NUMBERED: Final = "filter ispresent(tollgate) and ispresent(instance) and seq >= 0"
_GAPS: Final = (
    f"{_NUMBERED} | stats count(*) as copies by instance, seq"
    " | stats count(*) as seen, sum(copies) as records, min(seq) as lowest, max(seq) as highest"
    f" by instance | limit {MAX_ROWS}"
)
"""Two `stats`: the first takes copies out, the second adds up what it left."""


@dataclass(frozen=True, slots=True)
class DayCounts:
    """What a day's records say, each record counted once."""

    lines: tuple[CountLine, ...]  # sorted by their key
    orphaned: Mapping[RowKey, int]  # calls that began and left no end record
    orphaned_request_ids: tuple[str, ...]  # sorted
    unannounced: int  # calls that ended and left no record of their beginning
    duplicated: int  # calls of which a record was written more than once
    lost: int  # records that are missing between others of the same process
    foreign: int  # records that the gateway did not write
    start: datetime
    end: datetime
    queries: tuple[Mapping[str, str | int], ...]


class _Numbers(NamedTuple):
    """What the numbering of one process says of its records."""

    lost: int
    records: int


def read_day(insights: Insights, day: date, now: datetime) -> DayCounts:
    """Read a UTC day's records. Raises IncompleteReport where they are not all there.

    The record's own `day` decides; the window of the log only has to be wide enough.
    """
    start = datetime.combine(day, time(), UTC)
    if now < start:
        raise IncompleteReport(f"{day} has not begun")
    window = Query("records", _records_of(day), start - CLOCK_SKEW, min(now, start + LATEST))
    with insights.running(
        _narrowed(window, "totals", f"stats count(*) as records, {SUMS} by {KEYS}"),
        _narrowed(window, "broken pairs", BROKEN),
        Query("gaps", _GAPS, window.start, min(now, start + CALLS_END)),
    ) as (totals, pairs, gaps):
        answers = totals.answer(summed), pairs.answer(read_call), gaps.answer(_numbers)
    return _day_counts(insights, window, *answers)


def _records_of(day: date) -> str:
    return f'filter ispresent(tollgate) and day = "{day.isoformat()}"'


def _narrowed(window: Query, name: str, commands: str) -> Query:
    return replace(window, name=name, text=f"{window.text} | {commands} | limit {MAX_ROWS}")


def _day_counts(
    insights: Insights,
    window: Query,
    totals: Answer[Group],
    pairs: Answer[Call],
    gaps: Answer[_Numbers],
) -> DayCounts:
    _check_whole(totals, (group.records for group in totals.rows))
    _check_whole(gaps, (numbers.records for numbers in gaps.rows))
    if pairs.matched != totals.matched:
        raise IncompleteReport("records arrived between the queries")
    repeated = [call for call in pairs.rows if call.may_be_repeated]
    repeats = surplus(insights, repeated, window) if repeated else {}
    calls = [call.without(repeats.get(call.identity, ())) for call in pairs.rows]
    groups = merged(totals.rows, chain.from_iterable(repeats.values()))
    _check_balance(groups, calls)
    return DayCounts(
        lines=tuple(group.line for group in groups),
        orphaned=_orphaned(calls),
        orphaned_request_ids=tuple(sorted(call.request_id for call in calls if call.orphaned)),
        unannounced=sum(call.unannounced for call in calls),
        duplicated=len(repeats),
        lost=sum(numbers.lost for numbers in gaps.rows),
        foreign=sum(group.records for group in groups if group.foreign),
        start=window.start,
        end=window.end,
        queries=(_about(totals), _about(pairs), _about(gaps)),
    )


def _numbers(row: Row) -> _Numbers:
    names = ("lowest", "highest", "seen", "records")
    lowest, highest, seen, records = (whole(row.get(name)) for name in names)
    if seen is None or records is None:
        raise IncompleteReport(f"the numbering of a process is {dict(row)}")
    if lowest is None or highest is None:  # forged: what it hides cannot be told from a loss
        return _Numbers(lost=1, records=records)
    return _Numbers(lost=max(highest - lowest + 1 - seen, 0), records=records)


def _orphaned(calls: Iterable[Call]) -> Mapping[RowKey, int]:
    orphaned: Counter[RowKey] = Counter()
    for call in calls:
        orphaned[call.row] += call.orphaned
    return +orphaned  # only rows that have any


def _check_whole(answer: Answer[T], records: Iterable[int]) -> None:
    if (counted := sum(records)) != answer.matched:
        raise IncompleteReport(
            f"the query of {answer.name} counts {counted} records of {answer.matched}"
        )


def _check_balance(groups: Iterable[Group], calls: Iterable[Call]) -> None:
    """Hold the sums against the pairs: started + unannounced = usage + failed + orphaned.

    But for rows that hold foreign records: whose writer may do as it likes.
    """
    difference: Counter[RowKey] = Counter()
    foreign: set[RowKey] = set()
    for group in groups:
        line = group.line
        row = (line.team_id, line.service, line.model_id)
        difference[row] += line.n_started - line.n_usage - line.n_failed
        foreign.update([row] if group.foreign else ())
    for call in calls:
        difference[call.row] += call.unannounced - call.orphaned
    if unbalanced := sorted(row for row, n in difference.items() if n and row not in foreign):
        raise IncompleteReport(f"beginnings and ends do not balance for {', '.join(unbalanced[0])}")


def _about(answer: Answer[T]) -> Mapping[str, str | int]:
    return {
        "name": answer.name,
        "query_id": answer.query_id,
        "records_matched": answer.matched,
        "records_scanned": answer.scanned,
        "rows": len(answer.rows),
    }
