"""A day's records, added up by Logs Insights on AWS's own engine, and proved to be whole."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import Final

from chalicelib.pricing.costs import RowKey
from chalicelib.pricing.count_line import CountLine
from chalicelib.reporting import numbering, unlisted, unsure_calls
from chalicelib.reporting.broken_pairs import (
    Call,
    Record,
    Repeats,
    joined,
    lists_of,
    of_repeated_calls,
    surplus,
)
from chalicelib.reporting.day_questions import DayQuestions
from chalicelib.reporting.exceptions import ExceptionRow
from chalicelib.reporting.groups import Group, merged
from chalicelib.reporting.insights import RESERVE_MS, IncompleteReport, Insights, NotFinished
from chalicelib.reporting.progress import Progress
from chalicelib.reporting.reading import Question, Reading, RecordsArrived, read_all

CLOCK_SKEW: Final = timedelta(minutes=5)
LATEST: Final = timedelta(days=3)
"""How long after its day began records are looked for; later, where there are any later ones."""

KEPT: Final = timedelta(days=400)
"""As long as the usage log group keeps its records (`.chalice/resources.json`)."""

_TIMES: Final = 3  # that a day is read at most, while records arrive between its queries
_WRITING_MS: Final = 1  # a line: to price it, and to write all the files that it is in
_PUTTING_MS: Final = 10  # a team: to put its file, beside others
_MOST_MS: Final = 600_000  # to write a day of any size: what a run has that reads what is kept


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
    exceptions: tuple[ExceptionRow, ...]  # sorted: the calls that are not whole, by their ids


def read_day(
    insights: Insights, day: date, now: datetime, progress: Progress | None = None
) -> DayCounts:
    """Read a UTC day's records. Raises IncompleteReport where they are not all there.

    The record's own `day` decides; the window of the log only has to be wide enough: to now, if
    a record was written later than LATEST. What was read is kept in `progress` where a query fails,
    and where no time is left for the rest, or for writing the day's files; then NotFinished is
    raised.
    """
    start = datetime.combine(day, time(), UTC)
    if now < start:
        raise IncompleteReport(f"{day} has not begun")
    progress = progress or Progress(None, day)
    end = progress.window_end(now)
    try:
        counts = _settled(insights, progress, _questions(insights, progress, day, end))
        leave_time_to_write(insights, counts.lines)
    except RecordsArrived:
        progress.forget()
        raise
    except IncompleteReport:
        progress.keep()
        raise
    return counts


def _questions(insights: Insights, progress: Progress, day: date, end: datetime) -> DayQuestions:
    """Ask over as much of the log as the day's records lie in: each scan of more is paid for."""
    start = datetime.combine(day, time(), UTC)
    soon = DayQuestions(day, start - CLOCK_SKEW, min(end, start + LATEST))
    if soon.end == end:
        return soon
    late = Reading(replace(soon, start=soon.end, end=end).how_many())
    read_all(insights, progress, (late,))
    return replace(soon, end=end) if late.matched else soon


def _settled(insights: Insights, progress: Progress, questions: DayQuestions) -> DayCounts:
    """Read the day again, a few times, where records arrived while it was read."""
    times = range(1, _TIMES + 1)
    tries = insights.patience.tries("records that still arrive")
    for time_read, _ in zip(times, tries, strict=False):
        try:
            return _read(insights, progress, questions)
        except RecordsArrived:
            if time_read == _TIMES:
                raise
            progress.forget()
    raise AssertionError("the last time returns or raises")


def leave_time_to_write(insights: Insights, lines: Sequence[CountLine]) -> None:
    """Leave the files to a run that has all its time, where this one has spent it otherwise."""
    teams = len({line.team_id for line in lines})
    needed = RESERVE_MS + len(lines) * _WRITING_MS + teams * _PUTTING_MS
    if insights.patience.remaining_ms() < min(needed, _MOST_MS):
        raise NotFinished(f"{len(lines)} lines are read, and no time is left to write their files")


def _read(insights: Insights, progress: Progress, questions: DayQuestions) -> DayCounts:
    totals = Reading(questions.totals(insights, progress))
    pairs, gaps = Reading(questions.pairs()), Reading(questions.gaps())
    # Gaps first: a record that arrives in between is lost to them, never unseen to all but them.
    read_all(insights, progress, (gaps, totals, pairs))
    if pairs.matched != totals.matched:
        raise RecordsArrived("records arrived between the queries")
    answered = _answered(insights, progress, questions, totals.rows)
    named = _of_answered(insights, progress, questions, answered)
    calls = [call.named(answered) for call in joined(pairs.rows).values() if call.broken]
    repeats = _repeats(insights, progress, questions.records(answered), calls)
    unsure = _unsure(insights, progress, questions, totals.rows)
    whole = [call.without(repeats.get(call.identity, ())) for call in calls]
    moved = list(map(unlisted.unnamed, named))
    groups = merged((*totals.rows, *named), chain(*repeats.values(), moved))
    _check_moves(totals.rows, moved, groups)
    _check_balance(groups, whole)
    return DayCounts(
        lines=tuple(group.line for group in groups),
        orphaned=_orphaned(whole),
        orphaned_request_ids=tuple(sorted(call.request_id for call in whole if call.orphaned)),
        unannounced=sum(call.unannounced for call in whole),
        duplicated=len(repeats),
        lost=numbering.lost(gaps.rows),
        foreign=sum(group.records for group in groups if group.foreign),
        start=questions.start,
        end=questions.end,
        queries=tuple(chain(totals.about, pairs.about, gaps.about)),
        exceptions=tuple(sorted((*_exceptions(whole, repeats), *unsure))),
    )


def _answered(
    insights: Insights, progress: Progress, questions: DayQuestions, groups: Sequence[Group]
) -> Set[str]:
    """Return which ids answered that no price list names, where calls of such ids are together.

    By the totals: an answer that came after them is for the next report of the day.
    """
    if not unlisted.there_are(groups):
        return frozenset()
    reading = Reading(questions.answered())
    read_all(insights, progress, [reading])
    found = {each.model_id for each in reading.rows if each.model_id}
    return found.intersection(group.line.model_id for group in groups)


def _of_answered(
    insights: Insights, progress: Progress, questions: DayQuestions, answered: Set[str]
) -> list[Group]:
    """Read by their own ids the calls of models that answered, out of those that are together."""
    readings = [Reading(questions.of_answered(each)) for each in lists_of(sorted(answered))]
    read_all(insights, progress, readings)
    return [group for reading in readings for group in reading.rows]


def _repeats(
    insights: Insights, progress: Progress, records: Question[Record], calls: Sequence[Call]
) -> Repeats:
    """Read the records of calls that have too many, and return those that are there twice."""
    repeated = [call for call in calls if call.may_be_repeated]
    readings = of_repeated_calls(repeated, records)
    read_all(insights, progress, readings)
    return surplus(repeated, readings)


def _unsure(
    insights: Insights, progress: Progress, questions: DayQuestions, groups: Sequence[Group]
) -> list[ExceptionRow]:
    """Ask which calls are partial or unknown, where the sums say that there are any.

    Raises RecordsArrived where they are not as many as the sums have; foreign records may be among
    them.
    """
    if not (expected := unsure_calls.expected(groups)):
        return []
    reading = Reading(questions.unsure())
    read_all(insights, progress, [reading])
    foreign = sum(group.records for group in groups if group.foreign)
    if not expected <= reading.matched <= expected + foreign:
        raise RecordsArrived("partial and unknown calls came or went while they were read")
    return unsure_calls.exceptions(reading.rows)


def _exceptions(calls: Iterable[Call], repeats: Repeats) -> Iterator[ExceptionRow]:
    """List the calls that are no pair; `calls` are without what was recorded twice."""
    for call in calls:
        if call.orphaned:
            yield call.exception("orphaned")
        if call.unannounced:
            yield call.exception("unannounced")
        if call.identity in repeats:
            yield call.exception("duplicated")


def _orphaned(calls: Iterable[Call]) -> Mapping[RowKey, int]:
    orphaned: Counter[RowKey] = Counter()
    for call in calls:
        orphaned[call.row] += call.orphaned
    return +orphaned  # only rows that have any


def _check_moves(totals: Iterable[Group], moved: Sequence[Group], groups: Iterable[Group]) -> None:
    """Hold what goes by its own name against the groups that it was taken out of.

    Raises RecordsArrived where those had less of it: some came after the totals were read.
    """
    short = any(group.records < 0 for group in groups)
    if short or (moved and not {each.key for each in moved} <= {each.key for each in totals}):
        raise RecordsArrived("calls of unlisted models came while they were read")


def _check_balance(groups: Iterable[Group], calls: Iterable[Call]) -> None:
    """Hold the sums against the pairs: started + unannounced = usage + failed + orphaned.

    But for rows that hold foreign records: whose writer may do as it likes. Raises RecordsArrived,
    as each query may have seen another record, and as many.
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
        raise RecordsArrived(f"beginnings and ends do not balance for {', '.join(unbalanced[0])}")
