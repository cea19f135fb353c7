"""`python -m ops report`: the daily report of a day, now, by the code that runs every night."""

import argparse
import io
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from chalicelib import settings
from chalicelib.settings import Settings
from ops.directory import Refused

if TYPE_CHECKING:
    from chalicelib.reporting.manifest import Manifest

PATIENCE_SECONDS = 15 * 60  # the longest time that a Lambda has

EXAMPLES = """example:
  python -m ops report --date 2026-11-22

A day can be reported again at any time: the same records make the same bytes."""


def add_command(groups: Any) -> None:
    """Add the command to the parser's groups."""
    command = groups.add_parser(
        "report",
        help="a day's costs by tenant and model, now",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--date", required=True, metavar="YYYY-MM-DD", help="the day, in UTC")
    command.set_defaults(open=settings.load, run=_report)


def read_day(text: str, today: date) -> date:
    """Read a day that has begun. Raises ValueError."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise ValueError(f"{text!r} is not a date YYYY-MM-DD") from error
    if day > today:
        raise ValueError(f"{text} has not begun (UTC)")
    return day


def summary(manifest: "Manifest") -> list[str]:
    """Return the balance of a report, and whether anything in it is missing, a line each."""
    lacking = f"{manifest.orphaned} orphaned, {manifest.unknown} unknown, {manifest.lost} lost"
    return [
        f"balance   {manifest.started} started + {manifest.unannounced} unannounced"
        f" = {manifest.usage} usage + {manifest.failed} failed + {manifest.orphaned} orphaned",
        f"complete  {'yes' if manifest.complete else f'no: {lacking}'}",
        f"unpriced  {manifest.unpriced}",
    ]


def _report(args: argparse.Namespace, configured: Settings) -> None:
    # Here, so that `tenants` and `keys` do not wait for the price book to be imported.
    from chalicelib.reporting import daily
    from chalicelib.reporting.insights import IncompleteReport

    today = datetime.now(UTC).date()
    day = read_day(args.date, today)
    try:
        with redirect_stdout(io.StringIO()):  # the metrics are for a Lambda's log
            manifest = daily.run(day, configured, remaining_ms=_countdown(PATIENCE_SECONDS))
    except IncompleteReport as error:
        raise Refused(f"the report of {day} was not made: {error}") from error
    print(*summary(manifest), sep="\n")
    for name, key in (
        ("costs", daily.costs_key(day)),
        ("counts", daily.counts_key(day)),
        ("manifest", daily.manifest_key(day)),
    ):
        print(f"{name:9} s3://{configured.reports_bucket}/{key}")
    if day == today:
        print("note      the day is not over; report it again tomorrow")


def _countdown(seconds: float) -> Callable[[], int]:
    end = time.monotonic() + seconds
    return lambda: int((end - time.monotonic()) * 1000)
