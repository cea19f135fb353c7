"""The gateway's own time for each event of a stream, beside a bare boto3 loop's.

The engine runs in this process, from its call to the bytes for a client, with its keeper, meter and
records; only the table and the log answer at once, in memory. Events come one at a time, as a model
writes them: so each finds the processor's caches cold, and every read of the connection brings
one. What counts is the time of the processor, in all threads, from the open stream to its end.
"""

import os
import random
import statistics
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from unittest.mock import patch

import boto3

from bench.memory_table import MemoryTable
from bench.surroundings import environment, upstream
from chalicelib import parts, settings
from chalicelib.admission import ModelRequest
from chalicelib.backends.bedrock import CONVERSE_STREAM, INVOKE_MODEL_WITH_RESPONSE_STREAM
from chalicelib.backends.operation import Operation, Payload
from chalicelib.ledger import Entry, Ledger
from chalicelib.streams.engine import Engine, Running
from chalicelib.streams.intake import Intake, Wishes
from chalicelib.streams.live import LiveBody, as_event_stream, as_sse
from chalicelib.streams.table import StreamsTable
from chalicelib.tenants.nouns import Identity, Tenant

MODEL: Final = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
TOKENS: Final = 1_000
TOKEN_SECONDS: Final = 0.0003
GOALS: Final = {
    "stream_chunk_cost_ratio": 1.0,
    "stream_chunk_cost_invoke_ratio": 1.0,
    "stream_chunk_cost_sse_ratio": 1.0,
}

CONVERSE_BODY: Final = (
    b'{"messages":[{"role":"user","content":[{"text":"Hello"}]}],'
    b'"inferenceConfig":{"maxTokens":%d}}' % TOKENS
)
INVOKE_BODY: Final = (
    b'{"anthropic_version":"bedrock-2023-05-31","max_tokens":%d,'
    b'"messages":[{"role":"user","content":"Hello"}]}' % TOKENS
)
MESSAGES: Final = [{"role": "user", "content": [{"text": "Hello"}]}]

Render = Callable[[Running], Iterator[bytes]]
Open = Callable[[], Iterable[object]]


class Nowhere:
    """The ledger's writer."""

    def write(self, entries: Sequence[Entry]) -> None:
        """Drop them."""


class EngineHere:
    """The gateway's engine, without a route before it and a table behind it."""

    def __init__(self) -> None:
        gateway, ledger = parts.gateway(), Ledger(Nowhere(), stage="", instance="")
        table = StreamsTable(MemoryTable(), "streams")
        self._admission = gateway.router.admission
        self._intake = Intake(table, None, None, ttl_hours=24)  # for what is queued, or large
        self._engine = Engine(settings.load(), ledger, gateway.transport, table)
        tenant = Tenant("bench", "team", datetime.now(UTC), allow=("*",))
        self._identity = Identity(tenant, "bench")

    def open(self, operation: Operation, body: bytes, render: Render) -> LiveBody:
        payload = Payload({"content-type": "application/json"}, body)
        request = ModelRequest(
            str(uuid.uuid4()), MODEL, payload, {"bedrock": operation}, "native", "1" * 12, 900.0
        )
        plan = self._admission.admit(self._identity, request)
        running = self._engine.begin(self._intake.opened(plan, Wishes()), plan)
        return LiveBody(running, render, lambda: None)


def calls() -> dict[str, Open]:
    engine, client = EngineHere(), boto3.client("bedrock-runtime")
    converse, invoke = CONVERSE_STREAM, INVOKE_MODEL_WITH_RESPONSE_STREAM

    def bare_converse() -> Any:
        limit = {"maxTokens": TOKENS}
        answer = client.converse_stream(modelId=MODEL, messages=MESSAGES, inferenceConfig=limit)
        return answer["stream"]

    def bare_invoke() -> Any:
        return client.invoke_model_with_response_stream(modelId=MODEL, body=INVOKE_BODY)["body"]

    return {
        "boto3 converse_stream": bare_converse,
        "gateway converse-stream": lambda: engine.open(converse, CONVERSE_BODY, as_event_stream),
        "gateway converse-stream, SSE": lambda: engine.open(converse, CONVERSE_BODY, as_sse),
        "boto3 invoke with stream": bare_invoke,
        "gateway invoke with stream": lambda: engine.open(invoke, INVOKE_BODY, as_event_stream),
        "gateway invoke with stream, SSE": lambda: engine.open(invoke, INVOKE_BODY, as_sse),
    }


def seconds_to_the_end(opened: Iterable[object]) -> float:
    began = time.process_time()
    for _ in opened:
        pass
    return time.process_time() - began


def measure(rounds: int) -> dict[str, float]:
    """Return microseconds an event, medians of interleaved rounds."""
    with upstream({}, token=TOKEN_SECONDS) as url, patch.dict(os.environ, environment(url)):
        opens = calls()
        times: dict[str, list[float]] = {name: [] for name in opens}
        order = random.Random(1)
        for opened in opens.values():  # for the first time
            seconds_to_the_end(opened())
        for _ in range(rounds):
            for name, opened in order.sample(list(opens.items()), len(opens)):
                times[name].append(seconds_to_the_end(opened()))
    return {name: statistics.median(each) / TOKENS * 1e6 for name, each in times.items()}


def figures(cost: dict[str, float]) -> dict[str, float]:
    converse, invoke = cost["boto3 converse_stream"], cost["boto3 invoke with stream"]
    return {
        "stream_chunk_cost_ratio": cost["gateway converse-stream"] / converse,
        "stream_chunk_cost_invoke_ratio": cost["gateway invoke with stream"] / invoke,
        "stream_chunk_cost_sse_ratio": cost["gateway converse-stream, SSE"] / converse,
        "stream_chunk_cost_invoke_sse_ratio": cost["gateway invoke with stream, SSE"] / invoke,
    }
