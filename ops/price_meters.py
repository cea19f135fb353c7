"""How AWS's price lists word what they meter: usage types and units, as tables. Pure.

Two grammars, seen in the offer files of AmazonBedrock, AmazonBedrockFoundationModels and
AmazonBedrockService: `USE1-NovaLite-input-tokens-flex-cross-region-global`, and for what AWS
Marketplace bills `USE1-MP:USE1_InputTokenCount_Global-Units`, of late
`USE1-MP:USE1_cache_write_tokens_1h_global_standard-Units`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Meter:
    """What a usage type meters, as the price book names it."""

    unit: str
    variant: str = "none"
    basis: str = "on_demand"
    of: str = ""  # the only family of models, by how their ids begin, of which this is known


@dataclass(frozen=True, slots=True)
class UsageType:
    """A usage type, taken apart."""

    prefixes: frozenset[str]  # of the region, such as `USE1`; AWS Marketplace states it twice
    stem: str  # what names a model, such as `NovaLite`; empty where AWS Marketplace bills
    meter: Meter
    metered: str  # the meter as it is worded
    modifiers: frozenset[str]


_COMMITMENTS: Final = {"NoCommit": "no_commit", "1month": "1mo", "6month": "6mo"}
_NATIVE: Final[Mapping[str, Meter]] = {
    **{
        f"{text}{side}-{count}": Meter(f"{side}_tokens")
        for text in ("", "text-")
        for side in ("input", "output")
        for count in ("tokens", "token-count")
    },
    **{
        f"cache-{kind}{words}": Meter(f"cache_{kind}_tokens")
        for kind in ("read", "write")
        for words in ("-input-token-count", "-input-tokens", "-tokens")
    },
    **{
        f"{task}-{size}-{quality}": Meter(
            "images", f"le{size}/{quality.lower()}", of="amazon.nova-canvas"
        )
        for task in ("T2I", "I2I")
        for size in ("1024", "2048")
        for quality in ("Standard", "Premium")
    },
    **{
        f"{task}-Medfps-HDRes": Meter("video_ms", "hd_24fps", of="amazon.nova-reel")
        for task in ("T2V", "I2V")
    },
    **{
        f"ProvisionedThroughput-{term}-ModelUnits": Meter("model_unit_hour", variant, "provisioned")
        for term, variant in _COMMITMENTS.items()
    },
    "input-image": Meter("input_images", of="amazon.titan-embed-image"),
    "input-video-second": Meter("input_video_ms"),
    "input-audio-second": Meter("input_audio_ms"),
    "searchunits": Meter("queries"),
}
_MARKETPLACE: Final[Mapping[str, Meter]] = {
    "InputTokenCount": Meter("input_tokens"),
    "OutputTokenCount": Meter("output_tokens"),
    "CacheReadInputTokenCount": Meter("cache_read_tokens"),
    "CacheWriteInputTokenCount": Meter("cache_write_tokens"),
    "CacheWrite1hInputTokenCount": Meter("cache_write_1h_tokens"),
    "input_tokens": Meter("input_tokens"),
    "output_tokens": Meter("output_tokens"),
    "cache_read_tokens": Meter("cache_read_tokens"),
    "cache_write_tokens": Meter("cache_write_tokens"),
    "cache_write_tokens_1h": Meter("cache_write_1h_tokens"),
    "created_image": Meter("images"),
    "Created_image": Meter("images"),
}
MODIFIERS: Final[Mapping[str, str]] = {
    "cross-region-global": "global",
    "Global": "global",
    "global": "global",
    "long-context": "long_context",
    "LCtx": "long_context",
    "lctx": "long_context",
    "long_ctx": "long_context",
    "latency-optimized": "optimized",
    "LatencyOptimized": "optimized",
    "standard": "standard",
    "flex": "flex",
    "priority": "priority",
}
"""Words that follow a meter, in any order, and what they change."""

NOT_OURS: Final[Mapping[str, str]] = {
    r"-mantle-": "bedrock-mantle, which the gateway does not call",
    r"(?i)batch": "batch inference, which the gateway does not call",
    r"(?i)custom": "custom models, which have prices of their own",
    r"(?i)reserved|_tpm_": "reserved capacity, which is billed by the month",
    r"(?i)storage|training|evaluation|distillation": "no inference",
}
"""Words of usage types and attributes whose products no call here is billed by, and why."""

TIERS: Final[Mapping[str, str]] = {
    "standard": "default",
    "default": "default",
    "flex": "flex",
    "priority": "priority",
}
"""A tier's name in the price book, by a modifier or the attribute `service_tier`."""

FOUNDATION_MODELS: Final = "AmazonBedrockFoundationModels"
_POWERS: Final[Mapping[tuple[str, str], int]] = {
    ("tokens", "1K tokens"): 3,
    ("tokens", "1M tokens"): 6,
    ("images", "image"): 0,
    ("images", "Images"): 0,
    ("images", "Images Processed"): 0,
    ("images", "Units"): 0,
    ("ms", "second"): 3,
    ("ms", "seconds"): 3,
    ("ms", "Seconds"): 3,
    ("ms", "1K seconds"): 6,
    ("queries", "Search Units"): 0,
    ("hour", "hour"): 0,
    ("hour", "Hrs"): 0,
}
"""By how many powers of ten the price of AWS's unit is that of ours."""

_REGION: Final = r"[A-Z]{2,4}[0-9]{0,2}"


def _any(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_OF_AWS: Final = re.compile(
    rf"(?:(?P<region>{_REGION})-)?(?P<stem>.+?)-(?P<meter>{_any(_NATIVE)})"
    rf"(?P<rest>(?:-(?:{_any(MODIFIERS)}))*)"
)
_OF_MARKETPLACE: Final = re.compile(
    rf"(?P<seller>{_REGION})-MP:(?P<region>{_REGION})_(?P<meter>{_any(_MARKETPLACE)})"
    rf"(?P<rest>(?:_(?:{_any(MODIFIERS)}))*)-Units"
)
_MODIFIER: Final = re.compile(rf"[-_]({_any(MODIFIERS)})")


def take_apart(usagetype: str) -> UsageType | None:
    """Read a usage type whole, or None: a word that is not known may change the price."""
    if found := _OF_MARKETPLACE.fullmatch(usagetype):
        meter = _MARKETPLACE[found["meter"]]
    elif found := _OF_AWS.fullmatch(usagetype):
        meter = _NATIVE[found["meter"]]
    else:
        return None
    parts = found.groupdict("")
    return UsageType(
        prefixes=frozenset({parts["region"], parts.get("seller", parts["region"])}),
        stem=parts.get("stem", ""),
        meter=meter,
        metered=parts["meter"],
        modifiers=frozenset(MODIFIERS[word] for word in _MODIFIER.findall(parts["rest"])),
    )


def power(unit: str, listed: str, service_code: str) -> int | None:
    """Return how many powers of ten of the book's `unit` AWS's `listed` unit is, or None.

    `Units` of tokens means a million where AWS Marketplace bills, and elsewhere nobody says.
    """
    measure = unit.rpartition("_")[2]
    if (measure, listed, service_code) == ("tokens", "Units", FOUNDATION_MODELS):
        return 6
    return _POWERS.get((measure, listed))
