"""A month's books on S3 as it behaves: closed by the operator, adjusted by a report, and shown."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import boto3
import pytest
from month_world import World

from chalicelib.reporting.months.month import Month
from chalicelib.reporting.reported_day import CSV, File
from chalicelib.reporting.store import PART, ReportStore, rendered
from local.aws import ENVIRON, REGION, Aws
from ops import __main__ as command_line

pytestmark = pytest.mark.system
OCTOBER = Month.read("2026-10")
THIRTIETH = date(2026, 10, 30)
SETTINGS = {
    "AWS_REGION": REGION,
    "TENANTS_TABLE": "tenants",
    "STREAMS_TABLE": "streams",
    "STREAMS_QUEUE": "streams",
    "REPORTS_BUCKET": "reports",
    "PAYLOADS_BUCKET": "payloads",
    "USAGE_LOG_GROUP": "usage",
}


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """A bucket for reports, and a log group that keeps no records of October any more."""
    with pytest.MonkeyPatch.context() as monkeypatch, Aws() as aws:
        for name, value in {**ENVIRON, "AWS_ENDPOINT_URL": aws.url}.items():
            monkeypatch.setenv(name, value)
        boto3.client("logs", REGION).create_log_group(logGroupName="usage")
        client = boto3.client("s3", REGION)
        client.create_bucket(Bucket="reports")
        yield client


def test_a_month_is_closed_adjusted_and_comes_out(
    s3: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(now=datetime(2026, 11, 1, 2, 15, tzinfo=UTC), bucket=s3)
    world.write(*world.records(THIRTIETH, "search", (1_000_000, 0), call="c1"))
    world.report(THIRTIETH)

    closing = command_line.main(["month", "close", "2026-10", "--with-gaps"], SETTINGS)
    world.now = datetime.now(UTC)
    world.write(*world.records(THIRTIETH, "ads", (2_000_000, 0), call="c2", instance="i2"))
    outcome = world.report(THIRTIETH)
    showing = command_line.main(["month", "show", "2026-10"], SETTINGS)
    again = command_line.main(["month", "close", "2026-10"], SETTINGS)

    told = capsys.readouterr()
    assert (closing, outcome.adjustments, showing, again) == (0, 1, 0, 1)
    assert "31 days, 1 row, 3 USD, 1 gap\ngap       2026-10-30: 0 records are left" in told.out
    assert told.out.endswith("balance   3 closed +6 adjusted = 9 USD, as the records say\n")
    assert "2026-10 was closed at" in told.err


def test_a_large_file_is_put_in_parts(s3: Any) -> None:
    store, pieces = ReportStore(s3, "reports"), [b"x" * 1_000_000] * 20

    store.write(rendered(File("large", CSV, lambda: iter(pieces))))

    assert len(b"".join(store.chunks("large"))) == 20_000_000 > 2 * PART


def test_of_two_puts_on_one_condition_s3_takes_the_first(s3: Any) -> None:
    store = ReportStore(s3, "reports")

    assert store.put_if("claim", b"1", None)
    assert not store.put_if("claim", b"2", None)
    kept = store.kept("claim")
    assert kept
    assert store.put_if("claim", b"3", kept.etag)
    assert not store.put_if("claim", b"4", kept.etag)
    assert not store.put_if("never", b"5", kept.etag)
