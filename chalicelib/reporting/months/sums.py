"""Sums of a month: its rows added up as they pass, one by one.

What is in memory grows with the teams, never with rows or days. Every sum is exact.
"""

from collections import Counter
from dataclasses import dataclass, field

from chalicelib.reporting.cost_rows import Amounts, CostRow, plus, summed
from chalicelib.reporting.tenant_tree import Tenants
from chalicelib.reporting.tree import Sums, TreeRow, placed


@dataclass(slots=True)
class TeamSums:
    """What the rows of each team add up to."""

    rows: int = 0
    teams: dict[str, Amounts] = field(default_factory=dict)
    not_priced: Counter[str] = field(default_factory=Counter)  # rows that are not PRICED, by team

    def add(self, row: CostRow) -> None:
        self.rows += 1
        before = self.teams.get(row.team_id)
        self.teams[row.team_id] = plus(before, row.amounts) if before else row.amounts
        if row.status != "PRICED":
            self.not_priced[row.team_id] += 1

    def total(self) -> Amounts:
        return summed(self.teams.values())

    def tree(self, tenants: Tenants) -> list[TreeRow]:
        """Place the teams in the tree of tenants."""
        own = {
            team: Sums.of_amounts(amounts, self.not_priced[team])
            for team, amounts in self.teams.items()
        }
        return placed(own, tenants)
