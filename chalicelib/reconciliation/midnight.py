"""Calls over midnight: a record belongs to the day on which its call began, AWS counts its end.

Running sums tell them from all else: what a day has more than AWS is carried, and AWS has it more
on the next day, at its very beginning. So the sum of all differences so far is never less than 0,
and never more than AWS counted soon after midnight. Pure.
"""

from dataclasses import dataclass

from chalicelib.reconciliation.counted import Counted


@dataclass(frozen=True, slots=True)
class Settled:
    """A difference without what midnight explains of it."""

    ours: int  # the number within what is possible that explains most
    left: int  # ours less theirs, where the calls of neither midnight can explain it
    carried: int | None  # what AWS is to count on the next day; None: that is not certain
    brought: int = 0  # of AWS's, what is of the day before
    guessed: int = 0  # of that, what is taken for it because nobody knows
    most: int | None = 0  # what AWS may count on the next day at most; None: nobody knows


def settled(
    low: int, high: int, theirs: Counted, carried: int | None, at_most: int | None = None
) -> Settled:
    """Settle ours, a number from `low` to `high`, with AWS's.

    `carried` is what the day before left for AWS to count on this one. Where that is not known, it
    may be all that AWS counted soon after midnight, but no more than `at_most`.
    """
    soon = theirs.early if at_most is None else min(theirs.early, at_most)
    guessed = min(max(theirs.day - high, 0), soon) if carried is None else 0
    brought = guessed if carried is None else carried
    ours = min(max(theirs.day - brought, low), high)
    running = ours + brought - theirs.day
    out = min(max(running, 0), theirs.after)
    left = running - out
    before = soon if carried is None else carried
    most = min(max(high + before - theirs.day, 0), theirs.after)
    later = None if left and theirs.after else most
    return Settled(ours, left, out if out == later else None, brought, guessed, later)
