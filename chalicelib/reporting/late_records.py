"""Late records: every day of which the log holds other records than its report has read.

A mark in S3 says until when that is settled. It goes on only once each day that the log names has
been read again since it was asked, so a night that is missed or breaks off loses nothing: the next
question reaches back to where the last one that was settled was asked.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Final, Self

from chalicelib.reporting.kept_counts import KeptDay
from chalicelib.reporting.late_question import Held, since
from chalicelib.reporting.store import ReportStore
from chalicelib.usage_record import rfc3339

MARK_KEY: Final = "late/settled.json"
SCHEMA: Final = 1

NIGHTS_OWN: Final = timedelta(days=4)
"""Days that each night reads by itself, records or none: yesterday, and three once more."""

Ask = Callable[[datetime, datetime], Held]
"""Counts the log's records, from a time on and until another."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a day's report has read of it, adjusted or not."""

    records: int  # copies and foreign ones among them
    read_at: str  # RFC 3339; of an old report, when its window ended

    @classmethod
    def read(cls, store: ReportStore, day: date) -> Self:
        """Where there is no report, a broken one, or none that can be read, nothing was read."""
        with suppress(ValueError):
            if kept := KeptDay.last(store, day):
                manifest = kept.manifest
                return cls(manifest.found, manifest.reported_at or manifest.window["end"])
        return cls(0, "")


@dataclass(frozen=True, slots=True)
class Mark:
    """What came of the last question that is settled. Older marks are versions of the object."""

    schema: int
    asked_at: str
    since: str  # what is older in the log was settled before
    given_up: Mapping[str, int]  # days that cannot be read whole, and how many records they have
    unreported: Mapping[str, int]  # records that no report has, by day, that were found this time

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read a mark that this version, or one before it, has put.

        Raises ValueError where it is none: where to go on from would be a guess.
        """
        try:
            values = json.loads(content)
            return cls(**{each.name: values[each.name] for each in fields(cls)})
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{MARK_KEY} cannot be read: {error}") from error

    def to_json(self) -> bytes:
        return (json.dumps(asdict(self), indent=2) + "\n").encode()


def is_given_up(store: ReportStore, day: date, report: Report) -> bool:
    """Say whether the log was last found to have fewer of a day's records than its report."""
    with suppress(ValueError):  # whoever asks for late records says so
        mark = Settled.read(store).mark
        return mark is not None and mark.given_up.get(f"{day}", report.records) < report.records
    return False


@dataclass(frozen=True, slots=True)
class Settled:
    """The mark as it stands, and the sole right of whoever read it so to put the next one."""

    store: ReportStore
    mark: Mark | None
    etag: str | None

    @classmethod
    def read(cls, store: ReportStore) -> Self:
        """Raises ValueError where there is one that cannot be read."""
        kept = store.kept(MARK_KEY)
        mark = Mark.from_json(kept.body) if kept else None
        return cls(store, mark, kept.etag if kept else None)

    @property
    def asked_at(self) -> str:
        """Say until when all is settled; "" where nothing ever was."""
        return self.mark.asked_at if self.mark else ""

    def put(self, mark: Mark) -> bool:
        """Go on to a mark; False where another run has gone on meanwhile."""
        return self.store.put_if(MARK_KEY, mark.to_json(), self.etag)

    def asked(self, ask: Ask, oldest: date | None, now: datetime, over: date) -> "Asked":
        """Ask what came since, about the days before `over`. `oldest` is the first with a report.

        Of a night's own days it is known as well that the log has none. Raises what `ask` raises.
        """
        last = datetime.fromisoformat(self.asked_at) if self.mark else None
        start = since(last, oldest, now)
        held = ask(start, now)
        none = {over - timedelta(days=back): 0 for back in range(1, NIGHTS_OWN.days + 1)}
        return Asked(self, replace(held, days={**none, **held.days}), start, now, over)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the log was found to hold, beside the reports as they stand at each look."""

    settled: Settled
    held: Held
    start: datetime
    at: datetime
    over: date

    def due(self) -> Iterator[date]:
        """Yield the days to be read again, the oldest first, each as it is asked for."""
        return (day for day in self._days() if self._is_due(day))

    def mark(self, gone: Collection[date]) -> Mark | None:
        """Return what the next question goes on from; None while a day is to be read.

        Of the days that are `gone` the log has fewer records than their reports: those stay.
        """
        if any(day not in gone for day in self.due()):
            return None
        lacking = (day for day in self._days() if day in gone or self._lacking(day, gone))
        return Mark(
            SCHEMA,
            asked_at=rfc3339(self.at),
            since=rfc3339(self.start),
            given_up={f"{day}": self.held.days[day] for day in lacking},
            unreported=self.unreported(gone),
        )

    def unreported(self, gone: Collection[date]) -> dict[str, int]:
        """Return the records that no report has, by day; of those to be read, nobody knows yet."""
        read = [day for day in self._days() if day in gone or not self._is_due(day)]
        new = (day for day in read if not self._is_known(day))
        lacking = {f"{day}": n for day in new if (n := self._lacking(day, gone))}
        return {**lacking, **self.held.astray}

    def _days(self) -> list[date]:
        return [day for day in sorted(self.held.days) if day < self.over]

    def _is_due(self, day: date) -> bool:
        report = Report.read(self.settled.store, day)
        unread = report.records != self.held.days[day] and report.read_at < rfc3339(self.at)
        return unread and not self._is_known(day)

    def _is_known(self, day: date) -> bool:
        """Say whether it was these very records that could not be read before."""
        before = self.settled.mark
        return before is not None and before.given_up.get(f"{day}") == self.held.days[day]

    def _lacking(self, day: date, gone: Collection[date]) -> int:
        """Return how many of a day's records its report cannot have; of one that is gone, all."""
        held = self.held.days[day]
        if day in gone:
            return held
        report = Report.read(self.settled.store, day)
        differs = abs(held - report.records)
        return differs if self._is_known(day) else max(held - report.records, 0)
