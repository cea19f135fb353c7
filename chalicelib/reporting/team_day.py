"""TeamDay: what one team is told of one day, and how much that is to be trusted. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, Self

State = Literal[
    "reported",
    "not_reported",
    "so_far",  # today, as it was counted at `as_of`
    "counting",  # today, whose first count has not ended yet
    "unavailable",  # today cannot be counted just now
]
RESTATED: Final = timedelta(days=4)
"""Until so long after a day each night makes its report anew, whether records came late or not."""

_NOT_REPORTED: Final = (
    "There is no report of this day. A day is reported after 02:15 UTC of the next."
)
_NOT_CLOSED: Final = (
    "The month was closed without a report of this day. What came to be known of it since is in "
    "its adjustments."
)
_LOST: Final = (
    "Records of this day are missing, and whose they are is not known: the figures may be too low."
)
_INCOMPLETE: Final = "The cost of calls in the rows that are INCOMPLETE is not known whole."
_SO_FAR: Final = (
    "Counted until `as_of`. What is billed by the hour, and corrections, come with the report."
)
_COUNTING: Final = "Today is being counted. Ask again in a few seconds."
_UNAVAILABLE: Final = "Today cannot be counted just now. Ask again in five minutes."

Row = Mapping[str, str]
"""A row of costs.csv, by its columns; one that adjusts it has columns that say when and why."""


@dataclass(frozen=True, slots=True)
class TeamDay:
    day: date
    state: State
    rows: tuple[Row, ...] = ()
    lost: bool = False  # records of the day are missing, of this team or of another
    as_of: str = ""  # until when it was counted, of today
    adjustments: tuple[Row, ...] = ()  # signed, as booked since the month was closed

    @classmethod
    def not_reported(cls, day: date) -> Self:
        return cls(day, "not_reported")

    @property
    def complete(self) -> bool:
        """Whether the rows, adjusted, have all that the team used, and its cost but for prices."""
        return self.state == "reported" and not self.lost and not self._incomplete

    @property
    def message(self) -> str:
        """Say in a sentence why it is not complete; nothing where it is."""
        words = {
            "reported": _LOST if self.lost else _INCOMPLETE if self._incomplete else "",
            "not_reported": _NOT_CLOSED if self.adjustments else _NOT_REPORTED,
            "so_far": _SO_FAR,
            "counting": _COUNTING,
            "unavailable": _UNAVAILABLE,
        }
        return words[self.state]

    def may_change(self, today: date) -> bool:
        """Whether the day is yet to be reported as a matter of course, for the first time or again.

        After that only a record that comes later still, or the operator, changes it: nobody can
        know that they will not.
        """
        return today <= self.day + RESTATED

    @property
    def _incomplete(self) -> bool:
        """Whether a row is INCOMPLETE, by what was booked of it last."""
        said = (*self.rows, *self.adjustments)
        last = {(row["service"], row["model_id"]): row["status"] for row in said}
        return "INCOMPLETE" in last.values()
