"""closed.json: that a month is closed, with which files, and what they add up to."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final, Self

from chalicelib.reporting.months.month import Month
from chalicelib.reporting.store import ReportStore

SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class Gap:
    """A day of which something is missing, and what."""

    date: str
    why: str


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """A day as it was closed."""

    date: str
    complete: bool
    csv_sha256: str  # of costs/date=D/costs.csv


@dataclass(frozen=True, slots=True)
class Closed:
    """A month's books as they were closed; they never change."""

    schema: int
    month: str
    closed_at: str
    days: tuple[ClosedDay, ...]
    gaps: tuple[Gap, ...]  # that somebody closed the month with, knowing of them
    rows: int  # of the month's costs.csv
    totals: Mapping[str, str]  # exact sums of its columns, by name
    files: Mapping[str, str]  # SHA-256 by key
    unpriced: int = 0  # rows of which something has no price: they are in the totals as 0

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Raises ValueError where it is none."""
        try:
            values: dict[str, Any] = json.loads(content)
            values["days"] = tuple(ClosedDay(**day) for day in values["days"])
            values["gaps"] = tuple(Gap(**gap) for gap in values["gaps"])
            return cls(**values)
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"this is not a closed.json that can be read: {error}") from error

    def to_json(self) -> bytes:
        return (json.dumps(asdict(self), indent=2) + "\n").encode()


def read_closed(store: ReportStore, month: Month) -> Closed | None:
    """Return a month's closing, or None while it is open."""
    content = store.read(month.closed_key)
    return Closed.from_json(content) if content is not None else None


def is_closed(store: ReportStore, day: date) -> bool:
    return read_closed(store, Month.of(day)) is not None
