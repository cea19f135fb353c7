"""The words in which a price list's attributes describe a price: all of them known, or none. Pure.

`inferenceType` and `feature` are prose, such as `Input tokens flex` or `On-demand Inference`. Each
word either repeats what the usage type meters or changes the price; one that does neither may be a
price of its own.
"""

import re
from collections.abc import Mapping
from typing import Final

from ops.price_meters import Meter

_CHANGES: Final[Mapping[str, str]] = {
    "cross region global": "global",
    "default": "standard",
    "flex": "flex",
    "global": "global",
    "latency optimized": "optimized",
    "lctx": "long_context",
    "long context": "long_context",
    "long ctx": "long_context",
    "priority": "priority",
    "standard": "standard",
}
"""What changes a price, and the modifier it is in usage types."""

_ALWAYS: Final = frozenset(["on", "demand", "inference", "token", "tokens", "count"])
_OF_UNITS: Final[Mapping[str, str]] = {
    "input_tokens": "text input",
    "output_tokens": "text output",
    "cache_read_tokens": "prompt cache cached read input",
    "cache_write_tokens": "prompt cache write input",
    "cache_write_1h_tokens": "prompt cache write input 1h 1 hour",
    "images": "image images created generated output",
    "input_images": "image images input processed",
    "input_video_ms": "video input second seconds",
    "input_audio_ms": "audio input second seconds",
    "video_ms": "video created generated output second seconds",
    "queries": "rerank search unit units query queries",
    "model_unit_hour": "provisioned throughput model unit units hour commit commitment term",
}
_OF_TERMS: Final[Mapping[str, str]] = {"no_commit": "no", "1mo": "1 month", "6mo": "6 month months"}
_PHRASE: Final = re.compile(r"\b(" + "|".join(sorted(_CHANGES, key=len, reverse=True)) + r")\b")
_WORD: Final = re.compile(r"[a-z0-9]+")


class UnknownWord(ValueError):
    """A word of which nobody can say what it does to the price."""


def modifiers(text: str, meter: Meter, metered: str) -> frozenset[str]:
    """Return what an attribute changes of the price. Raises UnknownWord.

    `metered` is how the usage type words the meter, `T2I-1024-Standard`; repeated, it is no change.
    """
    repeats = " ".join(_WORD.findall(metered.lower()))
    words = " ".join(_WORD.findall(text.lower()))
    if words == repeats or words.startswith(repeats + " "):
        words = words.removeprefix(repeats)
    known = {*_ALWAYS, *_OF_UNITS[meter.unit].split(), *_OF_TERMS.get(meter.variant, "").split()}
    for word in _WORD.findall(_PHRASE.sub(" ", words)):
        if word not in known:
            raise UnknownWord(f"what {word!r} in {text!r} does to the price is not known")
    return frozenset(_CHANGES[phrase] for phrase in _PHRASE.findall(words))
