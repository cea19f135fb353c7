"""A day that does not end while a test is about: of what is made today, all is of one day."""

import time
from datetime import UTC, date, datetime, timedelta

ROOM = timedelta(seconds=90)
"""Longer than a module's tests take."""


def with_room() -> date:
    """Return the day in UTC; where it is about to end, the next one, once that has begun."""
    now = datetime.now(UTC)
    day = (now + ROOM).date()
    while datetime.now(UTC).date() < day:
        begins = datetime.combine(day, datetime.min.time(), UTC)
        time.sleep(max((begins - datetime.now(UTC)).total_seconds(), 0.0))
    return day
