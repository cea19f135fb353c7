"""Closing a month: every day of it is reported once more, and its rows are copied into its books.

The books are one file of all rows, a tree of all sums, and closed.json, which is written last and
on the condition that there is none: with it the month is closed, and its days are not written any
more. All of its days are claimed meanwhile, so that no report changes one as it is copied.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final, Self

from chalicelib.reporting.claims import Claim, Clock, claimed, utc_now
from chalicelib.reporting.cost_rows import named
from chalicelib.reporting.insights import IncompleteReport, NotFinished
from chalicelib.reporting.months.books import Books, NotItsManifests
from chalicelib.reporting.months.closed import SCHEMA, Closed, ClosedDay, Gap, read_closed
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.reported_day import CSV, JSON, File
from chalicelib.reporting.restating import HeldDay, Outcome
from chalicelib.reporting.store import ReportStore
from chalicelib.usage_record import rfc3339

TRIES: Final = 20
"""Runs that a day of very many records may take; each goes on where the one before stopped."""


class CannotClose(ValueError):
    """The month is not over, is closed already, or its files are not those of its manifests."""


class MonthHasGaps(CannotClose):
    """Days are missing or not whole, and nobody said that the month is to be closed with that."""

    def __init__(self, month: Month, gaps: Sequence[Gap]) -> None:
        self.gaps = tuple(gaps)
        told = "; ".join(f"{gap.date}: {gap.why}" for gap in gaps)
        super().__init__(f"{month} has gaps: {told}. --with-gaps closes it all the same")


def close(
    month: Month,
    *,
    store: ReportStore,
    report: Callable[[date], Outcome],
    with_gaps: bool = False,
    clock: Clock = utc_now,
) -> Closed:
    """Close a month for good. Raises CannotClose, or MonthHasGaps where they are not allowed.

    `report` reports one day with the records and prices of now. A day that cannot be read any more
    is a gap, and keeps the report that it has.
    """
    if month.end > clock().date():
        raise CannotClose(f"{month} is not over (UTC)")
    _hold_open(store, month)
    unread = {day: why for day in month.days() if (why := _read_again(report, day))}
    with ExitStack() as claims:
        days = [
            _Day.of(HeldDay.read(store, claims.enter_context(claimed(store, f"{day}", clock)), day))
            for day in month.days()
        ]
        gaps = [gap for day in days if (gap := day.gap(unread.get(day.day, "")))]
        if gaps and not with_gaps:
            raise MonthHasGaps(month, gaps)
        return _write(month, store, days, gaps, clock)


@dataclass(frozen=True, slots=True)
class _Day:
    """What the closing needs of a day: its manifest names a file for each of 30,000 teams."""

    day: date
    claim: Claim
    closed: ClosedDay | None  # None: there is no report
    lacking: Sequence[str]  # what a report that is not complete lacks

    @classmethod
    def of(cls, held: HeldDay) -> Self:
        manifest = held.manifest
        if manifest is None:
            return cls(held.day, held.claim, None, ())
        counts = {
            "orphaned": manifest.orphaned,
            "unknown": manifest.unknown,
            "lost": manifest.lost,
            "foreign": manifest.foreign,
        }
        found = [f"{count} {name}" for name, count in counts.items() if count]
        closed = ClosedDay(str(held.day), manifest.complete, manifest.csv_sha256)
        return cls(held.day, held.claim, closed, () if manifest.complete else found)

    def gap(self, unread: str) -> Gap | None:
        if self.closed is None:
            return Gap(str(self.day), unread or "there is no report")
        broken = "" if self.claim.clean else "a report of it broke off, and not all files are one's"
        reasons = [*filter(None, [unread, broken]), *self.lacking]
        return Gap(str(self.day), ", ".join(reasons)) if reasons else None


def _read_again(report: Callable[[date], Outcome], day: date) -> str:
    """Report a day once more, in as many runs as it takes; say why if it cannot be done."""
    for _ in range(TRIES):
        try:
            report(day)
        except NotFinished as error:
            why = str(error)
        except IncompleteReport as error:
            return str(error)
        else:
            return ""
    return why


def _hold_open(store: ReportStore, month: Month) -> None:
    if closed := read_closed(store, month):
        raise CannotClose(f"{month} was closed at {closed.closed_at}; it changes by adjustments")


def _write(
    month: Month, store: ReportStore, days: Sequence[_Day], gaps: Sequence[Gap], clock: Clock
) -> Closed:
    _hold_open(store, month)
    books = Books(store, [day.closed for day in days if day.closed])
    hold = partial(_hold_all, [day.claim for day in days])
    files = (File(month.costs_key, CSV, books.costs), File(month.tree_key, CSV, books.tree))
    try:
        hashes = {file.key: store.write_once(file, hold) for file in files}  # the rows, then sums
    except NotItsManifests as error:
        raise CannotClose(str(error)) from error
    closed = Closed(
        schema=SCHEMA,
        month=str(month),
        closed_at=rfc3339(clock()),
        days=tuple(books.days),
        gaps=tuple(gaps),
        rows=books.sums.rows,
        totals=named(books.sums.total()),
        files=hashes,
        unpriced=books.unpriced,
    )
    hold()
    if not store.put_if(month.closed_key, closed.to_json(), None, JSON):
        raise CannotClose(f"{month} was closed by somebody else meanwhile")
    return closed


def _hold_all(claims: Iterable[Claim]) -> None:
    for claim in claims:
        claim.hold()
