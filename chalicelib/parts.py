"""The parts of the gateway, put together: each made once in a process, when it is first needed.

What serves an ordinary call is made at the start; what serves streams, asynchronous jobs and the
rest is imported with its first use, for a cold start is on some tenant's time.
"""

from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib import settings
from chalicelib.aws_json import AwsApi
from chalicelib.ledger import Ledger, LogGroupWriter, StdoutWriter, new_instance
from chalicelib.repeats.answers import KeptAnswers
from chalicelib.repeats.repeats import Repeats
from chalicelib.repeats.table import RepeatsTable
from chalicelib.router import Router
from chalicelib.surfaces.invoke import InvokeSurface
from chalicelib.surfaces.large_answers import LargeAnswers
from chalicelib.surfaces.native import NativeSurface
from chalicelib.tenants.authenticator import Authenticator
from chalicelib.tenants.blocks import Blocks
from chalicelib.tenants.table import TenantsTable
from chalicelib.transport import CLOUDWATCH_LOGS, DYNAMODB, SQS, Transport

if TYPE_CHECKING:
    from chalicelib.async_jobs.sweep import Sweep as JobsSweep
    from chalicelib.streams.dead_letters import DeadLetters
    from chalicelib.streams.sweep import Sweep as StreamsSweep
    from chalicelib.streams.worker import Worker
    from chalicelib.surfaces.async_invoke import AsyncInvokeSurface
    from chalicelib.surfaces.responses import ResponsesSurface
    from chalicelib.surfaces.streamed import StreamedSurface
    from chalicelib.surfaces.usage import UsageSurface


class Gateway(NamedTuple):
    """The parts that serve requests."""

    transport: Transport
    providers: Transport  # what calls models
    dynamodb: AwsApi
    ledger: Ledger
    router: Router
    authenticator: Authenticator
    blocks: Blocks
    repeats: Repeats
    invoke: InvokeSurface
    native: NativeSurface


@cache
def gateway() -> Gateway:
    config = settings.load()
    transport = Transport(config.region)
    dynamodb = AwsApi(transport, DYNAMODB, "DynamoDB_20120810", json_version="1.0")
    ledger = _ledger(config, transport)
    read_item = TenantsTable(dynamodb, config.tenants_table).read_item
    blocks = Blocks(read_item, config.key_cache_seconds)
    providers = _providers(config, transport)
    router = Router(config, ledger, providers, blocks)
    s3 = partial(client, "s3")
    large_answers = LargeAnswers(config.payloads_bucket, s3)
    repeats = Repeats(
        RepeatsTable(dynamodb, config.streams_table, partial(datetime.now, UTC)),
        KeptAnswers(config.payloads_bucket, s3),
    )

    def streamed() -> "StreamedSurface":
        return streams().surface

    return Gateway(
        transport,
        providers,
        dynamodb,
        ledger,
        router,
        Authenticator(read_item, config.key_cache_seconds),
        blocks,
        repeats,
        InvokeSurface(router, large_answers, repeats, streamed),
        NativeSurface(router, large_answers, repeats, streamed, config.region),
    )


def _providers(config: settings.Settings, transport: Transport) -> Transport:
    """Sign the calls of models with each team's own credentials, where there is a role for that."""
    if not config.tenant_role_arn:
        return transport
    from chalicelib.tenant_role import TenantRole

    role = TenantRole(transport, config.tenant_role_arn)
    return Transport(config.region, team_credentials=role.credentials)


def _ledger(config: settings.Settings, transport: Transport) -> Ledger:
    instance = new_instance()
    if not config.usage_log_group:
        return Ledger(StdoutWriter(), stage=config.stage, instance=instance)
    logs = AwsApi(transport, CLOUDWATCH_LOGS, "Logs_20140328")
    writer = LogGroupWriter(logs, config.usage_log_group, instance)
    return Ledger(writer, stage=config.stage, instance=instance)


class AsyncJobs(NamedTuple):
    """The parts that serve and settle asynchronous jobs."""

    surface: "AsyncInvokeSurface"
    sweep: "JobsSweep"


@cache
def async_jobs() -> AsyncJobs:
    from chalicelib.async_jobs.sweep import Sweep
    from chalicelib.async_jobs.table import JobsTable
    from chalicelib.backends.async_invokes import AsyncInvokes
    from chalicelib.surfaces.async_invoke import AsyncInvokeSurface

    config, parts = settings.load(), gateway()
    jobs = JobsTable(parts.dynamodb, config.streams_table)
    invokes = AsyncInvokes(parts.transport, partial(client, "bedrock-runtime"))
    return AsyncJobs(
        AsyncInvokeSurface(parts.router, jobs, invokes, stage=config.stage),
        Sweep(jobs, invokes, parts.ledger, stage=config.stage),
    )


class Streams(NamedTuple):
    """The parts that stream answers, keep them, read them again and bring them to their end."""

    surface: "StreamedSurface"
    responses: "ResponsesSurface"
    worker: "Worker"
    dead_letters: "DeadLetters"
    sweep: "StreamsSweep"


@cache
def streams() -> Streams:
    from chalicelib.streams.dead_letters import DeadLetters
    from chalicelib.streams.engine import Engine
    from chalicelib.streams.intake import Intake
    from chalicelib.streams.payloads import Payloads
    from chalicelib.streams.queue import Queue
    from chalicelib.streams.reading import Reader
    from chalicelib.streams.recovery import Recovery
    from chalicelib.streams.replay import Replay
    from chalicelib.streams.runner import Runner
    from chalicelib.streams.sweep import Sweep
    from chalicelib.streams.table import StreamsTable
    from chalicelib.streams.worker import Worker
    from chalicelib.surfaces.responses import ResponsesSurface
    from chalicelib.surfaces.streamed import StreamedSurface

    config, parts = settings.load(), gateway()
    admission, stage = parts.router.admission, config.stage
    table = StreamsTable(parts.dynamodb, config.streams_table)
    sqs = AwsApi(parts.transport, SQS, "AmazonSQS", json_version="1.0")
    queue = Queue(sqs, config.streams_queue)
    payloads = Payloads(config.payloads_bucket, partial(client, "s3"))
    intake = Intake(table, queue, payloads, ttl_hours=config.stream_ttl_hours)
    engine = Engine(config, parts.ledger, parts.providers, table)
    recovery = Recovery(table, queue, parts.ledger, stage=stage)
    reader = Reader(table)
    return Streams(
        StreamedSurface(admission, intake, engine, parts.repeats, Replay(reader)),
        ResponsesSurface(table, reader),
        Worker(table, queue, Runner(admission, engine, table, payloads), recovery),
        DeadLetters(table, Queue(sqs, f"{config.streams_queue}-dead"), recovery),
        Sweep(table, queue, recovery, stage=stage),
    )


@cache
def usage() -> "UsageSurface":
    """Make what answers `GET /usage`."""
    from chalicelib.reporting.team_days import TeamDays
    from chalicelib.reporting.today import Today
    from chalicelib.reporting.today_table import TodayTable
    from chalicelib.streams.rows import Rows
    from chalicelib.surfaces.usage import UsageSurface

    config = settings.load()
    kept = TodayTable(Rows(gateway().dynamodb, config.streams_table))
    today = Today(partial(client, "logs"), config.usage_log_groups, kept)
    return UsageSurface(TeamDays(partial(client, "s3"), config.reports_bucket), today, price_book)


@cache
def client(service: str) -> Any:
    """Make a boto3 client, where the path is not hot: importing boto3 costs a cold start."""
    import boto3
    from botocore.config import Config

    config = Config(
        signature_version="s3v4" if service == "s3" else None,
        connect_timeout=3,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 2},  # within what a call keeps back
    )
    return boto3.client(service, region_name=settings.load().region, config=config)


@cache
def price_book() -> Any:
    from chalicelib.pricing.price_book import PriceBook

    return PriceBook.load()
