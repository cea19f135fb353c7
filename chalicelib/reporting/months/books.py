"""A month's books in the making: the rows of its days, copied and added up in one reading.

A month of 150,000 rows a day is 700 MB. It is read once, piece by piece, goes into the file of all
rows as it comes, and leaves its sums behind: those are the tree, the totals, and what has no price.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial, reduce
from typing import Final

from chalicelib.pricing.costs import CSV_COLUMNS
from chalicelib.reporting.cost_rows import read_columns, row_at
from chalicelib.reporting.csv_writer import chunks
from chalicelib.reporting.months.closed import ClosedDay
from chalicelib.reporting.months.sums import TeamSums
from chalicelib.reporting.reported_day import costs_key
from chalicelib.reporting.store import ReportStore
from chalicelib.reporting.tenant_snapshots import tenants_of
from chalicelib.reporting.tenant_tree import NO_TENANTS, Tenants
from chalicelib.reporting.tree import to_csv

_TOTAL: Final = CSV_COLUMNS.index("total_cost")


class NotItsManifests(ValueError):
    """A day's costs are not the file that its manifest speaks of."""


@dataclass(slots=True)
class Books:
    """The days of a month that are there; and what their rows add up to, once `costs` has ended."""

    store: ReportStore
    days: Sequence[ClosedDay]
    sums: TeamSums = field(default_factory=TeamSums)
    unpriced: int = 0  # rows whose total is not known

    def costs(self) -> Iterator[bytes]:
        """Render the rows of all days, as they are, in the columns of this version: once only.

        Raises NotItsManifests.
        """
        return chunks(CSV_COLUMNS, self._rows())

    def tree(self) -> Iterator[bytes]:
        yield to_csv(self.sums.tree(self._tenants()))

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for day in self.days:
            for cells in read_columns(self._whole(day), CSV_COLUMNS):
                self.sums.add(row_at(cells))
                self.unpriced += not cells[_TOTAL]
                yield tuple(cells)

    def _whole(self, day: ClosedDay) -> Iterator[bytes]:
        """Yield a day's costs.csv. Raises at its end, where it is not its manifest's."""
        digest = hashlib.sha256()
        for chunk in self.store.chunks(costs_key(date.fromisoformat(day.date))):
            digest.update(chunk)
            yield chunk
        if digest.hexdigest() != day.csv_sha256:
            raise NotItsManifests(
                f"the costs of {day.date} are not its manifest's: report it again"
            )

    def _tenants(self) -> Tenants:
        """Return the month's tenants as they were on the last day that knew them."""
        nobody = partial(tenants_of, self.store, read_all=lambda: NO_TENANTS)
        snapshots = (nobody(date.fromisoformat(day.date)) for day in reversed(self.days))
        return reduce(Tenants.adding, snapshots, NO_TENANTS)
