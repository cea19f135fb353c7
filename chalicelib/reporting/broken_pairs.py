"""Calls that do not have exactly one `started` and one end record, and what to do about them.

An end record that never came is an orphan; one that nothing announced is unannounced; and a
record that was sent again under its `event_id` is taken out of the sums, so that it counts once.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import astuple, dataclass, replace
from itertools import chain
from sys import intern
from typing import Final

from chalicelib.pricing.costs import RowKey
from chalicelib.reporting.cells import KEY_FIELDS, ROW_FIELDS, clean
from chalicelib.reporting.exceptions import ExceptionRow, Kind
from chalicelib.reporting.groups import Group, single
from chalicelib.reporting.insights import Row
from chalicelib.reporting.reading import Question, Reading, RecordsArrived
from chalicelib.reporting.unlisted import own_name
from chalicelib.reporting.whole_number import whole
from chalicelib.usage_record import RECORD_COUNTERS, UNANSWERED

CALL_FIELDS: Final = ("call_id", "request_id", *ROW_FIELDS)
"""Who a call is. Both records carry all of it, so a forged end closes nobody else's call."""

CALLS: Final = (
    "stats count(*) as records, sum(n_started) as starts, sum(n_usage) as usages, "
    "sum(n_failed) as failures, earliest(time) as time, earliest(counted_as) as counted_as"
    f" by {', '.join(CALL_FIELDS)}"
)
BROKEN: Final = f"{CALLS} | filter starts != 1 or records != 2"
"""A pair is two records of which one is `started`; this keeps the calls that are no pair."""

RECORDS: Final = "fields " + ", ".join(
    dict.fromkeys(("event_id", "time", "counted_as", *CALL_FIELDS, *KEY_FIELDS, *RECORD_COUNTERS))
)
Repeats = dict[tuple[str, ...], list[Group]]
"""Records that are there twice, by their call's identity."""

_CALL_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what may stand in a query's text
_LISTED: Final = 8_000  # characters of ids, of the 10,000 that StartQuery takes in all


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is no pair: how many records began it and ended it."""

    identity: tuple[str, ...]  # the values of CALL_FIELDS; empty where the records lack one
    records: int
    starts: int
    ends: int
    time: str = ""  # of its earliest record, as that says
    counted_as: str = ""  # in place of its model, until that is known to have answered

    @property
    def broken(self) -> bool:
        return self.starts != 1 or self.records != 2

    @property
    def call_id(self) -> str:
        return self.identity[0]

    @property
    def request_id(self) -> str:
        return clean(self.identity[1])

    @property
    def row(self) -> RowKey:
        """The row of the report that the call is counted in, as its cells read."""
        team_id, service, model_id = self.called
        return team_id, service, clean(self.counted_as) or model_id

    @property
    def called(self) -> RowKey:
        """The same with the model as it was called."""
        team_id, service, model_id = map(clean, self.identity[2:])
        return team_id, service, model_id

    @property
    def may_be_repeated(self) -> bool:
        more_than_a_pair = self.starts > 1 or self.ends > 1
        return more_than_a_pair and _CALL_ID.fullmatch(self.call_id) is not None

    @property
    def orphaned(self) -> int:
        return max(self.starts - self.ends, 0)

    @property
    def unannounced(self) -> int:
        return max(self.ends - self.starts, 0)

    def plus(self, other: "Call") -> "Call":
        """Add records of the same call that were found in another slice."""
        records, starts = self.records + other.records, self.starts + other.starts
        first = min(filter(None, (self.time, other.time)), default="")
        counted_as = self.counted_as or other.counted_as
        return Call(self.identity, records, starts, self.ends + other.ends, first, counted_as)

    def exception(self, kind: Kind) -> ExceptionRow:
        call_id, time = clean(self.call_id), clean(self.time)
        return ExceptionRow(kind, self.request_id, call_id, *self.called, time)

    def named(self, answered: Set[str]) -> "Call":
        """Count it under its own name, if its model is one of those that answered."""
        answers = self.counted_as == UNANSWERED and self.identity[-1] in answered
        return replace(self, counted_as="") if answers else self

    def without(self, surplus: Sequence[Group]) -> "Call":
        lines = [group.line for group in surplus]
        return replace(
            self,
            records=self.records - len(lines),
            starts=self.starts - sum(line.n_started for line in lines),
            ends=self.ends - sum(line.n_usage + line.n_failed for line in lines),
        )


@dataclass(frozen=True, slots=True)
class Record:
    """One record, read for itself."""

    event_id: str
    time: str
    identity: tuple[str, ...]
    group: Group

    def order(self) -> tuple[object, ...]:
        """Sort by time; copies that differ all the same have one order on every run."""
        return self.time, astuple(self.group.line)


def read_call(row: Row) -> Call:
    """Read a row of CALLS. A count that nobody of ours wrote is 0 here as in the sums."""
    records, starts, usages, failures = (
        whole(row.get(name)) or 0 for name in ("records", "starts", "usages", "failures")
    )
    about = row.get("time", ""), row.get("counted_as", "")
    return Call(identity_of(row), records, starts, usages + failures, *about)


def read_record(row: Row, answered: Set[str] = frozenset()) -> Record:
    """Read a row of RECORDS; of a model that `answered`, it counts under its own name."""
    group = single(own_name(row, answered))
    return Record(row.get("event_id", ""), row.get("time", ""), identity_of(row), group)


def identity_of(row: Row) -> tuple[str, ...]:
    call_id, request_id, *row_key = (row.get(name, "") for name in CALL_FIELDS)
    return call_id, request_id, *map(intern, row_key)


def joined(calls: Iterable[Call]) -> dict[tuple[str, ...], Call]:
    """Add up what slices hold of each call."""
    together: dict[tuple[str, ...], Call] = {}
    for call in calls:
        held = together.get(call.identity)
        together[call.identity] = held.plus(call) if held else call
    return together


def of_repeated_calls(calls: Sequence[Call], day: Question[Record]) -> list[Reading[Record]]:
    """Ask for the records of calls that have too many; `day` is all of the day's records."""
    return [
        Reading(replace(day, records=f"{day.records} | filter call_id in [{listed}]"))
        for listed in lists_of(sorted({call.call_id for call in calls}))
    ]


def surplus(calls: Sequence[Call], read: Iterable[Reading[Record]]) -> Repeats:
    """Return, by their call's identity, the records that repeat an `event_id`.

    The first record of an `event_id` by its own time is the one that counts; a foreign record
    repeats nothing and takes nobody's place. Raises RecordsArrived where the records are not as
    many as the calls said.
    """
    expected = Counter({call.identity: call.records for call in calls})
    rows = chain.from_iterable(reading.rows for reading in read)
    records = [record for record in rows if record.identity in expected]
    if Counter(record.identity for record in records) != expected:
        raise RecordsArrived("records of repeated calls came or went while they were read")
    repeats: Repeats = {}
    seen: set[tuple[str, ...]] = set()
    ours = (record for record in records if not record.group.foreign)
    for record in sorted(ours, key=Record.order):
        event = (record.event_id, *record.identity)
        if record.event_id and event in seen:
            repeats.setdefault(record.identity, []).append(record.group)
        seen.add(event)
    return repeats


def lists_of(ids: Sequence[str]) -> Iterator[str]:
    """Spell ids that hold no quote as lists, each of which has room in a query's text."""
    listed = ""
    for each in ids:
        if len(listed) + len(each) > _LISTED:
            yield listed
            listed = ""
        listed += f'{", " if listed else ""}"{each}"'
    if listed:
        yield listed
