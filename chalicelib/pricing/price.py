"""Price: what one unit costs between two days, and the key that selects it. Pure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from chalicelib.metering.usage import COUNTERS

EVERYWHERE = "*"
"""The region of a row whose source proves one price for all regions."""

UNITS: tuple[str, ...] = (*COUNTERS, "request", "instance_hour", "model_unit_hour")
BASES = ("on_demand", "provisioned", "custom", "imported", "endpoint", "marketplace")
TIERS = ("default", "flex", "priority", "reserved")  # Bedrock's service tiers, as served


class PriceKey(NamedTuple):
    """What selects a price. `none` where a field does not apply; never empty."""

    model: str  # a record's base_model; an endpoint's name; `guardrails`
    region: str  # the region called, or EVERYWHERE
    geo: str  # none | us | eu | apac | … | global
    basis: str
    tier: str
    variant: str  # the billed class, as metering names it
    unit: str


@dataclass(frozen=True, slots=True)
class Price:
    """One row of a price file: US dollars for one unit, between two days that both count."""

    key: PriceKey
    usd_per_unit: Decimal
    effective_from: date
    effective_to: date | None  # the last day in force; None: not known to end
    source: str
    checked: date

    def in_force(self, day: date) -> bool:
        return self.effective_from <= day <= (self.effective_to or date.max)

    def overlaps(self, other: "Price") -> bool:
        """Say whether there is a day on which both are in force."""
        return self.in_force(other.effective_from) or other.in_force(self.effective_from)
