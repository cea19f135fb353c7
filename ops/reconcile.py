"""`python -m ops reconcile`: a day beside AWS's own counters, a month beside its bill, now."""

import argparse
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib import settings
from chalicelib.reporting.months.month import Month
from chalicelib.settings import Settings
from ops.directory import Refused
from ops.printing import print_table
from ops.report import read_day

if TYPE_CHECKING:
    from chalicelib.reconciliation.statement import Statement

EXAMPLES = """examples:
  python -m ops reconcile --date 2026-11-22
  python -m ops reconcile --month 2026-10

Every number that is not the same is named, with its cause. The last line says it all:
`reconciliation: 1 difference, found: a direct call that bypassed the gateway`.
A month asks Cost Explorer, at $0.01 a page.

Exit status 1 where anything differs that is not explained. The next morning's run tells that to
people as well, of a day if it is one of the last five."""


def add_command(groups: Any) -> None:
    """Add the command to the parser's groups."""
    command = groups.add_parser(
        "reconcile",
        help="a day beside AWS's own counters, a month beside its bill",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    of = command.add_mutually_exclusive_group(required=True)
    of.add_argument("--date", metavar="YYYY-MM-DD", help="the day, in UTC")
    of.add_argument("--month", metavar="YYYY-MM", help="the month, in UTC")
    command.set_defaults(open=settings.load, run=_reconcile)


def _reconcile(args: argparse.Namespace, configured: Settings) -> None:
    """Say what was found. Raises Refused where something differs."""
    from chalicelib.reconciliation.morning import Reconciler  # other commands need none of it

    reconciler = Reconciler.of(configured)
    if args.month:
        statement = reconciler.month(Month.read(args.month))
    else:
        statement = reconciler.day(read_day(args.date, datetime.now(UTC).date()))
    if off := list(differing(statement)):
        print_table(off, list(off[0]))
        print(*advice(statement), sep="\n")
    print(f"rows       s3://{configured.reports_bucket}/{statement.csv_key}")
    if explained := statement.explained():
        print(f"explained  {explained}")
    for hidden in statement.hidden():
        print(f"in doubt   {hidden}")
    if not statement.final:
        print("note       AWS's bill of the month is an estimate yet")
    print(f"reconciliation: {statement.sentence()}")
    if number := len(statement.differences):
        differ = "1 number differs" if number == 1 else f"{number} numbers differ"
        raise Refused(f"{args.month or args.date} is not what AWS says: {differ}")


def advice(statement: "Statement") -> list[str]:
    """Say what to do about each cause, once; a row may know it better than its cause."""
    from chalicelib.reconciliation.causes import ABOUT, joined

    rows = [row for row in statement.rows if row.status not in ("equal", "tolerated")]
    found = {
        (joined(row.causes), row.hint) if row.hint else (cause, ABOUT[cause].hint): None
        for row in rows
        for cause in row.causes
    }
    return [f"to do      {cause}: {hint}" for cause, hint in found]


def differing(statement: "Statement") -> Iterator[Mapping[str, str]]:
    """Yield what is not the same, as a line of a table."""
    from chalicelib.reconciliation.causes import joined
    from chalicelib.reconciliation.row import plain

    for row in statement.rows:
        if row.status not in ("equal", "tolerated"):
            yield {
                "scope": row.scope,
                "unit": row.unit,
                "ours": plain(row.ours),
                "theirs": plain(row.theirs),
                "cause": joined(row.causes),
            }
