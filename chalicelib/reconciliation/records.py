"""The first layer: a day's records among themselves. Pure.

The sums of counts.csv and the pairs by `call_id` were asked of the logs by different queries: what
began must be what ended, but for the calls that the pairs name.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from chalicelib.pricing.costs import RowKey
from chalicelib.pricing.count_line import CountLine
from chalicelib.reconciliation.causes import Cause
from chalicelib.reconciliation.row import Row
from chalicelib.reporting.manifest import Manifest

ALL = "all"


def rows(lines: Sequence[CountLine], manifest: Manifest) -> Iterator[Row]:
    """Yield the day's balance, what is missing of it, and each row that cannot balance.

    Orphaned calls are explained: the report lists each by its request id, and rings for them.
    """
    begun = sum(line.n_started for line in lines) + manifest.unannounced
    ended = sum(line.n_usage + line.n_failed for line in lines) + manifest.orphaned
    yield _row(ALL, "calls", ended, begun, Cause.UNEXPLAINED)
    orphaned = _missing("ended", begun - manifest.orphaned, begun, manifest.orphaned)
    yield replace(orphaned, status="explained") if manifest.orphaned else orphaned
    records = manifest.started + manifest.usage + manifest.failed
    yield _missing("records", records, records + manifest.lost, manifest.lost)
    yield from _of_rows(lines, manifest)


def _of_rows(lines: Iterable[CountLine], manifest: Manifest) -> Iterator[Row]:
    """Yield the rows of costs.csv of which more calls began than ended, orphans included."""
    begun: dict[RowKey, int] = defaultdict(int)
    ended: dict[RowKey, int] = defaultdict(int, manifest.orphans())
    for line in lines:
        key = (line.team_id, line.service, line.model_id)
        begun[key] += line.n_started
        ended[key] += line.n_usage + line.n_failed
    for key in sorted(begun):
        if ended[key] < begun[key]:
            yield _row(" ".join(key), "calls", ended[key], begun[key], Cause.MISSING_RECORDS)


def _missing(unit: str, ours: int, theirs: int, calls: int) -> Row:
    return _row(ALL, unit, ours, theirs, Cause.MISSING_RECORDS, calls)


def _row(scope: str, unit: str, ours: int, theirs: int, cause: Cause, calls: int = 0) -> Row:
    off = ours != theirs
    return Row(
        layer="records",
        scope=scope,
        unit=unit,
        ours=Decimal(ours),
        theirs=Decimal(theirs),
        causes=(cause,) if off else (),
        status="difference" if off else "equal",
        calls=calls,
    )
