"""A month's costs by team, beside what an export of AWS's bill charges each team's sessions. Pure.

It takes calls that are signed per team (TENANT_ROLE_ARN): the session of each team's calls is named
after it. Whoever else calls models is a row of his own.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from chalicelib.reconciliation.causes import Cause
from chalicelib.reconciliation.money import ROUNDING, USD
from chalicelib.reconciliation.row import Row, status_of

_SESSION: Final = re.compile(r"(?:.*:)?assumed-role/(?P<role>[^/]+)/(?P<session>.+)")
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Caller:
    """By what the gateway's calls are known."""

    tenant_role_arn: str
    own_roles: str  # how the names of its functions' roles begin

    def team(self, caller: str) -> str:
        """Return whose session a caller is; empty where it is no team's."""
        session = _SESSION.fullmatch(caller)
        if session and session["role"] == self.tenant_role_arn.rpartition("/")[2]:
            return session["session"]
        return ""

    def itself(self, caller: str) -> bool:
        """Say whether the gateway called without a team, as before TENANT_ROLE_ARN was set."""
        session = _SESSION.fullmatch(caller)
        return bool(session and session["role"].startswith(self.own_roles))


def rows(
    ours: Mapping[str, Decimal],
    by_caller: Mapping[str, Decimal],
    gateway: Caller,
    causes: tuple[Cause, ...],
    tolerance: Decimal,
) -> Iterator[Row]:
    """Yield a row for each team and each other caller.

    `causes` are those that the month's other layers found: what a team differs by is among them.
    """
    theirs: dict[str, Decimal] = {}
    for caller, usd in by_caller.items():
        if team := gateway.team(caller):
            theirs[team] = theirs.get(team, _ZERO) + usd
        elif usd:
            cause = Cause.UNEXPLAINED if gateway.itself(caller) else Cause.BYPASS
            yield _row(caller, _ZERO, usd, (cause,), tolerance)
    for team in sorted({*ours, *theirs}):
        mine, their = ours.get(team, _ZERO), theirs.get(team, _ZERO)
        if mine or their:
            yield _row(team, mine, their, causes or (Cause.UNEXPLAINED,), tolerance)


def _row(
    scope: str, ours: Decimal, theirs: Decimal, causes: tuple[Cause, ...], tolerance: Decimal
) -> Row:
    allowed = max(ROUNDING, theirs * tolerance)
    off = abs(ours - theirs) > allowed
    return Row(
        layer="teams",
        scope=scope,
        unit=USD,
        ours=ours,
        theirs=theirs,
        causes=causes if off else (),
        status=status_of(causes if off else (), ours - theirs, allowed),
    )
