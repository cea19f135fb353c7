"""Calls: how many AWS counted of a scope, by three of its counters, and whose they were. Pure.

AWS's pages do not agree whether `Invocations` has the calls that were accepted and failed later.
So each number is held against the one that knows it best: all that ran is among the invocations;
all that was answered left a sample of its input tokens; all that failed is among the errors. A
direct call is in the first two, however little it used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Self

from chalicelib.reconciliation.causes import Cause
from chalicelib.reconciliation.counted import ANSWERED, CALLS, ERRORS, NOTHING, THROTTLED, Counted
from chalicelib.reconciliation.made import Made, Scope
from chalicelib.reconciliation.midnight import Settled, settled
from chalicelib.reporting.cells import clean

RECORDS_OF_A_CALL: Final = 2
Carried = Mapping[tuple[str, str], Decimal | None]
"""What the day before carried, by scope and unit as reconciliation.csv has them."""


@dataclass(frozen=True, slots=True)
class Day:
    """What else of a day decides about causes."""

    lost: int  # records that are missing from between others
    carried: Carried | None  # None: the day before has calls, and was not reconciled
    tolerance: Decimal  # the part of AWS's number by which ours may differ

    def settled(self, scope: Scope, unit: str, low: int, high: int, theirs: Counted) -> Settled:
        """Settle a number of a scope with AWS's, by what the day before carried of it."""
        return settled(low, high, theirs, self.brought(scope, unit))

    def brought(self, scope: Scope, unit: str) -> int | None:
        """Return what the day before carried of a number; None where that is not known."""
        if self.carried is None:
            return None
        found = self.carried.get((clean(scope.name), unit), Decimal(0))
        return None if found is None else int(found)


@dataclass(frozen=True, slots=True)
class More:
    """Calls that AWS counted beyond those that the gateway may have made, by who made them."""

    orphaned: int = 0  # left no end record
    lost: int = 0  # left no record at all
    direct: int = 0  # bypassed us

    @classmethod
    def of(cls, calls: int, orphaned: int, lost_records: int) -> Self:
        begun = min(calls, orphaned)
        lost = min(calls - begun, lost_records // RECORDS_OF_A_CALL)
        return cls(begun, lost, calls - begun - lost)

    @property
    def calls(self) -> int:
        return self.orphaned + self.lost + self.direct

    @property
    def listed(self) -> bool:
        """Say whether there are any, and the day's report has each by its request id."""
        return 0 < self.calls == self.orphaned

    @property
    def causes(self) -> tuple[Cause, ...]:
        found = ((Cause.BYPASS, self.direct), (Cause.MISSING_RECORDS, self.orphaned + self.lost))
        return tuple(cause for cause, calls in found if calls)


@dataclass(frozen=True, slots=True)
class Number:
    """One of a scope's numbers of calls."""

    unit: str
    theirs: Counted
    settled: Settled

    @property
    def more(self) -> int:
        return max(-self.settled.left, 0)

    def beyond(self, ours: int) -> int:
        """Return how many AWS counted that may be of this day, and not among these of ours."""
        certain = self.settled.brought - self.settled.guessed
        return max(self.theirs.day - certain - ours, 0)


@dataclass(frozen=True, slots=True)
class Calls:
    """What a scope's counters say of its calls."""

    numbers: tuple[Number, ...]
    more: More
    room: int  # calls that may be ours, and may as well be direct ones: nobody can tell

    @property
    def doubtful(self) -> int:
        """Return the calls in whose place a direct one can have been, and no row rings for it."""
        return self.room + (self.more.orphaned if self.more.listed else 0)

    @classmethod
    def of_endpoint(
        cls, scope: Scope, made: Made, counted: Mapping[str, Counted], day: Day, lost: int
    ) -> Self:
        """An endpoint counts every request that it was sent, whatever came of it."""
        high = made.certain + made.unsure + made.refused
        number = _number(scope, CALLS, made.certain, high, counted.get(CALLS, NOTHING), day)
        more = More.of(number.more, made.orphaned, lost)
        return cls((number,), more, number.settled.guessed)

    @classmethod
    def of_model(
        cls, scope: Scope, made: Made, counted: Mapping[str, Counted], day: Day, lost: int
    ) -> Self:
        """Hold a model's calls against its invocations, its samples and its errors."""
        ran = made.certain + made.unsure
        errors = counted.get(ERRORS, NOTHING)
        accepted = min(errors.day, made.refused + errors.early)
        invoked = counted.get(CALLS, NOTHING)
        invocations = _number(scope, CALLS, made.certain, ran + accepted, invoked, day)
        sampled = counted.get(ANSWERED, NOTHING)
        answered = _answered(scope, ran, sampled, invoked, day)
        failing = made.refused + made.unsure + made.broken + made.orphaned
        refused = errors + counted.get(THROTTLED, NOTHING)
        refusals = _number(scope, REFUSED, 0, failing, refused, day)
        more = More.of(max(invocations.more, answered.more), made.orphaned, lost)
        room = invocations.beyond(made.certain)
        if answered.theirs.day:
            room = min(room, answered.beyond(made.whole))
        return cls((invocations, answered, refusals), more, max(room - more.calls, 0))


REFUSED: Final = "refused"
"""The unit of AWS's errors and throttles, and of our refused calls."""


def _number(scope: Scope, unit: str, low: int, high: int, theirs: Counted, day: Day) -> Number:
    return Number(unit, theirs, day.settled(scope, unit, low, high, theirs))


def _answered(scope: Scope, ran: int, sampled: Counted, invoked: Counted, day: Day) -> Number:
    """Settle the samples: of how many calls that were carried an answer came nobody knows.

    So it carries what may come at most. More samples than invocations are none of calls, and tell
    nothing.
    """
    if sampled.day > invoked.day:
        return Number(ANSWERED, NOTHING, Settled(0, 0, None, most=None))
    bounds = (invoked.early, day.brought(scope, CALLS), day.brought(scope, ANSWERED))
    each = settled(0, ran, sampled, None, min(most for most in bounds if most is not None))
    return Number(ANSWERED, sampled, replace(each, carried=each.most))
