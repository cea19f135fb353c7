"""Re-rating on AWS as it behaves: a past day at other prices, once its logs are gone."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from builders import provider_call

from chalicelib.metering.usage import Usage
from chalicelib.pricing.price_file import COLUMNS
from chalicelib.reporting import daily, reported_day, rerating
from chalicelib.reporting.months.month import Month
from chalicelib.settings import Settings
from chalicelib.usage_record import Outcome, record_line
from local.aws import ENVIRON, REGION, Aws
from ops.directory import Refused
from ops.month_page.command import make

pytestmark = pytest.mark.system
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
DAY = NOON.date()
SETTINGS = Settings(
    region=REGION,
    tenants_table="tenants",
    streams_table="streams",
    reports_bucket="reports",
    payloads_bucket="payloads",
    usage_log_groups=("usage",),
)
OVERRIDDEN = replace(SETTINGS, prices_override="prices-override.csv")
CALL = provider_call(day=DAY.isoformat())
METERED = Outcome("usage", Usage(input_tokens=1_000_000, output_tokens=1_000_000), "header")
NEGOTIATED = (
    f"{','.join(COLUMNS)}\n"
    "amazon.nova-lite-v1:0,us-east-1,us,on_demand,default,none,input_tokens,0.00000005,"
    "2026-01-01,,contract 7,2026-11-01\n"
)


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A day of a metered call and an orphan, reported; its log group is gone. Gives the bucket."""
    with Aws() as aws:
        for name, value in {**ENVIRON, "AWS_ENDPOINT_URL": aws.url}.items():
            monkeypatch.setenv(name, value)
        logs, s3 = boto3.client("logs", REGION), boto3.client("s3", REGION)
        s3.create_bucket(Bucket="reports")
        logs.create_log_group(logGroupName="usage")
        logs.create_log_stream(logGroupName="usage", logStreamName="i1")
        orphan = replace(CALL, call_id="call-2", team_id="ads")
        lines = [
            record_line(call, outcome, at=NOON, instance="i1", seq=seq)
            for seq, (call, outcome) in enumerate([(CALL, None), (CALL, METERED), (orphan, None)])
        ]
        events = [{"timestamp": int(NOON.timestamp() * 1000), "message": line} for line in lines]
        logs.put_log_events(logGroupName="usage", logStreamName="i1", logEvents=events)
        daily.run(DAY, SETTINGS, remaining_ms=lambda: 900_000)
        logs.delete_log_group(logGroupName="usage")
        yield s3


def files(s3: Any) -> dict[str, bytes]:
    listed = s3.list_objects_v2(Bucket="reports")["Contents"]
    return {
        each["Key"]: s3.get_object(Bucket="reports", Key=each["Key"])["Body"].read()
        for each in listed
        if not each["Key"].startswith("claims/")
    }


def totals(s3: Any) -> dict[str, tuple[str, str]]:
    rows = csv.DictReader(io.StringIO(files(s3)[reported_day.costs_key(DAY)].decode()))
    return {row["team_id"]: (row["total_cost"], row["status"]) for row in rows}


def test_a_past_day_is_the_same_bytes_at_the_same_prices(reported: Any) -> None:
    before = files(reported)

    rerating.run(DAY, SETTINGS)

    assert files(reported) == before
    assert totals(reported) == {"ads": ("0", "INCOMPLETE"), "search": ("0.3", "PRICED")}


def test_a_negotiated_price_restates_a_past_day_and_its_manifest(reported: Any) -> None:
    reported.put_object(Bucket="reports", Key="prices-override.csv", Body=NEGOTIATED.encode())
    before = files(reported)

    restatement = rerating.run(DAY, OVERRIDDEN)

    assert totals(reported) == {"ads": ("0", "INCOMPLETE"), "search": ("0.29", "PRICED")}
    manifest = json.loads(files(reported)[reported_day.manifest_key(DAY)])
    assert manifest["csv_sha256"] == restatement.manifest.csv_sha256
    assert manifest["orphaned"] == 1
    assert b"contract 7" in files(reported)[reported_day.price_rows_key(DAY)]
    assert files(reported)[reported_day.counts_key(DAY)] == before[reported_day.counts_key(DAY)]


def test_the_month_s_page_is_drawn_from_what_the_reports_left(
    reported: Any, tmp_path: Path
) -> None:
    page = make(Month.of(DAY), SETTINGS, tmp_path / "month.html", NOON + timedelta(days=1))

    text = page.read_text()
    assert "<b>$0.30</b>Total" in text
    assert "1 orphaned: calls that began and left no end record" in text


def test_a_month_that_has_not_begun_has_no_page(reported: Any, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="has not begun"):
        make(Month(Month.of(DAY).end), SETTINGS, tmp_path / "month.html", NOON)
