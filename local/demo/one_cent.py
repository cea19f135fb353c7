"""The call that is traced on the screen: the one that costs most nearly a cent."""

from collections.abc import Iterable
from decimal import Decimal

from local.proof.verdicts import Verdict
from ops.trace.history import MANAGEMENT_EVENTS

CENT = Decimal("0.01")
MAX_CHARGES = 3  # lines on the screen


def choose(verdicts: Iterable[Verdict]) -> Verdict:
    """Choose the call that costs most nearly a cent, one of several prices if there is any.

    Only a call with prices of the list, and whose event CloudTrail keeps by itself.
    """
    listed = [verdict for verdict in verdicts if verdict.list_price and _in_history(verdict)]
    telling = [verdict for verdict in listed if len(verdict.charges) == MAX_CHARGES]
    return min(telling or listed, key=lambda verdict: abs(verdict.dollars - CENT))


def _in_history(verdict: Verdict) -> bool:
    return verdict.call is not None and verdict.call.record["operation"] in MANAGEMENT_EVENTS
