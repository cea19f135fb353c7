"""Notices on a day whose report is not whole, or not there. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from chalicelib.pricing.costs import CostLine
from chalicelib.reporting.exception_files import exceptions_key
from chalicelib.reporting.manifest import Manifest
from chalicelib.reporting.notices.notices import Notice
from chalicelib.reporting.notices.words import counted, dollars, letter, listed
from chalicelib.reporting.reported_day import ReportedDay

_FAULTS: Final[Mapping[str, str]] = {
    "orphaned": "calls that began, and of which nothing says how they ended; what they used is "
    "not in the report",
    "unknown": "calls of which the provider never said what they used; they are in it as 0",
    "lost": "records that are missing between others; what was in them, and whose it was, is "
    "not known",
    "foreign": "records that the gateway did not write; they are listed, and charged to nobody",
}
"""What makes a report incomplete, by the manifest's names."""

_LONGEST_DAY: Final = len("2026-11-22")


def incomplete(reported: ReportedDay, manifest: Manifest, bucket: str) -> Notice | None:
    """Tell that the figures of a day are too low, or may be; None where they are not."""
    if manifest.complete:
        return None
    day = reported.day
    total = sum((cost.total_cost or Decimal(0) for cost in reported.costs), Decimal(0))
    calls = sum(cost.invocations for cost in reported.costs)
    return Notice(
        "report_incomplete",
        f"the report of {day} is not complete",
        letter(
            f"The usage report of {day} (UTC) was written, but it does not hold all that was used.",
            "What is wrong, and how often:\n" + "\n".join(_faults(manifest)),
            _teams(reported.costs),
            f"How much: the report has {counted(calls, 'call')} for {dollars(total)}. What is "
            "missing comes on top of that.",
            "What to do: wait before you charge anybody for this day. The next three nights make "
            "its report again, with whatever arrives late; this message is not repeated. What is "
            "still missing then has to be looked into, call by call:\n"
            f"  s3://{bucket}/{exceptions_key(day)}\n"
            "  python -m ops trace REQUEST_ID\n"
            "  docs/runbook.md",
        ),
    )


def missing(day: date, why: str) -> Notice:
    """Tell that a day has no report, and what kept it from being made."""
    return Notice(
        "report_missing",
        f"there is no report of {day}",
        letter(
            f"The usage report of {day} (UTC) could not be made. Nothing was written: there is no "
            "wrong figure anywhere, and no figure.",
            f"Why: {why}",
            "How much: not known until the report is made. The records of the day are kept for "
            "400 days.",
            "What to do: it is tried again every 20 minutes until 06:00 UTC, and in the nights "
            "after. If it is still not there by noon, ask your platform team to run\n"
            f"  python -m ops report --date {day}\n"
            "which says what is wrong. docs/runbook.md has the causes.",
        ),
    )


def unreported(day: date, records: Mapping[str, int]) -> Notice:
    """Tell of records that the night after a day found in the log, and that no report can have."""
    total = sum(records.values())
    lines = [f"- {_plain(each)}: {counted(number, 'record')}" for each, number in records.items()]
    return Notice(
        "unreported",
        f"{counted(total, 'record')} can be in no report",
        letter(
            f"The night after {day} (UTC) found usage records that no day's report can take in.",
            "The day that they give, and how many there are:\n" + "\n".join(listed(lines)),
            "Why: the day is not one, has not begun, or is older than the 400 days that records "
            "are kept; or its report was made of more records than the log still has, and stays.",
            "How much: not known. What they say was used is charged to nobody.",
            "What to do: have your platform team look at the records themselves: a process with a "
            "wrong clock, somebody else who writes to the log group, or records that were deleted. "
            "docs/runbook.md (unreported) has the query.",
        ),
    )


def _plain(day: str) -> str:
    """Show what somebody else may have written as the day of a record."""
    return day if day.isascii() and day.isprintable() and len(day) <= _LONGEST_DAY else "no day"


def _faults(manifest: Manifest) -> Iterator[str]:
    for name, words in _FAULTS.items():
        if number := getattr(manifest, name):
            yield f"- {number:,}: {words}"


def _teams(costs: Iterable[CostLine]) -> str:
    """Name the teams of which rows are INCOMPLETE."""
    teams = sorted({row.team_id for row in costs if row.status == "INCOMPLETE"})
    return f"Whose: {', '.join(listed(teams))}." if teams else ""
