"""Month: a calendar month of UTC days, and where its books lie. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Self

_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, order=True, slots=True)
class Month:
    """A month; `str` writes it as `2026-10`."""

    first: date

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises ValueError where the text is not YYYY-MM."""
        if not (match := _MONTH.fullmatch(text)):
            raise ValueError(f"{text!r} is not a month YYYY-MM")
        return cls(date(int(match[1]), int(match[2]), 1))

    @classmethod
    def of(cls, day: date) -> Self:
        return cls(day.replace(day=1))

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def end(self) -> date:
        """The first day that is not in it any more."""
        return (self.first + timedelta(days=31)).replace(day=1)

    def days(self) -> Iterator[date]:
        return (self.first + timedelta(days=each) for each in range((self.end - self.first).days))

    @property
    def closed_key(self) -> str:
        return f"months/month={self}/closed.json"

    @property
    def costs_key(self) -> str:
        return f"month_costs/month={self}/costs.csv"

    @property
    def tree_key(self) -> str:
        return f"tree/month={self}/tree.csv"
