"""The report of the day to which a call belongs: what of it the call is a part of."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from chalicelib.pricing.capacity import NO_SHARES, Shares, shared
from chalicelib.pricing.charges import Charge, charges
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price import Price
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.capacity_files import read_samples
from chalicelib.reporting.cells import is_our_line
from chalicelib.reporting.csv_writer import read_counts
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.months.adjustments import of_day
from chalicelib.reporting.months.closed import read_closed
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.price_override import book_in_force
from chalicelib.reporting.reported_day import (
    costs_key,
    counts_key,
    manifest_key,
    price_rows_key,
)
from chalicelib.reporting.restating import ADJUSTED
from chalicelib.reporting.store import ReportStore
from chalicelib.settings import Settings


@dataclass(frozen=True, slots=True)
class Located:
    """A line of a file of the day: its number from 1, header included, and its text."""

    key: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Day:
    """A day's report as it lies in S3; nothing but prices where the day was not reported.

    Where a closed day was adjusted, these are the files that say what is known of it by now.
    """

    day: date
    book: PriceBook
    shares: Shares = NO_SHARES
    costs: str = ""
    price_rows: str = ""
    manifest: Manifest | None = None
    prefix: str = ""  # before the keys of its files: ADJUSTED, or nothing
    closed_at: str = ""  # when its month was closed; empty while the books are open

    @property
    def trusted(self) -> bool:
        """Whether costs.csv is the file of which the manifest speaks."""
        found = hashlib.sha256(self.costs.encode()).hexdigest()
        return self.manifest is not None and self.manifest.csv_sha256 == found

    def read_before(self, at: datetime) -> bool:
        """Whether the report was made of records that were read before a time."""
        if self.manifest is None:
            return False
        return datetime.fromisoformat(self.manifest.window["end"]) < at

    def charges(self, line: CountLine) -> tuple[Charge, ...]:
        return charges(line, self.book, self.day, self.shares.resources)

    def cost_line(self, line: CountLine, counted_as: str = "") -> Located | None:
        """Return the line of costs.csv that a call is a part of, under its own name or another."""
        key = self.prefix + costs_key(self.day)
        begins = f"{self.day},{line.team_id},{line.service},"
        own = _line(key, self.costs, f"{begins}{line.model_id},")
        return own or _line(key, self.costs, f"{begins}{counted_as or line.model_id},")

    def price_line(self, price: Price) -> Located | None:
        """Return the line of the day's prices.csv that decided a charge."""
        key = self.prefix + price_rows_key(self.day)
        return _line(key, self.price_rows, ",".join(price.key) + ",")


def read_day(day: date, s3: Any, settings: Settings) -> Day:
    """Read what was reported of a day, and the prices that it rests on.

    Of a day without a report, the prices that are in force. Raises what `book_in_force` raises.
    """
    store = ReportStore(s3, settings.reports_bucket)
    month = Month.of(day)
    prefix = ADJUSTED if any(of_day(store, day)) else ""
    manifest, costs, price_rows, counts = (
        store.read(prefix + key(day))
        for key in (manifest_key, costs_key, price_rows_key, counts_key)
    )
    if manifest is None or costs is None or price_rows is None or counts is None:
        return Day(day, book_in_force(PriceBook.load(), s3, settings))
    book = PriceBook.read(price_rows, name=price_rows_key(day))
    sampled = read_samples(s3, settings.reports_bucket, day)
    closed = read_closed(store, month)
    return Day(
        day,
        book,
        shared(filter(is_our_line, read_counts(counts)), sampled.capacity, book, day),
        costs.decode(),
        price_rows.decode(),
        Manifest.from_json(manifest),
        prefix,
        closed.closed_at if closed else "",
    )


def _line(key: str, content: str, begins: str) -> Located | None:
    lines = enumerate(content.splitlines(), 1)
    return next((Located(key, n, text) for n, text in lines if text.startswith(begins)), None)
