"""The worked examples of docs/metering.md: its records, price rows and sums, run as they stand."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from builders import provider_call
from streamed_answers import INVOKE, event, streamed

from chalicelib.metering.usage import COUNTERS
from chalicelib.pricing.charges import charges
from chalicelib.pricing.price_book import PRICES_CSV, PriceBook
from chalicelib.reporting.groups import count_line
from chalicelib.stream_event import StreamEvent
from chalicelib.usage_record import PRICE_FIELDS, RECORD_COUNTERS, Outcome, record_line

PAGE = (Path(__file__).parents[2] / "docs" / "metering.md").read_text(encoding="utf-8")
TERM = re.compile(r"(\w+) +([\d,]+) x ([\d.]+) += ([\d.]+)")
TOTAL = re.compile(r"total += ([\d.]+) US dollars")
BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.S)


@dataclass(frozen=True)
class Example:
    title: str
    events: str  # of a stream, as JSON lines; else empty
    record: dict[str, Any]
    rows: str
    arithmetic: str


def examples() -> list[Example]:
    section = PAGE.partition("## Worked examples")[2].partition("\n## ")[0]
    return [example(*part.split("\n", 1)) for part in section.split("\n### ")[1:]]


def example(title: str, text: str) -> Example:
    blocks = dict(BLOCK.findall(text))
    record = json.loads(blocks["json"])
    return Example(title, blocks.get("jsonl", ""), record, blocks["csv"], blocks[""])


STREAMS = [each for each in examples() if each.events]
by_title = pytest.mark.parametrize("example", examples(), ids=lambda example: example.title)


def test_there_is_an_example_of_each_way_to_be_billed() -> None:
    assert [example.title for example in examples()] == [
        "A text call",
        "A cached call",
        "A streamed call that wrote to the cache",
        "A streamed conversation",
        "Images",
        "A SageMaker endpoint",
    ]


@by_title
def test_the_record_has_the_fields_that_a_record_has(example: Example) -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    written = json.loads(record_line(provider_call(), Outcome("usage"), at=at, instance="i", seq=1))
    left_out = {name for name in written if name in RECORD_COUNTERS or name.startswith("image_")}
    assert set(written) - left_out <= set(example.record) <= set(written)


@pytest.mark.parametrize("example", STREAMS, ids=lambda example: example.title)
def test_the_events_of_a_stream_are_counted_as_its_record_says(example: Example) -> None:
    record = example.record
    events = [as_event(line, record["operation"]) for line in example.events.splitlines()]
    reading = streamed(record["model_id"], events, record["operation"])
    assert reading.usage.as_dict() == {name: record.get(name, 0) for name in COUNTERS}
    told = (reading.usage_source, reading.tier, reading.variant)
    assert told == (record["usage_source"], record["tier"], record["variant"])


def as_event(line: str, operation: str) -> StreamEvent:
    if operation == INVOKE:
        return StreamEvent("chunk", line.encode())
    [(name, members)] = json.loads(line).items()
    return event(name, **members)


@by_title
def test_the_record_is_priced_by_the_rows_shown_to_the_sum_shown(example: Example) -> None:
    book = PriceBook.read(example.rows)
    identity = {name: example.record[name] for name in ("team_id", *PRICE_FIELDS)}
    counts = {name: example.record.get(name, 0) for name in RECORD_COUNTERS}
    found = charges(count_line(identity, counts), book, date.fromisoformat(example.record["day"]))
    shown = [
        (unit, int(amount.replace(",", "")), Decimal(price), Decimal(cost))
        for unit, amount, price, cost in TERM.findall(example.arithmetic)
    ]
    assert [(c.unit, c.quantity, c.price and c.price.usd_per_unit, c.cost) for c in found] == shown
    total = TOTAL.search(example.arithmetic)
    assert total
    assert sum(cost for *_, cost in shown) == Decimal(total[1])


@by_title
def test_every_count_of_the_record_that_has_a_price_is_in_the_sum(example: Example) -> None:
    used = {name for name in COUNTERS if example.record.get(name)} - {"busy_ms"}
    assert {unit for unit, *_ in TERM.findall(example.arithmetic)} == used


@by_title
def test_a_list_price_shown_is_the_one_in_the_price_book(example: Example) -> None:
    rows = example.rows.splitlines()[1:]
    listed = set(PRICES_CSV.read_text(encoding="utf-8").splitlines())
    assert all(row in listed or ",our own," in row for row in rows)
