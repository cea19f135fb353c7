"""ReportedDay: what a day's files are made from; and File: one of them, before it is written."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from chalicelib.pricing.capacity import Shares
from chalicelib.pricing.costs import CostLine, RowKey
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price import Price
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.capacity_files import SampledDay
from chalicelib.reporting.exceptions import ExceptionRow
from chalicelib.reporting.tenant_tree import Tenants

CSV: Final = "text/csv; charset=utf-8"
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class File:
    """A file that is rendered in pieces, so that one larger than the memory can be written.

    It is rendered once for its hash and, where that is new, again to be uploaded: `render` gives
    the same bytes each time that it is called.
    """

    key: str  # in the reports bucket
    content_type: str
    render: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class ReportedDay:
    """A day's counts, and what was made of them at the prices in force."""

    day: date
    lines: Sequence[CountLine]  # sorted by their key, ours and foreign; as counts.csv
    orphaned: Mapping[RowKey, int]  # calls that began and left no end record, of rows of ours
    exceptions: Sequence[ExceptionRow]
    book: PriceBook  # in force: the list, and what the operator lays over it
    sampled: SampledDay
    shares: Shares  # whose are the hours of capacity
    costs: Sequence[CostLine]  # the rows of costs.csv, in their order
    prices: Sequence[Price]  # the rows of the book that decided the costs
    unpriced: int  # calls of ours of which something has no cost
    tenants: Tenants  # as they were when the day was first reported
    lost: int = 0  # records that are missing between others, whosever they are


def counts_key(day: date) -> str:
    return f"counts/date={day}/counts.csv"


def costs_key(day: date) -> str:
    return f"costs/date={day}/costs.csv"


def price_rows_key(day: date) -> str:
    return f"prices/date={day}/prices.csv"


def manifest_key(day: date) -> str:
    return f"manifests/date={day}/manifest.json"
