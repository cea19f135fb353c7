"""Text models: a table of where each family's answer carries its own counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.metering import bedrock_headers, token_usage
from chalicelib.metering.exchange import Exchange, at, at_or_zero
from chalicelib.metering.metered import Metered, unknown
from chalicelib.metering.usage import Usage, count, exact_tokens

Path = tuple[str, ...]
ReadBody = Callable[[object], Usage | None]
"""Reads the counts in a parsed body: all of them, exactly, or None."""


@dataclass(frozen=True, slots=True)
class BodyCounts:
    """Where the counts stand in an answer's body. A cache count that is absent or null is 0."""

    input: Path
    output: Path = ()  # empty: the model writes no text
    cache_read: Path = ()
    cache_write: Path = ()
    input_includes_cached: bool = False

    @property
    def where(self) -> str:
        """Name the places, for the documentation."""
        paths = (self.input, self.output, self.cache_read, self.cache_write)
        return ", ".join(f"`{'.'.join(path)}`" for path in paths if path)

    def read(self, answer: object) -> Usage | None:
        """Read the counts at their places, or None unless all are exact."""
        cache_read = at_or_zero(answer, *self.cache_read) if self.cache_read else 0
        input_tokens = at(answer, *self.input)
        if self.input_includes_cached:
            input_tokens = _uncached(input_tokens, cache_read)
        return exact_tokens(
            input_tokens,
            at(answer, *self.output) if self.output else 0,
            cache_read,
            at_or_zero(answer, *self.cache_write) if self.cache_write else 0,
        )


def _uncached(input_tokens: object, cached: object) -> int | None:
    whole, part = count(input_tokens), count(cached)
    return None if whole is None or part is None else whole - part


def _read_nothing(_answer: object) -> Usage | None:
    return None


def _read_nova(answer: object) -> Usage | None:
    return token_usage.read(at(answer, "usage"), request=b"")  # its cache has no hour to ask for


def _read_openai_or_llama(answer: object) -> Usage | None:
    return (OPENAI_CHAT if at(answer, "usage") is not None else LLAMA).read(answer)


def _read_titan_text(answer: object) -> Usage | None:
    """Titan counts each result by itself."""
    results = at(answer, "results")
    if not isinstance(results, list) or not results:
        return None
    counts = [count(at(result, "tokenCount")) for result in results]
    exact = [tokens for tokens in counts if tokens is not None]
    if len(exact) < len(counts):
        return None
    return exact_tokens(at(answer, "inputTextTokenCount"), sum(exact))


OPENAI_CHAT = BodyCounts(
    input=("usage", "prompt_tokens"),
    output=("usage", "completion_tokens"),
    cache_read=("usage", "prompt_tokens_details", "cached_tokens"),
    input_includes_cached=True,
)
LLAMA = BodyCounts(input=("prompt_token_count",), output=("generation_token_count",))
TITAN_EMBED = BodyCounts(input=("inputTextTokenCount",))


@dataclass(frozen=True, slots=True)
class TextFamily:
    """How a family of models reports its tokens, besides Bedrock's headers."""

    read_body: ReadBody
    where: str = ""  # that stands in the body; empty: nowhere
    writes_text: bool = True
    bills_writes: bool = True  # to a prompt cache; OpenAI's shape has no count of them


def _in_body(counts: BodyCounts) -> TextFamily:
    return TextFamily(
        counts.read,
        counts.where,
        writes_text=bool(counts.output),
        bills_writes=bool(counts.cache_write),
    )


HEADERS_ONLY = TextFamily(_read_nothing)
OPENAI_SHAPED = _in_body(OPENAI_CHAT)
OPENAI_OR_LLAMA_SHAPED = TextFamily(_read_openai_or_llama, f"{OPENAI_CHAT.where}; or {LLAMA.where}")

FAMILIES: Mapping[str, TextFamily] = {
    "claude_legacy": HEADERS_ONLY,
    "cohere_command": HEADERS_ONLY,
    "deepseek": OPENAI_OR_LLAMA_SHAPED,
    "gemma": OPENAI_SHAPED,
    "glm": OPENAI_SHAPED,
    "grok": OPENAI_SHAPED,
    "jamba": OPENAI_SHAPED,
    "jurassic": HEADERS_ONLY,  # its body lists tokens, but their number is not the one billed
    "kimi": OPENAI_SHAPED,
    "llama": _in_body(LLAMA),
    "minimax": OPENAI_SHAPED,
    "mistral": OPENAI_SHAPED,
    "nemotron": OPENAI_SHAPED,
    "nova": TextFamily(_read_nova, token_usage.WHERE),
    "openai": OPENAI_SHAPED,
    "palmyra": OPENAI_SHAPED,
    "qwen": OPENAI_SHAPED,
    "titan_embed": _in_body(TITAN_EMBED),
    "titan_text": TextFamily(
        _read_titan_text, "`inputTextTokenCount`, the sum of `results[].tokenCount`"
    ),
    "other": OPENAI_SHAPED,
}
"""Source: Amazon Bedrock user guide, "Inference request parameters and response fields for
foundation models"; which of them an answer really carries, from recorded answers."""


def ends_choices(chunk: object) -> bool:
    """Say whether nothing follows a chunk of OpenAI's shape: no choices, or one that stopped."""
    choices = at(chunk, "choices")
    if not isinstance(choices, list) or not choices:
        return True
    reasons = ("finish_reason", "stop_reason")
    return any(at(choice, name) is not None for choice in choices for name in reasons)


def meter(family: TextFamily, exchange: Exchange) -> Metered:
    """Read a text model's counts: Bedrock's headers, else the body's own as a whole."""
    usage = bedrock_headers.token_counts(
        exchange.headers, writes_text=family.writes_text, bills_writes=family.bills_writes
    )
    return meter_body(family.read_body, exchange) if usage is None else Metered(usage, "header")


def meter_body(read_body: ReadBody, exchange: Exchange) -> Metered:
    """Read the counts out of the body of an answer whose headers have none that are exact."""
    if not exchange.complete:
        return unknown("body_cut")
    answer = exchange.response_json
    if at(answer, "amazon-bedrock-guardrailAction") == "INTERVENED":
        # An input that a guardrail blocks runs no model: the body then counts the guardrail's
        # own message, and nobody bills that.
        return unknown("guardrail_intervened")
    usage = read_body(answer)
    return unknown("no_exact_counts") if usage is None else Metered(usage, "body")
