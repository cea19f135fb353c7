"""A day's report, made of scripted logs and kept in a bucket, at the prices of one model."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from kept_files import Bucket
from scripted_logs import ScriptedLogs, numbering, scripted_day, total

from chalicelib.pricing.price_book import PriceBook
from chalicelib.reporting import daily, reported_day
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.restating import Outcome
from chalicelib.reporting.tenant_tree import NO_TENANTS, Tenants
from chalicelib.settings import Settings

DAY = date(2026, 11, 23)
SETTINGS = Settings(
    region="us-east-1",
    tenants_table="tenants",
    reports_bucket="reports",
    payloads_bucket="payloads",
    stage="test",
    usage_log_groups=("usage",),
)
PRICES = """\
model,region,geo,basis,tier,variant,unit,usd_per_unit,effective_from,effective_to,source,checked
amazon.nova-lite-v1:0,us-east-1,none,on_demand,default,none,input_tokens,6E-8,2026-01-01,,test,2026-11-01
amazon.nova-lite-v1:0,us-east-1,none,on_demand,default,none,output_tokens,24E-8,2026-01-01,,test,2026-11-01
"""
BOOK = PriceBook.read(PRICES)
PAIR = {"n_started": 1, "n_usage": 1, "input_tokens": 30, "output_tokens": 50}


def quiet_day() -> ScriptedLogs:
    """The logs of a day with one call, whose pair is whole."""
    return scripted_day([total(2, PAIR)], gaps=[numbering(1, 2, 2)])


def report(
    logs: ScriptedLogs,
    bucket: Bucket | None = None,
    settings: Settings = SETTINGS,
    hour: int = 2,
    book: PriceBook = BOOK,
    day: date = DAY,
) -> Manifest:
    """Report the day on the next one, at a quarter past the hour."""
    return outcome(logs, bucket or Bucket(), settings, hour, book, day).manifest


def outcome(
    logs: ScriptedLogs,
    bucket: Bucket,
    settings: Settings = SETTINGS,
    hour: int = 2,
    book: PriceBook = BOOK,
    day: date = DAY,
    read_tenants: Callable[[], Tenants] = lambda: NO_TENANTS,
) -> Outcome:
    """Report the day on the next one, and say what came of it."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    now = midnight + timedelta(hours=hour, minutes=15)
    return daily.report(
        day,
        logs=logs,
        s3=bucket,
        settings=settings,
        book=book,
        now=now,
        remaining_ms=lambda: 900_000,
        sleep=lambda seconds: None,
        clock=lambda: now,
        read_tenants=read_tenants,
    )


def manifest_of(bucket: Bucket) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(bucket.files[reported_day.manifest_key(DAY)])
    return manifest
