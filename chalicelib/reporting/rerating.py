"""Re-rating: a past day's kept counts at the prices that the book now has for that day.

The logs are not read: they may be gone. What the manifest says of the records stays as it was;
only costs.csv, the price rows and what the manifest says of them are written anew. The same counts
and prices make the same bytes.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any

import boto3

from chalicelib.pricing import price_file
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.capacity_files import read_samples
from chalicelib.reporting.csv_writer import cost_chunks, read_counts
from chalicelib.reporting.daily import FILES_OF_PRICES, files, write
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.price_override import book_in_force
from chalicelib.reporting.rated import rated
from chalicelib.reporting.reported_day import costs_key, counts_key, manifest_key, price_rows_key
from chalicelib.reporting.store import ReportStore, hashes
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


def run(day: date, settings: Settings) -> Restatement:
    """Rate a UTC day again with clients of our own and the list prices of this version."""
    s3 = boto3.client("s3", settings.region)
    return rerate(day, s3=s3, settings=settings, book=PriceBook.load())


def rerate(day: date, *, s3: Any, settings: Settings, book: PriceBook) -> Restatement:
    """Rate a UTC day again from its counts.csv and its manifest.

    `book` is the list prices, over which the operator's own are laid. Nothing is written until
    all is rendered, and the manifest last. Raises CannotRerate, ValueError where a file cannot be
    read, and what `book_in_force` raises.
    """
    store = ReportStore(s3, settings.reports_bucket)
    prices = book_in_force(book, s3, settings)
    manifest = Manifest.from_json(_kept(store, day, manifest_key(day)))
    counts = _kept(store, day, counts_key(day))
    if hashlib.sha256(counts).hexdigest() != manifest.counts_sha256:
        raise CannotRerate(f"the counts of {day} are not those of its manifest: report it again")
    sampled = read_samples(s3, store.bucket, day)
    if manifest.capacity_sha256 not in ("", sampled.sha256):  # "": from before there were samples
        raise CannotRerate(f"the samples of {day} are not those of its manifest: report it again")
    reported = rated(day, read_counts(counts), manifest.orphans(), prices, sampled)
    made = list(files(reported, FILES_OF_PRICES))
    restatement = Restatement(
        manifest.rated_again(reported, hashes(made)),
        costs_before=store.read(costs_key(day)) or b"",
        price_rows_before=store.read(price_rows_key(day)) or b"",
        costs_after=b"".join(cost_chunks(reported.costs)),
        price_rows_after=price_file.write(reported.prices),
    )
    write(store, made, restatement.manifest)
    return restatement


def _kept(store: ReportStore, day: date, key: str) -> bytes:
    content = store.read(key)
    if content is None:
        raise CannotRerate(f"there is no {key}: {day} was not reported")
    return content
