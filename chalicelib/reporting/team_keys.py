"""Where a team's own files are: all that whoever serves tenants can read of the reports bucket.

A team's name ends with a slash in each key, so that no team's prefix is another's. What says
something of a day for all teams is under `teams/date=`, which is no team's.
"""

from datetime import date
from typing import Final

DAYS: Final = "teams/date="


def team_prefix(team_id: str) -> str:
    return f"teams/team={team_id}/date="


def team_costs_key(team_id: str, day: date) -> str:
    return f"{team_prefix(team_id)}{day}/costs.csv"


def team_adjustments_key(team_id: str, day: date) -> str:
    return f"{team_prefix(team_id)}{day}/adjustments.csv"


def team_day_key(day: date) -> str:
    return f"{DAYS}{day}/day.json"


def team_adjusted_key(day: date) -> str:
    """Name what is to be read in place of `team_day_key`, where a closed day has it."""
    return f"{DAYS}{day}/adjusted.json"


def team_prices_key(day: date) -> str:
    return f"{DAYS}{day}/prices.csv"
