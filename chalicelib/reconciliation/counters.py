"""The second layer: a day's tokens and images by model as called, and endpoints' calls. Pure.

Whatever AWS counted and the gateway did not record was called by somebody else, or recorded in
part, or lost. Which of these it is, the number of calls tells, and what the day's report lists.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Self

from chalicelib.reconciliation.causes import Cause
from chalicelib.reconciliation.counted import CALLS, NOTHING, Counted
from chalicelib.reconciliation.made import Made, Scope
from chalicelib.reconciliation.midnight import Settled, settled
from chalicelib.reconciliation.row import Row, status_of
from chalicelib.reporting.cells import clean

RECORDS_OF_A_CALL: Final = 2
MOST_OF_A_CALL: Final[Mapping[str, int]] = {
    "input_tokens": 1_000_000,
    "output_tokens": 131_072,
    "cache_read_tokens": 1_000_000,
    "cache_write_tokens": 1_000_000,
    "images": 5,
}
"""What one call can use, and so what each cut answer may explain.

Bedrock's user guide: the longest prompts of its models' cards (Claude's and Nova's 1 M), their
longest answers (128 K), and `numberOfImages` of Nova Canvas and Titan.
"""

Carried = Mapping[tuple[str, str], Decimal | None]
"""What the day before carried, by scope and unit as reconciliation.csv has them."""


@dataclass(frozen=True, slots=True)
class Day:
    """What else of a day decides about causes."""

    lost: int  # records that are missing from between others
    carried: Carried | None  # None: the day before has calls, and was not reconciled
    tolerance: Decimal  # the part of AWS's number by which ours may differ


@dataclass(frozen=True, slots=True)
class More:
    """Calls that AWS counted beyond those that the gateway may have made, by who made them."""

    orphaned: int  # left no end record
    lost: int  # left no record at all
    direct: int  # bypassed us

    @classmethod
    def of(cls, calls: int, orphaned: int, lost_records: int) -> Self:
        begun = min(calls, orphaned)
        lost = min(calls - begun, lost_records // RECORDS_OF_A_CALL)
        return cls(begun, lost, calls - begun - lost)

    @property
    def calls(self) -> int:
        return self.orphaned + self.lost + self.direct

    @property
    def causes(self) -> tuple[Cause, ...]:
        found = ((Cause.BYPASS, self.direct), (Cause.MISSING_RECORDS, self.orphaned + self.lost))
        return tuple(cause for cause, calls in found if calls)


def rows(
    made: Mapping[Scope, Made], counted: Mapping[Scope, Mapping[str, Counted]], day: Day
) -> Iterator[Row]:
    """Yield a row for each number that is not 0 on both sides.

    Lost records are of no known scope: each explains a call of one, the first that lacks any.
    """
    lost = day.lost
    for scope in sorted({*made, *counted}, key=lambda scope: (scope.service, scope.name)):
        ours, theirs = made.get(scope) or Made(), counted.get(scope, {})
        calls = _settled(scope, CALLS, (ours.certain, ours.possible), theirs, day)
        more = More.of(max(-calls.left, 0), ours.orphaned, lost)
        lost -= more.lost * RECORDS_OF_A_CALL
        yield from _row(scope, CALLS, calls, theirs, day, more.causes, more.calls)
        if scope.service == "bedrock":
            yield from _of_units(scope, ours, theirs, day, more)


def _of_units(
    scope: Scope, made: Made, counted: Mapping[str, Counted], day: Day, more: More
) -> Iterator[Row]:
    for unit, number in made.units.items():
        each = _settled(scope, unit, (number, number), counted, day)
        within = -each.left <= made.cut * MOST_OF_A_CALL[unit]
        causes = _causes_of_counts(made, more, within=within)
        calls = more.calls or (made.cut if within else 0)
        yield from _row(scope, unit, each, counted, day, causes, calls)


def _causes_of_counts(made: Made, more: More, *, within: bool) -> tuple[Cause, ...]:
    """Say why AWS counted more, `within` what the cut answers can have used, or beyond it.

    A call may hide behind one that was refused, which AWS counts or does not: then nothing but the
    counts themselves tells that it was there.
    """
    found = more.causes
    if not (found or (made.cut and within)):
        found = (_hidden(made),)
    return (*found, Cause.CUT_STREAM) if made.cut else found


def _hidden(made: Made) -> Cause:
    if not made.refused:
        return Cause.UNEXPLAINED
    return Cause.MISSING_RECORDS if made.orphaned else Cause.BYPASS


def _settled(
    scope: Scope,
    unit: str,
    ours: tuple[int, int],
    counted: Mapping[str, Counted],
    day: Day,
) -> Settled:
    carried: int | None = None
    if day.carried is not None:
        found = day.carried.get((clean(scope.name), unit), Decimal(0))
        carried = None if found is None else int(found)
    return settled(*ours, counted.get(unit, NOTHING), carried)


def _row(
    scope: Scope,
    unit: str,
    each: Settled,
    counted: Mapping[str, Counted],
    day: Day,
    more: tuple[Cause, ...],
    calls: int,
) -> Iterator[Row]:
    """Yield the row, if there is any; `more` is why AWS has more, and `calls` of how many."""
    theirs = counted.get(unit, NOTHING).day
    if not (each.ours or theirs or each.left or each.carried):
        return
    causes: tuple[Cause, ...] = (Cause.MIDNIGHT,) if each.ours != theirs else ()
    if each.left:
        causes = more if each.left < 0 else (Cause.AWS_LESS,)
    yield Row(
        layer="counters",
        scope=scope.name,
        unit=unit,
        ours=Decimal(each.ours),
        theirs=Decimal(theirs),
        causes=causes,
        status=status_of(causes, Decimal(each.left), theirs * day.tolerance),
        calls=calls if each.left < 0 else 0,
        carried=None if each.carried is None else Decimal(each.carried),
    )
