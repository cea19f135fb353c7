"""`python -m ops trace`: the command, and where it looks."""

import argparse
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any, Final

import boto3

from chalicelib import settings
from chalicelib.reporting.insights import IncompleteReport, Insights, Patience
from chalicelib.reporting.usage_query import CLOCK_SKEW, LATEST
from chalicelib.settings import Settings
from chalicelib.tenants.nouns import Tenant
from ops.countdown import countdown
from ops.directory import Directory, Refused

Client = Callable[[str, str], Any]
"""Makes the boto3 client of a service in a region."""

PATIENCE_SECONDS: Final = 300
EXAMPLES: Final = """examples:
  python -m ops trace 290ed82e-9073-444d-b35f-a44bf88eb47d
  python -m ops trace 290ed82e-9073-444d-b35f-a44bf88eb47d --date 2026-11-22

REQUEST_ID is what an answer's x-request-id says; the provider's own id (CloudTrail's requestID) or
a record's call_id will do. A query of the usage log costs what it scans: --date scans least."""


def add_command(groups: Any) -> None:
    """Add the command to the parser's groups."""
    command = groups.add_parser(
        "trace",
        help="a request's records, price rows, CloudTrail event and line of costs.csv",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("request_id", metavar="REQUEST_ID")
    when = command.add_mutually_exclusive_group()
    when.add_argument("--date", metavar="YYYY-MM-DD", help="the day on which the call began, UTC")
    when.add_argument(
        "--days", type=int, default=7, metavar="N", help="how far back to look (%(default)s)"
    )
    command.set_defaults(open=settings.load, run=_trace)


def window(day: str | None, days: int, now: datetime) -> tuple[datetime, datetime]:
    """Return from when to when records are looked for. Raises ValueError."""
    if day is None:
        return now - timedelta(days=days), now
    start = datetime.combine(date.fromisoformat(day), clock(), UTC)
    return start - CLOCK_SKEW, min(start + LATEST, now)


def _trace(args: argparse.Namespace, configured: Settings) -> None:
    when = window(args.date, args.days, datetime.now(UTC))
    print(*lines(args.request_id, configured, boto3.client, *when), sep="\n")


def lines(
    request_id: str, configured: Settings, client: Client, start: datetime, end: datetime
) -> list[str]:
    """Trace a request whose records were written in a time. Raises Refused."""
    from ops.trace import history, screen  # here, so that other commands need none of it
    from ops.trace.day import read_day
    from ops.trace.records import calls_of

    here = configured.region
    patience = Patience(countdown(PATIENCE_SECONDS))
    insights = Insights(client("logs", here), configured.usage_log_groups, patience)
    try:
        calls = calls_of(insights, request_id, start, end)
    except IncompleteReport as error:
        raise Refused(f"the usage log could not be read: {error}") from error
    made = "1 provider call" if len(calls) == 1 else f"{len(calls)} provider calls"
    told = [f"request  {calls[0].any['request_id']}, {made}"]
    directory = Directory(client("dynamodb", here), configured.tenants_table)
    for call in calls:
        told += screen.lines_of(
            call,
            _tenant(directory, call.any["team_id"]),
            history.event_of(call, client("cloudtrail", call.any["region"])),
            read_day(call.day, client("s3", here), configured),
        )
    return told


def _tenant(directory: Directory, team_id: str) -> Tenant | None:
    try:
        return directory.tenant(team_id)
    except Refused:
        return None
