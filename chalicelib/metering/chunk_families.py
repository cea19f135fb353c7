"""Where each family's chunks report its own counts, beside those that Bedrock adds to the last.

A family's `take` puts them where the family's whole answer has them, so that its meter reads both.
Source: Amazon Bedrock user guide, "Inference request parameters and response fields for foundation
models"; which of them a stream really carries, from recorded streams.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.metering import grounding, text
from chalicelib.metering.exchange import at
from chalicelib.metering.usage import NO_USAGE, Usage, count, exact_tokens

Metrics = Mapping[str, object]
"""`amazon-bedrock-invocationMetrics`."""
Body = dict[str, object]
"""As much of a whole answer as has been reported."""

INPUT, OUTPUT = "inputTokenCount", "outputTokenCount"
CACHE_READ, CACHE_WRITE = "cacheReadInputTokenCount", "cacheWriteInputTokenCount"


def _as_they_are(metrics: Metrics, _body: Body) -> Metrics | None:
    return metrics


def _nothing(_metrics: Metrics, _body: Body) -> Usage:
    return NO_USAGE


def _takes_nothing(_body: Body, _chunk: object) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ChunkFamily:
    """How a family's chunks are read. Only a chunk that has one of the `marks` is parsed."""

    marks: tuple[bytes, ...] = ()
    take: Callable[[Body, object], bool] = _takes_nothing
    """Take the counts of a chunk into the body; say whether they are final."""
    where: str = ""  # they stand; empty: nowhere
    in_every_chunk: bool = False
    """The counts grow from chunk to chunk, so that only the first and the last need be read."""
    counted: Callable[[Metrics, Body], Metrics | None] = _as_they_are
    """Bedrock's counts, completed by the family's own; None where the two disagree."""
    least: Callable[[Metrics, Body], Usage] = _nothing
    """What is not in dispute of a set of counts that is not known as a whole."""


def _take_claude(body: Body, chunk: object) -> bool:
    """`message_start` counts the prompt, `message_delta` all output so far; each may correct both.

    What `message_start` says of output is of an answer that is yet to be written.
    """
    kind = at(chunk, "type")
    usage = at(chunk, "message", "usage") if kind == "message_start" else at(chunk, "usage")
    if not isinstance(usage, dict):
        return False
    said = {name: value for name, value in usage.items() if value is not None}
    if kind == "message_start":
        said["output_tokens"] = 0
    before = body.get("usage")
    body["usage"] = {**before, **said} if isinstance(before, dict) else said
    return "output_tokens" in said and at(chunk, "delta", "stop_reason") is not None


def _counted_claude(metrics: Metrics, body: Body) -> Metrics | None:
    """Take the cache counts that the metrics leave out from the message, which has them always."""
    named = {
        CACHE_READ: (metrics.get(CACHE_READ), at(body, "usage", "cache_read_input_tokens")),
        CACHE_WRITE: (metrics.get(CACHE_WRITE), at(body, "usage", "cache_creation_input_tokens")),
    }
    cached: dict[str, object] = {}
    for name, values in named.items():
        said = {count(value) for value in values if value is not None} or {0}
        if len(said) > 1:
            return None
        cached[name] = said.pop()
    return {**metrics, **cached}


def _least_claude(metrics: Metrics, body: Body) -> Usage:
    """What is read anew and what is written is not in dispute where the cache is."""
    usage = at(body, "usage")
    reported = (metrics.get(INPUT), metrics.get(OUTPUT))
    own = (at(usage, "input_tokens"), at(usage, "output_tokens"))
    return exact_tokens(*(reported if metrics else own)) or NO_USAGE


def _take_llama(body: Body, chunk: object) -> bool:
    for name in ("prompt_token_count", "generation_token_count"):
        if at(chunk, name) is not None:  # the prompt's is null after the first
            body[name] = at(chunk, name)
    return at(chunk, "stop_reason") is not None


def _take_openai(body: Body, chunk: object) -> bool:
    if at(chunk, "usage") is None:
        return False
    body["usage"] = at(chunk, "usage")
    return text.ends_choices(chunk)


def _take_openai_or_llama(body: Body, chunk: object) -> bool:
    return _take_openai(body, chunk) or _take_llama(body, chunk)


def _take_titan(body: Body, chunk: object) -> bool:
    read, written = at(chunk, "inputTextTokenCount"), at(chunk, "totalOutputTextTokenCount")
    if read is not None:
        body["inputTextTokenCount"] = read
    if written is not None:
        body["results"] = [{"tokenCount": written}]
    body.setdefault("results", [{"tokenCount": 0}])
    return written is not None and at(chunk, "completionReason") is not None


def _take_nova(body: Body, chunk: object) -> bool:
    """The events of Converse, each a member; a search stands in the answer as its tool in use."""
    block, usage = at(chunk, "contentBlockStart", "start"), at(chunk, "metadata", "usage")
    before = at(body, "output", "message", "content")
    searches = [*(before if isinstance(before, list) else ()), *([block] if block else ())]
    body["output"] = {"message": {"content": searches}}
    if usage is not None:
        body["usage"] = usage
    return usage is not None


_OPENAI = ChunkFamily((b'"prompt_tokens"',), _take_openai, text.OPENAI_CHAT.where)
_METRICS_ONLY = ChunkFamily()

CHUNK_FAMILIES: Mapping[str, ChunkFamily] = {
    "claude": ChunkFamily(
        (b'"usage"',),
        _take_claude,
        "`usage` of `message_start.message` and of `message_delta`; always for the kinds of a "
        "cache write",
        counted=_counted_claude,
        least=_least_claude,
    ),
    "claude_legacy": _METRICS_ONLY,
    "cohere_command": _METRICS_ONLY,
    "deepseek": ChunkFamily(
        (b'"prompt_tokens"', b'"generation_token_count"'),
        _take_openai_or_llama,
        f"{text.OPENAI_CHAT.where}; or {text.LLAMA.where}",
    ),
    "gemma": _OPENAI,
    "glm": _OPENAI,
    "grok": _OPENAI,
    "jamba": _OPENAI,
    "jurassic": _METRICS_ONLY,
    "kimi": _OPENAI,
    "llama": ChunkFamily(
        (b'"generation_token_count"',), _take_llama, text.LLAMA.where, in_every_chunk=True
    ),
    "minimax": _OPENAI,
    "mistral": _OPENAI,
    "nemotron": _OPENAI,
    "nova": ChunkFamily(
        (b'"inputTokens"', f'"{grounding.TOOL}"'.encode()), _take_nova, "`metadata.usage`"
    ),
    "openai": _OPENAI,
    "other": _OPENAI,
    "palmyra": _OPENAI,
    "pegasus": _METRICS_ONLY,
    "qwen": _OPENAI,
    "titan_text": ChunkFamily(
        (b'TextTokenCount"',),
        _take_titan,
        "`inputTextTokenCount`, `totalOutputTextTokenCount`",
        in_every_chunk=True,
    ),
}
"""By `Model.family`: of every family that has InvokeModelWithResponseStream."""
