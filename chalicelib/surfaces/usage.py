"""`GET /usage`: a team's own rows of the daily reports, what adjusts them, and its day so far.

Whose rows is said by the key alone. All that is asked of a request is the days.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws_json import AwsFault
from chalicelib.errors import BadRequest, ReportsUnavailable
from chalicelib.pricing.capacity import NOT_SAMPLED, shared
from chalicelib.pricing.costs import CSV_COLUMNS, CostLine, rate
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting.csv_writer import render_signed
from chalicelib.reporting.team_adjustments import ABOUT_ADJUSTMENT
from chalicelib.reporting.team_day import Row, TeamDay
from chalicelib.reporting.team_days import TeamDays
from chalicelib.reporting.today import Today
from chalicelib.reporting.today_table import Kept
from chalicelib.surfaces.answers import JSON, Answer, json_answer
from chalicelib.surfaces.invocation import Invocation
from chalicelib.tenants.nouns import Identity

MAX_DAYS: Final = 31
CSV: Final = "text/csv"
ABOUT_DAY: Final = ("day_status", "complete", "as_of")
"""Columns of the CSV after those of costs.csv, and before ABOUT_ADJUSTMENT."""

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WAIT_SECONDS: Final = 8.0
"""For today's query, of the 29 after which API Gateway ends a buffered call."""

COUNTS: Final[frozenset[str]] = frozenset(
    each.name for each in fields(CostLine) if each.type is int
)
COSTS: Final = frozenset(name for name in CSV_COLUMNS if name.endswith("_cost"))

log = logging.getLogger("tollgate.usage")


@dataclass(frozen=True, slots=True)
class Period:
    """The UTC days that are asked for, both ends included."""

    first: date
    last: date

    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


class UsageSurface:
    def __init__(
        self,
        team_days: TeamDays,
        today: Today,
        list_prices: Callable[[], PriceBook],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._team_days = team_days
        self._today = today
        self._list_prices = list_prices
        self._now = now

    def get(self, identity: Identity, invocation: Invocation) -> Answer:
        """Answer with the days of the period. Raises BadRequest and ReportsUnavailable."""
        today = self._now().date()
        period, team_id = period_of(invocation.query, today), identity.tenant.team_id
        reported = [day for day in period.days() if day < today]
        try:
            found = self._team_days.read(team_id, reported)
            if period.last == today:
                found.append(self._so_far(team_id, today))
        except (ClientError, BotoCoreError, ValueError) as error:
            log.warning("the reports of a team cannot be read: %s", type(error).__name__)
            raise ReportsUnavailable from error
        headers = {"x-request-id": invocation.request_id, "cache-control": "no-store"}
        if invocation.accepts(JSON, CSV) == CSV:
            return Answer(200, _csv(team_id, found), headers, f"{CSV}; charset=utf-8")
        return json_answer(200, _told(team_id, period, found, today), headers)

    def _so_far(self, team_id: str, today: date) -> TeamDay:
        try:
            kept = self._today.of(team_id, today, _WAIT_SECONDS)
        except AwsFault:  # the days before today are known all the same
            kept = None
        if kept is None or not (kept.as_of or kept.query_id):
            return TeamDay(today, "unavailable")
        if not kept.as_of:
            return TeamDay(today, "counting")
        as_of = kept.counted_at().isoformat().replace("+00:00", "Z")
        return TeamDay(today, "so_far", self._rated(today, kept), as_of=as_of)

    def _rated(self, today: date, kept: Kept) -> tuple[Row, ...]:
        lines, book = kept.lines(), self._book(today)
        shares = shared(lines, NOT_SAMPLED, book, today)
        costs = rate(lines, book, today, shares=shares)
        return tuple(dict(zip(CSV_COLUMNS, line.cells(), strict=True)) for line in costs)

    def _book(self, today: date) -> PriceBook:
        """The list prices, and over them the operator's own as the last report used them."""
        own = self._team_days.prices(today)
        if own is None:
            return self._list_prices()
        day, content = own
        return self._list_prices().overridden_by(PriceBook.read(content, f"prices of {day}"))


def period_of(query: Mapping[str, Any], today: date) -> Period:
    """Read `from` and `to`. Raises BadRequest, which says what is asked for instead."""
    first, last = (_date(query, name) for name in ("from", "to"))
    if first > last:
        raise BadRequest(f"'from' ({first}) is after 'to' ({last}).")
    if last > today:
        raise BadRequest(f"'to' ({last}) is in the future: in UTC it is {today}.")
    if (days := (last - first).days + 1) > MAX_DAYS:
        raise BadRequest(f"These are {days} days; ask for {MAX_DAYS} at most.")
    return Period(first, last)


def _date(query: Mapping[str, Any], name: str) -> date:
    given = query.get(name, ())
    try:
        if len(given) == 1 and _DATE.fullmatch(given[0]):
            return date.fromisoformat(given[0])
    except ValueError:
        pass
    raise BadRequest(f"'{name}' is a UTC date, YYYY-MM-DD, and there once.")


def _told(team_id: str, period: Period, days: list[TeamDay], today: date) -> dict[str, Any]:
    return {
        "team_id": team_id,
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "currency": "USD",
        "complete": all(day.complete for day in days),
        "days": [_day(day, today) for day in days],
        "rows": [_typed(row) for day in days for row in day.rows],
        "adjustments": [_typed(row) for day in days for row in day.adjustments],
    }


def _day(day: TeamDay, today: date) -> dict[str, Any]:
    return {
        "date": day.day.isoformat(),
        "status": day.state,
        "complete": day.complete,
        "may_change": day.may_change(today),
        **({"as_of": day.as_of} if day.as_of else {}),
        **({"message": day.message} if day.message else {}),
    }


def _typed(row: Row) -> dict[str, int | str | None]:
    """Give counts as numbers and costs as exact text; an unknown cost is null."""
    return {name: _value(name, cell) for name, cell in row.items()}


def _value(name: str, cell: str) -> int | str | None:
    if name in COUNTS:
        return int(cell or "0")
    return None if name in COSTS and not cell else cell


def _csv(team_id: str, days: list[TeamDay]) -> bytes:
    """Render rows as costs.csv has them, and what is to be said of their day beside them.

    A day without a row has one of empty cells, lest it read as a day on which nothing was used.
    What adjusts a day comes after its rows, signed: the cells of a column add up.
    """
    columns = (*CSV_COLUMNS, *ABOUT_DAY, *ABOUT_ADJUSTMENT)
    return render_signed(columns, _cells(team_id, days))


def _cells(team_id: str, days: list[TeamDay]) -> Iterator[tuple[str, ...]]:
    for day in days:
        blank = dict.fromkeys(CSV_COLUMNS, "") | {"date": str(day.day), "team_id": team_id}
        about = (day.state, "true" if day.complete else "false", day.as_of)
        for row in (*(day.rows or (blank,)), *day.adjustments):
            why = (row.get(name, "") for name in ABOUT_ADJUSTMENT)
            yield (*(row[name] for name in CSV_COLUMNS), *about, *why)
