"""A day of a million records and 300,000 groups, reported and proved: `make bench-report`.

The records are written as the ledger writes them. The report runs in a process of its own, by
unmodified boto3, against AWS on this machine; counts.csv and costs.csv are then held, line by line,
to what DuckDB makes of the raw records. The answers are kept, and replayed to the report without
boto3 and without a network: that is the time of our own code.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import Any, Final

import boto3

from bench.report_answers import KeptInsights
from bench.report_oracle import DECIDED_BY_PRICES, Oracle
from bench.report_process import DAY, REGION
from bench.report_records import ORPHANS, REPEATS, Size, events, write
from bench.surroundings import ROOT, print_figures
from chalicelib.reporting.reported_day import costs_key, counts_key, manifest_key
from local.aws import ENVIRON, Aws

LARGE: Final = Size(records=1_000_000, groups=300_000)
SMALL: Final = Size(records=100_000, groups=30_000)
GOALS: Final = {
    "report_ms_per_group": 1,
    "report_with_boto3_ms_per_group": 1,
    "report_peak_mb": 512,
    "report_scaling_10x": 11,
}
SHARDS: Final = 2
RUNS: Final = 3


@dataclass(frozen=True, slots=True)
class Figures:
    """What one process measured of itself."""

    ms: float  # of the CPU: waiting for the engine is not in it
    idle_mb: float  # Python, the report's modules and its clients, before it begins
    peak_mb: float

    @classmethod
    def of(cls, answers: str = "", **environ: str) -> "Figures":
        command = [sys.executable, "-m", "bench.report_process", answers]
        child = {**os.environ, **environ}
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=child, cwd=ROOT)
        return cls(**json.loads(output.stdout))


@dataclass(frozen=True, slots=True)
class Case:
    """One size of day: what the report took, by boto3 and without."""

    size: Size
    live: Figures
    own: list[Figures]
    queries: int
    pages: int
    engine_s: float

    @property
    def own_ms(self) -> float:
        return median(figures.ms for figures in self.own)

    def __str__(self) -> str:
        own_mb = max(figures.peak_mb for figures in self.own)
        return (
            f"{self.size.records:>9,} {self.size.groups:>7,} {self.own_ms:>8.0f} {own_mb:>7.0f}"
            f" {self.live.ms:>9.0f} {self.live.peak_mb:>8.0f} {self.live.idle_mb:>8.0f}"
            f" {self.queries:>8} {self.pages:>6} {self.engine_s:>7.0f}"
        )


HEADER: Final = (
    f"{'records':>9} {'groups':>7} {'own ms':>8} {'own MB':>7} {'boto3 ms':>9} {'boto3 MB':>8}"
    f" {'idle MB':>8} {'queries':>8} {'pages':>6} {'in all s':>8}"
)


def run(size: Size, folder: Path, records: list[Path]) -> Case:
    """Report a day by boto3, hold it to the raw records, and replay it."""
    answers = folder / f"answers-{size.groups}"
    answers.mkdir()
    aws = Aws()
    insights = aws.insights = KeptInsights(events(records), answers)
    with aws:
        environ = {**ENVIRON, "AWS_ENDPOINT_URL": aws.url}
        os.environ.update(environ)
        s3 = boto3.client("s3", REGION)
        s3.create_bucket(Bucket="reports")
        boto3.client("logs", REGION).create_log_group(logGroupName="usage")
        began = time.perf_counter()
        live = Figures.of()
        took = time.perf_counter() - began
        prove(size, s3, records)
    own = [Figures.of(str(answers)) for _ in range(RUNS)]
    asked = insights.asked
    return Case(size, live, own, asked["StartQuery"], asked["GetQueryResults"], took)


def prove(size: Size, s3: Any, records: list[Path]) -> None:
    """Hold both files to DuckDB's, line by line, and the manifest to what was written.

    Of costs.csv all columns but DECIDED_BY_PRICES. Ends the program otherwise.
    """
    oracle = Oracle(records, ROOT / "chalicelib/pricing/prices.csv", DAY.isoformat())
    _same("counts.csv", _lines(s3, counts_key(DAY)), oracle.counts())
    header, *rows = _lines(s3, costs_key(DAY))
    place = header.split(",").index(DECIDED_BY_PRICES)
    _same("costs.csv", (",".join(row.split(",")[:place]) for row in rows), oracle.costs())
    manifest = json.loads("\n".join(_lines(s3, manifest_key(DAY))))
    told = [manifest[name] for name in ("started", "usage", "orphaned", "duplicated", "lost")]
    _same("the manifest", told, [size.calls, size.calls - ORPHANS, ORPHANS, REPEATS, 0])


def _lines(s3: Any, key: str) -> Iterator[str]:
    body = s3.get_object(Bucket="reports", Key=key)["Body"]
    return (line.decode() for line in body.iter_lines())


def _same(name: str, ours: Iterable[object], theirs: Iterable[object]) -> None:
    count = 0
    for count, (mine, other) in enumerate(zip_longest(ours, theirs), start=1):
        if mine != other:
            raise SystemExit(f"{name}, line {count}, says {mine!r}, and it must be {other!r}")
    print(f"  {name}: {count:,} lines, all as they must be")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tollgate-") as name:
        folder, cases = Path(name), []
        for size in (SMALL, LARGE):
            with ProcessPoolExecutor(SHARDS) as executor:
                records = write(size, folder, SHARDS, executor)
            print(f"{size.records:,} records, {size.groups:,} groups")
            cases.append(run(size, folder, records))
    small, large = cases
    print(f"a day's report, Python {sys.version.split()[0]}; own: medians of {RUNS} runs")
    print(HEADER, *cases, sep="\n")
    figures = {
        "report_ms_per_group": large.own_ms / large.size.groups,
        "report_with_boto3_ms_per_group": large.live.ms / large.size.groups,
        "report_peak_mb": large.live.peak_mb,
        "report_peak_without_idle_mb": large.live.peak_mb - large.live.idle_mb,
        "report_scaling_10x": large.own_ms / small.own_ms,
        "report_queries": large.queries,
    }
    print_figures(figures, GOALS)


if __name__ == "__main__":
    main()
