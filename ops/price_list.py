"""AWS's price lists as JSON: each product with its one price, as AWS words it. Pure.

Two shapes: a bulk offer file (`…/offers/v1.0/aws/<service code>/current/<region>/index.json`), and
the Query API's GetProducts, whose `PriceList` is a list of JSON texts, with or without the rest of
the answer around it. Source: AWS Billing user guide, "Reading the service price list files".
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

_MOST: Final = 10**9


@dataclass(frozen=True, slots=True)
class Listed:
    """A product and its on-demand price."""

    sku: str
    service_code: str
    attributes: Mapping[str, str]
    unit: str  # AWS's wording: `1K tokens`, `Units`, `image`, …
    usd: Decimal  # for one of them
    effective: date
    published: date

    @property
    def usagetype(self) -> str:
        return self.attributes.get("usagetype", "")


@dataclass(frozen=True, slots=True)
class NotMapped:
    """A product that makes no price row, and why."""

    sku: str
    usagetype: str
    why: str
    expected: bool = False  # nothing that the gateway calls: batch, training, another surface

    def __str__(self) -> str:
        return f"{self.sku} {self.usagetype}: {self.why}"


def products(content: bytes) -> Iterator[Listed | NotMapped]:
    """Read a price list. Raises ValueError where it is of neither shape."""
    try:
        document = _parsed(content)
        if isinstance(document, dict) and "products" in document:
            return _listed(list(_of_offer(document)))
        answer = document["PriceList"] if isinstance(document, dict) else document
        return _listed([_parsed(text) for text in answer])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is no price list of AWS: {error!r}") from error


def _parsed(text: str | bytes) -> Any:
    return json.loads(text, parse_float=str, parse_int=str)  # a price is no binary float


def _of_offer(offer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Bring an offer file's products into the shape of GetProducts' answers."""
    on_demand = offer["terms"]["OnDemand"]
    for sku, product in offer["products"].items():
        yield {
            "product": product,
            "serviceCode": offer["offerCode"],
            "terms": {"OnDemand": on_demand.get(sku, {})},
            "publicationDate": offer["publicationDate"],
        }


def _listed(entries: Iterable[Any]) -> Iterator[Listed | NotMapped]:
    for entry in entries:
        try:
            yield _one(entry)
        except (KeyError, TypeError, AttributeError, ValueError, InvalidOperation) as error:
            sku, usagetype = _named(entry)
            yield NotMapped(sku, usagetype, f"its price cannot be read: {error!r}")


def _one(entry: Mapping[str, Any]) -> Listed:
    """Read one entry of GetProducts. What is odd about it raises whatever it may."""
    (term,) = entry["terms"]["OnDemand"].values()
    (dimension,) = term["priceDimensions"].values()  # more than one: a price by volume
    product = entry["product"]
    attributes = {
        name: value for name, value in product["attributes"].items() if isinstance(value, str)
    }
    usd = Decimal(dimension["pricePerUnit"]["USD"])
    if not usd.is_finite() or not 0 <= usd < _MOST:
        raise ValueError(f"{usd} dollars")
    return Listed(
        sku=product["sku"],
        service_code=attributes.get("servicecode") or entry["serviceCode"],
        attributes=attributes,
        unit=dimension["unit"],
        usd=usd,
        effective=_day(term["effectiveDate"]),
        published=_day(entry["publicationDate"]),
    )


def _named(entry: Any) -> tuple[str, str]:
    """Return an odd entry's SKU and usage type, as far as it has them."""
    product = entry.get("product") if isinstance(entry, dict) else None
    attributes = product.get("attributes") if isinstance(product, dict) else None
    usagetype = attributes.get("usagetype") if isinstance(attributes, dict) else None
    sku = product.get("sku") if isinstance(product, dict) else None
    return str(sku or "(no SKU)"), str(usagetype or "(no usage type)")


def _day(time: str) -> date:
    return date.fromisoformat(time[:10])
