"""`python -m ops report`: the daily report of a day, now, by the code that runs every night.

With `--rerate` the day's kept counts are rated again, and what moved is said. With `--month` a
month's reports become one page.
"""

import argparse
import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from chalicelib import settings
from chalicelib.pricing.price_book import PriceBook
from chalicelib.settings import Settings
from ops.countdown import countdown
from ops.directory import Refused
from ops.price_diff import moves, told

if TYPE_CHECKING:
    from chalicelib.reporting.manifest import Manifest
    from chalicelib.reporting.rerating import Restatement

PATIENCE_SECONDS = 15 * 60  # the longest time that a Lambda has

EXAMPLES = """examples:
  python -m ops report --date 2026-11-22
  python -m ops report --date 2026-11-22 --print
  python -m ops report --date 2026-11-22 --rerate
  python -m ops report --month 2026-11

A day can be reported again at any time: the same records make the same bytes. --rerate reads no
logs: it rates the kept counts at the prices that the book now has for that day, and says which
lines moved and why. --month draws what is in the bucket already: one HTML file, which needs nothing
else and can be mailed or printed."""


def add_command(groups: Any) -> None:
    """Add the command to the parser's groups."""
    command = groups.add_parser(
        "report",
        help="a day's costs by tenant and model, now; a month's page",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    of = command.add_mutually_exclusive_group(required=True)
    of.add_argument("--date", metavar="YYYY-MM-DD", help="the day, in UTC")
    of.add_argument(
        "--month", metavar="YYYY-MM", help="make the month's page, of the days that are reported"
    )
    command.add_argument("--out", metavar="FILE", help="of the page (default: tollgate-MONTH.html)")
    command.add_argument(
        "--rerate", action="store_true", help="rate the kept counts again; read no logs"
    )
    command.add_argument("--print", action="store_true", help="print costs.csv as well")
    command.set_defaults(open=settings.load, run=_run)


def _run(args: argparse.Namespace, configured: Settings) -> None:
    if args.out and args.date:
        raise ValueError("--out is for --month; what a day's report writes is in the bucket")
    if args.month and (args.rerate or args.print):
        raise ValueError("--rerate and --print are for --date")
    (_page if args.month else _report)(args, configured)


def _page(args: argparse.Namespace, configured: Settings) -> None:
    from chalicelib.reporting.months.month import Month
    from ops.month_page.command import make

    month = Month.read(args.month)
    made = make(month, configured, Path(args.out or f"tollgate-{month}.html"))
    print(f"page      {made}")


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
    lacking = (
        f"{manifest.orphaned} orphaned, {manifest.unknown} unknown, {manifest.lost} lost,"
        f" {manifest.foreign} foreign"
    )
    return [
        f"balance   {manifest.started} started + {manifest.unannounced} unannounced"
        f" = {manifest.usage} usage + {manifest.failed} failed + {manifest.orphaned} orphaned",
        f"complete  {'yes' if manifest.complete else f'no: {lacking}'}",
        f"unpriced  {manifest.unpriced}",
    ]


def explained(restatement: "Restatement") -> list[str]:
    """Return which lines of a day's costs moved when it was rated again, and why."""
    before, after = restatement.price_rows_before, restatement.price_rows_after
    books = (PriceBook.read(before), PriceBook.read(after)) if before else None
    if not restatement.costs_before:
        return ["moved     there was no costs.csv to compare with"]
    moved = moves(restatement.costs_before, restatement.costs_after, books)
    return [f"moved     {told(moved)}", *map(str, moved)]


def _report(args: argparse.Namespace, configured: Settings) -> None:
    from chalicelib.reporting.reported_day import costs_key  # here: `tenants` needs none of it

    today = datetime.now(UTC).date()
    day = read_day(args.date, today)
    manifest, notes = _rerated(day, configured) if args.rerate else _made(day, configured)
    print(*summary(manifest), sep="\n")
    for name, key in _files(day, manifest):
        print(f"{name:9} s3://{configured.reports_bucket}/{key}")
    if day == today:
        notes.append("note      the day is not over; report it again tomorrow")
    for note in notes:
        print(note)
    if args.print:
        print(_costs(configured, costs_key(day)), end="")


def _files(day: date, manifest: "Manifest") -> Iterator[tuple[str, str]]:
    """Yield what lies where, by the report's own names."""
    from chalicelib.reporting import exception_files, reported_day

    yield "costs", reported_day.costs_key(day)
    yield "counts", reported_day.counts_key(day)
    yield "prices", reported_day.price_rows_key(day)
    yield "manifest", reported_day.manifest_key(day)
    if not manifest.complete:
        yield "missing", exception_files.exceptions_key(day)


def _costs(configured: Settings, key: str) -> str:
    s3 = boto3.client("s3", region_name=configured.region)
    written: bytes = s3.get_object(Bucket=configured.reports_bucket, Key=key)["Body"].read()
    return written.decode("utf-8")


def _made(day: date, configured: Settings) -> "tuple[Manifest, list[str]]":
    from chalicelib.reporting import daily
    from chalicelib.reporting.insights import IncompleteReport

    try:
        with redirect_stdout(io.StringIO()):  # the metrics are for a Lambda's log
            outcome = daily.run(day, configured, remaining_ms=countdown(PATIENCE_SECONDS))
    except IncompleteReport as error:
        raise Refused(f"the report of {day} was not made: {error}") from error
    return outcome.manifest, booked(outcome.adjustments, day)


def booked(adjustments: int, day: date) -> list[str]:
    """Say that a day of a closed month was adjusted."""
    if not adjustments:
        return []
    from chalicelib.reporting.notices.words import counted

    return [f"adjusted  {counted(adjustments, 'row')} added to the closed month {day:%Y-%m}"]


def _rerated(day: date, configured: Settings) -> "tuple[Manifest, list[str]]":
    from chalicelib.reporting import rerating
    from chalicelib.reporting.insights import IncompleteReport

    try:
        restatement = rerating.run(day, configured)
    except IncompleteReport as error:  # another report of the day is being written
        raise Refused(f"{day} was not rated again: {error}") from error
    return restatement.manifest, explained(restatement) + booked(restatement.adjustments, day)
