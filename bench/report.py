"""How fast the daily report is, and how much memory it takes: `make bench-report`.

A million records are written as the ledger writes them and aggregated by the local Logs Insights
engine; its answers are kept as GetQueryResults would send them. What is measured is the report's
own share, in a process of its own: from those bytes to the two CSV files and the manifest, the
price book's loading included, and the time the engine took left out.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any, Final

from bench.report_records import NOON, ORPHANS, Size, events, write
from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting import daily
from chalicelib.reporting.insights import PAGE_ROWS
from chalicelib.reporting.manifest import Manifest
from chalicelib.settings import Settings
from local.insights.engine import Engine

LARGE: Final = Size(records=1_000_000, groups=10_000)
SMALL: Final = Size(records=100_000, groups=1_000)
GOALS: Final = {"report_ms_per_group": 1, "report_peak_mb": 200, "report_scaling_10x": 11}
SHARDS: Final = 2
ROUNDS: Final = 3
RUNS: Final = 3
SETTINGS: Final = Settings(
    region="us-east-1",
    tenants_table="tenants",
    reports_bucket="reports",
    payloads_bucket="payloads",
    stage="bench",
    usage_log_groups=("usage",),
)


@dataclass
class EngineLogs:
    """A `logs` client over files of records: runs each query, and keeps its answer in `answers`."""

    records: list[Path]
    answers: Path
    executor: Executor
    queries: list[Future[None]] = field(default_factory=list)

    def start_query(self, **request: Any) -> dict[str, str]:
        query_id = str(len(self.queries))
        done = self.executor.submit(_answer, self.records, request, self.answers / query_id)
        self.queries.append(done)
        return {"queryId": query_id}

    def get_query_results(self, **request: Any) -> dict[str, Any]:
        self.queries[int(request["queryId"])].result()
        return KeptLogs(self.answers).get_query_results(**request)


@dataclass
class KeptLogs:
    """A `logs` client that answers from files; a reply is parsed from its JSON, as boto3 does."""

    answers: Path
    started: int = 0

    def start_query(self, **_: Any) -> dict[str, str]:
        self.started += 1
        return {"queryId": str(self.started - 1)}

    def get_query_results(self, **request: Any) -> dict[str, Any]:
        page = self.answers / f"{request['queryId']}-{request.get('nextToken', '0')}.json"
        reply: dict[str, Any] = json.loads(page.read_bytes())
        return reply


@dataclass
class Bucket:
    """An S3 that takes what it is given, and holds nothing."""

    def put_object(self, **_: Any) -> None:
        return None

    def list_objects_v2(self, **_: Any) -> dict[str, Any]:
        return {}


def _answer(records: list[Path], request: dict[str, Any], stem: Path) -> None:
    """Run a query and write its pages, each as the body of a reply."""
    engine = Engine(events(records))
    window = request["startTime"], request["endTime"]
    result = engine.run(request["queryString"], *window, request["limit"])
    numbers = {name: float(value) for name, value in asdict(result.statistics).items()}
    for start in range(0, max(len(result.rows), 1), PAGE_ROWS):
        rows = result.rows[start : start + PAGE_ROWS]
        end = start + PAGE_ROWS
        reply = {
            "status": "Complete",
            "statistics": numbers,
            "results": [[{"field": f, "value": v} for f, v in row.items()] for row in rows],
            **({"nextToken": str(end)} if end < len(result.rows) else {}),
        }
        stem.with_name(f"{stem.name}-{start}.json").write_text(json.dumps(reply))


def report(logs: Any) -> Manifest:
    with redirect_stdout(StringIO()):  # its metric lines are not our figures
        return daily.report(
            NOON.date(),
            logs=logs,
            s3=Bucket(),
            settings=SETTINGS,
            book=PriceBook.load(),
            now=NOON + timedelta(days=1),
            remaining_ms=lambda: 900_000,
        )


def measure(answers: Path) -> None:
    """In a process of its own: report from kept answers, and print each run's ms and the MB."""
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        report(KeptLogs(answers))
        times.append((time.perf_counter() - began) * 1000)
    print(json.dumps({"ms": times, "peak_mb": _peak_mb()}))


def _peak_mb() -> float:
    """The most memory this process ever held, of Python and boto3 too."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would include the parent's, as it was before exec
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


@dataclass
class Case:
    """One size of day: what the engine answered, and what the report then took."""

    records: int
    groups: int
    answers: Path
    write_s: float
    query_s: float
    times_ms: list[float] = field(default_factory=list)
    peak_mb: float = 0.0

    @property
    def ms(self) -> float:
        return statistics.median(self.times_ms)

    def run(self) -> None:
        command = [sys.executable, "-m", "bench.report", str(self.answers)]
        output = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        self.times_ms += output["ms"]
        self.peak_mb = max(self.peak_mb, output["peak_mb"])


def prepare(size: Size, folder: Path, executor: Executor) -> Case:
    """Write the records and aggregate them; hold the manifest to what was written."""
    began = time.perf_counter()
    records = write(size, folder, SHARDS, executor)
    written = time.perf_counter()
    answers = folder / str(size.groups)
    answers.mkdir()
    manifest = report(EngineLogs(records, answers, executor))
    totals = manifest.queries[0]
    expected = (size.records, size.groups, size.calls, size.calls - ORPHANS, ORPHANS, 0)
    found = (
        *(totals["records_matched"], totals["rows"]),
        *(manifest.started, manifest.usage, manifest.orphaned, manifest.unpriced),
    )
    if found != expected:
        raise SystemExit(f"the report says {found}, not {expected}")
    query_s = time.perf_counter() - written
    return Case(size.records, size.groups, answers, written - began, query_s)


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="tollgate-") as folder,
        ProcessPoolExecutor(SHARDS) as executor,
    ):
        small, large = (prepare(size, Path(folder), executor) for size in (SMALL, LARGE))
        for case in (small, large) * ROUNDS:  # by turns, so that the machine's moods fall on both
            case.run()
    print(
        f"the daily report's own share, medians of {len(large.times_ms)} runs,"
        f" Python {sys.version.split()[0]}"
    )
    print(f"  {'records':>9} {'groups':>7} {'own ms':>8} {'peak MB':>8}   written, queried in")
    for case in (small, large):
        print(
            f"  {case.records:>9,} {case.groups:>7,} {case.ms:>8.0f} {case.peak_mb:>8.0f}"
            f"   {case.write_s:.0f} s, {case.query_s:.0f} s"
        )
    figures = {
        "report_ms_per_group": large.ms / large.groups,
        "report_peak_mb": large.peak_mb,
        "report_scaling_10x": large.ms / small.ms,
    }
    for name, figure in figures.items():
        print(f"{name}={figure:.3f}  # goal: at most {GOALS[name]}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
    else:
        main()
