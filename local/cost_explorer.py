"""Cost Explorer where moto has only canned answers: an invoice, by Bedrock's product attributes.

Source: Cost Explorer API reference, GetCostAndUsage and ProductAttributeValues: groups by
PRODUCT_ATTRIBUTE of Bedrock, keys that read `model$Claude Sonnet 5`, or by dimensions, whose keys
are their values; two groups at most, amounts as text. What the gateway does not ask for is refused.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from moto.ce.responses import CostExplorerResponse
from moto.core.exceptions import JsonRESTError

from local.invoice import Invoice, InvoiceLine

FIELDS = {
    ("PRODUCT_ATTRIBUTE", "model"): "model",
    ("PRODUCT_ATTRIBUTE", "inferenceType"): "inference_type",
    ("DIMENSION", "SERVICE"): "service",
    ("DIMENSION", "USAGE_TYPE"): "usage_type",
}
METRICS = {"UnblendedCost": ("usd", "USD"), "UsageQuantity": ("quantity", "N/A")}
_PAGE = 100  # groups
Json = Mapping[str, Any]


@contextmanager
def installed(invoice: Invoice) -> Iterator[None]:
    """Let moto's Cost Explorer have an invoice while the context lasts."""

    def get_cost_and_usage(response: CostExplorerResponse) -> str:
        return json.dumps(answer(invoice, json.loads(response.body)))

    with patch.object(CostExplorerResponse, "get_cost_and_usage", get_cost_and_usage):
        yield


def answer(invoice: Invoice, request: Json) -> dict[str, Any]:
    """Answer GetCostAndUsage of whole months."""
    if request["Granularity"] != "MONTHLY":
        raise _refused(f"granularity {request['Granularity']} is not answered here")
    period = request["TimePeriod"]
    start, end = date.fromisoformat(period["Start"]), date.fromisoformat(period["End"])
    lines = [
        line
        for line in invoice.lines()
        if start <= line.day < end and _matches(line, request.get("Filter"))
    ]
    groups = _groups(lines, list(map(_key, request["GroupBy"])), request["Metrics"])
    offset = int(request.get("NextPageToken") or 0)
    more = offset + _PAGE < len(groups)
    return {
        "GroupDefinitions": request["GroupBy"],
        "ResultsByTime": [
            {
                "TimePeriod": period,
                "Total": {},
                "Groups": groups[offset : offset + _PAGE],
                "Estimated": invoice.estimated,
            }
        ],
        "DimensionValueAttributes": [],
        **({"NextPageToken": str(offset + _PAGE)} if more else {}),
    }


def _key(group: Json) -> Callable[[InvoiceLine], str]:
    """Say how lines are told apart by one of the request's groups."""
    kind, name = group["Type"], group["Key"]
    field = FIELDS.get((kind, name))
    if field is None:
        raise _refused(f"groups by {kind} {name} are not answered here")
    before = f"{name}$" if kind == "PRODUCT_ATTRIBUTE" else ""
    return lambda line: f"{before}{getattr(line, field)}"


def _matches(line: InvoiceLine, expression: Json | None) -> bool:
    if expression is None:
        return True
    if "And" in expression:
        return all(_matches(line, each) for each in expression["And"])
    dimension = expression.get("Dimensions", {})
    match dimension.get("Key"):
        case "RECORD_TYPE":
            return "Usage" in dimension["Values"]
        case "REGION":
            return line.region in dimension["Values"]
    raise _refused(f"the filter {expression} is not answered here")


def _groups(
    lines: list[InvoiceLine], keys: list[Callable[[InvoiceLine], str]], metrics: list[str]
) -> list[dict[str, Any]]:
    by_key: dict[tuple[str, ...], list[InvoiceLine]] = defaultdict(list)
    for line in lines:
        by_key[tuple(key(line) for key in keys)].append(line)
    return [
        {"Keys": list(key), "Metrics": {name: _metric(name, by_key[key]) for name in metrics}}
        for key in sorted(by_key)
    ]


def _metric(name: str, lines: list[InvoiceLine]) -> dict[str, str]:
    field, unit = METRICS[name]
    total = sum((getattr(line, field) for line in lines), Decimal(0))
    return {"Amount": f"{total:f}", "Unit": unit}


def _refused(why: str) -> JsonRESTError:
    return JsonRESTError("ValidationException", why)
