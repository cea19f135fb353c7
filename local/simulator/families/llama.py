"""Meta Llama (Bedrock user guide, "Meta Llama models")."""

from local.simulator.calls import TEXT, Ask, Counts, Reply

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
    return Reply(body, counts, TEXT, _USAGE, (("generation",),))
