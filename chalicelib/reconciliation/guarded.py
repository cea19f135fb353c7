"""The second layer's guardrails: a day's text units by policy, beside AWS's own counter of them.

Source: Bedrock user guide, "Monitor Amazon Bedrock Guardrails using CloudWatch metrics": namespace
AWS/Bedrock/Guardrails, `TextUnitCount` by `GuardrailPolicyType`, of the whole account. The page
speaks of ApplyGuardrail alone, and does not say whether guardrails that go with a model's call are
counted as well. So AWS's number is right if it is one between the units of those that were applied
by themselves, and all. Personal data is left out: regular expressions, which are free, are in it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from chalicelib.pricing.count_line import CountLine
from chalicelib.reconciliation.billed import GUARDRAILS
from chalicelib.reconciliation.calls import Day
from chalicelib.reconciliation.causes import Cause
from chalicelib.reconciliation.counted import NOTHING, Counted, counts_of_day
from chalicelib.reconciliation.counters import PriceOf
from chalicelib.reconciliation.made import CUT, GUARDRAIL, Scope
from chalicelib.reconciliation.midnight import Settled
from chalicelib.reconciliation.money import APPLIED
from chalicelib.reconciliation.row import Hidden, Row, status_of
from chalicelib.reconciliation.series import Series, listed

NAMESPACE: Final = "AWS/Bedrock/Guardrails"
METRIC: Final = "TextUnitCount"
POLICY: Final = "GuardrailPolicyType"
OPERATION: Final = "Operation"
UNIT_OF: Final[Mapping[str, str]] = {
    "ContentPolicy": "guardrail_content_units",
    "ContextualGroundingPolicy": "guardrail_grounding_units",
    "TopicPolicy": "guardrail_topic_units",
}
"""A policy's units, as a column of costs.csv."""

_SCOPE: Final = Scope("bedrock", GUARDRAILS)
_WAYS: Final[Sequence[Mapping[str, str]]] = ({OPERATION: "ApplyGuardrail"}, {})
"""The dimensions beside the policy by which it is published, with the only value on AWS's page.

Those together have the same numbers as the policy alone.
"""


def counted(cloudwatch: Any, day: date, now: datetime) -> dict[str, Counted]:
    """Read a day's units by column; nothing where AWS publishes none.

    CloudWatch lists what had values in the last two weeks: of the others, a policy counts if it
    has any on that day.
    """
    known = listed(cloudwatch, NAMESPACE, METRIC)
    of_way = [(names, [each for each in known if _is_by(each, names)]) for names in _WAYS]
    for names, found in sorted(of_way, key=lambda way: not way[1]):
        series = {each: UNIT_OF[dict(each.dimensions)[POLICY]] for each in found}
        certain = set(series.values())
        named = {_named(names, each): unit for each, unit in UNIT_OF.items() if unit not in certain}
        counts = counts_of_day(cloudwatch, day, now, series | named)
        if units := {unit: n for unit, n in counts.items() if unit in certain or n != NOTHING}:
            return units
    return {}


def rows(
    lines: Iterable[CountLine],
    counted: Mapping[str, Counted],
    region: str,
    day: Day,
    price_of: PriceOf,
) -> Iterator[Row]:
    """Yield a row for each policy that AWS counts.

    Of a cut answer nobody said whether a guardrail went with it: it may, if its team uses any.
    """
    ours = [line for line in lines if line.service == "bedrock" and line.region == region]
    guarding = {line.team_id for line in ours if any(_units(line, unit) for unit in counted)}
    cut = any(line.n_usage for line in ours if _is_cut(line) and line.team_id in guarding)
    for unit, theirs in sorted(counted.items()):
        alone = sum(_units(line, unit) for line in ours if line.model_id.startswith(GUARDRAIL))
        everywhere = sum(_units(line, unit) for line in ours)
        each = day.settled(_SCOPE, unit, alone, everywhere, theirs)
        if each.ours or theirs.day or each.left or each.carried != 0:
            hidden = each.guessed + (-each.left if cut and each.left < 0 else 0)
            price = price_of(_SCOPE, unit) if hidden else None
            yield _row(unit, each, theirs.day, day, Hidden.of(hidden, 0, price), cut=cut)


def _row(
    unit: str, each: Settled, theirs: int, day: Day, hidden: Hidden | None, *, cut: bool
) -> Row:
    """Make the row; what a cut answer's guardrail used nobody said, so that may be `hidden`."""
    causes: tuple[Cause, ...] = (Cause.MIDNIGHT,) if each.ours != theirs else ()
    if each.left:
        more = Cause.CUT_STREAM if cut else Cause.BYPASS
        causes = (more if each.left < 0 else Cause.AWS_LESS,)
    return Row(
        layer="counters",
        scope=GUARDRAILS,
        unit=unit,
        ours=Decimal(each.ours),
        theirs=Decimal(theirs),
        causes=causes,
        status=status_of(causes, Decimal(each.left), theirs * day.tolerance),
        carried=None if each.carried is None else Decimal(each.carried),
        hint=APPLIED if causes == (Cause.BYPASS,) else "",
        hidden=hidden,
    )


def _is_by(series: Series, names: Mapping[str, str]) -> bool:
    dimensions = dict(series.dimensions)
    return dimensions.keys() == {POLICY, *names} and dimensions[POLICY] in UNIT_OF


def _named(names: Mapping[str, str], policy: str) -> Series:
    return Series(NAMESPACE, ((POLICY, policy), *names.items()), METRIC)


def _is_cut(line: CountLine) -> bool:
    return line.usage_source in CUT


def _units(line: CountLine, unit: str) -> int:
    return line.usage.as_dict()[unit]
