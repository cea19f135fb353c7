"""A month's figures out of the reports bucket: what each day's report holds, and adjusts."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.cost_rows import read_rows
from chalicelib.reporting.csv_writer import read_counts
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.months.adjustments import read_adjustments, rows_of_day
from chalicelib.reporting.months.closed import read_closed
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.reported_day import costs_key, counts_key, manifest_key, price_rows_key
from chalicelib.reporting.restating import ADJUSTED
from chalicelib.reporting.store import ReportStore
from chalicelib.reporting.tenant_tree import NO_TENANTS, Tenants, tenants_key
from ops.month_page.figures import DayFigures, MonthFigures
from ops.month_page.savings import Saving, savings


def read_month(month: Month, store: ReportStore, stage: str, now: datetime) -> MonthFigures:
    """Read a month's days that are over, and as many of the month before.

    The day that is under way is one of them where it was reported early. Raises ValueError where a
    file cannot be read, and botocore's errors.
    """
    reader = _Reader(store, PriceBook.load())
    today = now.date()
    over = [d for d in month.days() if d < today or (d == today and reader.has(d))]
    last = Month.of(month.first - timedelta(days=1))
    closed = read_closed(store, month)
    whole = len(over) == len(list(month.days()))
    return MonthFigures(
        month=month,
        stage=stage,
        days=tuple(reader.days(over)),
        before=tuple(reader.days(islice(last.days(), None if whole else len(over)))),
        tenants=reader.tenants(over),
        closed_at=closed.closed_at if closed else "",
        adjustments=len(read_adjustments(store, month)),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    store: ReportStore
    list_prices: PriceBook

    def has(self, day: date) -> bool:
        """Say whether a day has a report."""
        return self.store.read(manifest_key(day)) is not None

    def days(self, days: Iterator[date] | list[date]) -> Iterator[DayFigures]:
        return map(self._day, days)

    def tenants(self, days: list[date]) -> Tenants:
        """Return the tenants as the month last knew them."""
        for day in reversed(days):
            if content := self.store.read(tenants_key(day)):
                return Tenants.from_csv(content)
        return NO_TENANTS

    def _day(self, day: date) -> DayFigures:
        content, later = self.store.read(manifest_key(day)), tuple(rows_of_day(self.store, day))
        if content is None:
            return DayFigures(day, rows=later)
        costs = self.store.read(costs_key(day)) or b""
        prefix = ADJUSTED if later else ""
        said = self.store.read(prefix + manifest_key(day)) or content
        return DayFigures(
            day,
            rows=(*read_rows((costs,)), *later),
            manifest=Manifest.from_json(said),
            savings=self._savings(day, prefix),
            differences=self._differences(day),
        )

    def _savings(self, day: date, prefix: str) -> Mapping[str, Saving]:
        """Rate the day's cached tokens by the rows that its bill rests on, then by the list."""
        counts, rows = (self.store.read(prefix + key(day)) for key in (counts_key, price_rows_key))
        if counts is None or rows is None:
            return {}
        kept = PriceBook.read(rows, name=price_rows_key(day))
        return savings(read_counts(counts), self.list_prices.overridden_by(kept), day)

    def _differences(self, day: date) -> str | None:
        content = self.store.read(f"reconciled/date={day}/reconciled.json")
        if content is None:
            return None
        said = json.loads(content)
        return str(said["said"]) if said["rows"]["difference"] else ""
