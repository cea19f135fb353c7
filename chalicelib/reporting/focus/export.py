"""A day's FOCUS file, rendered piece by piece: RFC 4180, ASCII, lines that end in LF. Pure."""

from collections.abc import Iterable, Iterator
from datetime import date
from operator import itemgetter
from typing import Final

from chalicelib.reporting.focus.columns import (
    COLUMNS,
    CONSTANT,
    OF_DAY,
    OF_ROW,
    OF_SKU,
    OF_TEAM,
    Payer,
)
from chalicelib.reporting.focus.rows import FocusRow, focus_rows
from chalicelib.reporting.reported_day import CSV, File, ReportedDay
from chalicelib.reporting.tenant_tree import Tenants

Cells = tuple[str, ...]

PIECE: Final = 256 * 1024
"""Characters that a piece has at least, but the last."""

_GROUPED: Final = (*CONSTANT, *OF_DAY, *OF_TEAM, *OF_SKU, *OF_ROW)
_ordered: Final = itemgetter(*map(_GROUPED.index, COLUMNS))


def focus_key(day: date) -> str:
    return f"focus/date={day}/focus.csv"


def files(reported: ReportedDay) -> Iterator[File]:
    yield File(focus_key(reported.day), CSV, lambda: pieces(reported))


def pieces(reported: ReportedDay) -> Iterator[bytes]:
    """Render the file in pieces. What it keeps in memory is one team's rows."""
    return joined(rows(reported))


def joined(cells: Iterable[Cells]) -> Iterator[bytes]:
    """Render rows in pieces, out of cells that are quoted where they must be."""
    lines: list[str] = []
    length = 0
    for row in cells:
        lines.append(",".join(row) + "\n")
        length += len(lines[-1])
        if length >= PIECE:
            yield "".join(lines).encode("ascii")
            lines, length = [], 0
    yield "".join(lines).encode("ascii")


def rows(reported: ReportedDay) -> Iterator[Cells]:
    """Yield the file's rows, the header first, in cells that are quoted where they must be."""
    yield COLUMNS
    render = _Cells(reported.day, reported.tenants)
    for row in focus_rows(reported):
        yield render(row)


class _Cells:
    """Renders rows. What many of them share is rendered once: a day, a team, a SKU price."""

    def __init__(self, day: date, tenants: Tenants) -> None:
        self._tenants = tenants
        of_day = (column(day) for column in OF_DAY.values())
        self._of_day = tuple(map(quoted, (*CONSTANT.values(), *of_day)))
        self._of_team: tuple[str, Cells] = ("", ())  # the last one: rows come by team
        self._of_sku: dict[tuple[object, ...], Cells] = {}

    def __call__(self, row: FocusRow) -> Cells:
        own = (column(row) for column in OF_ROW.values())  # numbers and words: no quotes
        cells: Cells = _ordered((*self._of_day, *self._team(row.team_id), *self._sku(row), *own))
        return cells

    def _team(self, team_id: str) -> Cells:
        if team_id != self._of_team[0]:
            payer = Payer.of(team_id, self._tenants)
            cells = (quoted(column(payer)) for column in OF_TEAM.values())
            self._of_team = (team_id, tuple(cells))
        return self._of_team[1]

    def _sku(self, row: FocusRow) -> Cells:
        cells = self._of_sku.get(row.sku[:5])
        if cells is None:
            cells = tuple(quoted(column(row.sku)) for column in OF_SKU.values())
            self._of_sku[row.sku[:5]] = cells
        return cells


def quoted(cell: str) -> str:
    if '"' in cell:
        return '"' + cell.replace('"', '""') + '"'
    return f'"{cell}"' if "," in cell else cell
