"""Charges: what each unit of a line of counts costs, by the price row in force on the day. Pure."""

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation
from types import MappingProxyType
from typing import Final, Literal

from chalicelib.metering.usage import COUNTERS
from chalicelib.pricing.capacity import NO_SHARES, Resource
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price import UNITS, Price, PriceKey
from chalicelib.pricing.price_book import PriceBook

CostColumn = Literal[
    "input_cost", "output_cost", "cache_cost", "image_cost", "capacity_cost", "other_cost"
]

_GUARDRAILS: Final = tuple(unit for unit in UNITS if unit.startswith("guardrail_"))
COLUMN_OF: Final[Mapping[str, CostColumn]] = MappingProxyType(
    {
        "input_tokens": "input_cost",
        "output_tokens": "output_cost",
        "cache_read_tokens": "cache_cost",
        "cache_write_tokens": "cache_cost",
        "cache_write_1h_tokens": "cache_cost",
        "images": "image_cost",
        "input_images": "image_cost",
        "video_ms": "image_cost",
        "input_video_ms": "image_cost",
        "input_audio_ms": "image_cost",
        "busy_ms": "capacity_cost",
        "instance_hour": "capacity_cost",
        "model_unit_hour": "capacity_cost",
        **dict.fromkeys(_GUARDRAILS, "other_cost"),
        "queries": "other_cost",
        "request": "other_cost",
    }
)
"""Where a unit's cost is written."""

_TOKENS: Final = tuple(name for name in COUNTERS if name.endswith("_tokens"))
_EXACT: Final = Context(prec=80, traps=[Inexact, InvalidOperation, DivisionByZero])


@dataclass(frozen=True, slots=True)
class Charge:
    """What one unit of one CountLine costs.

    Without a price row it has no cost, not a cost of 0; nor has it one where nobody knows how many
    were used.
    """

    unit: str
    quantity: int
    price: Price | None
    cost: Decimal | None  # US dollars, exact

    @property
    def column(self) -> CostColumn:
        return COLUMN_OF[self.unit]


def charges(
    line: CountLine, book: PriceBook, day: date, hourly: Set[Resource] = NO_SHARES.resources
) -> tuple[Charge, ...]:
    """Price one line of counts: a Charge for every unit that is billed, with its row.

    On demand, that is every counter that is not 0, but for the time it took, and each request
    where a `request` row says so. Capacity (CAPACITY) is billed by itself, and its calls by what
    the operator's rows name, or, to a resource that is in `hourly`, by their share of its hours
    alone. A guardrail is billed on top of any model.
    """
    if line.usage_source == "deferred":
        return ()
    made = {unit: amount for unit, amount in line.usage.as_dict().items() if amount}
    if line.n_usage:  # each took its time, be it less than a millisecond
        made |= {"busy_ms": line.usage.busy_ms, "request": line.n_usage}
    found = [_charge(line, book, day, unit, amount) for unit, amount in made.items()]
    of_model = (*_unreported(line, book, day), *(c for c in found if c.unit not in _GUARDRAILS))
    by_the_hour = Resource(line.service, line.region, line.model_id) in hourly
    choose = _by_the_hour if by_the_hour else CAPACITY.get(line.basis, _by_use)
    return (*choose(of_model), *(charge for charge in found if charge.unit in _GUARDRAILS))


def _by_use(found: tuple[Charge, ...]) -> tuple[Charge, ...]:
    return tuple(c for c in found if c.price or c.unit not in ("request", "busy_ms"))


def _by_the_hour(_found: tuple[Charge, ...]) -> tuple[Charge, ...]:
    """Choose nothing: a call on capacity that is billed by the hour costs nothing, its hours do."""
    return ()


def _by_own_rows(found: tuple[Charge, ...]) -> tuple[Charge, ...]:
    """Choose what calls on capacity are charged by: the operator's price rows say it.

    Where one kind of token has a price, every kind is billed, and one that nobody counted has no
    cost. Where nothing has a price, all that was used is without one.
    """
    priced = tuple(charge for charge in found if charge.price)
    if not priced:
        return tuple(charge for charge in found if charge.unit != "request")
    by_token = any(charge.unit in _TOKENS for charge in priced)
    return tuple(c for c in found if c.price or (by_token and c.unit in _TOKENS))


Choose = Callable[[tuple[Charge, ...]], tuple[Charge, ...]]
CAPACITY: Final[Mapping[str, Choose]] = MappingProxyType(
    {
        "provisioned": _by_the_hour,
        "endpoint": _by_own_rows,
        "imported": _by_own_rows,
        "marketplace": _by_own_rows,
    }
)
"""Bases whose tokens are no unit of AWS's bill: what runs there is billed by time and size."""


def _charge(line: CountLine, book: PriceBook, day: date, unit: str, quantity: int) -> Charge:
    price = book.find(price_key(line, unit), day)
    cost = _EXACT.multiply(price.usd_per_unit, Decimal(quantity)) if price else None
    return Charge(unit, quantity, price, cost)


def _unreported(line: CountLine, book: PriceBook, day: date) -> Iterator[Charge]:
    """Yield the tokens that have a price and that a silent container did not count.

    Whether it counts may be the tenant's own choice (TGI does when asked for `details`), so what
    else the call is charged must not pass for all that it costs.
    """
    if line.usage_source == "clock" and line.n_usage:
        for unit in _TOKENS:
            if price := book.find(price_key(line, unit), day):
                yield Charge(unit, 0, price, None)


def price_key(line: CountLine, unit: str) -> PriceKey:
    """Say what prices a unit. A guardrail has prices of its own, whichever model it went with."""
    if unit in _GUARDRAILS:
        return PriceKey("guardrails", line.region, "none", "on_demand", "default", "none", unit)
    return PriceKey(
        line.base_model, line.region, line.geo, line.basis, line.tier, line.variant, unit
    )
