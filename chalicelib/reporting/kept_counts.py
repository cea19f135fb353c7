"""Kept counts: what a day's files say of its records, to be rated again without the log."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Self

from chalicelib.pricing.count_line import CountLine
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
from chalicelib.reporting.tenant_tree import NO_TENANTS, Tenants
from chalicelib.reporting.usage_query import leave_time_to_write
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
        """Return a day that was reported; None, too, while nobody knows whether its writer ended.

        Raises ValueError where a manifest cannot be read.
        """
        for prefix in (ADJUSTED, ""):
            if (content := store.read(prefix + manifest_key(day))) is not None:
                kept = cls(store, day, Manifest.from_json(content), prefix)
                return kept if is_clean(store, day.isoformat()) else None
        return None

    def lines(self) -> list[CountLine]:
        """Raises CannotRerate, and ValueError where the counts cannot be read."""
        counts = self.store.read(self.prefix + counts_key(self.day))
        if counts is None or hashlib.sha256(counts).hexdigest() != self.manifest.counts_sha256:
            raise CannotRerate(
                f"the counts of {self.day} are not those of its manifest: report it again"
            )
        return read_counts(counts)

    def known(
        self,
        lines: Sequence[CountLine],
        prices: PriceBook,
        sampled: SampledDay,
        at: datetime,
        read_tenants: Callable[[], Tenants] = lambda: NO_TENANTS,
    ) -> KnownDay:
        """Return what is known of the day by its `lines`. Raises CannotRerate."""
        day, manifest = self.day, self.manifest
        # "": from before there were samples
        if manifest.capacity_sha256 not in ("", sampled.sha256):
            raise CannotRerate(
                f"the samples of {day} are not those of its manifest: report it again"
            )
        tenants = tenants_of(self.store, day, read_tenants)
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
        if said.manifest != self.kept.manifest or not said.claim.clean:
            raise Busy(f"another report of {said.day} was written meanwhile, or broken off")
        return replace(self.day, closed=is_closed(said.store, said.day))


def unchanged(
    insights: Insights,
    store: ReportStore,
    day: date,
    prices: PriceBook,
    sampled: SampledDay,
    now: datetime,
    read_tenants: Callable[[], Tenants],
) -> Unchanged | None:
    """Ask the log whether it has other records than those by which a day was reported.

    It is only ever added to, so as many records are the same ones: of the day, and of all around
    it from whose numbers the gaps are told. None where it has others, and where nothing says so.
    Raises IncompleteReport where the log does not answer, NotFinished where no time is left to
    write the day.
    """
    try:
        kept = KeptDay.last(store, day)
        if kept is None:
            return None
        lines = kept.lines()
        known = kept.known(lines, prices, sampled, now, read_tenants)
    except ValueError:  # a manifest, counts or samples that are not what they should be
        return None
    questions = DayQuestions(day, begins(day), now)
    records, numbered = Reading(questions.how_many()), Reading(questions.how_many_numbered())
    read_all(insights, Progress(None, day), (records, numbered))
    if (records.matched, numbered.matched) != (kept.manifest.found, kept.manifest.numbered):
        return None
    leave_time_to_write(insights, lines)

    def manifest(reported: ReportedDay, hashes: Mapping[str, str]) -> Manifest:
        return replace(known.manifest(reported, hashes), reported_at=rfc3339(now))

    return Unchanged(kept, replace(known, manifest=manifest))
