"""Chat completions in OpenAI's shape: OpenAI's own models, and everything that imitates it.

In the body `prompt_tokens` includes what was read from the cache; Bedrock's input header does not.
OpenAI's models cache by themselves (no marks, 5 minutes, writes free), gpt-oss does not. A stream's
own usage comes after its last choice, and only where `stream_options.include_usage` asks for it.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from local.simulator.calls import TEXT, Ask, Chunk, Counts, Reply
from local.simulator.families import chat
from local.simulator.prompt_cache import Segment
from local.simulator.refusals import invalid, malformed

_MOST_CHOICES = 16
_USAGE = (
    ("usage", "prompt_tokens"),
    ("usage", "completion_tokens"),
    ("usage", "total_tokens"),
)
_CACHE_USAGE = (*_USAGE, ("usage", "prompt_tokens_details", "cached_tokens"))


def chat_completion(ask: Ask) -> Reply:
    """Answer as a model that keeps no cache: Jamba, Qwen, DeepSeek, gpt-oss, any newcomer."""
    read = sum(segment.tokens for segment in chat.segments(ask))
    return _reply(ask, read, cached=None)


def caching_chat_completion(ask: Ask) -> Reply:
    """Answer as OpenAI's models that read a repeated prefix from their cache."""
    *prefix, last = chat.segments(ask)
    kept = [*prefix[:-1], *(Segment(s.text, s.tokens, "5m") for s in prefix[-1:])]
    split = ask.cache.settle(ask.model.id, [*kept, last])
    return _reply(ask, split.uncached + split.written_5m, cached=split.read)


def _reply(ask: Ask, uncached: int, cached: int | None) -> Reply:
    if ask.payload.get("stream") and not ask.streamed:
        raise invalid("stream must be false for InvokeModel; use InvokeModelWithResponseStream")
    limit = ask.limit("max_completion_tokens", ask.limit("max_tokens"))
    wanted = ask.optional("n", int, 1)
    if not 1 <= wanted <= _MOST_CHOICES:
        raise malformed(f"#/n: {wanted} is not less or equal to {_MOST_CHOICES}")
    written = [ask.scribe.write(limit) for _ in range(wanted)]
    counts = Counts(uncached, sum(passage.tokens for passage in written), cached or 0)
    body = completion_body(ask, [choice(i, p.text, p.finished) for i, p in enumerate(written)])
    body["usage"] = usage(uncached + (cached or 0), counts.output_tokens)
    texts = tuple(("choices", i, "message", "content") for i in range(wanted))
    reply = Reply(body, counts, TEXT, _USAGE, texts, chunks=chunks)
    if cached is not None:
        body["usage"]["prompt_tokens_details"] = {"cached_tokens": cached}
        reply = replace(reply, counted=(*TEXT, "cache_read_tokens"), usage=_CACHE_USAGE)
    if ask.streamed and not wants_usage(ask):
        del body["usage"]
        return replace(reply, usage=())
    return reply


def wants_usage(ask: Ask) -> bool:
    """Tell whether a stream is to say what was used."""
    return ask.optional("stream_options", dict, {}).get("include_usage") is True


def chunks(reply: Reply) -> Iterator[Chunk]:
    """Yield each choice's chunks, a chat's beginning with its role; then the usage, if there is."""
    body = reply.body
    chats, tells = body["object"] == "chat.completion", "usage" in body
    head = {key: body[key] for key in ("id", "object", "created", "model")}
    if chats:
        head["object"] = "chat.completion.chunk"

    def chunk(number: int, said: dict[str, str], reason: str | None, *rest: Any) -> Chunk:
        words = {"delta": said} if chats else {"text": said.get("content", ""), "logprobs": None}
        choice = {"index": number, **words, "finish_reason": reason}
        return Chunk({**head, "choices": [choice]}, *rest)

    for number, choice in enumerate(body["choices"]):
        if chats:
            yield chunk(number, {"role": "assistant", "content": ""}, None)
        for text, tokens in reply.pieces(number):
            yield chunk(number, {"content": text}, None, tokens)
        ends = number == len(body["choices"]) - 1 and not tells
        yield chunk(number, {}, choice["finish_reason"], 0, ends)
    if tells:
        yield Chunk({**head, "choices": [], "usage": body["usage"]}, final=True)


def completion_body(ask: Ask, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{ask.scribe.digest:016x}",
        "object": "chat.completion",
        "created": 1_767_225_600 + ask.scribe.digest % 31_536_000,
        "model": ask.model.id,
        "choices": choices,
    }


def choice(index: int, text: str, finished: bool) -> dict[str, Any]:
    return {
        "index": index,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop" if finished else "length",
    }


def usage(prompt_tokens: int, completion_tokens: int) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }
