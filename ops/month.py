"""`python -m ops month`: close a month's books, adjust them, and hold them against the records."""

import argparse
import io
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import date
from typing import TYPE_CHECKING, Any

from chalicelib import settings
from chalicelib.pricing.price_file import plain
from chalicelib.settings import Settings
from ops.countdown import countdown
from ops.directory import Refused
from ops.report import PATIENCE_SECONDS

if TYPE_CHECKING:
    from chalicelib.reporting.months.balance import Balance
    from chalicelib.reporting.months.closed import Closed
    from chalicelib.reporting.restating import Outcome
    from chalicelib.reporting.store import ReportStore

EXAMPLES = """examples:
  python -m ops month close 2026-10
  python -m ops month close 2026-10 --with-gaps
  python -m ops month adjust 2026-10
  python -m ops month show 2026-10

close reports every day of the month once more, and copies their rows into its books, for good.
What the records, or the prices, say otherwise later is added to its adjustments, with its date and
its reason: each night for the last days, by `ops report --date` for any, by `adjust` for all.
docs/closing.md tells a month from its first record to its books."""


def add_commands(groups: Any) -> None:
    """Add this module's commands to the parser's groups."""
    group = groups.add_parser(
        "month",
        help="close a month's books; adjust and show them",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    group.set_defaults(open=settings.load)
    commands = group.add_subparsers(required=True, metavar="COMMAND")
    close = commands.add_parser("close", help="report every day once more, and close the books")
    close.add_argument(
        "--with-gaps", action="store_true", help="though days are missing or not whole"
    )
    close.set_defaults(run=_close)
    adjust = commands.add_parser("adjust", help="report every day of a closed month once more")
    adjust.set_defaults(run=_adjust)
    show = commands.add_parser("show", help="what was closed, what was added, and whether it holds")
    show.set_defaults(run=_show)
    for command in (close, adjust, show):
        command.add_argument("month", metavar="YYYY-MM")


def told(closed: "Closed") -> list[str]:
    """Say what was closed, with which gaps and what has no price, a line each."""
    counts = ((len(closed.days), "day"), (closed.rows, "row"), (len(closed.gaps), "gap"))
    days, rows, gaps = (_counted(number, noun) for number, noun in counts)
    return [
        f"closed    {closed.month}, {closed.closed_at}: {days}, {rows}, "
        f"{closed.totals['total_cost']} USD, {gaps}",
        *(f"gap       {gap.date}: {gap.why}" for gap in closed.gaps),
        *_unpriced(closed),
    ]


def _unpriced(closed: "Closed") -> Iterator[str]:
    if closed.unpriced:
        rows = _counted(closed.unpriced, "row")
        yield f"unpriced  {rows}, 0 in the books; rated once there is a price, they are adjusted"


def _counted(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number or 'no'} {noun}s"


def balanced(found: "Balance") -> list[str]:
    """Say how the books stand to the records. Raises Refused where they do not come out."""
    if any(found.out_by):
        raise Refused(
            f"the books of {found.closed.month} are out by {found.out_by[-1]:f} USD; "
            f"`python -m ops month adjust {found.closed.month}` adds what is missing"
        )
    closed, adjusted, now = (plain(each[-1]) for each in (found.booked, found.adjusted, found.now))
    sign = "" if adjusted.startswith("-") else "+"
    return [f"balance   {closed} closed {sign}{adjusted} adjusted = {now} USD, as the records say"]


def _close(args: argparse.Namespace, configured: Settings) -> None:
    from chalicelib.reporting.insights import IncompleteReport
    from chalicelib.reporting.months import closing

    month = _month(args)
    report, store = _report(configured), _store(configured)
    try:
        closed = closing.close(month, store=store, report=report, with_gaps=args.with_gaps)
    except IncompleteReport as error:  # another report is being written
        raise Refused(f"{month} was not closed: {error}") from error
    print(*told(closed), sep="\n")
    for name, key in (("books", month.closed_key), *(("file", key) for key in closed.files)):
        print(f"{name:9} s3://{store.bucket}/{key}")


def _adjust(args: argparse.Namespace, configured: Settings) -> None:
    from chalicelib.reporting.insights import IncompleteReport
    from chalicelib.reporting.months.closed import read_closed

    month, store, report = _month(args), _store(configured), _report(configured)
    if read_closed(store, month) is None:
        raise Refused(f"{month} is not closed")
    for day in month.days():
        try:
            if added := report(day).adjustments:
                print(f"{day}  {_counted(added, 'row')} added")
        except IncompleteReport as error:
            print(f"{day}  not read: {error}")
    _show(args, configured)


def _show(args: argparse.Namespace, configured: Settings) -> None:
    from chalicelib.reporting.months.balance import balance

    found = balance(_store(configured), _month(args))
    print(*told(found.closed), *balanced(found), sep="\n")


def _month(args: argparse.Namespace) -> Any:
    from chalicelib.reporting.months.month import Month  # here: `tenants` and `keys` need none

    return Month.read(args.month)


def _store(configured: Settings) -> "ReportStore":
    import boto3

    from chalicelib.reporting.store import ReportStore

    return ReportStore(boto3.client("s3", configured.region), configured.reports_bucket)


def _report(configured: Settings) -> "Callable[[date], Outcome]":
    from chalicelib.reporting import daily

    def report(day: date) -> "Outcome":
        with redirect_stdout(io.StringIO()):  # the metrics are for a Lambda's log
            return daily.run(day, configured, remaining_ms=countdown(PATIENCE_SECONDS))

    return report
