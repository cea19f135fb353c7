"""What adjusts a closed day, in a file for each team that it moves: its own rows and no other's.

`GET /usage` shows them beside the rows that were closed.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial
from typing import Final

from chalicelib.pricing.costs import CSV_COLUMNS
from chalicelib.reporting.csv_writer import chunks
from chalicelib.reporting.reported_day import CSV, File
from chalicelib.reporting.team_keys import team_adjustments_key

ABOUT_ADJUSTMENT: Final = ("adjusted_on", "reason")
"""Columns of an adjustment before those of costs.csv."""

COLUMNS: Final = (*ABOUT_ADJUSTMENT, *CSV_COLUMNS)

Lines = list[str]
"""Rows as text, their cells in the order of COLUMNS, by commas: no cell of a report holds one.

A price that was wrong adjusts every row of a day, and as text they are in memory once.
"""


def files(day: date, teams: Iterable[tuple[str, Lines]]) -> Iterator[File]:
    """Yield the file of each team: all that adjusts its day, in the order of the booking."""
    for team_id, lines in teams:
        yield File(team_adjustments_key(team_id, day), CSV, partial(_rendered, lines))


def _rendered(lines: Lines) -> Iterator[bytes]:
    return chunks(COLUMNS, (tuple(line.split(",")) for line in lines), signed=True)
