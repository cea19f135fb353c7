"""What a day's report leaves for each team: its own rows, and what it needs to understand them.

`GET /usage` reads these and nothing else of the reports.
"""

import csv
import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from itertools import groupby
from typing import Final

from chalicelib.pricing import price_file
from chalicelib.pricing.capacity import IDLE
from chalicelib.pricing.costs import CostLine
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.csv_writer import chunks, cost_chunks
from chalicelib.reporting.reported_day import CSV, JSON, File, ReportedDay
from chalicelib.reporting.team_keys import team_costs_key, team_day_key, team_prices_key

INDEX_COLUMNS: Final = ("team_id", "sha256")


def index_key(day: date) -> str:
    return f"team_files/date={day}/index.csv"


def files(reported: ReportedDay) -> Iterator[File]:
    """Yield each team's costs.csv; the operator's prices, for the day so far; and the index."""
    theirs = [_team_file(reported.day, team, rows) for team, rows in _by_team(reported.costs)]
    for _, file in theirs:
        yield file
    yield File(team_prices_key(reported.day), CSV, partial(_own_prices, reported.book))
    yield File(index_key(reported.day), CSV, partial(_index, theirs))


def day(reported: ReportedDay) -> Iterator[File]:
    """Yield what says that a day is reported, and how many of its records are missing.

    Without it a team is told that there is no report.
    """
    said = {"schema": 1, "date": reported.day.isoformat(), "lost": reported.lost}
    content = (json.dumps(said) + "\n").encode()
    yield File(team_day_key(reported.day), JSON, lambda: iter((content,)))


def read_index(content: bytes) -> dict[str, str]:
    """Read which teams have a file of the day, and its SHA-256."""
    header, *rows = csv.reader(content.decode("ascii").splitlines(), strict=True)
    if tuple(header) != INDEX_COLUMNS:
        raise ValueError(f"the header of an index of team files is {','.join(header)}")
    return {row[0]: row[1] for row in rows}


def _by_team(costs: Sequence[CostLine]) -> Iterator[tuple[str, list[CostLine]]]:
    """Yield the rows of each team; what nobody used is nobody's to read."""
    for team_id, rows in groupby(costs, key=lambda line: line.team_id):
        if team_id != IDLE:
            yield team_id, list(rows)


def _team_file(day: date, team_id: str, rows: list[CostLine]) -> tuple[str, File]:
    return team_id, File(team_costs_key(team_id, day), CSV, partial(cost_chunks, rows))


def _own_prices(book: PriceBook) -> Iterator[bytes]:
    """Render the rows that the operator lays over the list, which ships with the gateway."""
    yield price_file.write(book.overrides())


def _index(theirs: list[tuple[str, File]]) -> Iterator[bytes]:
    return chunks(INDEX_COLUMNS, ((team_id, _sha256(file)) for team_id, file in theirs))


def _sha256(file: File) -> str:
    digest = hashlib.sha256()
    for chunk in file.render():
        digest.update(chunk)
    return digest.hexdigest()
