"""Make a month's page, from the reports bucket into a file."""

from datetime import UTC, datetime
from pathlib import Path

import boto3

from chalicelib.reporting.months.month import Month
from chalicelib.reporting.store import ReportStore
from chalicelib.settings import Settings
from ops.directory import Refused
from ops.month_page.page import render
from ops.month_page.reading import read_month


def make(month: Month, configured: Settings, out: Path, now: datetime | None = None) -> Path:
    """Write the month's page to `out`, and return its path. Raises Refused for a future month."""
    at = now or datetime.now(UTC)
    if month.first > at.date():
        raise Refused(f"{month} has not begun (UTC)")
    store = ReportStore(boto3.client("s3", configured.region), configured.reports_bucket)
    out.write_bytes(render(read_month(month, store, configured.stage, at)))
    return out.resolve()
