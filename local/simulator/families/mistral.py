"""Mistral AI: text completion for the older models, chat completion for those of 2024.

Bedrock user guide, "Mistral AI models". Neither body says what was used: only the headers do.
Models since then (Ministral, Magistral, Devstral, Voxtral) speak as OpenAI's do, with usage.
"""

from collections.abc import Iterator

from local.simulator.calls import TEXT, Ask, Chunk, Counts, Reply
from local.simulator.families import chat, pieces


def completion(ask: Ask) -> Reply:
    prompt = ask.required("prompt", str)
    passage = ask.scribe.write(ask.limit("max_tokens"))
    counts = Counts(ask.scribe.read(prompt), passage.tokens)
    reason = "stop" if passage.finished else "length"
    body = {"outputs": [{"text": passage.text, "stop_reason": reason}]}
    return Reply(body, counts, TEXT, texts=(("outputs", 0, "text"),), chunks=_outputs)


def _outputs(reply: Reply) -> Iterator[Chunk]:
    def word(_number: int, text: str, reason: str | None) -> object:
        return {"outputs": [{"text": text, "stop_reason": reason}]}

    return pieces.of(reply, word, [reply.body["outputs"][0]["stop_reason"]])


def chat_completion(ask: Ask) -> Reply:
    read = sum(segment.tokens for segment in chat.segments(ask))
    passage = ask.scribe.write(ask.limit("max_tokens"))
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": passage.text, "tool_calls": None},
        "stop_reason": "stop" if passage.finished else "length",
    }
    texts = (("choices", 0, "message", "content"),)
    counts = Counts(read, passage.tokens)
    return Reply({"choices": [choice]}, counts, TEXT, texts=texts, chunks=_choices)


def _choices(reply: Reply) -> Iterator[Chunk]:
    def word(_number: int, text: str, reason: str | None) -> object:
        message = {"role": "assistant", "content": text, "tool_calls": None}
        return {"choices": [{"index": 0, "message": message, "stop_reason": reason}]}

    return pieces.of(reply, word, [reply.body["choices"][0]["stop_reason"]])
