"""The nouns of one model call: what is asked of a family, and what it replies."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from local.simulator.models import Model
from local.simulator.prompt_cache import PromptCache
from local.simulator.refusals import malformed
from local.simulator.storage import NO_STORAGE, Storage
from local.simulator.tokens import Piece, Scribe, cut, shares

Kind = type | tuple[type, ...]
Path = tuple[str | int, ...]
"""Where a value stands in a JSON body: `("usage", "input_tokens")`."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a call used, each in its billed unit; media in whole milliseconds.

    `input_tokens` is without those read from or written to the cache. A guardrail's unit is up to
    1,000 characters of text, or one picture, for one policy.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0  # kept 5 minutes
    cache_write_1h_tokens: int = 0
    images: int = 0  # made, not filtered
    input_images: int = 0
    video_ms: int = 0
    input_video_ms: int = 0
    input_audio_ms: int = 0
    queries: int = 0
    guardrail_topic_units: int = 0
    guardrail_content_units: int = 0
    guardrail_content_image_units: int = 0
    guardrail_pii_units: int = 0
    guardrail_grounding_units: int = 0
    guardrail_reasoning_units: int = 0


@dataclass(frozen=True, slots=True)
class Direction:
    """What a fault asks of a family before it answers."""

    filtered: int = 0  # pictures withheld by the content filter
    mixed_sizes: bool = False
    chunks_per_document: int = 1  # as a reranking model cuts what it is given


@dataclass(frozen=True, slots=True)
class Ask:
    """One call as a family sees it."""

    model: Model
    payload: Mapping[str, Any]
    scribe: Scribe
    cache: PromptCache
    direction: Direction = Direction()
    storage: Storage = NO_STORAGE
    streamed: bool = False

    def required(self, key: str, kind: Kind) -> Any:
        """Return a field of the body; raises Refusal where it is missing or of another type."""
        return required(self.payload, key, kind)

    def optional(self, key: str, kind: Kind, default: Any) -> Any:
        """Return a field of the body, or `default` where it is missing or null."""
        return optional(self.payload, key, kind, default)

    def limit(self, key: str, fallback: int | None = None) -> int | None:
        """Return the most tokens the caller wants written."""
        return limit(self.payload, key, fallback)


def required(holder: Mapping[str, Any], key: str, kind: Kind, place: str = "#") -> Any:
    """Return a field of an object that stands at `place` in the body; raises Refusal."""
    if key not in holder:
        raise malformed(f"{place}: required key [{key}] not found")
    return _checked(holder[key], kind, f"{place}/{key}")


def optional(
    holder: Mapping[str, Any], key: str, kind: Kind, default: Any, place: str = "#"
) -> Any:
    value = holder.get(key)
    return default if value is None else _checked(value, kind, f"{place}/{key}")


def limit(
    holder: Mapping[str, Any], key: str, fallback: int | None = None, place: str = "#"
) -> int | None:
    most: int | None = optional(holder, key, int, fallback, place)
    if most is not None and most < 1:
        raise malformed(f"{place}/{key}: {most} is not greater or equal to 1")
    return most


def _checked(value: Any, kind: Kind, place: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, kind):
        raise malformed(f"{place}: expected type: {_json_name(kind)}, found: {_found(value)}")
    return value


def _json_name(kind: Kind) -> str:
    names = {str: "String", int: "Integer", float: "Number", list: "JSONArray", dict: "JSONObject"}
    return names[kind if isinstance(kind, type) else kind[-1]]


def _found(value: object) -> str:
    if value is None:
        return "Null"
    return "Boolean" if isinstance(value, bool) else _json_name(type(value))


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a streamed answer as a model words it: JSON, or what a container writes.

    `tokens` of the answer are in it. `final` chunks tell the counts, or follow the one that does.
    """

    body: Any
    tokens: int = 0
    final: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A family's answer, before guardrails, faults and delivery.

    `counted` names the counts that Bedrock sends as headers for this model, or with a stream's last
    chunk; `usage` names where the body repeats them, `texts` where it holds what the model wrote.
    `chunks` words the same answer as a stream, where the model streams.
    """

    body: Any
    counts: Counts
    counted: tuple[str, ...] = ()
    usage: tuple[Path, ...] = ()
    texts: tuple[Path, ...] = ()
    price_classes: tuple[str, ...] = ()  # one per picture made, not filtered
    media_class: str = ""  # of the video made, or of the picture read
    picture: Mapping[str, int] | None = None  # width, height, steps, as asked for
    files: Mapping[str, bytes] = field(default_factory=dict)  # what a job leaves in S3, by name
    invocation_arn: str = ""  # of the job that the call began
    chunks: "Callable[[Reply], Iterator[Chunk]] | None" = None
    written: int = 0  # tokens of the answer, where the counts do not tell
    content_type: str = "application/json"

    def text(self, path: Path) -> str:
        place, key = holder(self.body, path)
        text: str = place[key]
        return text

    @property
    def said(self) -> str:
        """What a reader gets to see of the answer; the first text, where there are several."""
        return self.text(self.texts[0]) if self.texts else ""

    def pieces(self, number: int = 0) -> list[Piece]:
        """Return one of the texts cut into its share of the tokens."""
        texts = [self.text(path) for path in self.texts]
        tokens = self.written or self.counts.output_tokens
        return cut(texts[number], shares(tokens, list(map(len, texts)))[number])

    def counted_values(self) -> dict[str, int]:
        """Return what Bedrock tells beside the body: cache writes of either time together."""
        values = asdict(self.counts)
        values["cache_write_tokens"] += values["cache_write_1h_tokens"]
        return {name: values[name] for name in self.counted}

    @property
    def latency_ms(self) -> int:
        """A latency that looks like the work done; it is not waited for."""
        return 140 + 7 * self.counts.output_tokens + 2_300 * self.counts.images


def holder(body: Any, path: Path) -> tuple[Any, str | int]:
    """Return the object or list in which a path's value stands, and its key there."""
    for key in path[:-1]:
        body = body[key]
    return body, path[-1]


TEXT = ("input_tokens", "output_tokens")
CACHED = (*TEXT, "cache_read_tokens", "cache_write_tokens")
EMBEDDING = ("input_tokens",)
