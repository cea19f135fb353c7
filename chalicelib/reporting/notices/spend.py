"""The notice on teams that spent far more than on their last four same weekdays."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Final

from botocore.exceptions import ClientError

from chalicelib.pricing.costs import CostLine
from chalicelib.reporting.cost_rows import read_cells
from chalicelib.reporting.notices.notices import Notice
from chalicelib.reporting.notices.words import dollars, letter, listed
from chalicelib.reporting.reported_day import costs_key
from chalicelib.reporting.store import ReportStore, is_missing

WEEKS: Final = 4
LEAST_DAYS: Final = 2
"""Reported days that can be called usual: one may have been anything."""

_NOTHING: Final = Decimal(0)
Spent = Mapping[str, Decimal]
"""US dollars by team."""


@dataclass(frozen=True, slots=True)
class Rise:
    """A team that spent more than usual."""

    team_id: str
    spent: Decimal
    usual: Decimal  # the median of the days that it is held against; 0: it spent nothing then
    model_id: str  # on which it spent most of it
    on_model: Decimal


def same_weekdays(day: date) -> list[date]:
    return [day - timedelta(weeks=weeks) for weeks in range(1, WEEKS + 1)]


def before(store: ReportStore, day: date) -> dict[date, Spent]:
    """Read what each team spent on the last four same weekdays, those that are reported."""
    read = {each: _spent(store, each) for each in same_weekdays(day)}
    return {each: spent for each, spent in read.items() if spent is not None}


def rises(
    costs: Iterable[CostLine], earlier: Mapping[date, Spent], factor: Decimal, minimum: Decimal
) -> list[Rise]:
    """Find the teams that spent `factor` times their usual, and `minimum` dollars; most first.

    A day on which a team spent nothing counts as 0. What has no price is in none of it.
    """
    if len(earlier) < LEAST_DAYS:
        return []
    found = []
    for team_id, models in _by_model(costs).items():
        spent = sum(models.values(), _NOTHING)
        usual = median(day.get(team_id, _NOTHING) for day in earlier.values())
        if spent >= minimum and spent > _NOTHING and spent >= factor * usual:
            model_id, on_model = max(sorted(models.items()), key=lambda item: item[1])
            found.append(Rise(team_id, spent, usual, model_id, on_model))
    return sorted(found, key=lambda rise: (rise.usual - rise.spent, rise.team_id))


def spend(day: date, found: Sequence[Rise], earlier: Iterable[date]) -> Notice | None:
    """Tell of the teams that spent far more than usual; None where there are none."""
    if not found:
        return None
    who = found[0].team_id if len(found) == 1 else f"{len(found)} teams"
    days = ", ".join(str(each) for each in sorted(earlier))
    return Notice(
        "spend",
        f"{who} spent far more than usual on {day}",
        letter(
            f"On {day} (UTC) {who} spent far more than on the same weekday before ({days}; "
            "the middle of those amounts is what is called usual here).",
            "How much:\n" + "\n".join(listed([_told(rise) for rise in found])),
            "What to do: ask whoever is responsible for the team whether this was meant. If it "
            "was, nothing. If not, `python -m ops keys list TEAM` and `keys revoke KEY_ID` stop a "
            "key within a minute; `python -m ops tenants disable TEAM` stops the team.",
        ),
    )


def _told(rise: Rise) -> str:
    usual = f"usually {dollars(rise.usual)}" if rise.usual else "usually nothing"
    times = f", {rise.spent / rise.usual:.1f} times as much" if rise.usual else ""
    most = f"{dollars(rise.on_model)} of it on {rise.model_id}"
    return f"- {rise.team_id}: {dollars(rise.spent)}, {usual}{times}; {most}"


def _by_model(costs: Iterable[CostLine]) -> Mapping[str, Mapping[str, Decimal]]:
    teams: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for line in costs:
        teams[line.team_id][line.model_id] += line.total_cost or _NOTHING
    return teams


def _spent(store: ReportStore, day: date) -> Spent | None:
    """Add up a costs.csv by team, as it comes: it may be large. None where there is none.

    An empty cell is a cost that is not known.
    """
    spent: defaultdict[str, Decimal] = defaultdict(Decimal)
    try:
        for row in read_cells(store.chunks(costs_key(day))):
            spent[row["team_id"]] += Decimal(row["total_cost"] or "0")
    except ClientError as error:
        if not is_missing(error):
            raise
        return None
    return spent
