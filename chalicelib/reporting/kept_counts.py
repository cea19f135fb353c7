"""Kept counts: what a day's files say of its records, to be rated again without the log."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Self

from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.capacity_files import SampledDay
from chalicelib.reporting.claims import Busy, is_clean
from chalicelib.reporting.cost_text import CostText
from chalicelib.reporting.csv_writer import read_counts
from chalicelib.reporting.day_questions import DayQuestions
from chalicelib.reporting.insights import Insights
from chalicelib.reporting.known_day import KnownDay
from chalicelib.reporting.late_question import begins
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.months.closed import is_closed
from chalicelib.reporting.progress import Progress
from chalicelib.reporting.rated import Keep, rated
from chalicelib.reporting.reading import Reading, read_all
from chalicelib.reporting.reported_day import ReportedDay, counts_key, manifest_key
from chalicelib.reporting.restating import ADJUSTED, HeldDay
from chalicelib.reporting.store import ReportStore
from chalicelib.reporting.tenant_snapshots import tenants_of
from chalicelib.reporting.tenant_tree import NO_TENANTS
from chalicelib.usage_record import rfc3339


class CannotRerate(ValueError):
    """A day's counts or samples are not there, or not those that its manifest speaks of."""


@dataclass(frozen=True, slots=True)
class KeptDay:
    """A day as it was last reported or adjusted."""

    store: ReportStore
    day: date
    manifest: Manifest
    prefix: str  # before the keys of its files: "" or ADJUSTED

    @classmethod
    def of(cls, said: HeldDay) -> Self:
        """Raises CannotRerate where the day was not reported."""
        if said.manifest is None:
            raise CannotRerate(f"there is no {manifest_key(said.day)}: {said.day} was not reported")
        return cls(said.store, said.day, said.manifest, said.prefix)

    @classmethod
    def last(cls, store: ReportStore, day: date) -> Self | None:
        """Raises ValueError where a manifest cannot be read."""
        for prefix in (ADJUSTED, ""):
            if (content := store.read(prefix + manifest_key(day))) is not None:
                return cls(store, day, Manifest.from_json(content), prefix)
        return None

    def known(self, prices: PriceBook, sampled: SampledDay, at: datetime) -> KnownDay:
        """Raises CannotRerate, and ValueError where a file cannot be read."""
        day, manifest = self.day, self.manifest
        counts = self.store.read(self.prefix + counts_key(day))
        if counts is None or hashlib.sha256(counts).hexdigest() != manifest.counts_sha256:
            raise CannotRerate(
                f"the counts of {day} are not those of its manifest: report it again"
            )
        # "": from before there were samples
        if manifest.capacity_sha256 not in ("", sampled.sha256):
            raise CannotRerate(
                f"the samples of {day} are not those of its manifest: report it again"
            )
        lines, tenants = read_counts(counts), tenants_of(self.store, day, lambda: NO_TENANTS)
        closed = is_closed(self.store, day)
        keep: Keep = CostText if closed else list

        @cache
        def rate(book: PriceBook) -> ReportedDay:
            orphans, lost = manifest.orphans(), manifest.lost
            return rated(day, lines, orphans, book, sampled, tenants=tenants, lost=lost, keep=keep)

        return KnownDay(day, prices, rate, manifest.rated_again, at, closed)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A day of which the log has the very records that it was reported by."""

    kept: KeptDay
    day: KnownDay

    def under(self, said: HeldDay) -> KnownDay:
        """Return what is known of it to whoever holds it now. Raises Busy."""
        if said.manifest != self.kept.manifest:
            raise Busy(f"another report of {said.day} was written meanwhile")
        return replace(self.day, closed=is_closed(said.store, said.day))


def unchanged(
    insights: Insights,
    store: ReportStore,
    day: date,
    prices: PriceBook,
    sampled: SampledDay,
    now: datetime,
) -> Unchanged | None:
    """Ask the log, in one scan, whether it has other records of a day than its report has read.

    It is only ever added to, so as many records are the same ones. None where it has others, where
    nothing says so, and where records were lost: one of another day may fill the gap. Raises
    IncompleteReport where the log does not answer.
    """
    try:
        kept = KeptDay.last(store, day)
        if kept is None or kept.manifest.lost or not is_clean(store, day.isoformat()):
            return None
        known = kept.known(prices, sampled, now)
    except ValueError:  # a manifest, counts or samples that are not what they should be
        return None
    reading = Reading(DayQuestions(day, begins(day), now).how_many())
    read_all(insights, Progress(None, day), (reading,))
    if reading.matched != kept.manifest.found:
        return None

    def manifest(reported: ReportedDay, hashes: Mapping[str, str]) -> Manifest:
        return replace(known.manifest(reported, hashes), reported_at=rfc3339(now))

    return Unchanged(kept, replace(known, manifest=manifest))
