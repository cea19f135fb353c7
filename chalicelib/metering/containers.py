"""SageMaker containers: AWS bills the instance, and the container may say what it generated.

Whatever it says, the call carries `busy_ms`, the endpoint's time by the gateway's clock. Sources:
Hugging Face text-generation-inference and DJL Serving's LMI, their output schemas; the OpenAI
chat completions and embeddings objects, which vLLM and both of these serve.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from chalicelib.metering.exchange import Exchange, at
from chalicelib.metering.metered import Metered
from chalicelib.metering.text import OPENAI_CHAT, BodyCounts
from chalicelib.metering.usage import Usage, count, exact_tokens

_OPENAI_EMBEDDINGS = BodyCounts(input=("usage", "prompt_tokens"))


def meter(container: str, exchange: Exchange, busy_ms: int) -> Metered:
    """Read what the container reported; where it reported nothing, its time alone (`clock`)."""
    clock = Usage(busy_ms=busy_ms)
    read = _READERS.get(container)
    if read is None:
        return Metered(clock, "clock")
    answer = exchange.response_json
    usage = read(answer)
    if usage is not None:
        return Metered(replace(usage, busy_ms=busy_ms), "body")
    problem = "" if exchange.complete else "body_cut"
    return Metered(clock, "clock", problem="no_exact_counts" if reports(answer) else problem)


def _openai(answer: object) -> Usage | None:
    if at(answer, "object") == "list":  # an embeddings object: nothing was written
        return _OPENAI_EMBEDDINGS.read(answer)
    return OPENAI_CHAT.read(answer)


def _generated_or_chat(answer: object) -> Usage | None:
    return _openai(answer) if at(answer, "usage") is not None else _generated(answer)


def _generated(answer: object) -> Usage | None:
    """Sum the generations' details: `generated_tokens`, and the prompt's.

    Both stand there only where the request asked for them (`details`, and
    `decoder_input_details`): half of the counts is none.
    """
    generations = answer if isinstance(answer, list) else [answer]
    if not generations:
        return None
    prompts = [_prompt(at(generation, "details")) for generation in generations]
    written = [count(at(generation, "details", "generated_tokens")) for generation in generations]
    exact = [tokens for tokens in prompts + written if tokens is not None]
    if len(exact) < len(prompts + written):
        return None
    return exact_tokens(sum(exact[: len(prompts)]), sum(exact[len(prompts) :]))


def _prompt(details: object) -> int | None:
    """Read a prompt's length: as a stream's last event says it, or as `prefill` lists it."""
    length, listed = at(details, "input_length"), at(details, "prefill")
    if length is not None:
        return count(length)
    return len(listed) if isinstance(listed, list) and listed else None


def reports(answer: object) -> bool:
    """Say whether a container said anything of its counts, exact or not."""
    generations = answer if isinstance(answer, list) else [answer]
    return any(
        at(generation, name) is not None
        for generation in generations
        for name in ("details", "usage")
    )


_READERS: Mapping[str, Callable[[object], Usage | None]] = {
    "tgi": _generated_or_chat,
    "lmi": _generated_or_chat,
    "openai": _openai,
}
