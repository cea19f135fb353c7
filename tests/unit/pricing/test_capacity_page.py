"""The worked example of docs/capacity.md: its sample, prices and shares, run as they stand."""

import csv
import io
import re
from datetime import date
from pathlib import Path

from builders import endpoint_line

from chalicelib.metering.usage import Usage
from chalicelib.pricing.capacity import Capacity, shared
from chalicelib.pricing.costs import rate
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.capacity_files import COLUMNS, read_hour

PAGE = (Path(__file__).parents[3] / "docs" / "capacity.md").read_text(encoding="utf-8")
HOUR, PRICES, COSTS = re.findall(r"```csv\n(.*?)```", PAGE, re.S)
DAY = date(2026, 11, 22)
HOUR_MS = 3_600_000


def used(team: str, hours: int) -> CountLine:
    return endpoint_line(team_id=team, usage=Usage(busy_ms=hours * HOUR_MS))


def test_the_pages_sums_are_the_reports() -> None:
    lines = [used("ads", 8), used("search", 40)]
    book = PriceBook.read(PRICES)
    capacity = Capacity(tuple(read_hour(HOUR.encode()) * 24), hours_missing=0)

    found = rate(lines, book, DAY, shares=shared(lines, capacity, book, DAY))

    wanted = csv.DictReader(io.StringIO(COSTS))
    assert list(wanted) == [
        {
            "team_id": row.team_id,
            "model_id": row.model_id,
            "capacity_cost": f"{row.capacity_cost.normalize():f}",
            "status": row.status,
        }
        for row in found
        if row.capacity_cost is not None
    ]


def test_the_page_explains_every_column_of_a_sample() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.M))
    assert explained == set(COLUMNS) - {"sampled_at", "service", "region"}
