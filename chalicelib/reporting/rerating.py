"""Re-rating: a past day's kept counts at the prices that the book now has for that day.

The logs are not read: they may be gone. What the manifest says of the records stays as it was;
only what prices decide is written anew, and what the manifest says of it. The same counts and
prices make the same bytes. A day of a closed month stays as it is: what moved becomes adjustments.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import boto3

from chalicelib.pricing import price_file
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.capacity_files import read_samples
from chalicelib.reporting.claims import Clock, claimed, utc_now
from chalicelib.reporting.csv_writer import cost_chunks
from chalicelib.reporting.daily import FILES_OF_PRICES
from chalicelib.reporting.kept_counts import KeptDay
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.months.adjusting import adjust, last_said
from chalicelib.reporting.price_override import book_in_force
from chalicelib.reporting.reported_day import costs_key, price_rows_key
from chalicelib.reporting.store import ReportStore
from chalicelib.settings import Settings


@dataclass(frozen=True, slots=True)
class Restatement:
    """A day's report before and after it was rated again. Empty bytes: there was no such file."""

    manifest: Manifest
    costs_before: bytes
    price_rows_before: bytes
    costs_after: bytes
    price_rows_after: bytes
    adjustments: int = 0  # rows that a closed month's adjustments gained


def run(day: date, settings: Settings) -> Restatement:
    """Rate a UTC day again with clients of our own and the list prices of this version."""
    s3 = boto3.client("s3", settings.region)
    return rerate(day, s3=s3, settings=settings, book=PriceBook.load())


def rerate(
    day: date, *, s3: Any, settings: Settings, book: PriceBook, clock: Clock = utc_now
) -> Restatement:
    """Rate a UTC day again from its counts.csv and its manifest.

    `book` is the list prices, over which the operator's own are laid. Nothing is written until
    all is rendered, and the manifest last. Raises CannotRerate, ValueError where a file cannot be
    read, IncompleteReport where another report of the day is being written, and what
    `book_in_force` raises.
    """
    store = ReportStore(s3, settings.reports_bucket)
    prices = book_in_force(book, s3, settings)
    sampled = read_samples(s3, store.bucket, day)
    with claimed(store, day.isoformat(), clock) as claim:
        said = last_said(store, claim, day)
        kept = KeptDay.of(said)
        known = kept.known(kept.lines(), prices, sampled, clock())
        costs_before = store.read(said.prefix + costs_key(day)) or b""
        price_rows_before = store.read(said.prefix + price_rows_key(day)) or b""
        if known.closed:
            outcome = adjust(said, known)
        else:
            outcome = said.restate(known.remade(FILES_OF_PRICES))
    after = known.rate(prices)
    return Restatement(
        outcome.manifest,
        costs_before,
        price_rows_before,
        b"".join(cost_chunks(after.costs)),
        price_file.write(after.prices),
        outcome.adjustments,
    )
