"""How containers word a stream: Server-Sent Events, or lines of JSON.

TGI     `data:` and a token, `generated_text` and `details` null but in the last (its
        `StreamResponse`); details only where `parameters.details` asks for them
LMI     a line of JSON for each token, the last with `generated_text` and, where asked for,
        `details` (DJL Serving's `_jsonlines_output_formatter`)
OpenAI  `data: ` and a chunk, at last `data: [DONE]`; usage only where `stream_options` ask for it
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from local.simulator.calls import Chunk, Reply
from local.simulator.families import openai
from local.simulator.streams import as_json


@dataclass(frozen=True, slots=True)
class Wording:
    content_type: str
    chunks: Callable[[Reply], Iterator[Chunk]]


def _tgi(reply: Reply) -> Iterator[Chunk]:
    generated, pieces = reply.body, reply.pieces()
    for index, (text, tokens) in enumerate(pieces, 1):
        last = index == len(pieces)
        event = {
            "index": index,
            "token": {"id": 300 + index, "text": text, "logprob": -0.5, "special": False},
            "generated_text": generated["generated_text"] if last else None,
            "details": generated.get("details") if last else None,
        }
        yield Chunk(b"data:" + as_json(event) + b"\n\n", tokens, last)


def _lmi(reply: Reply) -> Iterator[Chunk]:
    pieces = reply.pieces()
    for index, (text, tokens) in enumerate(pieces, 1):
        last = index == len(pieces)
        line: dict[str, Any] = {"token": {"id": 300 + index, "text": text, "log_prob": -0.5}}
        if last:
            line |= reply.body
        written = json.dumps(line, ensure_ascii=False) + "\n"
        yield Chunk(written.encode("utf-8", "replace"), tokens, last)


def _openai(reply: Reply) -> Iterator[Chunk]:
    """Word a chat or a completion; what follows the usage is as final as the usage is."""
    tells = "usage" in reply.body
    for chunk in openai.chunks(reply):
        body = b"data: " + as_json(chunk.body) + b"\n\n"
        yield replace(chunk, body=body, final=chunk.final and tells)
    yield Chunk(b"data: [DONE]\n\n", final=True)


_SSE = "text/event-stream"
TGI = Wording(_SSE, _tgi)
LMI = Wording("application/jsonlines", _lmi)
OPENAI = Wording(_SSE, _openai)
