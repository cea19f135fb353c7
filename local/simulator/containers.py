"""SageMaker endpoints: what the containers behind them answer.

tgi     Hugging Face Text Generation Inference: counts only if `parameters.details` is true, the
        prompt's only as the length of `details.prefill`, with `decoder_input_details`
lmi     DJL Serving with vLLM: `/invocations` takes generate, chat and completion bodies
openai  a server of OpenAI's shape: chat and completion, always with usage
none    an embedding container that reports nothing

SageMaker itself counts no tokens, so a call's counts are what its container reported. Headers of a
container do not reach the caller. A container's refusal reaches him inside SageMaker's ModelError.
"""

from collections.abc import Callable
from typing import Any

from local.simulator.calls import Ask, Counts, Path, Reply
from local.simulator.families import chat, openai
from local.simulator.refusals import invalid
from local.simulator.tokens import Passage

_LMI_DEFAULT_LIMIT, _TGI_DEFAULT_LIMIT = 30, 100
_USAGE: tuple[Path, ...] = (
    ("usage", "prompt_tokens"),
    ("usage", "completion_tokens"),
    ("usage", "total_tokens"),
)
_DIMENSIONS = 384


def tgi(ask: Ask) -> Reply:
    if "messages" in ask.payload:
        return _chat(ask)
    generation, counts = _generate(ask, _TGI_DEFAULT_LIMIT)
    return Reply([generation], counts, usage=_details((0,), generation))


def lmi(ask: Ask) -> Reply:
    if "messages" in ask.payload:
        return _chat(ask)
    if "prompt" in ask.payload:
        return _completion(ask)
    generation, counts = _generate(ask, _LMI_DEFAULT_LIMIT)
    return Reply(generation, counts, usage=_details((), generation))


def openai_shaped(ask: Ask) -> Reply:
    return _completion(ask) if "prompt" in ask.payload else _chat(ask)


def embedding(ask: Ask) -> Reply:
    inputs = _inputs(ask, (str, list))
    texts = [inputs] if isinstance(inputs, str) else inputs
    for text in texts:
        ask.scribe.read(str(text))
    return Reply([ask.scribe.vector(_DIMENSIONS) for _ in texts], Counts())


CONTAINERS: dict[str, Callable[[Ask], Reply]] = {
    "tgi": tgi,
    "lmi": lmi,
    "openai": openai_shaped,
    "none": embedding,
}


def _generate(ask: Ask, default_limit: int) -> tuple[dict[str, Any], Counts]:
    read = ask.scribe.read(_inputs(ask, str))
    parameters = ask.optional("parameters", dict, {})
    limit = parameters.get("max_new_tokens", default_limit)
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise invalid("Input validation error: `max_new_tokens` must be strictly positive")
    passage = ask.scribe.write(limit)
    generation: dict[str, Any] = {"generated_text": passage.text}
    if parameters.get("details") is not True:
        return generation, Counts()
    shows_prompt = parameters.get("decoder_input_details") is True
    generation["details"] = {
        "finish_reason": "eos_token" if passage.finished else "length",
        "generated_tokens": passage.tokens,
        "seed": None,
        "prefill": _tokens(ask, read) if shows_prompt else [],
        "tokens": _tokens(ask, passage.tokens),
    }
    return generation, Counts(read if shows_prompt else 0, passage.tokens)


def _inputs(ask: Ask, kind: type | tuple[type, ...]) -> Any:
    if "inputs" not in ask.payload:
        raise invalid(
            "Failed to deserialize the JSON body into the target type: missing field `inputs`",
        )
    if not isinstance(ask.payload["inputs"], kind):
        raise invalid("Failed to deserialize the JSON body into the target type: inputs")
    return ask.payload["inputs"]


def _tokens(ask: Ask, count: int) -> list[dict[str, Any]]:
    first = ask.scribe.digest % 30_000
    return [{"id": first + i, "text": "▁a", "logprob": -0.5} for i in range(count)]


def _details(root: Path, generation: dict[str, Any]) -> tuple[Path, ...]:
    return ((*root, "details", "generated_tokens"),) if "details" in generation else ()


def _chat(ask: Ask) -> Reply:
    read = sum(segment.tokens for segment in chat.segments(ask))
    passage = ask.scribe.write(ask.limit("max_tokens"))
    return _openai_reply(ask, read, passage, openai.choice(0, passage.text, passage.finished))


def _completion(ask: Ask) -> Reply:
    read = ask.scribe.read(ask.required("prompt", str))
    passage = ask.scribe.write(ask.limit("max_tokens", 16))
    reason = "stop" if passage.finished else "length"
    choice = {"index": 0, "text": passage.text, "logprobs": None, "finish_reason": reason}
    reply = _openai_reply(ask, read, passage, choice)
    reply.body["object"] = "text_completion"
    return reply


def _openai_reply(ask: Ask, read: int, passage: Passage, choice: dict[str, Any]) -> Reply:
    body = openai.completion_body(ask, [choice])
    body["usage"] = openai.usage(read, passage.tokens)
    return Reply(body, Counts(read, passage.tokens), usage=_USAGE)
