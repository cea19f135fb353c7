"""Billed: what AWS's bill and our price keys call the same thing, in one word. Pure.

The bill names a model for people and says `Input tokens flex`; ours has a base model, a unit, a
tier, a geography and a variant. Every word of AWS's is known, or the whole is not: a word more may
be another price.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple

from chalicelib.pricing.billed_names import CHANGES, EDITION, MODELS
from chalicelib.pricing.count_line import CountLine

_TERMS: Final[Mapping[str, str]] = {
    "batch": "batch",
    "cross region geo": "",
    "cross region global": "global",
    "default": "",
    "flex": "flex",
    "global": "global",
    "latency optimized": "optimized",
    "lctx": "long_context",
    "long context": "long_context",
    "long ctx": "long_context",
    "priority": "priority",
    "standard": "",
}
"""What changes a price, as the bill words it, in attributes and usage types (usage_types.py).

A geography's profile is billed at the region's own price, a global one at another.
"""

_PHRASE: Final = re.compile(r"\b(" + "|".join(sorted(_TERMS, key=len, reverse=True)) + r")\b")
_UNITS: Final[tuple[tuple[str, str], ...]] = (
    ("cache write 1h", "cache_write_1h_tokens"),
    ("cache write 1 hour", "cache_write_1h_tokens"),
    ("cache write", "cache_write_tokens"),
    ("cache read", "cache_read_tokens"),
    ("input image", "input_images"),
    ("input video", "input_video_ms"),
    ("input audio", "input_audio_ms"),
    ("t2v", "video_ms"),
    ("i2v", "video_ms"),
    ("video", "video_ms"),
    ("t2i", "images"),
    ("i2i", "images"),
    ("image", "images"),
    ("search", "queries"),
    ("query", "queries"),
    ("input", "input_tokens"),
    ("output", "output_tokens"),
)
"""The words that tell a unit, by the first of these rows that has all of its own among them."""

_SAY_NOTHING: Final = frozenset(
    [
        *("on", "demand", "inference", "text", "token", "count", "prompt", "cached", "second"),
        *("unit", "created", "generated", "processed", "premium", "1024", "2048", "512"),
        "5m",  # how long a cache keeps what is written, where nothing is said
    ]
)
_IMAGES: Final = "images"
GUARDRAILS: Final = "guardrails"
"""What the units of guardrails are of, in the price book as here."""
_TIERS: Final = frozenset({"flex", "priority"})
_VARIANTS: Final[Mapping[str, str]] = {
    "above_200k": "long_context",
    "above_128k": "long_context",
    "optimized": "optimized",
}
_VERSION: Final = re.compile(r"-v[0-9]+(:[0-9]+)?$")
_NOT_PLAIN: Final = re.compile(r"[^a-z0-9]")

POWERS: Final[Mapping[str, tuple[int, ...]]] = {"tokens": (3, 6), "ms": (3,), "units": (0, 3)}
"""By how many powers of ten AWS's quantity may be ours: it never says which of them."""


class Key(NamedTuple):
    """What is billed at one price. Sizes and qualities of images are not told apart."""

    model: str  # base model
    unit: str
    terms: frozenset[str]  # of _TERMS; empty: the model's own price

    @property
    def scope(self) -> str:
        return self.model

    @property
    def word(self) -> str:
        return "+".join((self.unit, *sorted(self.terms)))


def powers(unit: str) -> tuple[int, ...]:
    return POWERS.get(unit.rpartition("_")[2], (0,))


def of_line(line: CountLine, unit: str) -> Key:
    """Name what one unit of a line is billed as; a guardrail is billed by itself."""
    if unit.startswith("guardrail_"):
        return Key(GUARDRAILS, unit, frozenset())
    if unit == _IMAGES:
        return Key(canonical(line.base_model), unit, frozenset())
    terms = {_VARIANTS[part] for part in line.variant.split("+") if part in _VARIANTS}
    terms |= {line.tier} & _TIERS
    terms |= {line.geo} & {"global"}
    return Key(canonical(line.base_model), unit, frozenset(terms))


def of_bill(model: str, inference_type: str, known: Mapping[str, str]) -> Key | None:
    """Read a line of AWS's bill; None where its name or one of its words is not known.

    `known` has the base models that were called by their plain name (`plain`): a new model's name
    is often its id.
    """
    name = model.removesuffix(EDITION)
    base = base_model(name, known)
    read = _inference_type(inference_type)
    if base is None or read is None:
        return None
    unit, terms = read
    terms |= {CHANGES[name]} if name in CHANGES else frozenset()
    return Key(base, unit, frozenset() if unit == _IMAGES else terms)


def base_model(name: str, known: Mapping[str, str]) -> str | None:
    """Return the base model of a name on the bill: listed, or written together as usage types do.

    `Claude Sonnet 4.6` is also `Claude 4.6 Sonnet` and `Claude4.6Sonnet`.
    """
    if listed := MODELS.get(name):
        return listed[0]
    return _WRITTEN.get(plain(name)) or known.get(plain(name))


def canonical(base_model: str) -> str:
    """Return the first of the versions that the bill calls by one name."""
    return _FIRST.get(base_model, base_model)


def plain(model: str) -> str:
    """Reduce an id or a name to its letters and digits, without provider and version."""
    provider, dot, name = model.partition(".")
    named = name if dot and provider.islower() and " " not in provider else model
    return _NOT_PLAIN.sub("", _VERSION.sub("", named).lower())


def _inference_type(text: str) -> tuple[str, frozenset[str]] | None:
    spaced = " ".join(re.findall(r"[a-z0-9]+", text.lower()))
    terms = {term for phrase in _PHRASE.findall(spaced) if (term := _TERMS[phrase])}
    words = {_singular(word) for word in _PHRASE.sub(" ", spaced).split()}
    for telling, unit in _UNITS:
        own = set(telling.split())
        if own <= words and words - own <= _SAY_NOTHING | {"input"}:
            counted = "token" not in words or unit.endswith("_tokens")
            return (unit, frozenset(terms)) if counted else None  # tokens of a picture are neither
    return None


def _singular(word: str) -> str:
    return "query" if word == "queries" else word.removesuffix("s")


_CLAUDE: Final = re.compile(r"Claude (?P<family>Haiku|Opus|Sonnet) (?P<version>[0-9.]+)")


def _written() -> dict[str, str]:
    """Names without what stands between their words; none where two are the same then."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, models in MODELS.items():
        for each in (name, _CLAUDE.sub(r"Claude \g<version> \g<family>", name)):
            found[plain(each)].add(models[0])
    return {name: next(iter(models)) for name, models in found.items() if len(models) == 1}


_WRITTEN: Final = _written()
_FIRST: Final = {model: models[0] for models in MODELS.values() for model in models}
