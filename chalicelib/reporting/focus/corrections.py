"""Corrections: what FOCUS is told of a closed day whose records or prices say otherwise now. Pure.

FOCUS 1.3, "Correction Handling", and `ChargeClass` of 1.2: what was closed is neither replaced nor
left out. Rows are added whose charge period is the day that they correct, and whose billing period
is the one in which they are booked. Where a price holds, a row is what its quantity moved by;
where one moved, what stood at the old price is reversed, and a row at the new price follows. So a
cost stays its price times its quantity, and all rows of a SKU price add up to what is known of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Final

from chalicelib.reporting.cost_rows import EXACT
from chalicelib.reporting.focus.columns import COLUMNS, OF_DAY, plain
from chalicelib.reporting.focus.export import Cells, quoted

Row = Sequence[str]
"""A row of a FOCUS file: its cells in the order of COLUMNS."""

CORRECTION: Final = "Correction"

_UNIT_PRICES: Final = ("ListUnitPrice", "ContractedUnitPrice")
_AMOUNTS: Final = (
    *("BilledCost", "EffectiveCost", "ContractedCost", "ListCost"),
    *("ConsumedQuantity", "PricingQuantity", "x_Invocations"),
)
_NONE: Final = (Decimal(0),) * len(_AMOUNTS)
_SKU_PRICE: Final = COLUMNS.index("SkuPriceId")
_team: Final = itemgetter(COLUMNS.index("SubAccountId"))
_used: Final = itemgetter(
    *map(COLUMNS.index, ("ServiceName", "RegionId", "BillingAccountId")),
    *map(COLUMNS.index, ("ResourceId", "ResourceName", "ResourceType")),
)
_unit_prices: Final = itemgetter(*map(COLUMNS.index, _UNIT_PRICES))
_amounts: Final = itemgetter(*map(COLUMNS.index, _AMOUNTS))
_PLACES: Final = tuple(map(COLUMNS.index, _AMOUNTS))


def corrections_key(booked_on: date, day: date) -> str:
    """Where what was booked on a date of a closed day lies: beside the files of that date."""
    return f"focus/date={booked_on}/corrections_of_{day}.csv"


def corrections(
    before: Iterable[Iterable[Row]], after: Iterable[Row], booked_on: date
) -> Iterator[Cells]:
    """Yield a file's rows, the header first: what brings files of before to one of after.

    All files are of one day and in the order in which FOCUS files are written, and so is this one.
    No more than the rows of one SKU price are in memory.
    """
    yield COLUMNS
    period = {name: OF_DAY[name](booked_on) for name in ("BillingPeriodStart", "BillingPeriodEnd")}
    told = {"ChargeClass": CORRECTION, **period}
    places = [(COLUMNS.index(name), cell) for name, cell in told.items()]
    signed = (*(((row, -1) for row in rows) for rows in before), ((row, 1) for row in after))
    both = merge(*signed, key=lambda each: _order(each[0]))
    for _, group in groupby(both, key=lambda each: _order(each[0])):
        for cells in _moved(group):
            for place, cell in places:
                cells[place] = cell
            yield tuple(map(quoted, cells))


def _order(row: Row) -> tuple[object, ...]:
    """Return what a FOCUS file is sorted by."""
    return _team(row), row[_SKU_PRICE].split("|"), _used(row)


def _moved(group: Iterable[tuple[Row, int]]) -> Iterator[list[str]]:
    """Yield by how much the rows of one SKU price moved, at each unit price that they had."""
    sums: dict[tuple[str, ...], tuple[Row, tuple[Decimal, ...]]] = {}
    for row, sign in group:
        prices = _unit_prices(row)
        _, total = sums.get(prices, (row, _NONE))
        sums[prices] = row, _added(total, row, sign)
    for row, total in sums.values():
        if any(total):
            yield _spelt(row, total)


def _added(total: tuple[Decimal, ...], row: Row, sign: int) -> tuple[Decimal, ...]:
    amounts = map(Decimal, (cell or "0" for cell in _amounts(row)))
    add = EXACT.add if sign > 0 else EXACT.subtract
    return tuple(map(add, total, amounts))


def _spelt(row: Row, total: tuple[Decimal, ...]) -> list[str]:
    """Spell amounts as FOCUS files have them; hours are no calls, and have no count of them."""
    cells, (*costs, invocations) = list(row), total
    counted = f"{invocations:f}" if cells[_PLACES[-1]] else ""
    for place, cell in zip(_PLACES, (*map(plain, costs), counted), strict=True):
        cells[place] = cell
    return cells
