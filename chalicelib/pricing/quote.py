"""A price as people quote it: per million tokens, per image, per hour. Exact, and pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from types import MappingProxyType
from typing import Final

from chalicelib.pricing.price import UNITS, Price

_EXACT: Final = Context(prec=80)
_PER: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {
        **{unit: (6, "1M tokens") for unit in UNITS if unit.endswith("_tokens")},
        **{unit: (3, "second") for unit in UNITS if unit.endswith("_ms")},
        **{unit: (3, "1,000 units") for unit in UNITS if unit.startswith("guardrail_")},
        "guardrail_content_image_units": (0, "image"),
        "images": (0, "image"),
        "input_images": (0, "image"),
        "queries": (3, "1,000 queries"),
        "request": (0, "request"),
        "instance_hour": (0, "instance hour"),
        "model_unit_hour": (0, "model unit hour"),
    }
)
"""The power of ten by which AWS's price page multiplies a unit, and what it then calls it."""


@dataclass(frozen=True, slots=True)
class Quote:
    usd: Decimal
    per: str  # `1M tokens`, `image`, `second`, …


def quote(price: Price) -> Quote:
    """Return what people call this price: 0.00000006 a token is 0.06 per 1M tokens."""
    power, per = _PER.get(price.key.unit, (0, price.key.unit.replace("_", " ")))
    return Quote(price.usd_per_unit.scaleb(power, context=_EXACT), per)
