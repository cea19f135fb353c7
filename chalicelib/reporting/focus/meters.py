"""Meters: how FOCUS calls what a unit of the price book measures, and in which measure it is sold.

Units are named as FOCUS 1.2 says, "Unit Format": capitalised, plural, a block size before them.
The block is the one in which AWS's price page quotes the unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Meter:
    """One unit of the price book. Powers of ten: so many of the unit make one of the measure."""

    name: str  # SkuMeter
    consumed_unit: str
    pricing_unit: str
    consumed_power: int = 0
    pricing_power: int = 0


def _tokens(name: str) -> Meter:
    return Meter(name, "Tokens", "1000000 Tokens", pricing_power=6)


def _milliseconds(name: str) -> Meter:
    return Meter(name, "Seconds", "Seconds", consumed_power=3, pricing_power=3)


def _guardrail(policy: str) -> Meter:
    return Meter(f"Guardrail {policy} Text Units", "Units", "1000 Units", pricing_power=3)


METERS: Final[Mapping[str, Meter]] = MappingProxyType(
    {
        "input_tokens": _tokens("Input Tokens"),
        "output_tokens": _tokens("Output Tokens"),
        "cache_read_tokens": _tokens("Cache Read Input Tokens"),
        "cache_write_tokens": _tokens("Cache Write Input Tokens"),
        "cache_write_1h_tokens": _tokens("Cache Write 1h Input Tokens"),
        "images": Meter("Output Images", "Images", "Images"),
        "input_images": Meter("Input Images", "Images", "Images"),
        "video_ms": _milliseconds("Output Video Seconds"),
        "input_video_ms": _milliseconds("Input Video Seconds"),
        "input_audio_ms": _milliseconds("Input Audio Seconds"),
        "queries": Meter("Queries", "Queries", "1000 Queries", pricing_power=3),
        "busy_ms": _milliseconds("Busy Seconds"),
        "guardrail_topic_units": _guardrail("Topic"),
        "guardrail_content_units": _guardrail("Content"),
        "guardrail_content_image_units": Meter("Guardrail Content Images", "Images", "Images"),
        "guardrail_pii_units": _guardrail("PII"),
        "guardrail_grounding_units": _guardrail("Grounding"),
        "guardrail_reasoning_units": _guardrail("Reasoning"),
        "request": Meter("Requests", "Requests", "Requests"),
        "instance_hour": Meter("Instance Hours", "Instance-Hours", "Instance-Hours"),
        "model_unit_hour": Meter("Model Unit Hours", "Unit-Hours", "Unit-Hours"),
    }
)
"""By the unit's name in the price book: every unit that there is."""
