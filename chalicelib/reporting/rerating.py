"""Re-rating: a past day's kept counts at the prices that the book now has for that day.

The logs are not read: they may be gone. What the manifest says of the records stays as it was;
only what prices decide is written anew, and what the manifest says of it. The same counts and
prices make the same bytes. A day of a closed month stays as it is: what moved becomes adjustments.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import boto3

from chalicelib.pricing import price_file
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.capacity_files import SampledDay, read_samples
from chalicelib.reporting.claims import Clock, claimed, utc_now
from chalicelib.reporting.cost_text import CostText
from chalicelib.reporting.csv_writer import cost_chunks, read_counts
from chalicelib.reporting.daily import FILES_OF_PRICES
from chalicelib.reporting.known_day import KnownDay
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.months.adjusting import adjust, last_said
from chalicelib.reporting.months.closed import is_closed
from chalicelib.reporting.price_override import book_in_force
from chalicelib.reporting.rated import Keep, rated
from chalicelib.reporting.reported_day import (
    ReportedDay,
    costs_key,
    counts_key,
    manifest_key,
    price_rows_key,
)
from chalicelib.reporting.restating import HeldDay
from chalicelib.reporting.store import ReportStore
from chalicelib.reporting.tenant_snapshots import tenants_of
from chalicelib.reporting.tenant_tree import NO_TENANTS
from chalicelib.settings import Settings


class CannotRerate(ValueError):
    """A day's counts or samples are not there, or not those that its manifest speaks of."""


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
        known = _known(said, prices, sampled, clock())
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


def _known(said: HeldDay, prices: PriceBook, sampled: SampledDay, at: datetime) -> KnownDay:
    day, manifest = said.day, said.manifest
    if manifest is None:
        raise CannotRerate(f"there is no {manifest_key(day)}: {day} was not reported")
    counts = said.store.read(said.prefix + counts_key(day))
    if counts is None or hashlib.sha256(counts).hexdigest() != manifest.counts_sha256:
        raise CannotRerate(f"the counts of {day} are not those of its manifest: report it again")
    if manifest.capacity_sha256 not in ("", sampled.sha256):  # "": from before there were samples
        raise CannotRerate(f"the samples of {day} are not those of its manifest: report it again")
    lines, tenants = read_counts(counts), tenants_of(said.store, day, lambda: NO_TENANTS)
    closed = is_closed(said.store, day)
    keep: Keep = CostText if closed else list

    @cache
    def rate(book: PriceBook) -> ReportedDay:
        orphans, lost = manifest.orphans(), manifest.lost
        return rated(day, lines, orphans, book, sampled, tenants=tenants, lost=lost, keep=keep)

    return KnownDay(day, prices, rate, manifest.rated_again, at, closed)
