"""A day's usage records by the hundred thousand, as lines of the ledger, in files."""

import random
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final
from uuid import UUID

from bench.report_process import NOON
from chalicelib.metering.usage import Usage
from chalicelib.pricing.price_book import PriceBook
from chalicelib.usage_record import Outcome, ProviderCall, UsageSource, record_line

MODELS: Final = 25
UNPRICED: Final = "acme.unpriced-v1:0"
"""The last of the models: nobody names a price for it."""

INSTANCES_A_SHARD: Final = 256
ORPHANS: Final = 20
"""Calls without an end record, so that broken pairs are read, too. An even number."""

REPEATS: Final = 20
"""End records that were written twice; the calls after the orphans have them."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many records, in how many groups; a call has two, in a group each."""

    records: int
    groups: int

    @property
    def calls(self) -> int:
        return (self.records + ORPHANS - REPEATS) // 2

    @property
    def teams(self) -> int:
        return self.groups // 2 // MODELS


def write(size: Size, folder: Path, shards: int, executor: Executor) -> list[Path]:
    """Write the records of a day, a file a shard."""
    paths = [folder / f"{size.groups}-{shard}.jsonl" for shard in range(shards)]
    calls = [range(shard, size.calls, shards) for shard in range(shards)]
    list(executor.map(_write_shard, [size] * shards, calls, paths))
    return paths


def events(paths: list[Path]) -> Iterator[tuple[int, str, str]]:
    """Read the files as log events: time in epoch milliseconds, message, log stream."""
    at = int(NOON.timestamp() * 1000)
    for path in paths:
        with path.open("r") as lines:
            for line in lines:
                yield at, line.rstrip("\n"), "usage"


def _write_shard(size: Size, calls: range, path: Path) -> None:
    figures = random.Random(calls.start)
    identities = list(product(range(size.teams), range(MODELS)))
    models = _models()
    instances = [_Instance(_hex(figures)) for _ in range(INSTANCES_A_SHARD)]
    with path.open("w") as file:
        for number in calls:
            team, model = identities[number % len(identities)]
            call = _call(_hex(figures), f"team{team:04}", models[model])
            instance = instances[number % INSTANCES_A_SHARD]
            lines = [instance.line(call, None)]
            if number >= ORPHANS:
                lines.append(instance.line(call, _outcome(figures, team, model)))
            lines += lines[-1:] if ORPHANS <= number < ORPHANS + REPEATS else []
            file.writelines(line + "\n" for line in lines)


@dataclass
class _Instance:
    """A process of the gateway, which numbers its records."""

    name: str
    seq: int = 0

    def line(self, call: ProviderCall, outcome: Outcome | None) -> str:
        self.seq += 1
        return record_line(call, outcome, at=NOON, instance=self.name, seq=self.seq)


def _outcome(figures: random.Random, team: int, model: int) -> Outcome:
    usage = Usage(
        input_tokens=figures.randrange(1, 20_000),
        output_tokens=figures.randrange(1, 4_000),
        cache_read_tokens=figures.randrange(100_000),
        cache_write_tokens=figures.randrange(3) * figures.randrange(10_000),
    )
    source: UsageSource = "partial" if (team + model) % 97 == 0 else "header"
    return Outcome("usage", usage, source)


def _hex(figures: random.Random) -> str:
    return UUID(int=figures.getrandbits(128)).hex


def _models() -> list[str]:
    """Models of us-east-1 with a price for their cache reads, and so for all their tokens."""
    priced = [
        price.key.model
        for price in PriceBook.load()
        if price.key.unit == "cache_read_tokens"
        and price.key[1:6] == ("us-east-1", "none", "on_demand", "default", "none")
    ]
    return [*list(dict.fromkeys(priced))[: MODELS - 1], UNPRICED]


def _call(call_id: str, team_id: str, base_model: str) -> ProviderCall:
    return ProviderCall(
        call_id=call_id,
        request_id=f"request-{call_id}",
        attempt=1,
        day=NOON.date().isoformat(),
        team_id=team_id,
        key_id="abcdefghijkl",
        service="bedrock",
        region="us-east-1",
        account="aws:123456789012",
        model_id=base_model,
        base_model=base_model,
        family=base_model.partition(".")[0],
        basis="on_demand",
        geo="none",
        operation="InvokeModel",
        surface="invoke",
        streamed=0,
    )
