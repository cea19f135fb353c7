"""The nightly run: which days are due to be reported, and what came of each.

Yesterday first, whatever else is due: no older day, however large or spoilt, may cost a morning
its report. Then the three days before it once more, since records may be written late; and any day
since the oldest report that has none, so that a run that was missed is made up for. A day is done
for the night once its manifest says that its records were read since the night began: a run that
has nothing to do costs a list and four reads, and the next goes on where one stopped.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import boto3

from chalicelib.reporting import daily
from chalicelib.reporting.claims import Busy
from chalicelib.reporting.insights import NotFinished
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.notices.after_report import not_reported
from chalicelib.reporting.notices.notices import Notices
from chalicelib.reporting.reported_day import manifest_key
from chalicelib.reporting.restating import ADJUSTED, Outcome
from chalicelib.reporting.store import ReportStore
from chalicelib.settings import Settings
from chalicelib.usage_record import rfc3339

BEGINS: Final = time(2, tzinfo=UTC)
"""The schedule's first run is a quarter later. A report of before this hour is of the day."""

LAST_RUN: Final = time(5, 55)
"""When the schedule's last run of a night is: what it cannot report waits until the next."""

ONCE_MORE: Final = 3
"""Days before yesterday that are reported once more each night."""

LOOKED_BACK: Final = timedelta(days=35)

_MANIFESTS: Final = "manifests/date="
_NO_TURN: Final = "the night's runs ended before it was its turn"

log = logging.getLogger("tollgate.nightly")

ReportDay = Callable[[date], Outcome]


class NightFailed(RuntimeError):
    """Days could not be reported; the others were. The next run tries again."""


@dataclass(frozen=True, slots=True)
class Night:
    """What one run did, in the order of doing it."""

    days: tuple[dict[str, Any], ...]
    failed: Mapping[date, str] = field(default_factory=dict)  # why, of each day without success
    waiting: Mapping[date, str] = field(default_factory=dict)  # why, of each left to the next run

    def to_dict(self) -> dict[str, Any]:
        return {"days": list(self.days)}


def run(event_time: str, settings: Settings, *, remaining_ms: Callable[[], int]) -> Night:
    """Report what is due at a scheduled event's own time, with clients of our own.

    Raises NightFailed, after all that is due was tried, where a day could not be reported.
    """
    store = ReportStore(boto3.client("s3", settings.region), settings.reports_bucket)

    def report(day: date) -> Outcome:
        return daily.run(day, settings, remaining_ms=remaining_ms)

    at = datetime.fromisoformat(event_time)
    night = report_due(at, store, report)
    if at.astimezone(UTC).time() >= LAST_RUN:
        not_reported(Notices.of(settings, store), settings, left(at, store, night))
    if night.failed:
        raise NightFailed("; ".join(f"{day}: {why}" for day, why in night.failed.items()))
    return night


def report_due(at: datetime, store: ReportStore, report: ReportDay) -> Night:
    """Report the days that are due, until the time is up; what one raises stops no other."""
    days: list[dict[str, Any]] = []
    failed: dict[date, str] = {}
    waiting: dict[date, str] = {}
    for day in due(at, store):
        try:
            days.append(_about(day, report(day)))
        except (NotFinished, Busy) as error:
            log.warning("%s is left to the next run: %s", day, error)
            waiting[day] = str(error)
            days.append({"date": day.isoformat(), "goes_on": str(error)})
            if isinstance(error, NotFinished):
                break
        except Exception as error:
            log.exception("%s was not reported", day)
            failed[day] = str(error)
    return Night(tuple(days), failed, waiting)


def left(at: datetime, store: ReportStore, night: Night) -> dict[date, str]:
    """Return the days that are due even after a run, and why."""
    why = {**night.waiting, **night.failed}
    return {day: why.get(day, _NO_TURN) for day in due(at, store)}


def due(at: datetime, store: ReportStore) -> Iterator[date]:
    """Yield the days that are due at a time, one by one, as each is asked for.

    Yesterday, then the others, the oldest first. Raises ValueError where the time has no time zone.
    """
    yesterday = daily.day_before(at.isoformat())
    night = rfc3339(datetime.combine(at.astimezone(UTC).date(), BEGINS))
    reported = _reported(store, yesterday - LOOKED_BACK)
    oldest = min({*reported, yesterday})
    once_more = yesterday - timedelta(days=ONCE_MORE)
    for back in (0, *range(LOOKED_BACK.days, 0, -1)):
        day = yesterday - timedelta(days=back)
        if day not in reported:
            if oldest <= day:
                yield day
        elif day >= once_more and _read_at(store, day) < night:
            yield day


def _reported(store: ReportStore, since: date) -> set[date]:
    keys = store.keys(_MANIFESTS, after=f"{_MANIFESTS}{since}")
    return {date.fromisoformat(key.removeprefix(_MANIFESTS).partition("/")[0]) for key in keys}


def _read_at(store: ReportStore, day: date) -> str:
    """Say when a day's records were last read, its adjustments' too; of old, when they ended.

    Where a manifest cannot be read, never: the report of that day says so.
    """
    said = (store.read(prefix + manifest_key(day)) for prefix in ("", ADJUSTED))
    with suppress(ValueError):
        manifests = [Manifest.from_json(content) for content in said if content is not None]
        return max(manifest.reported_at or manifest.window["end"] for manifest in manifests)
    return ""


def _about(day: date, outcome: Outcome) -> dict[str, Any]:
    return {
        "date": day.isoformat(),
        "complete": outcome.manifest.complete,
        "changed": list(outcome.changed),
        "adjustments": outcome.adjustments,
    }
