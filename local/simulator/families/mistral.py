"""Mistral AI: text completion for the older models, chat completion for those of 2024.

Bedrock user guide, "Mistral AI models". Neither body says what was used: only the headers do.
Models since then (Ministral, Magistral, Devstral, Voxtral) speak as OpenAI's do, with usage.
"""

from local.simulator.calls import TEXT, Ask, Counts, Reply
from local.simulator.families import chat


def completion(ask: Ask) -> Reply:
    prompt = ask.required("prompt", str)
    passage = ask.scribe.write(ask.limit("max_tokens"))
    counts = Counts(ask.scribe.read(prompt), passage.tokens)
    reason = "stop" if passage.finished else "length"
    body = {"outputs": [{"text": passage.text, "stop_reason": reason}]}
    return Reply(body, counts, TEXT, texts=(("outputs", 0, "text"),))


def chat_completion(ask: Ask) -> Reply:
    read = sum(segment.tokens for segment in chat.segments(ask))
    passage = ask.scribe.write(ask.limit("max_tokens"))
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": passage.text, "tool_calls": None},
        "stop_reason": "stop" if passage.finished else "length",
    }
    texts = (("choices", 0, "message", "content"),)
    return Reply({"choices": [choice]}, Counts(read, passage.tokens), TEXT, texts=texts)
