"""A month's figures out of the reports bucket: what each day's report holds, and adjusts."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice

from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.cost_rows import EXACT, read_columns, read_rows
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.months.adjustments import of_day
from chalicelib.reporting.months.closed import read_closed
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.reported_day import costs_key, counts_key, manifest_key, price_rows_key
from chalicelib.reporting.restating import ADJUSTED
from chalicelib.reporting.store import ReportStore
from chalicelib.reporting.tenant_tree import NO_TENANTS, Tenants, tenants_key
from ops.month_page.figures import DayFigures, MonthFigures, MonthSums
from ops.month_page.savings import Saving, read_cached, savings


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
    sums = MonthSums()
    key = month.tree_key if closed else costs_key(month.first).replace(f"{month.first}", "…")
    return MonthFigures(
        month=month,
        stage=stage,
        days=tuple(reader.day(day, sums) for day in over),
        sums=sums,
        team_costs_before=reader.team_costs(islice(last.days(), None if whole else len(over))),
        tenants=reader.tenants(over),
        closed_at=closed.closed_at if closed else "",
        files=f"s3://{store.bucket}/{key}",
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    store: ReportStore
    list_prices: PriceBook

    def has(self, day: date) -> bool:
        """Say whether a day has a report."""
        return self.store.read(manifest_key(day)) is not None

    def day(self, day: date, sums: MonthSums) -> DayFigures:
        """Read a day's figures, and add its rows to the month's. A day without a report has none
        but those that adjust it."""
        content, before = self.store.read(manifest_key(day)), sums.adjustments
        costs = sums.add_day(
            read_rows(self.store.chunks_if_any(costs_key(day)) if content else ()),
            (each.row for each in of_day(self.store, day)),
        )
        if content is None:
            return DayFigures(day, costs)
        prefix = ADJUSTED if sums.adjustments > before else ""
        said = Manifest.from_json(self.store.read(prefix + manifest_key(day)) or content)
        return DayFigures(
            day,
            costs,
            manifest=replace(said, files={}),  # it names one for each of 30,000 teams
            savings=self._savings(day, prefix),
            differences=self._differences(day),
        )

    def team_costs(self, days: Iterable[date]) -> Mapping[str, Decimal] | None:
        """Return what each team cost in some days; None where none of them was reported."""
        reported, found = False, dict[str, Decimal]()
        for day in days:
            there = self.has(day)
            for team_id, cost in self._team_costs(day, there):
                found[team_id] = EXACT.add(found.get(team_id, Decimal(0)), cost)
            reported = reported or there
        return found if reported else None

    def tenants(self, days: list[date]) -> Tenants:
        """Return the tenants as the month last knew them."""
        for day in reversed(days):
            if content := self.store.read(tenants_key(day)):
                return Tenants.from_csv(content)
        return NO_TENANTS

    def _team_costs(self, day: date, there: bool) -> Iterator[tuple[str, Decimal]]:
        if there:
            chunks = self.store.chunks_if_any(costs_key(day))
            for team_id, cost in read_columns(chunks, ("team_id", "total_cost")):
                yield team_id, Decimal(cost or 0)
        for each in of_day(self.store, day):
            yield each.row.team_id, each.row.of("total_cost")

    def _savings(self, day: date, prefix: str) -> Mapping[str, Saving]:
        """Rate the day's cached tokens by the rows that its bill rests on, then by the list."""
        rows = self.store.read(prefix + price_rows_key(day))
        if rows is None:
            return {}
        cached = read_cached(self.store.chunks_if_any(prefix + counts_key(day)))
        kept = PriceBook.read(rows, name=price_rows_key(day))
        return savings(cached, self.list_prices.overridden_by(kept), day)

    def _differences(self, day: date) -> str | None:
        content = self.store.read(f"reconciled/date={day}/reconciled.json")
        if content is None:
            return None
        said = json.loads(content)
        return str(said["said"]) if said["rows"]["difference"] else ""
