"""The second layer: a day's tokens and images by model as called, and endpoints' calls. Pure.

Whatever AWS counted and the gateway did not record was called by somebody else, or recorded in
part, or lost. Which of these it is, the number of calls tells, and what the day's report lists.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from chalicelib.reconciliation.causes import Cause
from chalicelib.reconciliation.counted import CALLS, NOTHING, Counted
from chalicelib.reconciliation.made import Made, Scope
from chalicelib.reconciliation.midnight import Settled, settled
from chalicelib.reconciliation.row import Row, status_of
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


def rows(
    made: Mapping[Scope, Made], counted: Mapping[Scope, Mapping[str, Counted]], day: Day
) -> Iterator[Row]:
    """Yield a row for each number that is not 0 on both sides."""
    for scope in sorted({*made, *counted}, key=lambda scope: (scope.service, scope.name)):
        yield from _of_scope(scope, made.get(scope) or Made(), counted.get(scope, {}), day)


def _of_scope(scope: Scope, made: Made, counted: Mapping[str, Counted], day: Day) -> Iterator[Row]:
    calls = _settled(scope, CALLS, (made.certain, made.possible), counted, day)
    missing, direct = _who_called(made, max(-calls.left, 0), day.lost)
    more = _causes_of_calls(missing, direct)
    yield from _row(scope, CALLS, calls, counted, day, more, missing + direct)
    if scope.service == "bedrock":
        more = _causes_of_counts(made, missing, direct)
        for unit, number in made.units.items():
            each = _settled(scope, unit, (number, number), counted, day)
            yield from _row(scope, unit, each, counted, day, more, missing + direct or made.cut)


def _who_called(made: Made, more: int, lost: int) -> tuple[int, int]:
    """Part calls that AWS has more into those that lack records and those that bypassed us."""
    missing = min(more, made.orphaned)
    direct = more - missing
    if direct * RECORDS_OF_A_CALL <= lost:
        return more, 0
    return missing, direct


def _causes_of_calls(missing: int, direct: int) -> tuple[Cause, ...]:
    found = ((Cause.BYPASS, direct), (Cause.MISSING_RECORDS, missing))
    return tuple(cause for cause, calls in found if calls)


def _causes_of_counts(made: Made, missing: int, direct: int) -> tuple[Cause, ...]:
    """Say why AWS counted more. A call may hide behind one that was refused, which AWS counts or
    does not: then nothing but the counts themselves tells that it was there."""
    found = _causes_of_calls(missing, direct)
    if made.cut:
        found = (*found, Cause.CUT_STREAM)
    if found:
        return found
    if not made.refused:
        return (Cause.UNEXPLAINED,)
    return (Cause.MISSING_RECORDS if made.orphaned else Cause.BYPASS,)


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
