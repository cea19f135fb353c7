"""adjustments.csv: signed rows that bring a closed month to what its records say now.

Rows are only ever added, each put on the condition that the file is still the one that was read.
The closed rows of a day and its adjustments are together the day's costs as they were last said.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.reporting.cost_rows import CostRow, read_cells, row_from
from chalicelib.reporting.csv_writer import render_signed
from chalicelib.reporting.differences import Difference
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.reported_day import CSV
from chalicelib.reporting.store import ReportStore
from chalicelib.reporting.team_adjustments import COLUMNS


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A signed row of a closed month, with the day on which it was made and why."""

    adjusted_on: str
    reason: str
    row: CostRow

    def cells(self) -> tuple[str, ...]:
        return (self.adjusted_on, self.reason, *self.row.cells())


def read_adjustments(store: ReportStore, month: Month) -> list[Adjustment]:
    """Return a month's adjustments in the order in which they were made."""
    return list(each_adjustment(store, month))


def each_adjustment(store: ReportStore, month: Month) -> Iterator[Adjustment]:
    """Yield them one by one: a price of a large month that was wrong makes a million rows."""
    return _read(store.read(month.adjustments_key) or b"")


def add(
    store: ReportStore,
    month: Month,
    found: Sequence[Difference],
    adjusted_on: date,
    hold: Callable[[], None],
) -> Sequence[Adjustment]:
    """Add differences to a month's adjustments, beside whatever others add at the same time.

    `hold` is called before each put, and raises where the day of the differences is somebody
    else's by now, who may have added them. A put that was refused may have been written all the
    same, and others may have added to it since: then it is what the file begins with.
    """
    new = [Adjustment(adjusted_on.isoformat(), each.reason, each.row) for each in found]
    content = b""
    while new:
        kept = store.kept(month.adjustments_key)
        before = kept.body if kept else b""
        if content and before.startswith(content):
            break
        content = _added(before, new)
        hold()  # after what was read: a row of ours that is there by now is another holder's
        if store.put_if(month.adjustments_key, content, kept.etag if kept else None, CSV):
            break
    return new


def of_day(adjustments: Iterable[Adjustment], day: date) -> list[CostRow]:
    """Return the rows that adjust a day, as they are to be added to its closed ones."""
    rows = (each.row for each in adjustments if each.row.date == day.isoformat())
    return sorted(rows, key=lambda row: row.order)


def _added(before: bytes, new: Sequence[Adjustment]) -> bytes:
    """Add rows to a file. Those of an older version's columns are rendered anew in ours."""
    content = render_signed(COLUMNS, (each.cells() for each in new))
    header, _, rows = content.partition(b"\n")
    if before.startswith(header + b"\n"):
        return before + rows
    return render_signed(COLUMNS, (each.cells() for each in (*_read(before), *new)))


def _read(content: bytes) -> Iterator[Adjustment]:
    for cells in read_cells((content,)):
        yield Adjustment(cells["adjusted_on"], cells["reason"], row_from(cells))
