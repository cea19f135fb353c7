"""The files of a day that its money rests on: counts.csv, costs.csv, and the prices between."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from chalicelib.pricing import price_file
from chalicelib.pricing.price import Price
from chalicelib.reporting.csv_writer import cost_chunks, count_chunks
from chalicelib.reporting.reported_day import (
    CSV,
    File,
    ReportedDay,
    costs_key,
    counts_key,
    price_rows_key,
)
from chalicelib.reporting.tenant_tree import tenants_key

FilesOf = Callable[[ReportedDay], Iterable[File]]
"""Makes some of the files of a day."""


def counts(reported: ReportedDay) -> Iterator[File]:
    yield File(counts_key(reported.day), CSV, partial(count_chunks, reported.lines))


def costs(reported: ReportedDay) -> Iterator[File]:
    yield File(costs_key(reported.day), CSV, partial(cost_chunks, reported.costs))


def price_rows(reported: ReportedDay) -> Iterator[File]:
    yield File(price_rows_key(reported.day), CSV, partial(_price_rows, reported.prices))


def tenants(reported: ReportedDay) -> Iterator[File]:
    yield File(tenants_key(reported.day), CSV, lambda: iter((reported.tenants.to_csv(),)))


def _price_rows(prices: Iterable[Price]) -> Iterator[bytes]:
    yield price_file.write(prices)
