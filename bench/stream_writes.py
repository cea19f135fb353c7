"""What a stream costs in DynamoDB: write units, as its keeper makes its writes, by a simulated
clock, for plain English at so many tokens a second.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from bench import model_streams
from bench.memory_table import MemoryTable
from chalicelib import catalog
from chalicelib.backends.bedrock_streams import ConverseReading
from chalicelib.backends.eventstream import Decoder
from chalicelib.backends.operation import as_it_came
from chalicelib.metering.usage import Usage
from chalicelib.stream_event import StreamEvent
from chalicelib.streams.job import Settlement, StreamJob
from chalicelib.streams.keeper import MAX_WAITING
from chalicelib.streams.table import StreamsTable
from chalicelib.streams.waiting import Waiting
from chalicelib.streams.writer import Writer
from chalicelib.usage_record import Outcome, ProviderCall

MODEL: Final = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
RATES: Final = (50, 200)
"""Tokens a second: an ordinary model, and a fast one."""

USD_PER_UNIT: Final = 0.625e-6
"""Of a write on demand, us-east-1 (https://aws.amazon.com/dynamodb/pricing/on-demand/)."""


class Silent:
    """An alarm that nobody sleeps by."""

    def sleep(self, seconds: float) -> None:
        """Return at once."""

    def ring(self) -> None:
        """Wake nobody."""


def units(tokens: int, rate: int) -> Counter[str]:
    """Return the write units of a queued stream, from its acceptance to its last record."""
    memory, now = MemoryTable(), [0.0]
    table = StreamsTable(memory, "streams")
    opened = table.open(table.create(_job()), _call(), table.lease_end())
    assert opened
    waiting = Waiting(Silent(), MAX_WAITING)
    writer = Writer(table, opened, waiting, lambda: now[0])
    for number, event in enumerate(_events(tokens)):
        now[0] = number / rate
        waiting.add((event,))
        writer.turn()
    writer.finishing = True
    writer.turn()
    outcome = Outcome("usage", Usage(30, tokens), "stream")
    table.emitted(table.settle(opened, Settlement(outcome, "done", writer.last_event)))
    return memory.units


def figures() -> dict[str, float]:
    """Return units for 1,000 tokens of an answer, and dollars of a whole stream of 1,000."""
    found: dict[str, float] = {}
    for rate in RATES:
        answer = units(10_000, rate)["event"] / 10
        found[f"stream_write_units_at_{rate}_a_second"] = answer
        found[f"stream_usd_per_million_at_{rate}_a_second"] = (
            units(1_000, rate).total() * USD_PER_UNIT * 1e6
        )
    return found


def _events(tokens: int) -> Iterator[StreamEvent]:
    reading = ConverseReading(as_it_came)
    for frame in Decoder().feed(b"".join(model_streams.converse(model_streams.words(tokens)))):
        yield from reading.frame(frame).shown


def _job() -> StreamJob:
    model = catalog.resolve(MODEL, endpoints={}, region="us-east-1", account="1" * 12)
    return StreamJob(
        request_id="0e9a8f2c-6f0f-4a44-9f0e-2f6c8b1d7e11",
        team_id="search",
        key_id="abcdefghijkl",
        created_at=1_795_392_000,
        expires_at=1_795_478_400,
        surface="invoke",
        operation="ConverseStream",
        model=model,
        account="1" * 12,
        headers={"content-type": "application/json"},
        body=b"x" * 500,
    )


def _call() -> ProviderCall:
    job = _job()
    model = job.model
    return ProviderCall(
        *("0" * 32, job.request_id, 1, "2026-11-23", job.team_id, job.key_id),
        *(model.service, "us-east-1", f"aws:{job.account}", model.model_id, model.base_model),
        *(model.family, model.basis, model.geo, job.operation, job.surface, 1),
    )
