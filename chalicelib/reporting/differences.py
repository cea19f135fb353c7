"""What moved between two states of a day's costs, row by row, and why. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from heapq import merge
from itertools import groupby
from typing import Final

from chalicelib.reporting.cost_rows import COUNTS, EXACT, CostRow, difference, summed

LATE: Final = "late records"
FEWER: Final = "fewer records"
PRICE: Final = "price change"
CAPACITY: Final = "capacity shared anew"
STATUS: Final = "status"


@dataclass(frozen=True, slots=True)
class Difference:
    """What must be added to a row of before to make it the row of after."""

    row: CostRow  # signed amounts; the status and the version of the prices are those of after
    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Differences in sum: how many rows moved for each reason, and by how much."""

    rows: dict[str, int]  # by reason
    cost: Decimal  # US dollars, signed


def differences(before: Iterable[CostRow], after: Iterable[CostRow]) -> Iterator[Difference]:
    """Compare rows in the order of `CostRow.order`, holding no more than one of each in memory.

    Rows of `before` that have one identity are added up first: a closed row and its adjustments.
    A row whose amounts and status are as they were is no difference.
    """
    old, new = ((row, False) for row in before), ((row, True) for row in after)
    both = merge(old, new, key=lambda each: each[0].order)
    for _, group in groupby(both, key=lambda each: each[0].order):
        sides: tuple[list[CostRow], list[CostRow]] = ([], [])
        for row, is_new in group:
            sides[is_new].append(row)
        if found := _compared(*sides):
            yield found


def moved(found: Iterable[Difference]) -> Moved:
    rows, cost = Counter[str](), Decimal(0)
    for each in found:
        rows[each.reason] += 1
        cost = EXACT.add(cost, each.row.of("total_cost"))
    return Moved(dict(sorted(rows.items())), cost)


def _compared(before: Sequence[CostRow], after: Sequence[CostRow]) -> Difference | None:
    last = (after or before)[-1]
    change = difference(summed(row.amounts for row in after), summed(row.amounts for row in before))
    status_before = before[-1].status if before else ""
    if not any(change) and status_before == last.status:
        return None
    signed = replace(last, amounts=change)
    return Difference(signed, _reason(signed, before[-1].price_version if before else ""))


def _reason(signed: CostRow, version_before: str) -> str:
    """Say why. Counts first: what is counted anew is priced anew, too."""
    if any(signed.counts):
        return FEWER if any(count < 0 for count in signed.counts) else LATE
    if signed.price_version != version_before and version_before:
        return PRICE
    if any(signed.amounts[len(COUNTS) :]):
        return CAPACITY
    return STATUS
