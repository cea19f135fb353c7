"""AWS's price lists become rows of a price file, for named regions. Pure.

What a list does not say exactly makes no row: it is listed, with the reason, for somebody to look
at. Nothing is matched by a part of its name, and nothing is computed from another price.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from chalicelib.metering.served import LONG_CONTEXTS
from chalicelib.pricing.billed_names import CHANGES, EDITION, MODELS
from chalicelib.pricing.price import Price, PriceKey
from chalicelib.pricing.price_file import MOST_PLACES
from ops.price_list import Listed, NotMapped, products
from ops.price_meters import NOT_OURS, TIERS, UsageType, power, take_apart
from ops.price_names import IN_USAGETYPES, is_named
from ops.price_regions import REGIONS, belongs
from ops.price_words import UnknownWord, modifiers


@dataclass(frozen=True, slots=True)
class Imported:
    prices: tuple[Price, ...]  # sorted by key
    not_mapped: tuple[NotMapped, ...]  # in the order of the list
    elsewhere: int  # products of regions that were not asked for


class _Unclear(Exception):
    """A product that a row cannot be made of; `expected` where no call is billed by it."""

    def __init__(self, why: str, *, expected: bool = False) -> None:
        super().__init__(why)
        self.expected = expected


def imported(content: bytes, regions: Collection[str], geos: Sequence[str] = ()) -> Imported:
    """Make the rows of `regions` out of a price list.

    A price within a region becomes a row of the geo `none`, and one for each of `geos`: AWS bills
    a geography's profile at the price of the region that is called, and lists it once. Raises
    ValueError where the content is no price list, or a geography is that of none of the regions.
    """
    for geo in geos:
        if not any(belongs(region, geo) for region in regions):
            raise ValueError(f"no profile of {geo} is called from {' or '.join(sorted(regions))}")
    rows: dict[PriceKey, list[tuple[Listed, Price]]] = {}
    not_mapped: list[NotMapped] = []
    elsewhere = 0
    for product in products(content):
        made = _mapped(product, regions, geos)
        if isinstance(made, NotMapped):
            not_mapped.append(made)
            continue
        elsewhere += not made
        for listed, price in made:
            rows.setdefault(price.key, []).append((listed, price))
    agreed, disputed = _agreed(rows.values())
    return Imported(agreed, (*not_mapped, *disputed), elsewhere)


def _mapped(
    product: Listed | NotMapped, regions: Collection[str], geos: Sequence[str]
) -> list[tuple[Listed, Price]] | NotMapped:
    """Make a product's rows: none where it is of a region that was not asked for."""
    if isinstance(product, NotMapped):
        return product
    region = product.attributes.get("regionCode", "")
    if region and region not in regions:
        return []
    try:
        return [(product, price) for price in _rows(product, region, geos)]
    except _Unclear as unclear:
        return NotMapped(product.sku, product.usagetype, str(unclear), unclear.expected)


def _agreed(
    rows: Iterable[list[tuple[Listed, Price]]],
) -> tuple[tuple[Price, ...], tuple[NotMapped, ...]]:
    """Keep a row for each key on whose price all of its products agree."""
    agreed: list[Price] = []
    disputed: list[NotMapped] = []
    for same in rows:
        if len({price.usd_per_unit for _, price in same}) == 1:
            agreed.append(min((price for _, price in same), key=lambda price: price.source))
            continue
        disputed += (
            NotMapped(listed.sku, listed.usagetype, f"{len(same)} prices for {' '.join(price.key)}")
            for listed, price in same
        )
    return tuple(sorted(agreed, key=lambda price: price.key)), tuple(disputed)


def _rows(listed: Listed, region: str, geos: Sequence[str]) -> Iterator[Price]:
    if not region:
        raise _Unclear("it names no region")
    usage = _usage(listed, region)
    models = _models(listed, usage)
    tier, amount = _tier(listed, usage), _amount(listed, usage)
    for model in models:
        for geo in _geos(usage, [geo for geo in geos if belongs(region, geo)]):
            yield Price(
                key=PriceKey(
                    model=model,
                    region=region,
                    geo=geo,
                    basis=usage.meter.basis,
                    tier=tier,
                    variant=_variant(model, usage),
                    unit=usage.meter.unit,
                ),
                usd_per_unit=amount,
                effective_from=listed.effective,
                effective_to=None,
                source=f"AWS Price List {listed.service_code} {listed.published} {listed.sku}",
                checked=listed.published,
            )


def _usage(listed: Listed, region: str) -> UsageType:
    """Take a usage type apart, with all that the product's attributes say to change its price."""
    prose = [listed.attributes.get(name, "") for name in ("inferenceType", "feature")]
    for pattern, why in NOT_OURS.items():
        if re.search(pattern, " ".join((listed.usagetype, *prose))):
            raise _Unclear(why, expected=True)
    usage = take_apart(listed.usagetype)
    if usage is None:
        raise _Unclear("what this usage type meters is not known")
    for prefix in usage.prefixes:
        if REGIONS.get(prefix) != region:
            raise _Unclear(f"the prefix {prefix!r} is not known as that of {region}")
    try:
        said = [modifiers(text, usage.meter, usage.metered) for text in prose]
    except UnknownWord as unknown:
        raise _Unclear(str(unknown)) from unknown
    named = {CHANGES[name] for name in _names(listed) if name in CHANGES}
    return replace(usage, modifiers=usage.modifiers.union(named, *said))


def _names(listed: Listed) -> list[str]:
    """Return what a product's attributes call its model."""
    names = [
        listed.attributes[attribute].removesuffix(EDITION)
        for attribute in ("servicename", "model", "titanModel")
        if listed.attributes.get(attribute)
    ]
    # Of what AWS itself bills, `servicename` is the service: "Amazon Bedrock".
    return [name for name in names if name != "Amazon Bedrock"]


def _models(listed: Listed, usage: UsageType) -> tuple[str, ...]:
    """Return the ids of the model that a product names, in its attributes and its usage type."""
    names = _names(listed)
    if unknown := [name for name in names if name not in MODELS]:
        raise _Unclear(f"the id of the model {unknown[0]!r} is not known")
    found = {MODELS[name] for name in names}
    if usage.stem in IN_USAGETYPES:
        found.add(IN_USAGETYPES[usage.stem])
    if len(found) != 1:
        raise _Unclear("it names two models" if found else f"no model is known as {usage.stem!r}")
    (models,) = found
    if usage.stem and usage.stem not in IN_USAGETYPES:
        makers = [f"{listed.attributes.get('provider', '')} {name}" for name in names]
        if not is_named(usage.stem, (*names, *makers), models):
            raise _Unclear(f"{usage.stem!r} is not known as a name of {' or '.join(models)}")
    if not all(model.startswith(usage.meter.of) for model in models):
        raise _Unclear("what this usage type meters is not known of this model")
    return models


def _tier(listed: Listed, usage: UsageType) -> str:
    """Read the tier from all the places where it may stand; they must not contradict."""
    stated = listed.attributes.get("service_tier", "").lower()
    if stated and stated not in TIERS:
        raise _Unclear(f"the tier {stated!r} is not known")
    tiers = {TIERS[word] for word in (stated, *usage.modifiers) if word in TIERS}
    if len(tiers) > 1:
        raise _Unclear(f"it states two tiers: {' and '.join(sorted(tiers))}")
    return tiers.pop() if tiers else "default"


def _geos(usage: UsageType, geos: Sequence[str]) -> tuple[str, ...]:
    if "global" in usage.modifiers:
        return ("global",)
    return ("none", *geos) if usage.meter.basis == "on_demand" else ("none",)


def _variant(model: str, usage: UsageType) -> str:
    parts = [usage.meter.variant]
    if "long_context" in usage.modifiers:
        classes = [rule.variant for rule in LONG_CONTEXTS if model.startswith(rule.prefix)]
        if not classes:
            raise _Unclear("from which length on this model's context is long is not known")
        parts.append(classes[0])
    if "optimized" in usage.modifiers:
        parts.append("optimized")
    return "+".join(part for part in parts if part != "none") or "none"


def _amount(listed: Listed, usage: UsageType) -> Decimal:
    powers = power(usage.meter.unit, listed.unit, listed.service_code)
    if powers is None:
        raise _Unclear(f"what {listed.unit!r} means for {usage.meter.unit} is not known")
    amount = listed.usd.scaleb(-powers).normalize()
    if int(amount.as_tuple().exponent) < -MOST_PLACES:
        raise _Unclear(f"{listed.usd} has too many places for a list price")
    return amount
