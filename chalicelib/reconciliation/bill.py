"""AWS's bill of a month by model and inference type, from Cost Explorer.

Source: Cost Explorer API reference, GetCostAndUsage and ProductAttributeValues (Bedrock's
attributes, from 2026-09-01 on; keys come as `model$Claude Sonnet 5`; a page costs $0.01). Usage
alone: discounts, credits and tax are no part of what is compared.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from chalicelib.reporting.months.month import Month

ATTRIBUTES: Final = ("model", "inferenceType")


@dataclass(frozen=True, slots=True)
class BilledGroup:
    model: str
    inference_type: str
    usd: Decimal
    quantity: Decimal  # in whatever unit AWS prices it by


@dataclass(frozen=True, slots=True)
class Bill:
    groups: tuple[BilledGroup, ...]
    estimated: bool  # AWS may still change it


def read(cost_explorer: Any, month: Month, region: str) -> Bill:
    """Read a month's bill of calls of models in one region. Raises botocore's errors."""
    request = {
        "TimePeriod": {"Start": f"{month.first}", "End": f"{month.end}"},
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost", "UsageQuantity"],
        "GroupBy": [{"Type": "PRODUCT_ATTRIBUTE", "Key": key} for key in ATTRIBUTES],
        "Filter": {
            "And": [
                {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Usage"]}},
                {"Dimensions": {"Key": "REGION", "Values": [region]}},
            ]
        },
    }
    groups: list[BilledGroup] = []
    estimated, token = False, None
    while True:
        page = cost_explorer.get_cost_and_usage(
            **request, **({"NextPageToken": token} if token else {})
        )
        for result in page["ResultsByTime"]:
            estimated |= result["Estimated"]
            groups += filter(None, map(_group, result["Groups"]))
        token = page.get("NextPageToken")
        if not token:
            return Bill(tuple(groups), estimated)


def _group(found: dict[str, Any]) -> BilledGroup | None:
    """Read a group; None of what has no model: other services, and guardrails."""
    model, inference_type = (key.partition("$")[2] for key in found["Keys"])
    if not model:
        return None
    metrics = found["Metrics"]
    return BilledGroup(
        model,
        inference_type,
        Decimal(metrics["UnblendedCost"]["Amount"]),
        Decimal(metrics["UsageQuantity"]["Amount"]),
    )
