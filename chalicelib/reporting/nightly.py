"""The nightly run: which days are due to be reported, and what came of each.

Yesterday first, whatever else is due: no older day, however large or spoilt, may cost a morning
its report. Then the three days before it once more, since records may be written late; and any day
since the oldest report that has none, so that a run that was missed is made up for. Last, any day
of which the log holds records that its report has not read, however old it is. A day is done for
the night once its manifest says that its records were read since the night began: a run that has
nothing to do costs a list and five reads, and the next goes on where one stopped.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import boto3

from chalicelib.reporting import daily
from chalicelib.reporting.claims import Busy
from chalicelib.reporting.insights import Insights, NotFinished, Patience
from chalicelib.reporting.late_question import Held, ask
from chalicelib.reporting.late_records import Ask, Report, Settled, is_given_up
from chalicelib.reporting.notices.after_report import not_reported, tell_left, tell_unreported
from chalicelib.reporting.notices.notices import Notices
from chalicelib.reporting.restating import Outcome
from chalicelib.reporting.store import ReportStore
from chalicelib.reporting.usage_query import KEPT
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
    gone: frozenset[date] = frozenset()  # of those that failed: records are gone

    def to_dict(self) -> dict[str, Any]:
        return {"days": list(self.days)}

    def then(self, other: "Night") -> "Night":
        return Night(
            (*self.days, *other.days),
            {**self.failed, **other.failed},
            {**self.waiting, **other.waiting},
            self.gone | other.gone,
        )


NOTHING_YET: Final = Night(())


def run(event_time: str, settings: Settings, *, remaining_ms: Callable[[], int]) -> Night:
    """Report what is due at a scheduled event's own time, with clients of our own.

    Raises NightFailed, after all that is due was tried, where a day could not be reported, or
    late records could not be looked for.
    """
    store = ReportStore(boto3.client("s3", settings.region), settings.reports_bucket)
    notices = Notices.of(settings, store)

    def report(day: date) -> Outcome:
        return daily.run(day, settings, remaining_ms=remaining_ms, reread=False)

    def count(start: datetime, end: datetime) -> Held:
        logs = boto3.client("logs", settings.region)
        return ask(Insights(logs, settings.usage_log_groups, Patience(remaining_ms)), start, end)

    def tell(unreported: Mapping[str, int]) -> None:
        tell_unreported(notices, settings, daily.day_before(event_time), unreported)

    at = datetime.fromisoformat(event_time)
    night = report_due(at, store, report)
    late = report_late(at, store, report, ask=count, tell=tell, before=night, now=datetime.now(UTC))
    night = night.then(late.night)
    last = _is_last(at)
    if last:
        not_reported(notices, settings, {**night.waiting, **night.failed, **left(at, store, night)})
    tell_left(notices, settings)
    failed = [f"{day}: {why}" for day, why in night.failed.items()]
    if late.failed or (last and late.waiting):
        failed.append(f"late records: {late.failed or late.waiting}")
    if failed:
        raise NightFailed("; ".join(failed))
    return night


def report_due(at: datetime, store: ReportStore, report: ReportDay) -> Night:
    """Report the days that are due, until the time is up; what one raises stops no other."""
    return _each(due(at, store), report)


@dataclass(frozen=True, slots=True)
class Late:
    """What a run did about late records."""

    night: Night = NOTHING_YET  # the days that were read again
    waiting: str = ""  # why the question is left to the next run
    failed: str = ""  # why it could not be answered


def report_late(
    at: datetime,
    store: ReportStore,
    report: ReportDay,
    *,
    ask: Ask,
    tell: Callable[[Mapping[str, int]], None],
    now: datetime,
    before: Night = NOTHING_YET,
) -> Late:
    """Report every day again of which the log has records that its report has not read.

    Asked once a night, and by each run until all that it found is settled. What no report can have
    is told then, or in the night's last run. `before` is what this run has done. Never raises.
    """
    try:
        settled = Settled.read(store)
        if settled.asked_at >= _began(at):
            return Late()
        oldest = min(_reported(store, (now - KEPT).date()), default=None)
        asked = settled.asked(ask, oldest, now, at.astimezone(UTC).date())
        night = _each((day for day in asked.due() if day not in before.failed), report)
        mark = asked.mark(gone := before.gone | night.gone)
        if mark or _is_last(at):
            tell(asked.unreported(gone))
        if mark is None:
            return Late(night, waiting="days that have some are left to the next run")
        settled.put(mark)  # unless another run, of all that it found itself, was faster
        return Late(night)
    except NotFinished as error:
        log.warning("late records are left to the next run: %s", error)
        return Late(waiting=str(error))
    except Exception as error:
        log.exception("late records could not be asked for")
        return Late(failed=str(error))


def _each(due: Iterable[date], report: ReportDay) -> Night:
    days: list[dict[str, Any]] = []
    failed: dict[date, str] = {}
    waiting: dict[date, str] = {}
    gone: set[date] = set()
    for day in due:
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
            if isinstance(error, daily.RecordsGone):
                gone.add(day)
    return Night(tuple(days), failed, waiting, frozenset(gone))


def left(at: datetime, store: ReportStore, night: Night) -> dict[date, str]:
    """Return the days that are due even after a run, and why."""
    why = {**night.waiting, **night.failed}
    return {day: why.get(day, _NO_TURN) for day in due(at, store)}


def due(at: datetime, store: ReportStore) -> Iterator[date]:
    """Yield the days that are due at a time, one by one, as each is asked for.

    Yesterday, then the others, the oldest first. Raises ValueError where the time has no time zone.
    """
    yesterday = daily.day_before(at.isoformat())
    night = _began(at)
    reported = _reported(store, yesterday - LOOKED_BACK)
    oldest = min({*reported, yesterday})
    once_more = yesterday - timedelta(days=ONCE_MORE)
    for back in (0, *range(LOOKED_BACK.days, 0, -1)):
        day = yesterday - timedelta(days=back)
        if day not in reported:
            if oldest <= day:
                yield day
        elif day >= once_more and _is_due(store, day, night):
            yield day


def _is_due(store: ReportStore, day: date, night: str) -> bool:
    """Say whether a report of a day is to be made once more: never where records of it are gone.

    Its night has failed; if the log has others of it one day, the question about late records finds
    them.
    """
    report = Report.read(store, day)
    return report.read_at < night and not is_given_up(store, day, report)


def _is_last(at: datetime) -> bool:
    return at.astimezone(UTC).time() >= LAST_RUN


def _began(at: datetime) -> str:
    return rfc3339(datetime.combine(at.astimezone(UTC).date(), BEGINS))


def _reported(store: ReportStore, since: date) -> set[date]:
    keys = store.keys(_MANIFESTS, after=f"{_MANIFESTS}{since}")
    return {date.fromisoformat(key.removeprefix(_MANIFESTS).partition("/")[0]) for key in keys}


def _about(day: date, outcome: Outcome) -> dict[str, Any]:
    return {
        "date": day.isoformat(),
        "complete": outcome.manifest.complete,
        "changed": list(outcome.changed),
        "adjustments": outcome.adjustments,
    }
