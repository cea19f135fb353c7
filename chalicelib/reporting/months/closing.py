"""Closing a month: every day of it is reported once more, and its rows are copied into its books.

The books are one file of all rows, a tree of all sums, and closed.json, which is written last and
on the condition that there is none: with it the month is closed, and its days are not written any
more. All of its days are claimed meanwhile, so that no report changes one as it is copied.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import partial, reduce
from typing import Final

from chalicelib.pricing.costs import CSV_COLUMNS
from chalicelib.reporting.claims import Clock, claimed, utc_now
from chalicelib.reporting.cost_rows import named, read_cells, row_from, summed
from chalicelib.reporting.csv_writer import chunks
from chalicelib.reporting.insights import IncompleteReport, NotFinished
from chalicelib.reporting.months.closed import SCHEMA, Closed, ClosedDay, Gap, read_closed
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.reported_day import CSV, JSON, File, costs_key
from chalicelib.reporting.restating import HeldDay, Outcome
from chalicelib.reporting.store import ReportStore, all_rendered, hashes
from chalicelib.reporting.tenant_snapshots import tenants_of
from chalicelib.reporting.tenant_tree import NO_TENANTS, Tenants
from chalicelib.reporting.tree import to_csv, totals
from chalicelib.usage_record import rfc3339

TRIES: Final = 20
"""Runs that a day of very many records may take; each goes on where the one before stopped."""

Cells = Mapping[str, str]


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
            HeldDay.read(store, claims.enter_context(claimed(store, f"{day}", clock)), day)
            for day in month.days()
        ]
        gaps = [gap for day in days if (gap := _gap(day, unread.get(day.day, "")))]
        if gaps and not with_gaps:
            raise MonthHasGaps(month, gaps)
        return _write(_Books(month, store, [day for day in days if day.manifest]), gaps, clock)


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


def _gap(day: HeldDay, unread: str) -> Gap | None:
    manifest = day.manifest
    if manifest is None:
        return Gap(str(day.day), unread or "there is no report")
    lacking = {
        "orphaned": manifest.orphaned,
        "unknown": manifest.unknown,
        "lost": manifest.lost,
        "foreign": manifest.foreign,
    }
    found = [f"{count} {name}" for name, count in lacking.items() if count]
    broken = "" if day.claim.clean else "a report of it broke off, and not all files are one's"
    reasons = [*filter(None, [unread, broken]), *([] if manifest.complete else found)]
    return Gap(str(day.day), ", ".join(reasons)) if reasons else None


def _hold_open(store: ReportStore, month: Month) -> None:
    if closed := read_closed(store, month):
        raise CannotClose(f"{month} was closed at {closed.closed_at}; it changes by adjustments")


@dataclass(frozen=True, slots=True)
class _Books:
    """The days of a month that are there, and what is made of their rows."""

    month: Month
    store: ReportStore
    days: Sequence[HeldDay]

    def files(self) -> list[File]:
        return [
            File(self.month.costs_key, CSV, self.costs),
            File(self.month.tree_key, CSV, self.tree),
        ]

    def costs(self) -> Iterator[bytes]:
        """Render the rows of all days, as they are, in the columns of this version."""
        cells = (tuple(row.get(name) or "" for name in CSV_COLUMNS) for row in self.rows())
        return chunks(CSV_COLUMNS, cells)

    def tree(self) -> Iterator[bytes]:
        yield to_csv(totals(map(row_from, self.rows()), self._tenants()))

    def rows(self) -> Iterator[Cells]:
        """Yield the rows of the days in their order. Raises CannotClose as `_whole`."""
        return (row for day in self.days for row in read_cells(_whole(day)))

    def _tenants(self) -> Tenants:
        """Return the month's tenants as they were on the last day that knew them."""
        nobody = partial(tenants_of, self.store, read_all=lambda: NO_TENANTS)
        snapshots = (nobody(day.day) for day in reversed(self.days))
        return reduce(Tenants.adding, snapshots, NO_TENANTS)


def _whole(day: HeldDay) -> Iterator[bytes]:
    """Yield a day's costs.csv. Raises CannotClose, at its end, where it is not its manifest's."""
    digest = hashlib.sha256()
    for chunk in day.store.chunks(costs_key(day.day)):
        digest.update(chunk)
        yield chunk
    if day.manifest and digest.hexdigest() != day.manifest.csv_sha256:
        raise CannotClose(f"the costs of {day.day} are not its manifest's: report it again")


def _write(books: _Books, gaps: Iterable[Gap], clock: Clock) -> Closed:
    _hold_open(books.store, books.month)
    made = all_rendered(books.files())
    have_price = Counter(bool(cells["total_cost"]) for cells in books.rows())
    closed = Closed(
        schema=SCHEMA,
        month=str(books.month),
        closed_at=rfc3339(clock()),
        days=tuple(_closed_day(day) for day in books.days),
        gaps=tuple(gaps),
        rows=have_price.total(),
        totals=named(summed(row_from(cells).amounts for cells in books.rows())),
        files=hashes(made),
        unpriced=have_price[False],
    )
    for each in made:
        books.store.write(each, partial(_hold_all, books.days))
    _hold_all(books.days)
    if not books.store.put_if(books.month.closed_key, closed.to_json(), None, JSON):
        raise CannotClose(f"{books.month} was closed by somebody else meanwhile")
    return closed


def _closed_day(day: HeldDay) -> ClosedDay:
    complete, csv_sha256 = (
        (day.manifest.complete, day.manifest.csv_sha256) if day.manifest else (False, "")
    )
    return ClosedDay(str(day.day), complete, csv_sha256)


def _hold_all(days: Iterable[HeldDay]) -> None:
    for day in days:
        day.claim.hold()
