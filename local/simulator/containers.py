"""SageMaker endpoints: what the containers behind them answer.

tgi     Hugging Face Text Generation Inference: counts only if `parameters.details` is true, the
        prompt's only as the length of `details.prefill`, with `decoder_input_details`
lmi     DJL Serving with vLLM: `/invocations` takes generate, chat and completion bodies
openai  a server of OpenAI's shape: chat and completion, always with usage
none    an embedding container that reports nothing

Asked with `stream: true` by InvokeEndpointWithResponseStream, all but the last stream, each in its
own way (container_streams.py), and some then report other counts.

SageMaker itself counts no tokens, so a call's counts are what its container reported. Headers of a
container do not reach the caller. A container's refusal reaches him inside SageMaker's ModelError.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from local.simulator import container_streams
from local.simulator.calls import Ask, Counts, Path, Reply
from local.simulator.container_streams import Wording
from local.simulator.families import chat, openai
from local.simulator.refusals import invalid
from local.simulator.tokens import Passage

_LMI_DEFAULT_LIMIT, _TGI_DEFAULT_LIMIT = 30, 100
_USAGE: tuple[Path, ...] = (
    ("usage", "prompt_tokens"),
    ("usage", "completion_tokens"),
    ("usage", "total_tokens"),
)
_TEXT = "generated_text"
_DIMENSIONS = 384


def tgi(ask: Ask) -> Reply:
    if "messages" in ask.payload:
        return _chat(ask)
    run = _generate(ask, _TGI_DEFAULT_LIMIT)
    if _streams(ask):
        told = {"seed": None, "input_length": run.read}
        return _streamed(run, told, ("input_length",), container_streams.TGI)
    generation, counts = _generation(ask, run)
    return Reply([generation], counts, usage=_details((0,), generation), texts=((0, _TEXT),))


def lmi(ask: Ask) -> Reply:
    if "messages" in ask.payload:
        return _chat(ask)
    if "prompt" in ask.payload:
        return _completion(ask)
    run = _generate(ask, _LMI_DEFAULT_LIMIT)
    if _streams(ask):
        told = {"inputs": ask.payload["inputs"]}
        told |= {"prefill": _tokens(ask, run.read)} if run.prefill else {}
        return _streamed(run, told, (), container_streams.LMI)
    generation, counts = _generation(ask, run)
    return Reply(generation, counts, usage=_details((), generation), texts=((_TEXT,),))


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


@dataclass(frozen=True, slots=True)
class _Run:
    """What a model did for a generate body, and how much of it the body asks to be told."""

    read: int
    passage: Passage
    details: bool
    prefill: bool

    def told(self) -> dict[str, Any]:
        reason = "eos_token" if self.passage.finished else "length"
        return {"finish_reason": reason, "generated_tokens": self.passage.tokens}


def _generate(ask: Ask, default_limit: int) -> _Run:
    read = ask.scribe.read(_inputs(ask, str))
    parameters = ask.optional("parameters", dict, {})
    limit = parameters.get("max_new_tokens", default_limit)
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise invalid("Input validation error: `max_new_tokens` must be strictly positive")
    details = parameters.get("details") is True
    prefill = details and parameters.get("decoder_input_details") is True
    return _Run(read, ask.scribe.write(limit), details, prefill)


def _generation(ask: Ask, run: _Run) -> tuple[dict[str, Any], Counts]:
    generation: dict[str, Any] = {_TEXT: run.passage.text}
    if not run.details:
        return generation, Counts()
    generation["details"] = run.told() | {
        "seed": None,
        "prefill": _tokens(ask, run.read) if run.prefill else [],
        "tokens": _tokens(ask, run.passage.tokens),
    }
    return generation, Counts(run.read if run.prefill else 0, run.passage.tokens)


def _streams(ask: Ask) -> bool:
    return ask.streamed and ask.payload.get("stream") is True


def _streamed(run: _Run, told: dict[str, Any], reads: tuple[str, ...], wording: Wording) -> Reply:
    """Reply as a stream whose last event tells `told` and the output, where details are asked for.

    `reads` names what in it is the prompt's length.
    """
    generation: dict[str, Any] = {_TEXT: run.passage.text}
    counts = Counts()
    usage: tuple[Path, ...] = ()
    if run.details:
        generation["details"] = run.told() | told
        counts = Counts(run.read if run.prefill or reads else 0, run.passage.tokens)
        usage = tuple(("details", name) for name in (*reads, "generated_tokens"))
    return Reply(
        generation,
        counts,
        usage=usage,
        texts=((_TEXT,),),
        chunks=wording.chunks,
        written=run.passage.tokens,
        content_type=wording.content_type,
    )


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
    choice = openai.choice(0, passage.text, passage.finished)
    body = openai.completion_body(ask, [choice])
    return _openai_reply(ask, Counts(read, passage.tokens), body, ("message", "content"))


def _completion(ask: Ask) -> Reply:
    read = ask.scribe.read(ask.required("prompt", str))
    passage = ask.scribe.write(ask.limit("max_tokens", 16))
    reason = "stop" if passage.finished else "length"
    choice = {"index": 0, "text": passage.text, "logprobs": None, "finish_reason": reason}
    body = openai.completion_body(ask, [choice]) | {"object": "text_completion"}
    return _openai_reply(ask, Counts(read, passage.tokens), body, ("text",))


def _openai_reply(ask: Ask, counts: Counts, body: dict[str, Any], text: Path) -> Reply:
    read, written = counts.input_tokens, counts.output_tokens
    tells = not _streams(ask) or openai.wants_usage(ask)
    if tells:
        body["usage"] = openai.usage(read, written)
    reply = Reply(
        body,
        counts if tells else Counts(),
        usage=_USAGE if tells else (),
        texts=(("choices", 0, *text),),
        written=written,
    )
    if not _streams(ask):
        return reply
    wording = container_streams.OPENAI
    return replace(reply, chunks=wording.chunks, content_type=wording.content_type)
