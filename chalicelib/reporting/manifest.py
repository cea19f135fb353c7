"""Manifest: what a day's report says of itself, written when all else is in place."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Self

from chalicelib.pricing.capacity import HOURS_OF_A_DAY
from chalicelib.pricing.costs import RowKey
from chalicelib.reporting.day_questions import GAPS, TOTALS
from chalicelib.reporting.reported_day import (
    ReportedDay,
    costs_key,
    counts_key,
    price_rows_key,
)
from chalicelib.reporting.usage_query import DayCounts
from chalicelib.usage_record import UsageSource, rfc3339

SCHEMA: Final = 1
MAX_LISTED: Final = 100
"""Request ids that a manifest names, so that it stays small on a day when much went wrong."""


@dataclass(frozen=True, slots=True)
class OrphanedRow:
    """A row of costs.csv that has orphaned calls: counts.csv cannot tell which they are.

    By subtraction they would be hidden where as many calls of the row are unannounced.
    """

    team_id: str
    service: str
    model_id: str
    calls: int


@dataclass(frozen=True, slots=True)
class Restated:
    """What moved when the day was reported or rated again. An answer of the same bytes is none."""

    at: str
    files: tuple[str, ...]  # keys of those replaced or gone, sorted, the first MAX_LISTED
    rows: Mapping[str, int]  # rows of costs.csv that moved, by reason
    cost: str  # US dollars by which the day's costs moved, signed; "" where nobody can tell


@dataclass(frozen=True, slots=True)
class Manifest:
    """The state of a day's report. Counts are of provider calls unless they say otherwise.

    For the same records only `window` and `queries` differ from run to run. A field that is added
    needs a default, so that a day before it can be rated again.
    """

    schema: int
    date: str
    complete: bool  # no call is orphaned, unknown or lost, and no record is foreign
    started: int
    usage: int
    failed: int
    orphaned: int  # began and left no end record
    unannounced: int  # ended and left no record of their beginning
    duplicated: int  # a record was written more than once, and counted once
    lost: int  # records: gaps in the numbering of a process
    partial: int  # a cut answer: counted as far as the provider had reported
    unknown: int  # sent, and what it cost is not known
    derived: int  # counted from the request or the media
    deferred: int  # asynchronous jobs, settled by a call of their own
    foreign: int  # records that the gateway did not write: counted above, and never rated
    unpriced: int  # something that they used has no price
    window: Mapping[str, str]
    queries: tuple[Mapping[str, str | int], ...]
    price_book_sha256: str
    counts_sha256: str
    csv_sha256: str
    orphaned_request_ids: tuple[str, ...]  # sorted, the first MAX_LISTED
    orphaned_rows: tuple[OrphanedRow, ...]  # sorted
    price_rows_sha256: str
    capacity_hours_missing: int = HOURS_OF_A_DAY  # hours of which no sample says what ran
    capacity_unpriced: int = 0  # endpoints and provisioned models of which an hour has no price
    capacity_sha256: str = ""  # of the day's samples
    files: Mapping[str, str] = field(default_factory=dict)  # SHA-256 by key, of all but this
    reported_at: str = ""  # when the records were read; of two reports the later one stays
    restated: tuple[Restated, ...] = ()  # in their order

    @classmethod
    def of(
        cls,
        reported: ReportedDay,
        day: DayCounts,
        files: Mapping[str, str],
        reported_at: datetime,
    ) -> Self:
        """Say what a day's records are, and which files were made of them, by their hashes."""
        orphaned = sum(day.orphaned.values())
        unknown = _calls(day, "none")
        return cls(
            schema=SCHEMA,
            date=reported.day.isoformat(),
            complete=not (orphaned or unknown or day.lost or day.foreign),
            started=sum(line.n_started for line in day.lines),
            usage=sum(line.n_usage for line in day.lines),
            failed=sum(line.n_failed for line in day.lines),
            orphaned=orphaned,
            unannounced=day.unannounced,
            duplicated=day.duplicated,
            lost=day.lost,
            partial=_calls(day, "partial"),
            unknown=unknown,
            derived=_calls(day, "derived"),
            deferred=_calls(day, "deferred"),
            foreign=day.foreign,
            window={"start": rfc3339(day.start), "end": rfc3339(day.end)},
            queries=day.queries,
            reported_at=rfc3339(reported_at),
            counts_sha256=files[counts_key(reported.day)],
            orphaned_request_ids=day.orphaned_request_ids[:MAX_LISTED],
            orphaned_rows=tuple(
                OrphanedRow(*row, calls) for row, calls in sorted(day.orphaned.items())
            ),
            **_about_costs(reported, files),
        )

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read a manifest that this version, or one before it, has written.

        Raises ValueError where it is none: what it says would be lost.
        """
        try:
            values: dict[str, Any] = json.loads(content)
            rows = tuple(OrphanedRow(**row) for row in values.pop("orphaned_rows"))
            again = tuple(_restated(entry) for entry in values.pop("restated", ()))
            lists = {name: tuple(v) for name, v in values.items() if isinstance(v, list)}
            return cls(**{**values, **lists, "orphaned_rows": rows, "restated": again})
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise ValueError(f"this is not a manifest that can be read: {error}") from error

    def rated_again(self, reported: ReportedDay, files: Mapping[str, str]) -> Self:
        """Return what is to be said once the same counts are rated anew into these files."""
        known = {**self.hashes, **files}
        counts_sha256 = known[counts_key(reported.day)]
        return replace(self, counts_sha256=counts_sha256, **_about_costs(reported, known))

    @property
    def hashes(self) -> Mapping[str, str]:
        """The SHA-256 of each file of the day by its key, of a manifest from before `files` too."""
        day = datetime.fromisoformat(self.date).date()
        first = {
            counts_key(day): self.counts_sha256,
            costs_key(day): self.csv_sha256,
            price_rows_key(day): self.price_rows_sha256,
        }
        return self.files or first

    @property
    def found(self) -> int:
        """How many records of the day the log had, copies and foreign ones among them."""
        return self._matched_by(TOTALS)

    @property
    def numbered(self) -> int:
        """How many numbered records the log had around the day, whatever their own day."""
        return self._matched_by(GAPS)

    def _matched_by(self, name: str) -> int:
        about = (each for each in self.queries if each["name"] == name)
        return sum(int(each["records_matched"]) for each in about)

    def orphans(self) -> dict[RowKey, int]:
        """Return how many calls of each row began and left no end record."""
        return {(row.team_id, row.service, row.model_id): row.calls for row in self.orphaned_rows}

    def to_json(self) -> bytes:
        return (json.dumps(asdict(self), indent=2) + "\n").encode()


def _restated(entry: Mapping[str, Any]) -> Restated:
    return Restated(**{**entry, "files": tuple(entry["files"])})


def _about_costs(reported: ReportedDay, files: Mapping[str, str]) -> dict[str, Any]:
    return {
        "unpriced": reported.unpriced,
        "price_book_sha256": reported.book.sha256,
        "csv_sha256": files[costs_key(reported.day)],
        "price_rows_sha256": files[price_rows_key(reported.day)],
        "capacity_hours_missing": reported.sampled.capacity.hours_missing,
        "capacity_unpriced": len(reported.shares.unpriced),
        "capacity_sha256": reported.sampled.sha256,
        "files": dict(sorted(files.items())),
    }


def _calls(day: DayCounts, source: UsageSource) -> int:
    return sum(line.n_usage for line in day.lines if line.usage_source == source)
