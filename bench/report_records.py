"""A day's usage records by the hundred thousand, as lines of the ledger, in files."""

import random
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

from chalicelib.metering.usage import Usage
from chalicelib.pricing.price_book import PriceBook
from chalicelib.usage_record import Outcome, ProviderCall, record_line

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MODELS = 25
ORPHANS = 20
"""Calls without an end record, so that broken pairs are read, too. An even number."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many records, in how many groups; a call has two, in a group each."""

    records: int
    groups: int

    @property
    def calls(self) -> int:
        return (self.records + ORPHANS) // 2

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
                yield at, line, "usage"


def _write_shard(size: Size, calls: range, path: Path) -> None:
    figures = random.Random(calls.start)
    identities = list(product(range(size.teams), _models()))
    with path.open("w") as file:
        for place, number in enumerate(calls):
            team, model = identities[number % len(identities)]
            call = _call(number, f"team{team:03}", model)
            usage = Usage(figures.randrange(1, 20_000), figures.randrange(1, 4_000))
            outcomes = [None, Outcome("usage", usage, "header")][: 1 if number < ORPHANS else 2]
            for half, outcome in enumerate(outcomes):
                seq = 2 * place + half + 1
                line = record_line(call, outcome, at=NOON, instance=path.stem, seq=seq)
                file.write(line + "\n")


def _models() -> list[tuple[str, str]]:
    """Models with a price for their tokens, and where."""
    return [
        (price.key.model, price.key.region)
        for price in PriceBook.load()
        if price.key.unit == "output_tokens"
        and price.key.region == "us-east-1"
        and price.key[2:6] == ("none", "on_demand", "default", "none")
    ][:MODELS]


def _call(number: int, team_id: str, model: tuple[str, str]) -> ProviderCall:
    base_model, region = model
    return ProviderCall(
        call_id=f"{number:032x}",
        request_id=f"request-{number:024x}",
        attempt=1,
        day=NOON.date().isoformat(),
        team_id=team_id,
        key_id="abcdefghijkl",
        service="bedrock",
        region=region,
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
