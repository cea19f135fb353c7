"""Meta Llama (Bedrock user guide, "Meta Llama models").

A stream tells the input with its first piece, and with each the output so far.
"""

from collections.abc import Iterator

from local.simulator.calls import TEXT, Ask, Chunk, Counts, Reply

_USAGE = (("prompt_token_count",), ("generation_token_count",))


def completion(ask: Ask) -> Reply:
    prompt = ask.required("prompt", str)
    passage = ask.scribe.write(ask.limit("max_gen_len"))
    counts = Counts(ask.scribe.read(prompt), passage.tokens)
    body = {
        "generation": passage.text,
        "prompt_token_count": counts.input_tokens,
        "generation_token_count": counts.output_tokens,
        "stop_reason": "stop" if passage.finished else "length",
    }
    return Reply(body, counts, TEXT, _USAGE, (("generation",),), chunks=_chunks)


def _chunks(reply: Reply) -> Iterator[Chunk]:
    body, pieces = reply.body, reply.pieces()
    read, written = body.get("prompt_token_count"), 0
    for number, (text, tokens) in enumerate(pieces, 1):
        written += tokens
        last = number == len(pieces)
        piece = {
            "generation": text,
            "prompt_token_count": read if number == 1 else None,
            "generation_token_count": body.get("generation_token_count") if last else written,
            "stop_reason": body["stop_reason"] if last else None,
        }
        yield Chunk(piece, tokens, final=last)
