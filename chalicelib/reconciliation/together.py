"""Together: calls of ids that no list names and that nothing answered, as AWS counts them. Pure.

Their records are added up under one name, and AWS has a series for each id. So each call explains
what AWS counted of one series, the first in the order of their names that may be of such an id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from chalicelib.pricing.listed import listed_ids
from chalicelib.reconciliation.calls import Calls
from chalicelib.reconciliation.counted import ERRORS, NOTHING, Counted
from chalicelib.reconciliation.made import MOST_OF_A_CALL, Made, Scope
from chalicelib.usage_record import UNANSWERED

_NAME: Final = Scope("bedrock", UNANSWERED)


@dataclass(slots=True)
class Together:
    """The calls that no series has taken yet."""

    left: Made | None

    @classmethod
    def of(cls, made: Mapping[Scope, Made]) -> "Together":
        return cls(made.get(_NAME))

    def of_series(self, scope: Scope) -> Made | None:
        """Return what may be of a series that has no records of its own."""
        return self.left if _may_be_made_up(scope) else None

    def take(self, calls: Calls, counted: Mapping[str, Counted]) -> None:
        """Take out the fewest calls that explain what AWS counted of one series.

        One that was refused may be an error or a throttle, and an invocation where it is an error;
        one that timed out may be all of that, and may have used tokens.
        """
        if self.left is None:
            return
        invoked, answered, failed = (number.settled.ours for number in calls.numbers)
        accepted = min(counted.get(ERRORS, NOTHING).day, self.left.refused)
        ran = max(answered, invoked - accepted, _using(counted))
        refused = min(max(invoked - ran, failed - ran, 0), self.left.refused)
        ran = max(ran, min(failed - refused, self.left.unsure))
        orphaned = max(calls.more.orphaned, failed - refused - ran)
        self.left = _without(self.left, ran, refused, orphaned)


def _may_be_made_up(scope: Scope) -> bool:
    """Say whether a series may be of an id that a tenant made up: `provider.name`, and no ARN.

    An application's profile goes by an id without a dot.
    """
    name = scope.name
    by_name = scope.service == "bedrock" and "." in name and not name.startswith("arn:")
    return by_name and name not in listed_ids()


def _using(counted: Mapping[str, Counted]) -> int:
    """Return how many calls it takes at least to use what AWS counted of a day."""
    used = {unit: counted.get(unit, NOTHING) for unit in MOST_OF_A_CALL}
    return max(-(-(each.day - each.early) // MOST_OF_A_CALL[unit]) for unit, each in used.items())


def _without(made: Made, ran: int, refused: int, orphaned: int) -> Made:
    return replace(
        made,
        unsure=max(made.unsure - ran, 0),
        cut=max(made.cut - ran, 0),
        refused=max(made.refused - refused, 0),
        orphaned=max(made.orphaned - orphaned, 0),
    )
