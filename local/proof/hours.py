"""Capacity that is billed by the hour: what its hours cost, and whether every share is its due.

The arithmetic is the proof's own, in fractions: a resource's hours cost Σ count × price; there was
count × concurrency of an hour's time in each; a team's part is what it kept busy, and what nobody
used is `(idle)`'s. A written part may differ from that by less than its last digit, the sum of the
parts not at all.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from chalicelib.pricing.capacity import Resource
from chalicelib.pricing.price import PriceKey
from chalicelib.pricing.price_book import PriceBook
from local.proof.evidence import GatewayCall

IDLE = "(idle)"
HOUR_MS = 3_600_000
LAST_DIGIT = Decimal("1e-12")
_BILLED: Mapping[str, tuple[str, str]] = {
    "sagemaker": ("endpoint", "instance_hour"),
    "bedrock": ("provisioned", "model_unit_hour"),
}
Cells = Mapping[str, str]
DayResource = tuple[str, str, str]
"""(date, service, model)."""


@dataclass(slots=True)
class Hours:
    """A day's hours of one resource: what they cost in US dollars, and the time there was."""

    cost: Fraction = Fraction(0)
    capacity_ms: int = 0

    @property
    def whole(self) -> Decimal:
        return Decimal(round(self.cost * 10**12)) * LAST_DIGIT


def by_the_hour(samples: Iterable[Cells], book: PriceBook) -> frozenset[Resource]:
    """Return what was sampled, but for endpoints that the operator prices by their own names."""
    named = {price.key.model for price in book if price.key.basis == "endpoint"}
    found = {Resource(row["service"], row["region"], row["model_id"]) for row in samples}
    return frozenset(each for each in found if each.model_id not in named)


def hours_of(samples: Iterable[Cells], book: PriceBook) -> dict[DayResource, Hours]:
    """Add up each day's hours of every resource that is billed by them."""
    samples = list(samples)
    hourly = by_the_hour(samples, book)
    hours: dict[DayResource, Hours] = {}
    for row in samples:
        if Resource(row["service"], row["region"], row["model_id"]) in hourly:
            each = hours.setdefault((row["date"], row["service"], row["model_id"]), Hours())
            each.cost += int(row["count"]) * _price(row, book)
            each.capacity_ms += int(row["count"]) * int(row["concurrency"]) * HOUR_MS
    return hours


def share_differences(
    hours: Mapping[DayResource, Hours], calls: Iterable[GatewayCall], costs: Sequence[Cells]
) -> Iterator[str]:
    """Compare the capacity_cost of every row that bears a part with what that part must be."""
    busy = _busy_ms(calls)
    for resource, each in hours.items():
        used = busy.get(resource, Counter())
        there_was = max(each.capacity_ms, used.total())
        parts = {**used, IDLE: there_was - used.total()}
        written = {
            cells["team_id"]: Decimal(cells["capacity_cost"] or 0)
            for cells in costs
            if (cells["date"], cells["service"], cells["model_id"]) == resource
        }
        for team, time in parts.items():
            due, cost = each.cost * time / there_was, written.get(team, Decimal(0))
            if abs(Fraction(cost) - due) >= Fraction(LAST_DIGIT):
                yield f"{team} bears ${cost:f} of {resource[2]}, and its part is ${float(due):.12f}"
        if sum(written.values()) != each.whole:
            whole = each.whole.normalize()
            yield f"the hours of {resource[2]} cost ${whole:f}, and not what is shared of them"


def _busy_ms(calls: Iterable[GatewayCall]) -> dict[DayResource, Counter[str]]:
    busy: dict[DayResource, Counter[str]] = {}
    for call in calls:
        record = call.record
        if record["n_usage"] and record["usage_source"] != "deferred":
            resource = record["day"], record["service"], record["model_id"]
            busy.setdefault(resource, Counter())[record["team_id"]] += call.usage.busy_ms
    return busy


def _price(row: Cells, book: PriceBook) -> Fraction:
    basis, unit = _BILLED[row["service"]]
    key = PriceKey(row["sku"], row["region"], "none", basis, "default", row["variant"], unit)
    price = book.find(key, date.fromisoformat(row["date"]))
    return Fraction(price.usd_per_unit) if price else Fraction(0)
