"""Again: days of long ago whose report was written since they were reconciled.

A record that comes late restates its day however old that is. S3's own times tell which days that
can be, by three lists a morning; whether the counts are others, their manifests say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Self

from chalicelib.reconciliation.statement import reconciled_key
from chalicelib.reporting.reported_day import manifest_key
from chalicelib.reporting.restating import ADJUSTED
from chalicelib.reporting.store import ReportStore
from chalicelib.reporting.usage_query import KEPT

LOOKED_BACK: Final = 5
"""Days that are looked at each morning, and mornings on which what was found may be told."""

RUN: Final = timedelta(minutes=15)
"""No run lasts longer: a manifest that is older by more, whoever reconciled its day has read."""

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Written:
    """When manifests were last written, and when what was found of their days, by key."""

    manifests: Mapping[str, datetime]
    found: Mapping[str, datetime]

    @classmethod
    def read(cls, store: ReportStore, oldest: date) -> Self:
        def of_days(folder: str) -> dict[str, datetime]:
            return dict(store.written(f"{folder}/date=", after=f"{folder}/date={oldest}"))

        manifests = of_days("manifests") | of_days(f"{ADJUSTED}manifests")
        return cls(manifests, of_days("reconciled"))

    def may_differ(self, day: date, lately: datetime) -> bool:
        """Say whether a day was reconciled, and may have to be once more.

        That may be since its report was written again, or found so `lately` that nobody was told.
        """
        found = self.found.get(reconciled_key(f"date={day}"))
        if found is None:
            return False
        at = (self.manifests.get(prefix + manifest_key(day)) for prefix in ("", ADJUSTED))
        return found >= lately or any(each > found - RUN for each in at if each)


def changed(store: ReportStore, today: date) -> Iterator[date]:
    """Yield days older than the last few that may be due again, and each day after one.

    They are as many as those of which records are kept. What was never reconciled is none.
    """
    written = Written.read(store, today - KEPT)
    lately = datetime.combine(today - LOOKED_BACK * _DAY, time(), UTC)
    before = False
    for back in range(KEPT.days, LOOKED_BACK, -1):
        day = today - back * _DAY
        differs = written.may_differ(day, lately)
        if differs or (before and reconciled_key(f"date={day}") in written.found):
            yield day
        before = differs
