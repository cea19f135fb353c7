"""Days: reconciled on the morning after, and once more where their counts were restated."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

from chalicelib.reconciliation import counters, guarded, keeping, records
from chalicelib.reconciliation.again import LOOKED_BACK, changed
from chalicelib.reconciliation.calls import Carried, Day
from chalicelib.reconciliation.counted import counted
from chalicelib.reconciliation.dearest import dearest
from chalicelib.reconciliation.kept_day import KeptDay, Said, is_reported
from chalicelib.reconciliation.made import Scope, made
from chalicelib.reconciliation.row import Row, carried, read, write
from chalicelib.reconciliation.statement import Reconciled, Statement
from chalicelib.reporting.store import ReportStore
from chalicelib.settings import Settings

FOLDER: Final = "reconciliation"
_DAY: Final = timedelta(days=1)


def due(store: ReportStore, today: date) -> list[date]:
    """Return the days that are reported and not reconciled as they are, the oldest first.

    So are those of whose differences nobody was told, and a day after one that is due: what is
    carried over midnight may be another. Of days before the last few, those that were reconciled.
    """
    found: list[date] = []
    last = (today - back * _DAY for back in range(LOOKED_BACK, 0, -1))
    for day in (*changed(store, today), *last):
        if is_reported(store, day):
            kept = _reconciled(store, day)
            if day - _DAY in found or kept is None or not kept.told:
                found.append(day)
    return found


def in_turn(found: Sequence[date]) -> list[date]:
    """Return due days as they are to be reconciled: the newest first, so that no other costs it.

    It comes once more at the end if the day before was due: what that carries is known then.
    """
    if not found:
        return []
    *earlier, newest = found
    again = [newest] if newest - _DAY in earlier else []
    return [newest, *earlier, *again]


def reconcile(
    day: date, *, cloudwatch: Any, store: ReportStore, settings: Settings, now: datetime
) -> Statement:
    """Hold a reported day against itself and against AWS's counters, and keep what was found.

    Raises NotReported where there is nothing to reconcile, botocore's errors where AWS refuses.
    """
    kept = KeptDay.read(store, day)
    ours = made(kept.lines, kept.manifest.orphans(), settings.region)
    named = ours.keys() | _compared(store, day)
    theirs = counted(cloudwatch, day, now, named, settings.endpoints.keys())
    units = guarded.counted(cloudwatch, day, now)
    about = Day(kept.manifest.lost, _carried(store, day), settings.reconcile_tolerance)
    price_of = dearest(kept, partial(kept.prices, store))
    rows = (
        *records.rows(kept.lines, kept.manifest),
        *counters.rows(ours, theirs, about, price_of),
        *guarded.rows(kept.lines, units, settings.region, about, price_of),
    )
    return keeping.keep(
        store, statement_of(day, rows, {day.isoformat(): kept.manifest.counts_sha256})
    )


def statement_of(
    day: date, rows: Iterable[Row] = (), of: dict[str, str] | None = None
) -> Statement:
    return Statement(f"date={day}", FOLDER, tuple(rows), of or {})


def _reconciled(store: ReportStore, day: date) -> Reconciled | None:
    """Return how a day was reconciled by the counts that its manifest states, if it was."""
    try:
        said = Said.read(store, day)
    except ValueError:
        return None  # whoever reconciles the day is told
    kept = Reconciled.read(store.read(statement_of(day).key))
    known = said and kept and kept.of == {day.isoformat(): said.manifest.counts_sha256}
    return kept if known else None


def _carried(store: ReportStore, day: date) -> Carried | None:
    """Return what the day before carried: nothing, where it was not reported.

    None where it was not reconciled as it is reported now: then nobody knows.
    """
    before = day - _DAY
    if not is_reported(store, before):
        return {}
    kept = _reconciled(store, before)
    content = _found(store, before)
    return None if kept is None or content is None else carried(content)


def _compared(store: ReportStore, day: date) -> set[Scope]:
    """Return the models of which a day had rows when it was reconciled before.

    CloudWatch lists what only others called for two weeks, and has its counters for much longer.
    """
    rows = read(_found(store, day) or write(()))
    return {Scope("bedrock", row.scope) for row in rows if row.layer == "counters"}


def _found(store: ReportStore, day: date) -> bytes | None:
    """Return the rows that were found of a day, if they are those that its statement speaks of."""
    statement = statement_of(day)
    kept = Reconciled.read(store.read(statement.key))
    content = store.read(statement.csv_key) or b""
    known = kept and hashlib.sha256(content).hexdigest() == kept.csv_sha256
    return content if known else None
