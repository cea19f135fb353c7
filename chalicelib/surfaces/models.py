"""`GET /models`: what a tenant may call, how, and what a unit costs today by the list.

The price book loads when this is first asked for, not with the app. Negotiated prices are not
shown: they lie with the reports, which the function that serves tenants cannot read.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from chalicelib.catalog import family_of
from chalicelib.metering.meter import METERS
from chalicelib.pricing.price import EVERYWHERE, Price
from chalicelib.pricing.price_book import PriceBook
from chalicelib.pricing.quote import quote
from chalicelib.settings import Settings
from chalicelib.tenants.nouns import BlockList, Tenant

SERVED: Final = frozenset({"InvokeModel", "Converse", "StartAsyncInvoke"})


def models_of(
    tenant: Tenant, settings: Settings, book: PriceBook, day: date, blocked: BlockList
) -> dict[str, Any]:
    """List the models and endpoints that the tenant's allow-list admits, by model_id.

    Models are those that have a price in this region; any other that the allow-list admits runs
    as well, unpriced until it has one. What is blocked for everyone is left out. Prices are
    decimal texts in US dollars.
    """
    found = {**_bedrock(settings.region, book, day, blocked), **_endpoints(settings, book, day)}
    admitted = [
        found[name]
        for name in sorted(found)
        if tenant.may_use(name) and not blocked.stops(name, name)
    ]
    return {
        "date": day.isoformat(),
        "currency": "USD",
        "allow": list(tenant.allow),
        "models": admitted,
    }


def _bedrock(
    region: str, book: PriceBook, day: date, blocked: BlockList
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for price in _in_force(region, book, day):
        if price.key.basis != "on_demand" or price.key.model == "guardrails":
            continue
        geo, base_model = price.key.geo, price.key.model
        model_id = base_model if geo == "none" else f"{geo}.{base_model}"
        if blocked.stops(model_id, base_model):
            continue
        family = family_of(base_model)
        entry = found.setdefault(model_id, _entry(model_id, family, _operations(family)))
        entry["prices"].append(_quoted(price))
    return {name: entry for name, entry in found.items() if entry["operations"]}


def _endpoints(settings: Settings, book: PriceBook, day: date) -> dict[str, dict[str, Any]]:
    found = {
        name: _entry(name, f"sagemaker_{endpoint.container}", ["InvokeEndpoint"])
        for name, endpoint in settings.endpoints.items()
    }
    for price in _in_force(settings.region, book, day):
        if price.key.basis == "endpoint" and price.key.model in found:
            found[price.key.model]["prices"].append(_quoted(price))
    for name, endpoint in settings.endpoints.items():
        if not found[name]["prices"]:  # without rows of its own, its instances' hours are shared
            found[name]["prices"] = _hours(endpoint.instance, settings.region, book, day)
    return found


def _hours(instance: str, region: str, book: PriceBook, day: date) -> list[Mapping[str, str]]:
    return [
        _quoted(price)
        for price in _in_force(region, book, day)
        if (price.key.model, price.key.unit) == (instance, "instance_hour")
    ]


def _in_force(region: str, book: PriceBook, day: date) -> Iterator[Price]:
    return (p for p in book.in_force(day) if p.key.region in (region, EVERYWHERE))


def _entry(model_id: str, family: str, operations: list[str]) -> dict[str, Any]:
    return {"model_id": model_id, "family": family, "operations": operations, "prices": []}


def _operations(family: str) -> list[str]:
    meter = METERS.get(family)
    return [name for name in meter.operations if name in SERVED] if meter else []


def _quoted(price: Price) -> Mapping[str, str]:
    quoted = quote(price)
    return {
        "unit": price.key.unit,
        "usd": f"{quoted.usd.normalize():f}",
        "per": quoted.per,
        "tier": price.key.tier,
        "variant": price.key.variant,
    }
