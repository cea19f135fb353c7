"""The table `streams` as it keeps each team's day so far.

| pk             | sk      | what                                                               |
|----------------|---------|--------------------------------------------------------------------|
| `today#<team>` | `usage` | the last counts, until when they count, and a query that still runs |

Who puts a mark of its own on the item may start a query, and nobody else before the next is due.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from chalicelib.pricing.count_line import CountLine
from chalicelib.reporting.csv_writer import read_counts, write_counts
from chalicelib.streams.items import Item, bytes_of, item_of
from chalicelib.streams.rows import Rows

FRESH: Final = timedelta(minutes=5)
"""How old a team's counts may be, and how long after a query the next one is started."""

QUERY_ENDS: Final = timedelta(hours=1)
"""By then a query has ended: Logs Insights stops it after 60 minutes (CloudWatch Logs quotas)."""

MAX_BYTES: Final = 300_000
"""Of compressed counts; an item of DynamoDB has at most 400 KB."""

_KEPT: Final = timedelta(days=2)


class TooMuch(Exception):
    """A team's counts of a day are more than an item holds."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a team's day so far."""

    day: str
    mark: str  # of whoever began the last query
    began: int  # when that was, in epoch seconds
    query_id: str = ""  # of a query that is not read yet
    as_of: int = 0  # until when `counts` count, in epoch seconds; 0: nothing is counted yet
    counts: bytes = b""

    def is_due(self, day: date, now: datetime) -> bool:
        """Whether a query is to be started. One that runs is read first."""
        rest = QUERY_ENDS if self.query_id else FRESH
        return self.day != day.isoformat() or now.timestamp() >= self.began + rest.total_seconds()

    def lines(self) -> list[CountLine]:
        return read_counts(zlib.decompress(self.counts))

    def counted_at(self) -> datetime:
        return datetime.fromtimestamp(self.as_of, UTC)


class TodayTable:
    """Every method raises AwsFault where the table cannot be reached."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def read(self, team_id: str) -> Kept | None:
        item = self._rows.read(_key(team_id))
        return _kept(item) if item else None

    def claim(
        self, team_id: str, seen: Kept | None, mark: str, day: date, now: datetime
    ) -> Kept | None:
        """Try to become the one that starts a query of a day; return what is there after that.

        Its `mark` says who it was. Counts of the same day stay until there are newer ones.
        """
        times = {"began": int(now.timestamp()), "expires_at": int((now + _KEPT).timestamp())}
        put = {"day": day.isoformat(), "mark": mark, **times}
        if seen is None:
            self._rows.put_new({**_key(team_id), **item_of(**put)})
        else:
            old = () if seen.day == day.isoformat() else ("as_of", "counts")
            self._rows.update(_key(team_id), {"mark": seen.mark}, put, ("query_id", *old))
        return self.read(team_id)

    def running(self, team_id: str, mark: str, query_id: str) -> Kept | None:
        """Keep a query's id, for whoever comes next; None where somebody else began one since."""
        return self._changed(team_id, {"mark": mark}, {"query_id": query_id})

    def counted(self, team_id: str, kept: Kept, lines: Sequence[CountLine]) -> Kept | None:
        """Keep what a query counted. Raises TooMuch."""
        counts = zlib.compress(write_counts(lines))
        if len(counts) > MAX_BYTES:
            raise TooMuch
        new = {"as_of": kept.began, "counts": counts}
        return self._changed(team_id, _at_query(kept), new, ("query_id",))

    def failed(self, team_id: str, kept: Kept) -> Kept | None:
        """Forget a query that counted nothing; the next is started when it is due."""
        return self._changed(team_id, _at_query(kept), {"began": kept.began}, ("query_id",))

    def _changed(
        self,
        team_id: str,
        where: dict[str, object],
        put: dict[str, object],
        drop: Sequence[str] = (),
    ) -> Kept | None:
        self._rows.update(_key(team_id), where, put, drop)
        return self.read(team_id)


def _key(team_id: str) -> Item:
    return item_of(pk=f"today#{team_id}", sk="usage")


def _at_query(kept: Kept) -> dict[str, object]:
    return {"mark": kept.mark, "query_id": kept.query_id}


def _kept(item: Item) -> Kept:
    return Kept(
        day=item["day"]["S"],
        mark=item["mark"]["S"],
        began=int(item["began"]["N"]),
        query_id=item["query_id"]["S"] if "query_id" in item else "",
        as_of=int(item["as_of"]["N"]) if "as_of" in item else 0,
        counts=bytes_of(item["counts"]) if "counts" in item else b"",
    )
