"""The columns of FOCUS 1.2 that we write, and what each is made of (docs/focus.md). Pure.

An empty cell is FOCUS's null. Numbers are exact, without exponent, and always have a point.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from urllib.parse import quote

from chalicelib.pricing.capacity import IDLE
from chalicelib.pricing.price import PriceKey
from chalicelib.pricing.price_book import version_of
from chalicelib.reporting.cost_rows import EXACT
from chalicelib.reporting.focus.meters import METERS, Meter
from chalicelib.reporting.focus.resources import AWS, developer
from chalicelib.reporting.focus.rows import FocusRow, Sku
from chalicelib.reporting.tenant_tree import Tenants
from chalicelib.tenants.nouns import Tenant

_FORMULA: Final = ("=", "+", "-", "@")
_PRINTABLE: Final = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")
_SERVICES: Final = {"bedrock": "Amazon Bedrock", "sagemaker": "Amazon SageMaker"}


@dataclass(frozen=True, slots=True)
class Payer:
    """A team and what is known of it; `tenant` is None of `(idle)` and of who is no tenant."""

    team_id: str
    tenant: Tenant | None
    cost_center: str

    @classmethod
    def of(cls, team_id: str, tenants: Tenants) -> "Payer":
        return cls(team_id, tenants.by_id.get(team_id), tenants.cost_center(team_id))

    @property
    def name(self) -> str:
        if self.team_id == IDLE:
            return "Idle capacity"
        return _ascii(self.tenant.display_name if self.tenant else "") or self.team_id

    @property
    def tags(self) -> str:
        own = {"cost_center": self.cost_center} if self.cost_center else {}
        tags = self.tenant.tags if self.tenant else {}
        return _json({"team_id": self.team_id, **own, **tags})


def plain(amount: Decimal) -> str:
    """Render a number exactly, with a point and without an exponent or needless zeros."""
    text = f"{amount.normalize(EXACT):f}"
    return text if "." in text else f"{text}.0"


CONSTANT: Final[Mapping[str, str]] = {
    "ProviderName": AWS,
    "ServiceProviderName": AWS,
    "HostProviderName": AWS,
    "InvoiceIssuerName": AWS,
    "InvoiceId": "",
    "BillingAccountType": "Account",
    "BillingCurrency": "USD",
    "ServiceCategory": "AI and Machine Learning",
    "ServiceSubcategory": "Generative AI",
    "ChargeCategory": "Usage",
    "ChargeClass": "",
    "ChargeFrequency": "Usage-Based",
    "PricingCategory": "Standard",
    "x_CostSource": "Tollgate estimate beside the AWS bill",
}
OF_DAY: Final[Mapping[str, Callable[[date], str]]] = {
    "BillingPeriodStart": lambda day: _midnight(day.replace(day=1)),
    "BillingPeriodEnd": lambda day: _midnight(_next_month(day)),
    "ChargePeriodStart": lambda day: _midnight(day),
    "ChargePeriodEnd": lambda day: _midnight(day + timedelta(days=1)),
}
OF_TEAM: Final[Mapping[str, Callable[[Payer], str]]] = {
    "SubAccountId": lambda payer: payer.team_id,
    "SubAccountName": lambda payer: payer.name,
    "SubAccountType": lambda payer: (payer.tenant.kind if payer.tenant else "team").capitalize(),
    "Tags": lambda payer: payer.tags,
    "x_CostCenter": lambda payer: payer.cost_center,
    "x_ParentId": lambda payer: (payer.tenant and payer.tenant.parent) or "",
}
OF_SKU: Final[Mapping[str, Callable[[Sku], str]]] = {
    "BillingAccountId": lambda sku: sku.account,
    "BillingAccountName": lambda sku: f"AWS account {sku.account.removeprefix('aws:')}",
    "PublisherName": lambda sku: developer(sku.key.model),
    "ServiceName": lambda sku: _SERVICES[sku.service],
    "ChargeDescription": lambda sku: f"{sku.key.model}: {_meter(sku).name}",
    "RegionId": lambda sku: sku.region,
    "RegionName": lambda sku: sku.region,
    "ResourceId": lambda sku: sku.used.resource_id,
    "ResourceName": lambda sku: sku.used.name,
    "ResourceType": lambda sku: sku.used.kind,
    "SkuId": lambda sku: f"{sku.key.model}|{sku.key.unit}",
    "SkuMeter": lambda sku: _meter(sku).name,
    "SkuPriceId": lambda sku: "|".join(sku.key),
    "SkuPriceDetails": lambda sku: _details(sku.key),
    "ConsumedUnit": lambda sku: _meter(sku).consumed_unit,
    "PricingUnit": lambda sku: _meter(sku).pricing_unit,
    "ListUnitPrice": lambda sku: _scaled(sku.listed.usd_per_unit, _meter(sku).pricing_power),
    "ContractedUnitPrice": lambda sku: _scaled(sku.price.usd_per_unit, _meter(sku).pricing_power),
    "x_PriceVersion": lambda sku: version_of([sku.price]),
}
OF_ROW: Final[Mapping[str, Callable[[FocusRow], str]]] = {
    "BilledCost": lambda row: plain(row.cost),
    "EffectiveCost": lambda row: plain(row.cost),
    "ContractedCost": lambda row: plain(row.cost),
    "ListCost": lambda row: plain(row.list_cost),
    "ConsumedQuantity": lambda row: _scaled(row.quantity, -_meter(row.sku).consumed_power),
    "PricingQuantity": lambda row: _scaled(row.quantity, -_meter(row.sku).pricing_power),
    "x_Invocations": lambda row: "" if row.invocations is None else str(row.invocations),
    "x_Status": lambda row: "INCOMPLETE" if row.incomplete else "PRICED",
}

COLUMNS: Final[tuple[str, ...]] = (
    *("BilledCost", "EffectiveCost", "ContractedCost", "ListCost", "BillingCurrency"),
    *("BillingAccountId", "BillingAccountName", "BillingAccountType"),
    *("SubAccountId", "SubAccountName", "SubAccountType"),
    *("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"),
    *("ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency"),
    *("ProviderName", "PublisherName", "InvoiceIssuerName", "InvoiceId"),
    *("ServiceProviderName", "HostProviderName"),
    *("ServiceCategory", "ServiceSubcategory", "ServiceName"),
    *("RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType"),
    *("SkuId", "SkuMeter", "SkuPriceId", "SkuPriceDetails"),
    *("ConsumedQuantity", "ConsumedUnit", "PricingQuantity", "PricingUnit", "PricingCategory"),
    *("ListUnitPrice", "ContractedUnitPrice", "Tags"),
    *("x_CostCenter", "x_ParentId", "x_Invocations", "x_PriceVersion", "x_Status"),
    "x_CostSource",
)
"""In the file's order. New ones go to the end: Athena tells columns of a CSV by their places."""


def _meter(sku: Sku) -> Meter:
    return METERS[sku.key.unit]


def _details(key: PriceKey) -> str:
    """Say what selects the price, besides what columns say; what does not apply is left out."""
    details = {
        "InstanceType": key.model if key.unit == "instance_hour" else "none",
        "x_Basis": key.basis,
        "x_Geo": key.geo,
        "x_Tier": key.tier,
        "x_Variant": key.variant,
    }
    return _json({name: value for name, value in details.items() if value != "none"})


def _scaled(amount: Decimal, power: int) -> str:
    return plain(amount.scaleb(power, context=EXACT))


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def _ascii(text: str) -> str:
    """Percent-encode what FOCUS's StringHandling does not take, and what starts a formula."""
    encoded = quote(text, safe=_PRINTABLE)
    return f"%{ord(encoded[0]):02X}{encoded[1:]}" if encoded.startswith(_FORMULA) else encoded


def _json(values: Mapping[str, str]) -> str:
    return json.dumps(values, sort_keys=True)
