"""The second layer: calls, tokens and images by model as called, and calls of endpoints. Pure.

Whatever AWS counted and the gateway did not record was called by somebody else, or recorded in
part, or lost. Which of these it is, the numbers of calls tell, and what the day's report lists.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from chalicelib.reconciliation.calls import RECORDS_OF_A_CALL, Calls, Day, Number
from chalicelib.reconciliation.causes import Cause
from chalicelib.reconciliation.counted import ANSWERED, CALLS, NOTHING, Counted
from chalicelib.reconciliation.made import MOST_OF_A_CALL, Made, Scope
from chalicelib.reconciliation.midnight import Settled
from chalicelib.reconciliation.row import Hidden, Row, status_of
from chalicelib.reconciliation.together import Together

PriceOf = Callable[[Scope, str], Decimal | None]
"""The dearest price of a unit of a scope, in US dollars; None where there is none."""


def rows(
    made: Mapping[Scope, Made],
    counted: Mapping[Scope, Mapping[str, Counted]],
    day: Day,
    price_of: PriceOf,
) -> Iterator[Row]:
    """Yield a row for each number that is not 0 on both sides.

    Lost records are of no known scope: each explains a call of one, the first that lacks any. So
    does each call of an id that no list names, and by which nothing answered.
    """
    lost, together = day.lost, Together.of(made)
    for scope in sorted({*made, *counted}, key=lambda scope: (scope.service, scope.name)):
        own, theirs = made.get(scope), counted.get(scope, {})
        ours = own or together.of_series(scope) or Made()
        of = Calls.of_model if scope.service == "bedrock" else Calls.of_endpoint
        calls = of(scope, ours, theirs, day, lost)
        lost -= calls.more.lost * RECORDS_OF_A_CALL
        if own is None and ours is together.left:
            together.take(calls, theirs)
        for number in calls.numbers:
            yield from _of_calls(scope, number, calls, day)
        if scope.service == "bedrock":
            yield from _of_units(scope, ours, theirs, day, calls, price_of)


def _of_calls(scope: Scope, number: Number, calls: Calls, day: Day) -> Iterator[Row]:
    """Yield the row of a number of calls.

    Refused calls that are not ours were direct ones, that cost nothing: somebody tries.
    """
    ran = number.unit in (CALLS, ANSWERED)
    causes = calls.more.causes if ran else (Cause.BYPASS,)
    found = calls.more.calls if ran else number.more
    hidden = _hidden_calls(number, calls) if ran else _hidden_tries(number)
    listed = ran and calls.more.listed
    settled, theirs = number.settled, number.theirs.day
    yield from _row(scope, number.unit, settled, theirs, day, causes, found, hidden, listed=listed)


def _hidden_calls(number: Number, calls: Calls) -> Hidden | None:
    """Return the calls that are taken for the day before's, where they may be direct ones."""
    more = number.more if calls.more.listed else 0
    return Hidden.of(min(number.settled.guessed + more, calls.doubtful), calls.doubtful, None)


def _hidden_tries(number: Number) -> Hidden | None:
    return Hidden.of(number.settled.guessed, 0, Decimal(0))


def _of_units(
    scope: Scope,
    made: Made,
    counted: Mapping[str, Counted],
    day: Day,
    calls: Calls,
    price_of: PriceOf,
) -> Iterator[Row]:
    for unit, number in made.units.items():
        theirs = counted.get(unit, NOTHING)
        each = day.settled(scope, unit, number, number, theirs)
        within = -each.left <= made.cut * MOST_OF_A_CALL[unit]
        causes = _causes_of_counts(made, calls, within=within)
        of = calls.more.calls or (made.cut if within else 0)
        hidden = _hidden(each, calls, MOST_OF_A_CALL[unit])
        price = price_of(scope, unit) if hidden else None
        found = Hidden.of(hidden, calls.doubtful, price)
        ours = made.cut + calls.more.orphaned
        listed = calls.more.listed and -each.left <= ours * MOST_OF_A_CALL[unit]
        yield from _row(scope, unit, each, theirs.day, day, causes, of, found, listed=listed)


def _hidden(each: Settled, calls: Calls, most: int) -> int:
    """Return how much of AWS's may be direct calls' and is explained otherwise: nobody can tell."""
    rings = calls.more.calls and not calls.more.listed
    more = 0 if rings else min(max(-each.left, 0), calls.doubtful * most)
    return more + each.guessed


def _causes_of_counts(made: Made, calls: Calls, *, within: bool) -> tuple[Cause, ...]:
    """Say why AWS counted more, `within` what the cut answers can have used, or beyond it."""
    found = calls.more.causes
    if not (found or (made.cut and within)):
        found = (_behind(made, calls),)
    return (*found, Cause.CUT_STREAM) if made.cut else found


def _behind(made: Made, calls: Calls) -> Cause:
    """Say what used more than our calls can have: a call in the place of one that may not count."""
    if not calls.room:
        return Cause.UNEXPLAINED
    return Cause.MISSING_RECORDS if made.orphaned else Cause.BYPASS


def _row(
    scope: Scope,
    unit: str,
    each: Settled,
    theirs: int,
    day: Day,
    more: tuple[Cause, ...],
    calls: int,
    hidden: Hidden | None = None,
    *,
    listed: bool,
) -> Iterator[Row]:
    """Yield the row, if there is any; `more` is why AWS has more, and `calls` of how many.

    `listed`: they are orphaned, and the day's report rings for each of them.
    """
    if not (each.ours or theirs or each.left) and each.carried == 0:
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
        status=status_of(causes, Decimal(each.left), theirs * day.tolerance, listed=listed),
        calls=calls if each.left < 0 else 0,
        carried=None if each.carried is None else Decimal(each.carried),
        hidden=hidden,
    )
