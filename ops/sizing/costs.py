"""Costs: AWS's list prices of us-east-1 for a month of a load, without any free tier.

Sources: the pricing pages of Amazon API Gateway (REST), AWS Lambda (Arm), Amazon CloudWatch, Amazon
DynamoDB (on demand), Amazon SQS (standard) and Amazon EC2 (data transfer out). The models
themselves are not among them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Final

from ops.deploy.stage import FOLDER
from ops.deploy.templates.alarms import ALARMS
from ops.deploy.templates.usage_metrics import METRICS
from ops.sizing.limits import REPORTED_RECORDS
from ops.sizing.load import RECORD_BYTES, Load
from ops.sizing.report import scans

MONTH_SECONDS: Final = 730 * 3600
GB: Final = 10**9
MILLION: Final = 10**6

Tiers = Sequence[tuple[Decimal | None, Decimal]]
"""Up to how much (None: without an end), and the price of each one of that."""


def _tiers(*tiers: tuple[str | None, str]) -> Tiers:
    return [(Decimal(up_to) if up_to else None, Decimal(price)) for up_to, price in tiers]


API_REQUEST: Final = _tiers(
    ("333e6", "3.50e-6"), ("1000e6", "2.80e-6"), ("20e9", "2.38e-6"), (None, "1.51e-6")
)
LAMBDA_GB_SECOND: Final = _tiers(
    ("7.5e9", "0.0000133334"), ("18.75e9", "0.0000120001"), (None, "0.0000106667")
)
DATA_OUT_GB: Final = _tiers(
    ("10240", "0.09"), ("51200", "0.085"), ("153600", "0.07"), (None, "0.05")
)
LAMBDA_REQUEST: Final = Decimal("0.20e-6")
LOGS_GB: Final = Decimal("0.50")
LOGS_KEPT_GB_MONTH: Final = Decimal("0.03")
INSIGHTS_GB: Final = Decimal("0.005")
WRITE_UNIT: Final = Decimal("0.625e-6")
READ_UNIT: Final = Decimal("0.125e-6")
SQS_REQUEST: Final = Decimal("0.40e-6")
ALARM_MONTH: Final = Decimal("0.10")
METRIC_MONTH: Final = Decimal("0.30")

FUNCTION_LOG_BYTES: Final = 610
"""What Lambda writes of an invocation (START, END, REPORT) and API Gateway into the access log."""
COMPRESSED: Final = Decimal("0.15")
"""What a kept record takes: CloudWatch's pricing page, "archived logs are compressed"."""
KEPT_MONTHS: Final = Decimal(400) / Decimal(30)
TOKEN_BYTES: Final = 5
EVENT_BYTES: Final = 130
"""Of a token on its way out: in a whole answer; live, as an event of its own. Assumptions."""
SWEPT_METRICS: Final = 7
"""Metrics that are emitted all the time, by the sweeps; the others cost by the hour in which they
are."""
POLLERS: Final = 5
QUEUES: Final = 2
POLL_SECONDS: Final = 20
"""Lambda polls each queue with five long polls, however empty it is (AWS Lambda developer guide,
"Configuring scaling behavior for SQS event source mappings")."""
SWEEPS: Final = 2
SWEEP_EVERY_SECONDS: Final = 300
SWEEP_SECONDS: Final = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Cost:
    name: str
    how_much: str
    usd: Decimal


def costs(load: Load) -> list[Cost]:
    """Price a month of a load, a line a service."""
    seconds = MONTH_SECONDS * load.busy
    lines = [
        _api(load, seconds),
        _lambda(load, seconds),
        _records(load, seconds),
        _report(load, seconds),
        _other_logs(load, seconds),
        _dynamodb(load, seconds),
        _sqs(load, seconds),
        _data_out(load, seconds),
        _call_metrics(),
        standing(),
    ]
    return [line for line in lines if line.usd]


def standing() -> Cost:
    """Price what runs without any traffic: alarms, metrics, sweeps, and polls of empty queues."""
    alarms = sum(max(len(alarm.metrics) - 1, 1) for alarm in ALARMS)
    polls = QUEUES * POLLERS * MONTH_SECONDS // POLL_SECONDS
    sweeps = SWEEPS * MONTH_SECONDS // SWEEP_EVERY_SECONDS
    swept = sweeps * (LAMBDA_REQUEST + _gb_seconds(SWEEP_SECONDS, "sweep_streams"))
    usd = alarms * ALARM_MONTH + SWEPT_METRICS * METRIC_MONTH + polls * SQS_REQUEST + swept
    return Cost("standing", f"{alarms} alarm metrics, {SWEPT_METRICS} metrics, sweeps, polls", usd)


def priced(amount: Decimal, tiers: Tiers) -> Decimal:
    """Price an amount whose first part costs more than the rest."""
    total, below = Decimal(0), Decimal(0)
    for up_to, price in tiers:
        top = amount if up_to is None else min(amount, up_to)
        total += max(top - below, Decimal(0)) * price
        below = top
    return total


def _gb_seconds(seconds: Decimal, function: str) -> Decimal:
    return seconds * _memory_gb(function) * LAMBDA_GB_SECOND[0][1]


def _memory_gb(function: str) -> Decimal:
    config = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
    return Decimal(config["lambda_functions"][function]["lambda_memory_size"]) / 1024


def _api(load: Load, seconds: Decimal) -> Cost:
    requests = load.api_requests * seconds
    return Cost("API Gateway", f"{_many(requests)} requests", priced(requests, API_REQUEST))


def _lambda(load: Load, seconds: Decimal) -> Cost:
    api = load.api_busy * _memory_gb("api_handler")
    workers = load.workers_busy * _memory_gb("stream_worker")
    used = (api + workers) * seconds
    invoked = (load.api_requests + load.queued) * seconds
    usd = priced(used, LAMBDA_GB_SECOND) + invoked * LAMBDA_REQUEST
    return Cost("Lambda (arm64)", f"{_many(used)} GB-s, {_many(invoked)} invocations", usd)


def _records(load: Load, seconds: Decimal) -> Cost:
    """Records are taken in once, and kept for 400 days."""
    gb = load.record_writes * seconds * RECORD_BYTES / GB
    kept = gb * COMPRESSED * KEPT_MONTHS * LOGS_KEPT_GB_MONTH
    return Cost("usage records", f"{_many(gb)} GB, kept 400 days", gb * LOGS_GB + kept)


def _report(load: Load, seconds: Decimal) -> Cost:
    """Each query scans all of its window. What one report cannot read is that of as many stages."""
    stages = ceil(load.records_a_day / REPORTED_RECORDS)
    of_each = scans(int(load.records_a_day / stages))
    gb = load.record_writes * seconds * RECORD_BYTES / GB * of_each.days
    asked = f"{of_each.queries:,} queries a day" + (f", {stages} stages" if stages > 1 else "")
    return Cost("daily report", f"{_many(gb)} GB scanned, {asked}", gb * INSIGHTS_GB)


def _other_logs(load: Load, seconds: Decimal) -> Cost:
    gb = (load.api_requests + load.queued) * seconds * FUNCTION_LOG_BYTES / GB
    return Cost("other logs", f"{_many(gb)} GB", gb * LOGS_GB)


def _dynamodb(load: Load, seconds: Decimal) -> Cost:
    writes = load.stream_writes * seconds
    reads = (load.stream_reads + load.tenant_reads) * seconds
    usd = writes * WRITE_UNIT + reads * READ_UNIT
    written = f"{_many(writes)} write units, " if writes else ""
    return Cost("DynamoDB", f"{written}{_many(reads)} read units", usd)


def _sqs(load: Load, seconds: Decimal) -> Cost:
    requests = load.messages * seconds
    return Cost("SQS", f"{_many(requests)} requests", requests * SQS_REQUEST)


def _data_out(load: Load, seconds: Decimal) -> Cost:
    a_token = TOKEN_BYTES + load.live_share * (EVENT_BYTES - TOKEN_BYTES)
    gb = load.requests * load.output_tokens * a_token * seconds / GB
    return Cost("data out", f"{_many(gb)} GB to the internet", priced(gb, DATA_OUT_GB))


def _call_metrics() -> Cost:
    """Price the metrics of the usage records, of which one by outcome is two: usage and failed."""
    metrics = sum(2 if metric.dimensions else 1 for metric in METRICS)
    return Cost("metrics", f"{metrics} of calls and their latency", metrics * METRIC_MONTH)


def _many(amount: Decimal) -> str:
    """Say a number in three digits, as people do: `26.3 M`."""
    for size, name in ((10**9, " G"), (MILLION, " M"), (1_000, " k"), (1, "")):
        if amount >= Decimal("0.9995") * size:
            part = amount / size
            places = 2 if part < 10 else 1 if part < 100 else 0
            return f"{part:,.{places}f}{name}"
    return f"{amount:.2f}"
