"""A day's costs held as text are the rows that they were made of."""

from dataclasses import replace
from datetime import date

import pytest

from chalicelib.metering.usage import Usage
from chalicelib.pricing.costs import CostLine, rate
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.cost_text import CostText
from chalicelib.reporting.csv_writer import cost_chunks

DAY = date(2026, 10, 30)
PRICED = CountLine(
    team_id="search",
    service="bedrock",
    region="us-east-1",
    account="aws:123456789012",
    model_id="nova",
    base_model="amazon.nova-lite-v1:0",
    family="nova",
    basis="on_demand",
    geo="none",
    tier="default",
    variant="none",
    usage_source="header",
    n_started=3,
    n_usage=3,
    usage=Usage(input_tokens=1_000_003, output_tokens=7, video_ms=1),
)
LINES = [
    PRICED,
    replace(PRICED, team_id="ads", base_model="mystery"),  # no price: empty cells
    replace(PRICED, model_id="cut", usage_source="partial"),
    replace(PRICED, model_id="refused", usage=Usage(), n_usage=0, n_failed=3),
]


@pytest.fixture
def costs() -> list[CostLine]:
    return rate(LINES, PriceBook.load(), DAY)


def test_rows_are_what_they_were_and_so_are_the_bytes_of_their_file(costs: list[CostLine]) -> None:
    held = CostText(iter(costs))

    assert list(held) == costs == list(held)
    assert b"".join(cost_chunks(held)) == b"".join(cost_chunks(costs))
    assert {line.total_cost is None for line in held} == {True, False}


def test_some_of_the_rows_are_rows(costs: list[CostLine]) -> None:
    held = CostText(costs)

    assert (len(held), held[-1], held[1:3]) == (len(costs), costs[-1], costs[1:3])
