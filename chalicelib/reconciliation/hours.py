"""Hours: capacity that AWS bills by the hour, as it was sampled, beside a month's bill. Pure.

Each hour's sample stands for the hour whole; AWS bills what ran. So both may differ by as many
hours as there were changes from one sample to the next, and by those of which there is no sample.
What AWS bills beyond that, the gateway never saw: an endpoint that it does not serve, or capacity
that was bought and given back between two samples.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Final, NamedTuple

from chalicelib.pricing.capacity import Sample
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reconciliation.bill import BilledLine
from chalicelib.reconciliation.billed import base_model, canonical
from chalicelib.reconciliation.causes import Cause
from chalicelib.reconciliation.money import ROUNDING, USD
from chalicelib.reconciliation.row import Hidden, Row, plain, status_of
from chalicelib.reconciliation.usage_types import Hours, read

_ZERO: Final = Decimal(0)


class Kind(NamedTuple):
    """What has a price for each hour of one."""

    sku: str  # an instance type, or a base model
    unit: str  # instance_hour | model_unit_hour
    variant: str  # none, or a model unit's commitment

    @property
    def word(self) -> str:
        return self.unit if self.variant == "none" else f"{self.unit}+{self.variant}"


@dataclass(slots=True)
class Ran:
    """So many hours of one kind, and what they cost."""

    hours: Decimal = _ZERO
    usd: Decimal = _ZERO
    unpriced: bool = False
    doubt: int = 0  # hours by which the samples may be off

    def add(self, hours: Decimal, usd: Decimal | None) -> None:
        self.hours += hours
        self.usd += usd or _ZERO
        self.unpriced |= usd is None


@dataclass(frozen=True, slots=True)
class SampledHour:
    """What was found running in one hour; `samples` is None where nobody looked."""

    day: date
    samples: tuple[Sample, ...] | None
    book: PriceBook


def sampled(
    hours: Iterable[SampledHour], before: Sequence[Sample] | None = None
) -> dict[Kind, Ran]:
    """Add a month's hours up, in their order; `before` is what the hour before them found.

    Each change may be off by an hour of what changed, and each hour without a sample by what was
    found before or after it.
    """
    found: dict[Kind, Ran] = defaultdict(Ran)
    known = None if before is None else _running(before)
    unseen = 0
    for hour in hours:
        if hour.samples is None:
            unseen += 1
            continue
        _add(hour, found)
        running = _running(hour.samples)
        _doubt(found, running if known is None else known, running, unseen)
        known, unseen = running, 0
    _doubt(found, known or {}, known or {}, unseen)
    return dict(found)


def billed(lines: Iterable[BilledLine], models: Mapping[str, str]) -> dict[Kind, Ran]:
    """Add up what the bill says of capacity; a name that is not known stays as it is."""
    found: dict[Kind, Ran] = defaultdict(Ran)
    for line in lines:
        of = read(line.usage_type)
        if isinstance(of, Hours):
            name = of.sku or line.service
            sku = name if of.unit == "instance_hour" else base_model(name, models) or name
            found[Kind(sku, of.unit, of.variant)].add(line.quantity, line.usd)
    return dict(found)


def rows(ours: Mapping[Kind, Ran], theirs: Mapping[Kind, Ran], tolerance: Decimal) -> Iterator[Row]:
    """Yield each kind's hours, and what they cost where both sides have a price for them."""
    for kind in sorted({*ours, *theirs}):
        mine, their = ours.get(kind, Ran()), theirs.get(kind, Ran())
        if mine.hours or their.hours:
            hours = _of_hours(kind, mine, their, tolerance)
            yield hours
            yield from _of_cost(kind, mine, their, hours, tolerance)


def _running(samples: Sequence[Sample]) -> dict[Kind, int]:
    running: dict[Kind, int] = defaultdict(int)
    for sample in samples:
        running[_kind(sample)] += sample.count
    return running


def _add(hour: SampledHour, found: Mapping[Kind, Ran]) -> None:
    for sample in hour.samples or ():
        price = hour.book.find(sample.price_key, hour.day)
        cost = price.usd_per_unit * sample.count if price else None
        found[_kind(sample)].add(Decimal(sample.count), cost)


def _doubt(
    found: Mapping[Kind, Ran], before: Mapping[Kind, int], after: Mapping[Kind, int], unseen: int
) -> None:
    """Add what may have run between two samples, with so many hours that nobody sampled."""
    for kind in {*before, *after}:
        one, other = before.get(kind, 0), after.get(kind, 0)
        found[kind].doubt += abs(one - other) + unseen * max(one, other)


def _kind(sample: Sample) -> Kind:
    key = sample.price_key
    return Kind(canonical(key.model), key.unit, key.variant)


def _of_hours(kind: Kind, mine: Ran, their: Ran, tolerance: Decimal) -> Row:
    difference = mine.hours - their.hours
    allowed = mine.doubt + their.hours * tolerance
    cause = Cause.CAPACITY if difference < 0 else Cause.AWS_LESS
    causes = (cause,) if abs(difference) > allowed else ()
    row = _row(kind, kind.word, (mine.hours, their.hours), causes, allowed)
    hidden = 0 if causes else max(ceil(-difference), 0)
    price = their.usd / their.hours if their.hours else None
    return replace(row, hidden=Hidden.of(hidden, 0, price))


def _of_cost(kind: Kind, mine: Ran, their: Ran, hours: Row, tolerance: Decimal) -> Iterator[Row]:
    """Yield what the hours cost. Those without a price here the day's report has told of."""
    if mine.unpriced or not mine.hours:
        return
    price = mine.usd / mine.hours
    at_our_price = their.hours * price
    allowed = max(ROUNDING, their.usd * tolerance)
    if hours.causes or abs(at_our_price - their.usd) <= allowed:
        off = allowed + abs(mine.hours - their.hours) * price
        yield _row(kind, f"{USD}/{kind.word}", (mine.usd, their.usd), hours.causes, off)
        return
    each = (their.usd / their.hours).quantize(Decimal("1e-6"))
    hint = f"an hour is {plain(each)} by AWS and {plain(price)} by our price row: correct it"
    stale = (Cause.STALE_PRICE,)
    yield _row(kind, f"{USD}/{kind.word}", (mine.usd, their.usd), stale, allowed, hint)


def _row(
    kind: Kind,
    unit: str,
    numbers: tuple[Decimal, Decimal],
    causes: tuple[Cause, ...],
    allowed: Decimal,
    hint: str = "",
) -> Row:
    ours, theirs = numbers
    found = status_of(causes, ours - theirs, _ZERO if causes else allowed)
    return Row("money", kind.sku, unit, ours, theirs, causes, found, hint=hint)
