"""A closed month's balance: what was closed, what was added since, and what the records say now."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.reporting.cost_rows import (
    Amounts,
    CostRow,
    difference,
    read_rows,
    summed,
)
from chalicelib.reporting.months.adjustments import each_adjustment
from chalicelib.reporting.months.closed import Closed, read_closed
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.reported_day import costs_key, manifest_key
from chalicelib.reporting.restating import ADJUSTED
from chalicelib.reporting.store import ReportStore


class NotClosed(ValueError):
    """The month has no books yet."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Sums of a month's rows, in the order of AMOUNTS."""

    closed: Closed
    booked: Amounts
    adjusted: Amounts
    now: Amounts

    @property
    def out_by(self) -> Amounts:
        """What the closed rows and the adjustments lack of what the records say now: nothing."""
        return difference(self.now, summed((self.booked, self.adjusted)))


def balance(store: ReportStore, month: Month) -> Balance:
    """Add up a month's books and its days. Raises NotClosed."""
    closed = read_closed(store, month)
    if closed is None:
        raise NotClosed(f"{month} is not closed")
    rows = read_rows(store.chunks(month.costs_key))
    return Balance(
        closed,
        summed(row.amounts for row in rows),
        summed(each.row.amounts for each in each_adjustment(store, month)),
        summed(row.amounts for row in _now(store, month)),
    )


def _now(store: ReportStore, month: Month) -> Iterator[CostRow]:
    """Yield the rows of each day as it was last reported or rated."""
    for day in month.days():
        for prefix in (ADJUSTED, ""):
            if store.read(prefix + manifest_key(day)) is not None:
                yield from read_rows(store.chunks(prefix + costs_key(day)))
                break
