"""Capacity that AWS bills by the hour, shared among those who kept it busy. Pure.

A resource is a SageMaker endpoint or provisioned throughput of Bedrock. What of it ran is sampled
each hour; an hour's sample stands for that hour whole. The day's hours cost what the price book
says, and each team bears as much of that as it kept the capacity busy, measured in busy_ms. What
nobody used is `(idle)`'s. Where more was used than there was, nobody is idle and the shares are of
what was used.

Parts sum to the whole to the last digit: the whole is rounded once, half-even, to 12 places; each
part is cut off at 12 places, and what is then left goes, a last digit each, to the parts that lost
most by it (largest remainder), to the first by team id where they lost the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NamedTuple

from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price import EVERYWHERE, Price, PriceKey
from chalicelib.pricing.price_book import PriceBook

IDLE: Final = "(idle)"
"""The one team that is none: it bears the capacity that nobody used."""

HOURS_OF_A_DAY: Final = 24
HOURLY: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {"sagemaker": ("endpoint", "instance_hour"), "bedrock": ("provisioned", "model_unit_hour")}
)
"""Basis and unit of the rows that price a service's hours."""

_HOURLY_UNITS: Final = frozenset(unit for _, unit in HOURLY.values())
_HOUR_MS: Final = 3_600_000
_PLACES: Final = 12
_EXACT: Final = Context(prec=80)


class Resource(NamedTuple):
    """What is billed by the hour, as usage records name it."""

    service: str  # sagemaker | bedrock
    region: str
    model_id: str  # an endpoint's name; a provisioned model's ARN


@dataclass(frozen=True, slots=True)
class Sample:
    """So many instances, or model units, of one kind, found running in one hour."""

    resource: Resource
    sku: str  # as the price book names the model: an instance type; a base model
    variant: str  # none; a model unit's commitment: no_commit | 1mo | 6mo
    count: int
    concurrency: int  # calls that each of them serves at once, as the settings said then

    def __post_init__(self) -> None:
        if self.resource.service not in HOURLY:
            raise ValueError(f"{self.resource.service!r} is not a service that bills by the hour")
        if not (all(self.resource) and self.sku and self.variant):
            raise ValueError(f"a field of the sample of {self.resource.model_id!r} is empty")
        if self.count < 1 or self.concurrency < 1:
            raise ValueError(f"{self.resource.model_id}: count and concurrency are at least 1")

    @property
    def price_key(self) -> PriceKey:
        basis, unit = HOURLY[self.resource.service]
        return PriceKey(
            self.sku, self.resource.region, "none", basis, "default", self.variant, unit
        )


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the samples of a day found."""

    samples: tuple[Sample, ...] = ()
    hours_missing: int = HOURS_OF_A_DAY  # of which there is no sample: nobody knows what ran


NOT_SAMPLED: Final = Capacity()


@dataclass(frozen=True, slots=True)
class Share:
    """What one team bears of one resource's hours."""

    team_id: str  # or IDLE
    resource: Resource
    weight: int  # of the sum of the weights of all the resource's shares
    cost: Decimal | None  # US dollars, to 12 places; None where no hour of it has a price
    hours: tuple[tuple[Price, int], ...]  # of the whole resource: so many at each price
    unpriced: bool  # an hour of it has no price
    incomplete: bool  # hours of the day were not sampled

    @property
    def prices(self) -> Iterable[Price]:
        return (price for price, _ in self.hours)


@dataclass(frozen=True, slots=True)
class Shares:
    """How a day's hours are borne."""

    shares: tuple[Share, ...] = ()  # sorted by resource and team
    resources: frozenset[Resource] = frozenset()  # whose calls are charged by these alone

    @property
    def unpriced(self) -> frozenset[Resource]:
        """The resources of which an hour has no price."""
        return frozenset(share.resource for share in self.shares if share.unpriced)

    @property
    def prices(self) -> Iterable[Price]:
        return (price for share in self.shares for price in share.prices)


NO_SHARES: Final = Shares()


@dataclass(slots=True)
class _Bought:
    """What of one resource ran on a day."""

    hours: Counter[PriceKey] = field(default_factory=Counter)
    capacity_ms: int = 0  # the time of calls that it could have served

    def add(self, sample: Sample) -> None:
        self.hours[sample.price_key] += sample.count
        self.capacity_ms += sample.count * sample.concurrency * _HOUR_MS


@dataclass(frozen=True, slots=True)
class _Bill:
    """What the hours of one resource cost."""

    trillionths: int | None  # of a US dollar, rounded half-even; None where no hour has a price
    hours: tuple[tuple[Price, int], ...]
    unpriced: bool  # an hour of it has no price


def shared(lines: Iterable[CountLine], capacity: Capacity, book: PriceBook, day: date) -> Shares:
    """Share a day's hours among the teams of its lines, in any order.

    Never both: an endpoint that the book prices by its own name is charged by those rows, and its
    hours are left out. Provisioned throughput is charged by its hours alone; calls to one that no
    sample found have an unpriced share, for they were not free.
    """
    bought = _bought(capacity, _named_endpoints(book, day))
    busy = _busy_ms(lines)
    for resource in busy:
        if resource.service == "bedrock":
            bought.setdefault(resource, _Bought())
    shares = [
        Share(team, resource, weight, cost, bill.hours, bill.unpriced, capacity.hours_missing > 0)
        for resource in sorted(bought)
        for bill in [_bill(bought[resource].hours, book, day)]
        for team, weight, cost in _split(bill, bought[resource].capacity_ms, busy.get(resource, {}))
    ]
    return Shares(tuple(shares), frozenset(bought))


def largest_remainder(whole: int, weights: Sequence[int]) -> list[int]:
    """Split a whole number by weights that are not all 0, into parts that sum to it.

    Each part is at most 1 away from its exact value. Where two lost the same by cutting off, the
    earlier one is made up for first.
    """
    total = sum(weights)
    parts = [whole * weight // total for weight in weights]
    lost = [whole * weight % total for weight in weights]
    neediest = sorted(range(len(parts)), key=lambda place: -lost[place])
    for place in neediest[: whole - sum(parts)]:
        parts[place] += 1
    return parts


def _bought(capacity: Capacity, named: Set[tuple[str, str]]) -> dict[Resource, _Bought]:
    bought: dict[Resource, _Bought] = {}
    for sample in capacity.samples:
        _, region, name = sample.resource
        if named.isdisjoint({(name, region), (name, EVERYWHERE)}):
            bought.setdefault(sample.resource, _Bought()).add(sample)
    return bought


def _named_endpoints(book: PriceBook, day: date) -> Set[tuple[str, str]]:
    """Endpoints, with their regions, that the operator prices by their own names."""
    return {
        (price.key.model, price.key.region)
        for price in book.in_force(day)
        if price.key.basis == "endpoint" and price.key.unit not in _HOURLY_UNITS
    }


def _busy_ms(lines: Iterable[CountLine]) -> dict[Resource, Counter[str]]:
    """How long each team kept each resource busy, in milliseconds of calls."""
    busy: dict[Resource, Counter[str]] = {}
    for line in lines:
        hourly = line.basis == HOURLY.get(line.service, ("", ""))[0]
        if hourly and line.n_usage and line.usage_source != "deferred":
            resource = Resource(line.service, line.region, line.model_id)
            busy.setdefault(resource, Counter())[line.team_id] += line.usage.busy_ms
    return busy


def _bill(hours: Mapping[PriceKey, int], book: PriceBook, day: date) -> _Bill:
    found = [(book.find(key, day), hours[key]) for key in sorted(hours)]
    priced = tuple((price, count) for price, count in found if price)
    cost = sum(Fraction(price.usd_per_unit) * count for price, count in priced)
    return _Bill(
        round(cost * 10**_PLACES) if priced else None,
        priced,
        unpriced=len(priced) < len(found) or not priced,
    )


def _split(
    bill: _Bill, capacity_ms: int, busy: Mapping[str, int]
) -> Iterable[tuple[str, int, Decimal | None]]:
    """Share a bill among those who used it, and IDLE where it was not all used, by team id.

    Each with its weight.
    """
    idle = capacity_ms - sum(busy.values())
    weights = {**busy, IDLE: idle} if idle > 0 else busy
    teams = sorted(weights)
    if bill.trillionths is None:
        return [(team, weights[team], None) for team in teams]
    parts = largest_remainder(bill.trillionths, [weights[team] for team in teams])
    return [
        (team, weights[team], Decimal(part).scaleb(-_PLACES, context=_EXACT))
        for team, part in zip(teams, parts, strict=True)
    ]
