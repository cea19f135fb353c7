"""InvokeEndpointWithResponseStream: what the container writes, as raw bytes in parts.

Each line or event of the container is a part of its own here; on AWS a part may begin and end
anywhere, which the fault `stream_split` shows. A container that was not asked to stream, or cannot,
has its whole answer sent in parts.
"""

from collections.abc import Iterator

from local.simulator import frames
from local.simulator.actions import Call
from local.simulator.calls import Chunk, Reply
from local.simulator.faults import Fault
from local.simulator.streams import Event, Stream, as_json

_PART_BYTES = 1_024


def stream(_call: Call, reply: Reply, _fault: Fault | None) -> Stream:
    chunks = reply.chunks(reply) if reply.chunks else _whole(reply)
    headers = {"X-Amzn-SageMaker-Content-Type": reply.content_type}
    return Stream(headers, (_part(chunk) for chunk in chunks))


def _part(chunk: Chunk) -> Event:
    return Event("PayloadPart", chunk.body, frames.OCTETS, chunk.tokens, chunk.final)


def _whole(reply: Reply) -> Iterator[Chunk]:
    body = as_json(reply.body)
    for at in range(0, len(body), _PART_BYTES):
        ends = at + _PART_BYTES >= len(body)
        yield Chunk(body[at : at + _PART_BYTES], reply.counts.output_tokens if ends else 0, ends)
