"""Telling: what is booked of a closed day goes to its teams, and to FOCUS as corrections.

Both are made of the booked rows and nothing else, and `told.json` comes last: how many of the day's
rows they hold. Who dies before it has told nothing yet: the next report of the day tells the same
again, over what is there. All of it is done under the day's claim, so by one at a time. How many
records are missing is told whether anything was booked or not.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from chalicelib.pricing.capacity import IDLE
from chalicelib.reporting import team_adjustments, team_files
from chalicelib.reporting.claims import Claim
from chalicelib.reporting.cost_rows import read_columns
from chalicelib.reporting.focus.columns import COLUMNS
from chalicelib.reporting.focus.corrections import Row, corrections, corrections_key
from chalicelib.reporting.focus.export import focus_key, joined, pieces
from chalicelib.reporting.known_day import KnownDay
from chalicelib.reporting.months.adjustments import Adjustment, of_day
from chalicelib.reporting.reported_day import CSV, JSON, File, manifest_key
from chalicelib.reporting.restating import ADJUSTED
from chalicelib.reporting.store import ReportStore, all_rendered, rendered
from chalicelib.reporting.team_keys import team_adjusted_key, team_day_key


def told_key(day: date) -> str:
    return f"{ADJUSTED}told/date={day}/told.json"


@dataclass(slots=True)
class Booked:
    """All that is booked of a closed day, in the order of the booking."""

    rows: int = 0
    dates: list[str] = field(default_factory=list)  # of the booking, each once
    lines: dict[str, team_adjustments.Lines] = field(default_factory=dict)  # by team
    untold: set[str] = field(default_factory=set)  # teams of rows that nobody was told yet

    def add(self, adjustment: Adjustment, told: int) -> None:
        self.rows += 1
        if adjustment.adjusted_on not in self.dates:
            self.dates.append(adjustment.adjusted_on)
        team = adjustment.row.team_id
        self.lines.setdefault(team, []).append(",".join(adjustment.cells()))
        if self.rows > told and team != IDLE:  # what nobody used is nobody's to read
            self.untold.add(team)


def tell(store: ReportStore, claim: Claim, known: KnownDay) -> None:
    """Tell what is booked of a closed day and not told yet; `known` is what it comes to."""
    _tell_lost(store, claim, known)
    day, told = known.day, _told(store, known.day)
    booked = Booked()
    for each in of_day(store, day):
        booked.add(each, told)
    if booked.rows == told:
        return
    if not _there(store, manifest_key(day)):  # closed without it: a report that died left its rows
        store.delete(team_day_key(day))
    theirs = ((team, booked.lines[team]) for team in sorted(booked.untold))
    store.write_all(all_rendered(team_adjustments.files(day, theirs)), claim.hold)
    booked.lines.clear()  # as large as the day, and FOCUS is made of none of them
    store.write_once(_corrections(store, known, booked.dates), claim.hold)
    content = json.dumps({"schema": 1, "rows": booked.rows}).encode()
    store.write(rendered(File(told_key(day), JSON, lambda: iter((content,)))), claim.hold)


def _tell_lost(store: ReportStore, claim: Claim, known: KnownDay) -> None:
    """Tell how many records are missing by now, where the day's teams read another number."""
    now = rendered(team_files.adjusted(known.rate(known.book)))
    said = store.read(team_adjusted_key(known.day)) or store.read(team_day_key(known.day))
    if said not in (None, now.body):
        store.write(now, claim.hold)


def _told(store: ReportStore, day: date) -> int:
    """Return how many of a day's booked rows its teams and FOCUS hold."""
    content = store.read(told_key(day))
    rows: int = json.loads(content)["rows"] if content else 0
    return rows


def _corrections(store: ReportStore, known: KnownDay, dates: list[str]) -> File:
    """Make the file of the last booking: what FOCUS lacks with those of all dates before it.

    What is booked twice on a date has one file, which then holds both. A file counts if it is
    there, whoever left it: whoever reads FOCUS reads it.
    """
    *earlier, last = map(date.fromisoformat, dates)
    day = known.day
    before = (focus_key(day), *(corrections_key(each, day) for each in earlier))
    there = [key for key in before if _there(store, key)]

    def render() -> Iterator[bytes]:
        after = _rows(pieces(known.rate(known.book)))
        return joined(corrections([_rows(store.chunks(key)) for key in there], after, last))

    return File(corrections_key(last, day), CSV, render)


def _there(store: ReportStore, key: str) -> bool:
    return key in store.keys(key)


def _rows(chunks: Iterator[bytes]) -> Iterator[Row]:
    return read_columns(chunks, COLUMNS)
