"""Months: held against AWS's bill, a few days into the next one, once that is made up."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from chalicelib.catalog import GEOS
from chalicelib.pricing.capacity import HOURS_OF_A_DAY, Sample
from chalicelib.pricing.charges import CAPACITY, Charge, charges
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reconciliation import bill, export, hours, keeping, money, row, teams
from chalicelib.reconciliation.billed import Key, canonical, of_line, plain
from chalicelib.reconciliation.causes import Cause
from chalicelib.reconciliation.days import statement_of as statement_of_day
from chalicelib.reconciliation.hours import SampledHour
from chalicelib.reconciliation.kept_day import KeptDay, NotReported, Said, is_reported
from chalicelib.reconciliation.money import DayCause, Spent
from chalicelib.reconciliation.row import Row
from chalicelib.reconciliation.series import metric_name
from chalicelib.reconciliation.statement import Reconciled, Statement
from chalicelib.reporting.capacity_files import hour_key, read_hour
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.store import ReportStore
from chalicelib.settings import Settings

FOLDER: Final = "money_reconciliation"
FIRST: Final = 5
"""The day of the next month on which a bill is first looked at."""
LAST: Final = 15
"""The last day on which one that AWS may still change is looked at again."""

LAST_HOUR: Final = HOURS_OF_A_DAY - 1
_GUARDRAIL: Final = "guardrail_"
_NO_PRICES: Final = PriceBook((), "")
_NOT_OF_A_MODEL: Final = ("request", "busy_ms")


@dataclass(slots=True)
class _Ours:
    """What the month's kept days say."""

    spent: dict[Key, Spent] = field(default_factory=lambda: defaultdict(Spent))
    by_team: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    models: dict[str, str] = field(default_factory=dict)  # as called: base model
    of: dict[str, str] = field(default_factory=dict)
    books: dict[date, PriceBook] = field(default_factory=dict)  # the rows kept with each day

    def add(self, line: CountLine, charged: Iterable[Charge]) -> None:
        self.models[metric_name(line.model_id)] = canonical(line.base_model)
        for charge in charged:
            self.by_team[line.team_id] += charge.cost or 0
            guarded = charge.unit.startswith(_GUARDRAIL)
            if guarded or (line.basis == "on_demand" and charge.unit not in _NOT_OF_A_MODEL):
                spent = self.spent[of_line(line, charge.unit)]
                spent.usd += charge.cost or 0
                spent.quantity += charge.quantity
                spent.unpriced |= charge.cost is None

    def base(self, called: str) -> str:
        """Return the base model of what was called, by us or by others."""
        if known := self.models.get(called):
            return known
        geo, _, rest = called.partition(".")
        return canonical(rest if geo in GEOS else called)


def due(store: ReportStore, today: date) -> list[Month]:
    """Return the month before, where its bill is to be looked at, or to be told of.

    So it is once more where the counts of a day of it are others by now.
    """
    month = Month.of(today.replace(day=1) - timedelta(days=1))
    if today.day < FIRST or not any(store.keys(f"manifests/date={month}")):
        return []
    kept = Reconciled.read(store.read(statement_of(month).key))
    again = kept is None or not kept.told or (not kept.final and today.day <= LAST)
    return [month] if again or (kept and _is_restated(store, month, kept)) else []


def _is_restated(store: ReportStore, month: Month, kept: Reconciled) -> bool:
    counts = ((kept.of.get(f"{day}"), _counts_of(store, day)) for day in month.days())
    return any(now not in (None, before) for before, now in counts)


def _counts_of(store: ReportStore, day: date) -> str | None:
    """Return the SHA-256 of a day's counts; of one whose manifest cannot be read, the day tells."""
    with suppress(ValueError):
        said = Said.read(store, day)
        return said.manifest.counts_sha256 if said else None
    return None


def reconcile(
    month: Month, *, cost_explorer: Any, s3: Any, store: ReportStore, settings: Settings
) -> Statement:
    """Hold a month's reported costs against AWS's bill, and keep what was found.

    By team as well, where an export of the bill is delivered and calls are signed per team. Raises
    NotReported where no day of it is, or the report of one broke off, export.NotDelivered, and
    botocore's errors where AWS refuses.
    """
    ours = _ours(store, month, settings.region)
    found = bill.read(cost_explorer, month, settings.region)
    days = _causes_of_days(store, month, ours)
    tolerance = settings.reconcile_tolerance
    rows = list(money.rows(money.Ours(dict(ours.spent), days), found, tolerance))
    models = {plain(model): model for model in ours.models.values()}
    before = _samples(store, month.first - timedelta(days=1), LAST_HOUR, settings.region)
    ran = hours.sampled(_sampled(store, month, ours, settings.region), before)
    rows += hours.rows(ran, hours.billed(found.lines, models), tolerance)
    if settings.cur_location and settings.tenant_role_arn:
        charged = export.costs_by_caller(s3, settings.cur_location, month)
        causes = tuple(dict.fromkeys(cause for each in rows for cause in each.causes))
        caller = teams.Caller(settings.tenant_role_arn, f"tollgate-{settings.stage}-")
        rows += teams.rows(ours.by_team, charged, caller, causes, tolerance)
    return keeping.keep(store, statement_of(month, rows, ours.of, final=not found.estimated))


def statement_of(
    month: Month,
    rows: Iterable[Row] = (),
    of: dict[str, str] | None = None,
    *,
    final: bool = True,
) -> Statement:
    return Statement(f"month={month}", FOLDER, tuple(rows), of or {}, final)


def _ours(store: ReportStore, month: Month, region: str) -> _Ours:
    """Add up a month's kept counts at the price rows that were kept with them."""
    ours = _Ours()
    for day in _reported(store, month):
        ours.of[day.day.isoformat()] = day.manifest.counts_sha256
        book = ours.books[day.day] = day.prices(store)
        for line in day.lines:
            if line.service == "bedrock" and line.region == region:
                ours.add(line, _billed(line, charges(line, book, day.day)))
    if not ours.of:
        raise NotReported(f"no day of {month} is reported")
    return ours


def _billed(line: CountLine, charged: Iterable[Charge]) -> Iterator[Charge]:
    """Yield what AWS bills a call by; on capacity that is its guardrails alone."""
    return (
        each for each in charged if line.basis not in CAPACITY or each.unit.startswith("guardrail_")
    )


def _reported(store: ReportStore, month: Month) -> Iterator[KeptDay]:
    return (KeptDay.read(store, day) for day in month.days() if is_reported(store, day))


def _sampled(store: ReportStore, month: Month, ours: _Ours, region: str) -> Iterator[SampledHour]:
    """Yield each hour of the month, at the prices of its own day.

    Of a day that is not reported nothing is known, nor of an hour without a file.
    """
    for day in month.days():
        book = ours.books.get(day)
        for hour in range(HOURS_OF_A_DAY):
            # A book may have no price at all, and is false then.
            samples = _samples(store, day, hour, region) if book is not None else None
            yield SampledHour(day, samples, _NO_PRICES if book is None else book)


def _samples(store: ReportStore, day: date, hour: int, region: str) -> tuple[Sample, ...] | None:
    content = store.read(hour_key(day, hour))
    if content is None:
        return None
    return tuple(each for each in read_hour(content) if each.resource.region == region)


def _causes_of_days(store: ReportStore, month: Month, ours: _Ours) -> dict[str, DayCause]:
    """Return by base model why its counters differed on the month's days.

    Calls over midnight are on the bill of another month at its ends alone.
    """
    days = list(month.days())
    found: dict[str, dict[Cause, int]] = defaultdict(dict)
    for day in days:
        content = store.read(statement_of_day(day).csv_key)
        for each in row.read(content) if content else ():
            if each.layer == "counters" and each.causes:
                causes = found[ours.base(each.scope)]
                for cause in each.causes:
                    if cause != Cause.MIDNIGHT or day in (days[0], days[-1]):
                        causes[cause] = max(causes.get(cause, 0), each.calls)
    return {
        model: DayCause(tuple(causes), max(causes.values()))
        for model, causes in found.items()
        if causes
    }
