"""Mistral AI: text completion for the older models, chat completion for the newer.

Bedrock user guide, "Mistral AI models". Neither body says what was used: only the headers do.
"""

from local.simulator.calls import TEXT, Ask, Counts, Reply
from local.simulator.families import chat


def completion(ask: Ask) -> Reply:
    prompt = ask.required("prompt", str)
    passage = ask.scribe.write(ask.limit("max_tokens"))
    counts = Counts(ask.scribe.read(prompt), passage.tokens)
    reason = "stop" if passage.finished else "length"
    return Reply({"outputs": [{"text": passage.text, "stop_reason": reason}]}, counts, TEXT)


def chat_completion(ask: Ask) -> Reply:
    read = sum(segment.tokens for segment in chat.segments(ask))
    passage = ask.scribe.write(ask.limit("max_tokens"))
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": passage.text, "tool_calls": None},
        "stop_reason": "stop" if passage.finished else "length",
    }
    return Reply({"choices": [choice]}, Counts(read, passage.tokens), TEXT)
