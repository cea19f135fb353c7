"""Rows of costs.csv as amounts that can be added up and taken from one another. Pure.

An empty cell, a cost that nobody knows, adds nothing: the row's status says that it is missing.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation
from functools import reduce
from typing import Final

from chalicelib.pricing.costs import COST_COLUMNS, CSV_COLUMNS, CostLine
from chalicelib.pricing.price_file import plain

IDENTITY: Final = ("date", "team_id", "service", "model_id")
COUNTS: Final = tuple(
    name
    for name in CSV_COLUMNS
    if name not in (*IDENTITY, *COST_COLUMNS, "total_cost", "currency", "status", "price_version")
)
AMOUNTS: Final = (*COUNTS, *COST_COLUMNS, "total_cost")
"""What adds up, in the order of costs.csv."""

EXACT: Final = Context(prec=80, traps=[Inexact, InvalidOperation, DivisionByZero])
_NONE: Final = (Decimal(0),) * len(AMOUNTS)
_FIRST, _LAST = CSV_COLUMNS.index(AMOUNTS[0]), CSV_COLUMNS.index(AMOUNTS[-1]) + 1
_STATUS, _VERSION = CSV_COLUMNS.index("status"), CSV_COLUMNS.index("price_version")

Amounts = tuple[Decimal, ...]
"""A value of each of AMOUNTS."""


@dataclass(frozen=True, slots=True)
class CostRow:
    """A row of costs.csv, or a signed one that adjusts it."""

    date: str
    team_id: str
    service: str
    model_id: str
    amounts: Amounts
    status: str
    price_version: str

    @property
    def order(self) -> tuple[str, ...]:
        """By this are the rows of a costs.csv sorted, and those of days one after the other."""
        return self.date, self.team_id, self.model_id, self.service

    @property
    def identity(self) -> tuple[str, ...]:
        return self.date, self.team_id, self.service, self.model_id

    @property
    def counts(self) -> Amounts:
        return self.amounts[: len(COUNTS)]

    def of(self, column: str) -> Decimal:
        return self.amounts[AMOUNTS.index(column)]

    def cells(self) -> tuple[str, ...]:
        """Render it in the columns of costs.csv, exactly; an amount of nothing is 0."""
        return (*self.identity, *map(plain, self.amounts), "USD", self.status, self.price_version)


def row_of(line: CostLine) -> CostRow:
    return row_at(line.cells())


def row_at(cells: Sequence[str]) -> CostRow:
    """Read a row's cells, in the order of costs.csv; an empty amount is nothing.

    Raises ValueError where a cell is no amount, or one that says what the row is of is empty.
    """
    try:
        amounts = tuple([Decimal(cell or 0) for cell in cells[_FIRST:_LAST]])
    except InvalidOperation as error:
        raise ValueError(f"this is no row of costs.csv: {error}") from error
    day, team_id, service, model_id = cells[:_FIRST]
    status = cells[_STATUS]
    if not (day and team_id and service and model_id and status):
        raise ValueError(f"this is no row of costs.csv: {','.join(cells)}")
    return CostRow(day, team_id, service, model_id, amounts, status, cells[_VERSION])


def read_rows(chunks: Iterable[bytes]) -> Iterator[CostRow]:
    """Read a costs.csv that comes in pieces, one row at a time."""
    return map(row_at, read_columns(chunks, CSV_COLUMNS))


def read_columns(chunks: Iterable[bytes], names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Read these columns of a report's file that comes in pieces; one that it lacks is empty.

    Raises ValueError where a row is not as wide as the header.
    """
    rows = csv.reader(_lines(chunks), strict=True)
    header = next(rows, None)
    if header is None:
        return iter(())
    whole = _as_wide(rows, len(header))
    if header == list(names):
        return whole
    places = [header.index(name) if name in header else None for name in names]
    return ([cells[at] if at is not None else "" for at in places] for cells in whole)


def read_cells(chunks: Iterable[bytes]) -> Iterator[Mapping[str, str]]:
    """Read the cells of a report's file that comes in pieces, by their columns' names."""
    return csv.DictReader(_lines(chunks), strict=True)


def summed(amounts: Iterable[Amounts]) -> Amounts:
    return reduce(plus, amounts, _NONE)


def plus(one: Amounts, two: Amounts) -> Amounts:
    return tuple(map(EXACT.add, one, two))


def difference(after: Amounts, before: Amounts) -> Amounts:
    return tuple(map(EXACT.subtract, after, before))


def named(amounts: Sequence[Decimal]) -> dict[str, str]:
    """Spell amounts out by their columns' names."""
    return dict(zip(AMOUNTS, map(plain, amounts), strict=True))


def _as_wide(rows: Iterable[list[str]], width: int) -> Iterator[list[str]]:
    for cells in rows:
        if len(cells) != width:
            raise ValueError(f"a row has not the {width} cells of its header: {','.join(cells)}")
        yield cells


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Cut pieces into lines. No cell of ours holds a line end."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line.decode("ascii") for line in lines)
    if rest:
        yield rest.decode("ascii")
