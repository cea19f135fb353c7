"""counts.csv and costs.csv: the same lines, the same bytes.

UTF-8 (all of it ASCII), comma-separated with a header, lines ending in LF, no quotes and no
exponents, so that Athena, QuickSight, spreadsheets and `cut` read the same values.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from io import BytesIO, TextIOWrapper
from itertools import chain, islice
from sys import intern
from typing import Final

from chalicelib.pricing.costs import CSV_COLUMNS, CostLine
from chalicelib.pricing.count_line import CountLine
from chalicelib.reporting.cells import KEY_FIELDS
from chalicelib.reporting.groups import count_line
from chalicelib.usage_record import KIND_COUNTERS, RECORD_COUNTERS

COUNT_COLUMNS: Final = KEY_FIELDS + RECORD_COUNTERS
_BREAKS_A_ROW: Final = re.compile(r'[,"\r\n\x00]|^[=+\-@\t]')
_NEGATIVE: Final = re.compile(r"-\d+(\.\d+)?", re.ASCII)
_ROWS_A_CHUNK: Final = 1000
_COUNT: Final = re.compile(r"\d{1,16}", re.ASCII)


def count_chunks(lines: Iterable[CountLine]) -> Iterator[bytes]:
    """Render counts.csv of lines that are sorted by their key."""
    return chunks(COUNT_COLUMNS, map(_count_cells, lines))


def cost_chunks(lines: Iterable[CostLine]) -> Iterator[bytes]:
    """Render costs.csv of lines that are sorted as `rate` sorts them."""
    return chunks(CSV_COLUMNS, (line.cells() for line in lines))


def write_counts(lines: Iterable[CountLine]) -> bytes:
    """Render counts.csv, sorted by everything that identifies a line."""
    return render(COUNT_COLUMNS, sorted(map(_count_cells, lines)))


def write_costs(lines: Iterable[CostLine]) -> bytes:
    """Render costs.csv, sorted by team and model."""
    ordered = sorted(lines, key=lambda line: (line.team_id, line.model_id, line.service))
    return b"".join(cost_chunks(ordered))


def read_counts(content: bytes) -> list[CountLine]:
    """Read a counts.csv, this version's or an older one's, to rate its day again.

    Columns go by their names; a counter that an older file lacks was not counted and is 0.
    Raises ValueError where a column is unknown (its counts would go missing), an identifying one
    is missing, or a count is not a whole number. A day may have 300,000 lines: they are read one
    by one, and equal cells are one object.
    """
    rows = csv.reader(TextIOWrapper(BytesIO(content), "utf-8", newline=""), strict=True)
    header = next(rows, [])
    if unknown := set(header) - set(COUNT_COLUMNS):
        raise ValueError(f"counts.csv has unknown columns: {', '.join(sorted(unknown))}")
    if missing := {*KEY_FIELDS, *KIND_COUNTERS} - set(header):
        raise ValueError(f"counts.csv lacks columns: {', '.join(sorted(missing))}")
    return [_count_line(dict(zip(header, row, strict=True))) for row in rows]


def _count_line(row: dict[str, str]) -> CountLine:
    identity = {name: intern(row.pop(name)) for name in KEY_FIELDS}
    for name, cell in row.items():
        if not _COUNT.fullmatch(cell):
            raise ValueError(f"counts.csv has {cell!r} as {name}")
    return count_line(identity, {name: int(cell) for name, cell in row.items()})


def _count_cells(line: CountLine) -> tuple[str, ...]:
    counts = (line.n_started, line.n_usage, line.n_failed, *line.usage.as_dict().values())
    return (*(getattr(line, name) for name in KEY_FIELDS), *map(str, counts))


def render(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> bytes:
    """Render a report's file. Raises ValueError where a cell could be misread downstream."""
    return b"".join(chunks(header, rows))


def render_signed(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> bytes:
    """Render a file whose amounts may be below 0: a minus before a number starts no formula."""
    return b"".join(chunks(header, rows, signed=True))


def chunks(
    header: tuple[str, ...], rows: Iterable[tuple[str, ...]], *, signed: bool = False
) -> Iterator[bytes]:
    """Render a report's file in pieces of some hundred kilobytes. Raises ValueError as `render`."""
    check = _checked_signed if signed else _checked
    lines = (",".join(map(check, cells)) + "\n" for cells in chain((header,), rows))
    while piece := "".join(islice(lines, _ROWS_A_CHUNK)):
        yield piece.encode("ascii")


def _checked(cell: str) -> str:
    """Hold that a cell is what the report's reading of identifiers made it: clean."""
    if _BREAKS_A_ROW.search(cell):
        raise ValueError(f"{cell!r} cannot stand in a report's cell")
    return cell


def _checked_signed(cell: str) -> str:
    return cell if _NEGATIVE.fullmatch(cell) else _checked(cell)
