"""Adjustments: signed rows that bring a closed month to what its records say now.

A day has a file of its own, so that what is read and written to adjust it does not grow with the
month: a price that was wrong moves every row of every day. Rows are only ever added, each put on
the condition that the file is still the one that was read. The closed rows of a day and its
adjustments are together the day's costs as they were last said.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.reporting.cost_rows import CostRow, read_columns, row_at
from chalicelib.reporting.csv_writer import render_signed
from chalicelib.reporting.differences import Difference
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.reported_day import CSV
from chalicelib.reporting.store import ReportStore
from chalicelib.reporting.team_adjustments import ABOUT_ADJUSTMENT, COLUMNS

_ABOUT = len(ABOUT_ADJUSTMENT)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A signed row of a closed month, with the day on which it was made and why."""

    adjusted_on: str
    reason: str
    row: CostRow

    @classmethod
    def at(cls, cells: Sequence[str]) -> "Adjustment":
        """Read one's cells, in the order of COLUMNS. Raises ValueError as `row_at`."""
        adjusted_on, reason = cells[:_ABOUT]
        return cls(adjusted_on, reason, row_at(cells[_ABOUT:]))

    def cells(self) -> tuple[str, ...]:
        return (self.adjusted_on, self.reason, *self.row.cells())


def adjustments_key(day: date) -> str:
    return f"adjustments/month={Month.of(day)}/{day}.csv"


def each_adjustment(store: ReportStore, month: Month) -> Iterator[Adjustment]:
    """Yield a month's, a day's after the other's: a price that was wrong makes millions of rows."""
    return (each for day in month.days() for each in of_day(store, day))


def of_day(store: ReportStore, day: date) -> Iterator[Adjustment]:
    """Yield what adjusts a day, in the order in which it was booked."""
    return map(Adjustment.at, _cells(store, day))


def rows_of_day(store: ReportStore, day: date) -> Iterator[CostRow]:
    """Yield the rows that adjust a day in the order of costs.csv, as they were booked within it.

    They are sorted as text: the amounts of 150,000 rows would take ten times as much memory.
    """
    lines = [",".join(cells) for cells in _cells(store, day)]
    lines.sort(key=_order)
    return (Adjustment.at(line.split(",")).row for line in lines)


def rendered_lines(found: Iterable[Difference], adjusted_on: date) -> bytes:
    """Render differences as rows that are to be added, a line each, without a header."""
    made = (Adjustment(adjusted_on.isoformat(), each.reason, each.row) for each in found)
    return render_signed(COLUMNS, (each.cells() for each in made)).partition(b"\n")[2]


def add(store: ReportStore, day: date, lines: bytes, hold: Callable[[], None]) -> None:
    """Add lines to what adjusts a day.

    `hold` is called before each put, and raises where the day is somebody else's by now, who may
    have added them. A put that was refused may have been written all the same, and others may have
    added to it since: then it is what the file begins with.
    """
    key, content = adjustments_key(day), b""
    while lines:
        kept = store.kept(key)
        before = kept.body if kept else b""
        if content and before.startswith(content):
            return
        content = _added(before, lines)
        hold()  # after what was read: a row of ours that is there by now is another holder's
        if store.put_if(key, content, kept.etag if kept else None, CSV):
            return


def _cells(store: ReportStore, day: date) -> Iterator[Sequence[str]]:
    return read_columns(store.chunks_if_any(adjustments_key(day)), COLUMNS)


def _added(before: bytes, lines: bytes) -> bytes:
    """Add lines to a file. Those of an older version's columns are rendered anew in ours."""
    if not before.startswith(render_signed(COLUMNS, ())):
        kept = map(Adjustment.at, read_columns((before,), COLUMNS))
        before = render_signed(COLUMNS, (each.cells() for each in kept))
    return before + lines


def _order(line: str) -> tuple[str, ...]:
    """Return a line's `CostRow.order`."""
    _, _, day, team_id, service, model_id, _ = line.split(",", 6)
    return day, team_id, model_id, service
