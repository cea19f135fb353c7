"""The account's invoice: what each of the simulator's calls is billed as, line by line.

Out of the simulator's own ledger, at its own prices: calls that the gateway never saw are in it. A
call is billed when it ends, which is when it arrived or, of a job, when that ended.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from local.simulator.prices import LONG
from local.simulator.prices.billed_names import (
    GUARDRAIL_POLICIES,
    HOURS,
    INFERENCE_TYPES,
    MARKETPLACE,
    MODELS,
    TOKEN_WORDS,
)

Entry = Mapping[str, Any]
"""A call as the simulator's ledger has it (local/simulator/ledger.py)."""


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """What one unit of one call costs."""

    at: datetime
    region: str
    model: str  # as Cost Explorer's attribute `model` says it; empty: no model's
    inference_type: str
    quantity: Decimal  # in the unit that is priced: thousands or millions of tokens, seconds
    usd: Decimal
    caller: str  # ARN; empty: nobody's, it is billed by the hour
    resource: str  # what was called
    service: str = "Amazon Bedrock"
    usage_type: str = ""

    @property
    def day(self) -> date:
        return self.at.date()


@dataclass(frozen=True, slots=True)
class Ran:
    """Capacity that ran, whoever bought it: the hours of all instances, or model units."""

    at: datetime
    kind: str  # an instance type, or a model's name and commitment as its usage type has them
    hours: Decimal
    region: str = "us-east-1"


class Invoice:
    """The lines of one account. Without a ledger there are none."""

    def __init__(self) -> None:
        self._entries: Callable[[], Iterable[Entry]] = tuple
        self.capacity: list[Ran] = []
        """What ran by the hour: no call tells of it."""
        self.estimated = False
        """Whether the month's numbers may still change."""

    def follow(self, entries: Callable[[], Iterable[Entry]]) -> None:
        """Bill the calls of a ledger, from now on and before."""
        self._entries = entries

    def lines(self) -> list[InvoiceLine]:
        calls = (line for entry in self._entries() for line in _lines(entry))
        return [*calls, *map(_hours, self.capacity)]


def _lines(entry: Entry) -> Iterator[InvoiceLine]:
    for item, usd in entry["items"].items():
        unit = item.removesuffix(LONG)
        if Decimal(usd):
            yield InvoiceLine(
                at=datetime.fromisoformat(entry["ended"] or entry["time"]),
                region=entry["region"],
                model=_model(entry, unit),
                inference_type=_inference_type(entry, item),
                quantity=_quantity(entry, unit),
                usd=Decimal(usd),
                caller=entry["caller"],
                resource=entry["model"],
                service=_service(entry, unit),
                usage_type=_usage_type(entry, item),
            )


def _hours(ran: Ran) -> InvoiceLine:
    hosted = ran.kind.startswith("ml.")
    return InvoiceLine(
        at=ran.at,
        region=ran.region,
        model="",
        inference_type="",
        quantity=ran.hours,
        usd=ran.hours * Decimal(HOURS[ran.kind]),
        caller="",
        resource=ran.kind,
        service="Amazon SageMaker" if hosted else "Amazon Bedrock",
        usage_type=f"USE1-Host:{ran.kind}" if hosted else f"USE1-{ran.kind}-ModelUnits",
    )


def _service(entry: Entry, unit: str) -> str:
    """The marketplace sells each model as a product of its own."""
    sold = entry["base_model"].startswith(MARKETPLACE) and unit in INFERENCE_TYPES
    return f"{_model(entry, unit)} (Amazon Bedrock Edition)" if sold else "Amazon Bedrock"


def _usage_type(entry: Entry, item: str) -> str:
    unit = item.removesuffix(LONG)
    if unit in GUARDRAIL_POLICIES:
        return f"USE1-Guardrail-{GUARDRAIL_POLICIES[unit]}UnitsConsumed"
    of = TOKEN_WORDS.get(unit) or INFERENCE_TYPES.get(unit, unit)
    words = "-".join(" ".join((of, *_terms(entry, item))).lower().split())
    return f"USE1-{''.join(_model(entry, unit).split())}-{words}"


def _model(entry: Entry, unit: str) -> str:
    """Name the model; a guardrail is billed by itself, whatever it went with."""
    base: str = entry["base_model"]
    return MODELS.get(base, base) if unit in INFERENCE_TYPES else ""


def _inference_type(entry: Entry, item: str) -> str:
    unit = item.removesuffix(LONG)
    return " ".join((INFERENCE_TYPES.get(unit, unit), *_terms(entry, item)))


def _terms(entry: Entry, item: str) -> Iterator[str]:
    """Yield what makes it another price than the model's own."""
    if entry["tier"] != "default":
        yield entry["tier"]
    if item.endswith(LONG):
        yield "long context"
    if entry["latency"] == "optimized":
        yield "latency optimized"
    if entry["listed"].startswith("global."):
        yield "cross region global"


def _quantity(entry: Entry, unit: str) -> Decimal:
    count = Decimal(entry["counts"][unit])
    if unit.endswith("_tokens"):
        return count.scaleb(-6 if entry["base_model"].startswith(MARKETPLACE) else -3)
    return count.scaleb(-3) if unit.endswith("_ms") else count
