"""A team's days out of the files that the daily report leaves for it in S3."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any, Final

from chalicelib.pricing.costs import CSV_COLUMNS
from chalicelib.reporting.team_day import Row, TeamDay
from chalicelib.reporting.team_keys import (
    DAYS,
    team_adjusted_key,
    team_adjustments_key,
    team_costs_key,
    team_day_key,
    team_prefix,
    team_prices_key,
)

_AT_ONCE: Final = 8  # requests; a boto3 client keeps ten connections
_LOOK_BACK: Final = timedelta(days=7)


class TeamDays:
    """Every method raises botocore's errors where S3 cannot be read, and ValueError where a file
    is not what the report writes.
    """

    def __init__(self, s3: Callable[[], Any], bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def read(self, team_id: str, days: Sequence[date]) -> list[TeamDay]:
        """Read a team's own rows of days in their order, and what adjusts them.

        A day that has no report says so.
        """
        if not days:
            return []
        found = {*self._keys(DAYS, days), *self._keys(team_prefix(team_id), days)}

        def read(day: date) -> TeamDay:
            return self._day(team_id, day, found)

        self._s3()  # made once, before threads ask for it
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return list(threads.map(read, days))

    def prices(self, before: date) -> tuple[date, bytes] | None:
        """Return the operator's own prices as the last report before a day used them, and its day.

        None where none of the last week's days is reported.
        """
        days = [before - _LOOK_BACK + timedelta(days=n) for n in range(_LOOK_BACK.days)]
        found = set(self._keys(DAYS, days))
        for day in reversed(days):
            if (key := team_prices_key(day)) in found:
                return day, self._content(key)
        return None

    def _day(self, team_id: str, day: date, found: set[str]) -> TeamDay:
        def rows(key: str) -> tuple[Row, ...]:
            return _rows(self._content(key), team_id, day) if key in found else ()

        adjustments = rows(team_adjustments_key(team_id, day))
        if team_day_key(day) not in found:
            return TeamDay(day, "not_reported", adjustments=adjustments)
        later = team_adjusted_key(day)
        said = json.loads(self._content(later if later in found else team_day_key(day)))
        closed = rows(team_costs_key(team_id, day))
        return TeamDay(day, "reported", closed, said["lost"] > 0, adjustments=adjustments)

    def _keys(self, prefix: str, days: Sequence[date]) -> Iterator[str]:
        """Yield the keys of these days; what a page holds is more than a month has.

        They are listed, not tried: to whoever may list a prefix alone S3 answers 403 for an
        object that is not there (Amazon S3 API, GetObject, "Permissions").
        """
        page = self._s3().list_objects_v2(
            Bucket=self._bucket, Prefix=prefix, StartAfter=f"{prefix}{min(days)}"
        )
        return (each["Key"] for each in page.get("Contents", ()))

    def _content(self, key: str) -> bytes:
        content: bytes = self._s3().get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return content


def _rows(content: bytes, team_id: str, day: date) -> tuple[Row, ...]:
    """Read a team's rows of a day; a column that an older file lacks is empty."""
    header, *lines = csv.reader(content.decode("ascii").splitlines(), strict=True)
    blank = dict.fromkeys(CSV_COLUMNS, "")
    rows = tuple({**blank, **dict(zip(header, cells, strict=True))} for cells in lines)
    for row in rows:
        if (row["team_id"], row["date"]) != (team_id, day.isoformat()):
            raise ValueError(f"a file of {team_id} has a row of {row['team_id']}, {row['date']}")
    return rows
