"""KeptDay: what a report keeps of a day, as it is known now, enough to hold it against AWS.

Of a day whose month is closed that is the newest under `adjusted/`. A file counts if the manifest
states its SHA-256: a report that broke off has left others.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Self

from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.cells import is_our_line
from chalicelib.reporting.csv_writer import read_counts
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.reported_day import counts_key, manifest_key, price_rows_key
from chalicelib.reporting.restating import ADJUSTED
from chalicelib.reporting.store import ReportStore


class NotReported(ValueError):
    """There is no report of a day, or its files are not those of its manifest."""


@dataclass(frozen=True, slots=True)
class Said:
    """A day's manifest as it was last adjusted, else as it stands."""

    prefix: str  # before the keys of the files that it states
    manifest: Manifest

    @classmethod
    def read(cls, store: ReportStore, day: date) -> Self | None:
        """Read it, if the day is reported. Raises ValueError where it is no manifest."""
        for prefix in (ADJUSTED, ""):
            content = store.read(prefix + manifest_key(day))
            if content is not None:
                return cls(prefix, Manifest.from_json(content))
        return None


@dataclass(frozen=True, slots=True)
class KeptDay:
    day: date
    said: Said
    lines: tuple[CountLine, ...]  # of our own records

    @classmethod
    def read(cls, store: ReportStore, day: date) -> Self:
        """Read a day. Raises NotReported, and ValueError where a file cannot be read."""
        said = Said.read(store, day)
        if said is None:
            raise NotReported(f"there is no report of {day}")
        counts = _stated(store, said.prefix + counts_key(day), said.manifest.counts_sha256)
        return cls(day, said, tuple(filter(is_our_line, read_counts(counts))))

    @property
    def manifest(self) -> Manifest:
        return self.said.manifest

    def prices(self, store: ReportStore) -> PriceBook:
        """Read the price rows that were kept with the day. Raises as `read` does."""
        key = self.said.prefix + price_rows_key(self.day)
        rows = _stated(store, key, self.manifest.price_rows_sha256)
        return PriceBook.read(rows, f"prices of {self.day}")


def is_reported(store: ReportStore, day: date) -> bool:
    """Say whether there is a manifest of a day, be it one that cannot be read."""
    return any(store.read(prefix + manifest_key(day)) is not None for prefix in (ADJUSTED, ""))


def _stated(store: ReportStore, key: str, sha256: str) -> bytes:
    content = store.read(key)
    if content is None or hashlib.sha256(content).hexdigest() != sha256:
        raise NotReported(f"{key} is not that of its manifest: report the day again")
    return content
