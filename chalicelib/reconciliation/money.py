"""The third layer: a month's costs by model and inference type, beside AWS's bill. Pure.

Where the quantity is the same and the cost is not, the price is another. Where quantities differ,
but not their sum over tiers, geographies and variants, they were billed as another of these. All
else the month's days know: what they differ in is on the bill as well.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from chalicelib.pricing.billed_names import EDITION
from chalicelib.reconciliation.bill import Bill, BilledGroup, BilledLine
from chalicelib.reconciliation.billed import GUARDRAILS, Key, base_model, of_bill, plain, powers
from chalicelib.reconciliation.causes import Cause
from chalicelib.reconciliation.row import Row, status_of
from chalicelib.reconciliation.row import plain as text
from chalicelib.reconciliation.usage_types import Checked, Used
from chalicelib.reconciliation.usage_types import read as read_usage_type

USD: Final = "USD"
ROUNDING: Final = Decimal("0.000001")
"""US dollars by which AWS's own rounding of its lines may add up."""

APPLIED: Final = "find in CloudTrail who calls ApplyGuardrail; or models with a guardrail; himself"
_ZERO: Final = Decimal(0)


@dataclass(slots=True)
class Spent:
    """What one key costs, and how much of it was used."""

    usd: Decimal = _ZERO
    quantity: Decimal = _ZERO
    unpriced: bool = False

    def add(self, usd: Decimal, quantity: Decimal) -> None:
        self.usd += usd
        self.quantity += quantity


@dataclass(frozen=True, slots=True)
class DayCause:
    """Why the counters of a month's days differ, of one base model."""

    causes: tuple[Cause, ...]
    calls: int


@dataclass(frozen=True, slots=True)
class Ours:
    spent: Mapping[Key, Spent]
    days: Mapping[str, DayCause]  # by base model


def rows(ours: Ours, bill: Bill, tolerance: Decimal) -> Iterator[Row]:
    """Yield a row for everything that costs something on one of the sides."""
    theirs, unknown = _read(bill, ours.spent)
    for key in sorted({*ours.spent, *theirs}, key=lambda key: (key.model, key.word)):
        mine, their = ours.spent.get(key, Spent()), theirs.get(key, Spent())
        if mine.usd or their.usd or mine.unpriced:
            yield _row(key, mine, their, _causes(key, ours, theirs), ours, tolerance)
    for group in unknown:
        if group.usd:
            yield _unknown(group)


def _read(bill: Bill, known: Iterable[Key]) -> tuple[dict[Key, Spent], list[BilledGroup]]:
    """Add a bill up by key: by attributes, and by usage types what has none of these."""
    models = {plain(key.model): key.model for key in known}
    found: dict[Key, Spent] = defaultdict(Spent)
    unknown = []
    for group in filter(lambda group: group.inference_type, bill.groups):
        key = of_bill(group.model, group.inference_type, models)
        if key is None:
            unknown.append(group)
        else:
            found[key].add(group.usd, group.quantity)
    by_attributes = frozenset(found)
    for line in bill.lines:
        of = _of_line(line, bill.groups, models, by_attributes)
        if isinstance(of, Key):
            found[of].add(line.usd, line.quantity)
        elif of:
            unknown.append(of)
    return dict(found), unknown


def _of_line(
    line: BilledLine,
    groups: Sequence[BilledGroup],
    models: Mapping[str, str],
    by_attributes: Collection[Key],
) -> Key | BilledGroup | None:
    """Name what a usage type is of, where the bill's attributes do not have it.

    Guardrails have none. The marketplace's products may lack them, and some usage types have no
    inference type: those that no group stands for are read by their own words.
    """
    match read_usage_type(line.usage_type):
        case Checked(unit):
            return Key(GUARDRAILS, unit, frozenset())
        case Used(model, words):
            name = (model or line.service).removesuffix(EDITION)
            base = base_model(name, models)
            whole = [each for each in groups if _is_of(each, name, base, models)]
            if any(whole) and all(each.inference_type for each in whole):
                return None
            key = of_bill(name, words, models)
            alone = line.service.endswith(EDITION) or not groups
            if key is None and alone and "Bedrock" in line.service:
                return BilledGroup(name, words, line.usd, line.quantity)
            return None if key in by_attributes else key
    return None


def _is_of(group: BilledGroup, name: str, base: str | None, models: Mapping[str, str]) -> bool:
    named = group.model.removesuffix(EDITION)
    return named == name or (base is not None and base_model(named, models) == base)


def _causes(key: Key, ours: Ours, theirs: Mapping[Key, Spent]) -> tuple[Cause, ...]:
    """Say why a key's costs differ, if they do."""
    mine, their = ours.spent.get(key, Spent()), theirs.get(key, Spent())
    if mine.unpriced:
        return (Cause.NO_PRICE,)
    if _same(key, mine.quantity, their.quantity):
        return (Cause.STALE_PRICE,)
    if _same(key, _sum(key, ours.spent), _sum(key, theirs)):
        return (Cause.WRONG_TIER,)
    if of_days := ours.days.get(key.model):
        return of_days.causes
    if key.model == GUARDRAILS and mine.usd < their.usd:
        return (Cause.BYPASS,)
    return (Cause.UNEXPLAINED,)


def _same(key: Key, ours: Decimal, theirs: Decimal) -> bool:
    """Say whether a quantity is AWS's, in one of the units that AWS may have priced it by."""
    return bool(ours) and any(theirs.scaleb(power) == ours for power in powers(key.unit))


def _sum(key: Key, spent: Mapping[Key, Spent]) -> Decimal:
    return sum(
        (each.quantity for other, each in spent.items() if other[:2] == key[:2]),
        _ZERO,
    )


def _row(
    key: Key,
    mine: Spent,
    their: Spent,
    causes: tuple[Cause, ...],
    ours: Ours,
    tolerance: Decimal,
) -> Row:
    difference = mine.usd - their.usd
    allowed = max(ROUNDING, abs(their.usd) * tolerance)
    off = mine.unpriced or abs(difference) > allowed
    causes = causes if off else ()
    of_days = ours.days.get(key.model)
    return Row(
        layer="money",
        scope=key.scope,
        unit=f"{USD}/{key.word}",
        ours=mine.usd,
        theirs=their.usd,
        causes=causes,
        status=status_of(causes, difference, _ZERO if mine.unpriced else allowed),
        calls=of_days.calls if of_days and of_days.causes == causes else 0,
        hint=_hint(key, mine, their, causes),
    )


def _hint(key: Key, mine: Spent, their: Spent, causes: tuple[Cause, ...]) -> str:
    if causes == (Cause.STALE_PRICE,):
        return _prices(mine, their)
    return APPLIED if key.model == GUARDRAILS and causes == (Cause.BYPASS,) else ""


def _prices(mine: Spent, their: Spent) -> str:
    """Say both prices of one of our units, as the price file states them."""
    by_us, by_aws = (text(_by(each.usd, mine.quantity)) for each in (mine, their))
    return f"a unit is {by_aws} by AWS and {by_us} by our price row: correct it and rate again"


def _by(usd: Decimal, quantity: Decimal) -> Decimal:
    return (usd / quantity).quantize(Decimal("1e-15"))


def _unknown(group: BilledGroup) -> Row:
    return Row(
        layer="money",
        scope=group.model,
        unit=f"{USD}/{'_'.join(group.inference_type.lower().split())}",
        ours=_ZERO,
        theirs=group.usd,
        causes=(Cause.UNKNOWN_NAME,),
        status="difference",
    )
