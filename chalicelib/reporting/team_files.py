"""What a day's report leaves for each team: its own rows, and what it needs to understand them.

`GET /usage` reads these and nothing else of the reports.
"""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

from chalicelib.pricing import price_file
from chalicelib.pricing.capacity import IDLE
from chalicelib.pricing.costs import CostLine
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.csv_writer import cost_chunks
from chalicelib.reporting.reported_day import CSV, JSON, File, ReportedDay
from chalicelib.reporting.team_keys import (
    team_adjusted_key,
    team_costs_key,
    team_day_key,
    team_prices_key,
)


def files(reported: ReportedDay) -> Iterator[File]:
    """Yield each team's costs.csv; and the operator's prices, for the day so far."""
    for team_id, rows in _by_team(reported.costs):
        yield File(team_costs_key(team_id, reported.day), CSV, partial(cost_chunks, rows))
    yield File(team_prices_key(reported.day), CSV, partial(_own_prices, reported.book))


def day(reported: ReportedDay) -> Iterator[File]:
    """Yield what says that a day is reported, and how many of its records are missing.

    Without it a team is told that there is no report.
    """
    yield _said(reported, team_day_key(reported.day))


def adjusted(reported: ReportedDay) -> File:
    """Make what says the same of a closed day as it is known since."""
    return _said(reported, team_adjusted_key(reported.day))


def _said(reported: ReportedDay, key: str) -> File:
    said = {"schema": 1, "date": reported.day.isoformat(), "lost": reported.lost}
    content = (json.dumps(said) + "\n").encode()
    return File(key, JSON, lambda: iter((content,)))


def _by_team(costs: Sequence[CostLine]) -> Iterator[tuple[str, list[CostLine]]]:
    """Yield the rows of each team; what nobody used is nobody's to read."""
    for team_id, rows in groupby(costs, key=lambda line: line.team_id):
        if team_id != IDLE:
            yield team_id, list(rows)


def _own_prices(book: PriceBook) -> Iterator[bytes]:
    """Render the rows that the operator lays over the list, which ships with the gateway."""
    yield price_file.write(book.overrides())
