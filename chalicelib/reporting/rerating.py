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
from botocore.exceptions import ClientError

from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.capacity_files import read_samples
from chalicelib.reporting.csv_writer import read_counts
from chalicelib.reporting.daily import (
    costs_key,
    counts_key,
    manifest_key,
    price_rows_key,
    write_rated,
)
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.price_override import book_in_force
from chalicelib.reporting.rated import Rated, rated
from chalicelib.settings import Settings


class CannotRerate(ValueError):
    """A day's counts or samples are not there, or not those that its manifest speaks of."""


@dataclass(frozen=True, slots=True)
class Restatement:
    """A day's report before and after it was rated again. Empty bytes: there was no such file."""

    manifest: Manifest
    costs_before: bytes
    price_rows_before: bytes
    after: Rated


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
    bucket = settings.reports_bucket
    prices = book_in_force(book, s3, settings)
    manifest = Manifest.from_json(_kept(s3, bucket, day, manifest_key(day)))
    counts = _kept(s3, bucket, day, counts_key(day))
    if hashlib.sha256(counts).hexdigest() != manifest.counts_sha256:
        raise CannotRerate(f"the counts of {day} are not those of its manifest: report it again")
    sampled = read_samples(s3, bucket, day)
    if manifest.capacity_sha256 not in ("", sampled.sha256):  # "": from before there were samples
        raise CannotRerate(f"the samples of {day} are not those of its manifest: report it again")
    after = rated(day, read_counts(counts), manifest.orphans(), prices, sampled)
    restatement = Restatement(
        manifest.restated(after),
        costs_before=_object(s3, bucket, costs_key(day)) or b"",
        price_rows_before=_object(s3, bucket, price_rows_key(day)) or b"",
        after=after,
    )
    write_rated(s3, bucket, day, after, restatement.manifest)
    return restatement


def _kept(s3: Any, bucket: str, day: date, key: str) -> bytes:
    content = _object(s3, bucket, key)
    if content is None:
        raise CannotRerate(f"there is no {key}: {day} was not reported")
    return content


def _object(s3: Any, bucket: str, key: str) -> bytes | None:
    try:
        content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        return None
    return content
