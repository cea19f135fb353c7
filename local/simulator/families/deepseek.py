"""DeepSeek: R1 completes a prompt, V3 chats (Bedrock user guide, "DeepSeek models").

Neither body says what was used: only the headers do.
"""

from collections.abc import Iterator

from local.simulator.calls import TEXT, Ask, Chunk, Counts, Reply
from local.simulator.families import chat, pieces


def completion(ask: Ask) -> Reply:
    """Answer as R1. Given messages instead of a prompt, it answers as V3 would."""
    if "messages" in ask.payload and "prompt" not in ask.payload:
        return chat_completion(ask)
    read = ask.scribe.read(ask.required("prompt", str))
    passage = ask.scribe.write(ask.limit("max_tokens"))
    choice = {"text": passage.text, "stop_reason": "stop" if passage.finished else "length"}
    counts = Counts(read, passage.tokens)
    texts = (("choices", 0, "text"),)
    return Reply({"choices": [choice]}, counts, TEXT, texts=texts, chunks=_completed)


def _completed(reply: Reply) -> Iterator[Chunk]:
    def word(_number: int, text: str, reason: str | None) -> object:
        return {"choices": [{"text": text, "stop_reason": reason}]}

    return pieces.of(reply, word, [reply.body["choices"][0]["stop_reason"]])


def chat_completion(ask: Ask) -> Reply:
    read = sum(segment.tokens for segment in chat.segments(ask))
    passage = ask.scribe.write(ask.limit("max_tokens"))
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": passage.text},
        "stop_reason": "stop" if passage.finished else "length",
    }
    texts = (("choices", 0, "message", "content"),)
    counts = Counts(read, passage.tokens)
    return Reply({"choices": [choice]}, counts, TEXT, texts=texts, chunks=_chatted)


def _chatted(reply: Reply) -> Iterator[Chunk]:
    def word(_number: int, text: str, reason: str | None) -> object:
        delta = {"role": "assistant", "content": text}
        return {"choices": [{"index": 0, "delta": delta, "stop_reason": reason}]}

    return pieces.of(reply, word, [reply.body["choices"][0]["stop_reason"]])
