"""A team's day so far, out of Logs Insights: one query at a time for a team, kept for five minutes.

It is the report's own sum, narrowed to the team. What the report does besides it leaves out:
records that were written twice count twice, and nothing says what is missing.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from itertools import chain, repeat
from math import ceil
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.pricing.count_line import CountLine
from chalicelib.reporting.groups import GROUPED, total
from chalicelib.reporting.insights import IncompleteReport, OnlyOnce, Row
from chalicelib.reporting.today_table import Kept, TodayTable, TooMuch
from chalicelib.reporting.usage_query import CLOCK_SKEW
from chalicelib.reporting.whole_number import whole

MAX_GROUPS: Final = 10_000
"""Rows that one GetQueryResults answers with at most (CloudWatch Logs API)."""

_MOST_PAGES: Final = 20
"""Pages of one answer that are read, of as many rows each as AWS likes."""

_PAUSES: Final = (0.0, 0.1, 0.2, 0.4, 0.8)
_UNDER_WAY: Final = frozenset({"Scheduled", "Running"})


class Today:
    """Counts teams' days so far. `logs` makes the boto3 client, which has to repeat little."""

    def __init__(
        self,
        logs: Callable[[], Any],
        log_groups: Sequence[str],
        table: TodayTable,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._logs = logs
        self._log_groups = list(log_groups)
        self._table = table
        self._now = now
        self._sleep = sleep

    def of(self, team_id: str, day: date, seconds: float) -> Kept | None:
        """Return what is counted of a team's day, which is today; wait for up to `seconds`.

        A query that does not end in that time is left to run: whoever asks next reads it, and
        is told the counts before it meanwhile. None where the day cannot be counted just now.
        Raises AwsFault where the table cannot be reached.
        """
        now = self._now()
        kept = self._table.read(team_id)
        if kept is None or kept.is_due(day, now):
            kept = self._begun(team_id, day, kept, now)
        if kept and kept.query_id:
            kept = self._followed(team_id, kept, seconds)
        return kept if kept and kept.day == day.isoformat() else None

    def _begun(self, team_id: str, day: date, seen: Kept | None, now: datetime) -> Kept | None:
        """Start a query, unless somebody else does: whose mark is on the item may."""
        mark = secrets.token_hex(8)
        kept = self._table.claim(team_id, seen, mark, day, now)
        if kept is None or kept.mark != mark:
            return kept
        try:
            started = self._logs().start_query(
                logGroupNames=self._log_groups,
                startTime=int((_beginning(day) - CLOCK_SKEW).timestamp()),
                endTime=ceil(now.timestamp()),
                queryString=query_of(team_id, day),
                limit=MAX_GROUPS,
            )
        except (ClientError, BotoCoreError):  # too many queries run: the next is due in a while
            return kept
        return self._table.running(team_id, mark, started["queryId"])

    def _followed(self, team_id: str, kept: Kept, seconds: float) -> Kept | None:
        try:
            page = self._ended(kept.query_id, seconds)
            if page is None:
                return kept
            lines = _lines(self._pages(kept.query_id, page), team_id)
            return self._table.counted(team_id, kept, lines)
        except (ClientError, BotoCoreError, IncompleteReport, TooMuch):
            return self._table.failed(team_id, kept)

    def _ended(self, query_id: str, seconds: float) -> dict[str, Any] | None:
        """Return the results of a query that has ended; None where it still runs."""
        for pause in _pauses(seconds):
            self._sleep(pause)
            page = self._page(query_id)
            if page["status"] not in _UNDER_WAY:
                return page
        return None

    def _pages(self, query_id: str, page: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield what an ended query answers: a page may have fewer rows than it was asked for."""
        yield page
        for _ in range(_MOST_PAGES - 1):
            if not (token := page.get("nextToken")):
                return
            page = self._page(query_id, nextToken=token)
            yield page

    def _page(self, query_id: str, **token: str) -> dict[str, Any]:
        page: dict[str, Any] = self._logs().get_query_results(
            queryId=query_id, maxItems=MAX_GROUPS, **token
        )
        return page


def query_of(team_id: str, day: date) -> str:
    """Spell the query. A team id holds nothing that could end its quotes."""
    return (
        f'filter ispresent(tollgate) and day = "{day}" and team_id = "{team_id}"'
        f" | {GROUPED} | limit {MAX_GROUPS}"
    )


def _beginning(day: date) -> datetime:
    return datetime.combine(day, time_of_day(), UTC)


def _pauses(seconds: float) -> Iterator[float]:
    """Yield pauses between looks at a query, growing to a second, while they fit into the time."""
    left = seconds
    for pause in chain(_PAUSES, repeat(1.0)):
        left -= pause
        if left < 0:
            return
        yield pause


def _lines(pages: Iterable[dict[str, Any]], team_id: str) -> list[CountLine]:
    """Read the counts of an ended query. Raises IncompleteReport where they are not all there.

    What others than the gateway wrote is no team's.
    """
    rows: list[Row] = []
    once = OnlyOnce()
    found: Mapping[str, float] = {}
    for page in pages:
        if page["status"] != "Complete":
            raise IncompleteReport(f"the query of today ended as {page['status']}")
        rows += once.rows(page)
        found = found or page.get("statistics", {})
    groups = [total(row) for row in rows]
    if len(rows) != whole(found.get("resultCount")) or len(rows) >= MAX_GROUPS:
        raise IncompleteReport("the query of today has rows that did not come")
    if sum(group.records for group in groups) != whole(found.get("recordsMatched")):
        raise IncompleteReport("the query of today counts other records than it matched")
    lines = [group.line for group in groups if not group.foreign]
    if any(line.team_id != team_id for line in lines):
        raise IncompleteReport("the query of today has rows of another team")
    return lines
