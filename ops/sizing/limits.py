"""Limits: what there is by default, what a load needs of it, and what to do where it ends. Pure.

Quotas are those of a new account in us-east-1, as the AWS pages named here have them; an account's
own are in Service Quotas. All needs grow as the requests do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from chalicelib.streams.items import LEASE_SHARDS
from ops.deploy.stage import Options
from ops.sizing.load import Load

WORKERS: Final = 100
"""`maximum_concurrency` of stream_worker in app.py."""
PARTITION_WRITES: Final = 1_000
PARTITION_READS: Final = 3_000
REPORTED_RECORDS: Final = 40_900_000
"""Of a day: of more no report is made, for it needs more slices than reading.py's MOST_SLICES."""
"""Units a second of one DynamoDB partition (Amazon DynamoDB developer guide, "Partitions")."""


@dataclass(frozen=True, slots=True)
class Limit:
    name: str
    need: Callable[[Load], Decimal]
    there_is: int
    change: str
    source: str

    def used(self, load: Load) -> Decimal:
        """Say which part of it a load uses; more than 1 is more than there is."""
        return self.need(load) / self.there_is

    def holds_to(self, load: Load) -> Decimal | None:
        """Say up to how many requests a second, of this kind, it lasts; None: it is not used."""
        used = self.used(load)
        return load.requests / used if used else None


LIMITS: Final = (
    Limit(
        "throttle of the stage, requests/s",
        lambda load: load.api_requests,
        Options().requests_per_second,
        "raise `requests_per_second` and `burst` of the stage's `deploy` in .chalice/config.json",
        "ours: what protects the account's other functions from a flood",
    ),
    Limit(
        "API Gateway, requests/s",
        lambda load: load.api_requests,
        10_000,
        "ask for more (Service Quotas, API Gateway, throttle rate), or a second account or Region",
        'API Gateway developer guide, "Quotas": throttle of an account in a Region; burst 5,000',
    ),
    Limit(
        "Lambda, running at once",
        lambda load: load.processes,
        1_000,
        "ask for more (Service Quotas, AWS Lambda, concurrent executions): tens of thousands are"
        " given; or read queued answers without `wait`, for a long poll holds a process",
        'AWS Lambda developer guide, "Lambda quotas"',
    ),
    Limit(
        "workers of queued streams",
        lambda load: load.workers_busy,
        WORKERS,
        "raise `maximum_concurrency` of stream_worker in app.py, up to 1,000; beyond, the event"
        " source's provisioned mode. Jobs wait until then, at most until they expire",
        'ours; AWS Lambda developer guide, "Configuring scaling behavior for SQS event source'
        ' mappings": 300 more a minute, 1,250 in all',
    ),
    Limit(
        "records of a day in one report, k",
        lambda load: load.records_a_day / 1_000,
        REPORTED_RECORDS // 1_000,
        "spread the teams over several stages, each with a report of its own: no setting and no"
        " quota helps. A day of more has no report. --busy says how a day's average is to its peak",
        "ours: MOST_SLICES of chalicelib/reporting/reading.py, for records that are spread evenly",
    ),
    Limit(
        "CloudWatch Logs, PutLogEvents/s",
        lambda load: load.record_writes,
        5_000,
        "ask for more (Service Quotas, CloudWatch Logs); or leave USAGE_LOG_GROUP empty, and"
        " records on stdout are not acknowledged",
        'CloudWatch Logs user guide, "CloudWatch Logs quotas"',
    ),
    Limit(
        "table of streams, writes/s at once",
        lambda load: load.stream_writes,
        4_000,
        "nothing, if traffic grows over an hour: it doubles each half hour; before a jump, warm"
        " the table (`aws dynamodb update-table --warm-throughput`)",
        'Amazon DynamoDB developer guide, "On-demand capacity mode": a new table',
    ),
    Limit(
        "table of streams, writes/s",
        lambda load: load.stream_writes,
        40_000,
        "ask for more (Service Quotas, DynamoDB, table-level write throughput), or flush less"
        " often (FLUSH_SECONDS)",
        'Amazon DynamoDB developer guide, "Quotas": throughput of a table on demand',
    ),
    Limit(
        "index of leases, writes/s",
        lambda load: load.lease_writes,
        LEASE_SHARDS * PARTITION_WRITES,
        "raise LEASE_SHARDS: the sweep then asks as many partitions more",
        'ours: 16 partitions; Amazon DynamoDB developer guide, "Partitions"',
    ),
    Limit(
        "table of tenants, reads/s at once",
        lambda load: load.tenant_reads,
        12_000,
        "raise KEY_CACHE_SECONDS: it is how long a revoked key works",
        'Amazon DynamoDB developer guide, "On-demand capacity mode": a new table',
    ),
    Limit(
        "item of blocks, reads/s",
        lambda load: load.block_reads,
        PARTITION_READS,
        "raise KEY_CACHE_SECONDS",
        'Amazon DynamoDB developer guide, "Partitions"',
    ),
)

PROCESSES_A_SECOND: Final = 50
"""How many processes can begin at once: each makes a log stream (Amazon CloudWatch Logs API
Reference, CreateLogStream: 50 a second). Lambda itself begins 100 a second of a function."""


def by_rate(load: Load) -> list[tuple[Decimal, Limit]]:
    """Return the limits that a load touches, by the rate at which each is met."""
    met = [(rate, limit) for limit in LIMITS if (rate := limit.holds_to(load)) is not None]
    return sorted(met, key=lambda pair: pair[0])
