"""The nouns of one model call: what is asked of a family, and what it replies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.simulator.models import Model
from local.simulator.prompt_cache import PromptCache
from local.simulator.refusals import malformed
from local.simulator.tokens import Scribe

Path = tuple[str | int, ...]
"""Where a value stands in a JSON body: `("usage", "input_tokens")`."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a call used; `input_tokens` without those read from or written to the cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0  # kept 5 minutes
    cache_write_1h_tokens: int = 0
    images: int = 0


@dataclass(frozen=True, slots=True)
class Direction:
    """What a fault asks of a family before it answers."""

    filtered: int = 0  # pictures withheld by the content filter
    mixed_sizes: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """One call as a family sees it."""

    model: Model
    payload: Mapping[str, Any]
    scribe: Scribe
    cache: PromptCache
    direction: Direction = Direction()

    def required(self, key: str, kind: type | tuple[type, ...]) -> Any:
        """Return a field of the body; raises Refusal where it is missing or of another type."""
        if key not in self.payload:
            raise malformed(f"#: required key [{key}] not found")
        return self.optional(key, kind, None)

    def optional(self, key: str, kind: type | tuple[type, ...], default: Any) -> Any:
        value = self.payload.get(key, default)
        if value is not default and (not isinstance(value, kind) or isinstance(value, bool)):
            raise malformed(f"#/{key}: expected type: {_json_name(kind)}, found: {_found(value)}")
        return value

    def limit(self, key: str, fallback: int | None = None) -> int | None:
        """Return the most tokens the caller wants written."""
        limit: int | None = self.optional(key, int, fallback)
        if limit is not None and limit < 1:
            raise malformed(f"#/{key}: {limit} is not greater or equal to 1")
        return limit


@dataclass(frozen=True, slots=True)
class Reply:
    """A family's answer, before faults and delivery.

    `counted` names the counts that Bedrock sends as headers for this model; `usage` names where
    the body repeats them.
    """

    body: Any
    counts: Counts
    counted: tuple[str, ...] = ()
    usage: tuple[Path, ...] = ()
    price_classes: tuple[str, ...] = ()  # one per picture made, not filtered
    picture: Mapping[str, int] | None = None  # width, height, steps, as asked for


TEXT = ("input_tokens", "output_tokens")
CACHED = (*TEXT, "cache_read_tokens", "cache_write_tokens")
EMBEDDING = ("input_tokens",)


def _json_name(kind: type | tuple[type, ...]) -> str:
    names = {str: "String", int: "Integer", float: "Number", list: "JSONArray", dict: "JSONObject"}
    return names[kind if isinstance(kind, type) else kind[-1]]


def _found(value: object) -> str:
    if value is None:
        return "Null"
    return "Boolean" if isinstance(value, bool) else _json_name(type(value))
