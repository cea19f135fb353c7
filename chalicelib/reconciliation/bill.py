"""AWS's bill of a month, from Cost Explorer: by model and inference type, and by usage type.

Source: Cost Explorer API reference, GetCostAndUsage and ProductAttributeValues (Bedrock's
attributes, from 2026-09-01 on; keys come as `model$Claude Sonnet 5`; a page costs $0.01). Usage
alone: discounts, credits and tax are no part of what is compared. Hours that a savings plan covers
are a record type of their own, at the price on demand.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from chalicelib.reporting.months.month import Month

_BY_ATTRIBUTE: Final = tuple(
    {"Type": "PRODUCT_ATTRIBUTE", "Key": key} for key in ("model", "inferenceType")
)
_BY_USAGE_TYPE: Final = tuple(
    {"Type": "DIMENSION", "Key": key} for key in ("SERVICE", "USAGE_TYPE")
)


@dataclass(frozen=True, slots=True)
class BilledGroup:
    model: str
    inference_type: str
    usd: Decimal
    quantity: Decimal  # in whatever unit AWS prices it by


@dataclass(frozen=True, slots=True)
class BilledLine:
    service: str  # `Amazon Bedrock`, or what the marketplace sells: a model's name
    usage_type: str
    usd: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    groups: tuple[BilledGroup, ...]
    estimated: bool  # AWS may still change it
    lines: tuple[BilledLine, ...] = ()  # the whole account's, of every service


def read(cost_explorer: Any, month: Month, region: str) -> Bill:
    """Read a month's bill of one region. Raises botocore's errors."""
    groups: list[BilledGroup] = []
    lines: list[BilledLine] = []
    estimated = False
    for result in _results(cost_explorer, month, region, _BY_ATTRIBUTE, ["Usage"]):
        estimated |= result["Estimated"]
        groups += filter(None, map(_group, result["Groups"]))
    covered = ["Usage", "SavingsPlanCoveredUsage"]
    for result in _results(cost_explorer, month, region, _BY_USAGE_TYPE, covered):
        estimated |= result["Estimated"]
        lines += map(_line, result["Groups"])
    return Bill(tuple(groups), estimated, tuple(lines))


def _results(
    cost_explorer: Any,
    month: Month,
    region: str,
    by: Sequence[Mapping[str, str]],
    record_types: Sequence[str],
) -> Iterator[dict[str, Any]]:
    request = {
        "TimePeriod": {"Start": f"{month.first}", "End": f"{month.end}"},
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost", "UsageQuantity"],
        "GroupBy": list(by),
        "Filter": {
            "And": [
                {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(record_types)}},
                {"Dimensions": {"Key": "REGION", "Values": [region]}},
            ]
        },
    }
    more: dict[str, str] = {}
    while True:
        page = cost_explorer.get_cost_and_usage(**request, **more)
        yield from page["ResultsByTime"]
        if not page.get("NextPageToken"):
            return
        more = {"NextPageToken": page["NextPageToken"]}


def _group(found: dict[str, Any]) -> BilledGroup | None:
    """Read a group; None of what has no model: other services, and guardrails."""
    model, inference_type = (key.partition("$")[2] for key in found["Keys"])
    return BilledGroup(model, inference_type, *_amounts(found)) if model else None


def _line(found: dict[str, Any]) -> BilledLine:
    service, usage_type = found["Keys"]
    return BilledLine(service, usage_type, *_amounts(found))


def _amounts(found: dict[str, Any]) -> tuple[Decimal, Decimal]:
    metrics = found["Metrics"]
    usd, quantity = (metrics[name]["Amount"] for name in ("UnblendedCost", "UsageQuantity"))
    return Decimal(usd), Decimal(quantity)
