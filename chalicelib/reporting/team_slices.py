"""Filters by team, so that each keeps few enough groups: what is asked where one answer is cut."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from chalicelib.reporting.groups import COUNTED, KEYS
from chalicelib.reporting.insights import Row
from chalicelib.reporting.whole_number import whole

GROUPS_OF_TEAMS: Final = (
    f"{COUNTED} | stats count(*) as records by {KEYS}"
    " | stats count(*) as groups, sum(records) as records by team_id"
)

# Each half says it for itself, as `$` lets a line end follow.
_OTHERS: Final = (
    "not ispresent(team_id) or team_id not like /^[a-z][a-z0-9._-]{1,62}$/"
    " or team_id like /[^a-z0-9._-]/"
)
_TEAM: Final = re.compile(r"[a-z][a-z0-9._-]{1,62}")
_LISTED: Final = 8_000  # characters of team ids, of the 10,000 that StartQuery takes in all


class TeamGroups(NamedTuple):
    team_id: str
    groups: int
    records: int


def read_team(row: Row) -> TeamGroups:
    """Read a row of GROUPS_OF_TEAMS."""
    groups, records = (whole(row.get(name)) or 0 for name in ("groups", "records"))
    return TeamGroups(row.get("team_id", ""), groups, records)


def filters(teams: Iterable[TeamGroups], most: int) -> tuple[str, ...]:
    """Gather teams so that the groups of those listed together are at most so many.

    A team that has more stands alone. One filter keeps all that no team of ours could have
    written. A team that is not among these is in no slice; then the slices do not add up.
    """
    lists: list[list[str]] = []
    groups = length = 0
    for team in sorted(team for team in teams if _TEAM.fullmatch(team.team_id)):
        groups, length = groups + team.groups, length + len(team.team_id) + 4
        if not lists or groups > most or length > _LISTED:
            lists.append([])
            groups, length = team.groups, len(team.team_id) + 4
        lists[-1].append(f'"{team.team_id}"')
    return (*(f"team_id in [{', '.join(listed)}]" for listed in lists), _OTHERS)
