"""Days: reconciled on the morning after, and once more where their counts were restated."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from chalicelib.pricing.count_line import CountLine
from chalicelib.reconciliation import counters, records
from chalicelib.reconciliation.counted import counted
from chalicelib.reconciliation.made import made
from chalicelib.reconciliation.row import Row, carried
from chalicelib.reconciliation.statement import Reconciled, Statement
from chalicelib.reporting.cells import KEY_FIELDS, is_ours
from chalicelib.reporting.csv_writer import read_counts
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.reported_day import counts_key, manifest_key
from chalicelib.reporting.store import ReportStore, rendered
from chalicelib.settings import Settings

FOLDER: Final = "reconciliation"
MANIFESTS: Final = "manifests/date="
LOOKED_BACK: Final = 5
"""Days that are looked at each morning: the report restates the last three."""


class NotReported(ValueError):
    """There is no report of a day, or its files are not those of its manifest."""


@dataclass(frozen=True, slots=True)
class KeptDay:
    """What a report keeps of a day: enough to hold it against AWS."""

    day: date
    manifest: Manifest
    lines: tuple[CountLine, ...]  # of our own records

    @classmethod
    def read(cls, store: ReportStore, day: date) -> "KeptDay":
        """Read a day. Raises NotReported, and ValueError where a file cannot be read."""
        said, counts = store.read(manifest_key(day)), store.read(counts_key(day))
        if said is None or counts is None:
            raise NotReported(f"there is no report of {day}")
        return cls(day, Manifest.from_json(said), tuple(filter(_is_ours, read_counts(counts))))


def due(store: ReportStore, today: date) -> list[date]:
    """Return the days that are reported and not reconciled as they are, the oldest first.

    A day after one that is due is due as well: what is carried over midnight may be another.
    """
    found: list[date] = []
    first = today - timedelta(days=LOOKED_BACK)
    reported = set(store.keys(MANIFESTS, f"{MANIFESTS}{first}"))  # the first day's is after that
    for back in range(LOOKED_BACK, 0, -1):
        day = today - timedelta(days=back)
        if manifest_key(day) in reported and (
            day - timedelta(days=1) in found or not _is_reconciled(store, day)
        ):
            found.append(day)
    return found


def reconcile(
    day: date, *, cloudwatch: Any, store: ReportStore, settings: Settings, now: datetime
) -> Statement:
    """Hold a reported day against itself and against AWS's counters, and write what was found.

    Raises NotReported where there is nothing to reconcile, botocore's errors where AWS refuses.
    """
    kept = KeptDay.read(store, day)
    ours = made(kept.lines, kept.manifest.orphans(), settings.region)
    theirs = counted(cloudwatch, day, now, ours.keys(), settings.endpoints.keys())
    about = counters.Day(kept.manifest.lost, _carried(store, day), settings.reconcile_tolerance)
    rows = (
        *records.rows(kept.lines, kept.manifest),
        *counters.rows(ours, theirs, about),
    )
    statement = statement_of(day, rows, {day.isoformat(): kept.manifest.counts_sha256})
    for file in statement.files():
        store.write(rendered(file))
    return statement


def _is_reconciled(store: ReportStore, day: date) -> bool:
    """Say whether a reported day was reconciled by the counts that its manifest states."""
    said = store.read(manifest_key(day))
    kept = Reconciled.read(store.read(statement_of(day).key))
    if said is None or kept is None:
        return False
    return kept.of == {day.isoformat(): Manifest.from_json(said).counts_sha256}


def statement_of(
    day: date, rows: Iterable[Row] = (), of: dict[str, str] | None = None
) -> Statement:
    return Statement(f"date={day}", FOLDER, tuple(rows), of or {})


def _carried(store: ReportStore, day: date) -> counters.Carried | None:
    """Return what the day before carried: nothing, where it was not reported."""
    before = day - timedelta(days=1)
    content = store.read(statement_of(before).csv_key)
    if content is not None:
        return carried(content)
    return {} if store.read(manifest_key(before)) is None else None


def _is_ours(line: CountLine) -> bool:
    return is_ours({name: getattr(line, name) for name in KEY_FIELDS})
