"""Calls that do not have exactly one `started` and one end record, and what to do about them.

An end record that never came is an orphan; one that nothing announced is unannounced; and a
record that was sent again under its `event_id` is taken out of the sums, so that it counts once.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Final

from chalicelib.pricing.costs import RowKey
from chalicelib.reporting.cells import KEY_FIELDS, ROW_FIELDS, clean
from chalicelib.reporting.groups import Group, single
from chalicelib.reporting.insights import MAX_ROWS, IncompleteReport, Insights, Query, Row, whole
from chalicelib.usage_record import RECORD_COUNTERS

CALL_FIELDS: Final = ("call_id", "request_id", *ROW_FIELDS)
"""Who a call is. Both records carry all of it, so a forged end closes nobody else's call."""

BROKEN: Final = (
    "stats count(*) as records, sum(n_started) as starts, sum(n_usage) as usages, "
    f"sum(n_failed) as failures by {', '.join(CALL_FIELDS)}"
    " | filter starts != 1 or records != 2"
)
"""A pair is two records of which one is `started`; this keeps the calls that are no pair."""

_RECORD_FIELDS: Final = ", ".join(
    dict.fromkeys(("event_id", "time", *CALL_FIELDS, *KEY_FIELDS, *RECORD_COUNTERS))
)
_CALL_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what may stand in a query's text
_CALLS_A_QUERY: Final = 100  # keeps its text below the 10,000 characters that StartQuery takes


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is no pair: how many records began it and ended it."""

    identity: tuple[str, ...]  # the values of CALL_FIELDS; empty where the records lack one
    records: int
    starts: int
    ends: int

    @property
    def call_id(self) -> str:
        return self.identity[0]

    @property
    def request_id(self) -> str:
        return clean(self.identity[1])

    @property
    def row(self) -> RowKey:
        """The row of the report that the call belongs to, as its cells read."""
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
    """Read a row of BROKEN. A count that nobody of ours wrote is 0 here as in the sums."""
    counts = {
        name: whole(row.get(name)) or 0 for name in ("records", "starts", "usages", "failures")
    }
    return Call(
        _identity(row), counts["records"], counts["starts"], counts["usages"] + counts["failures"]
    )


def surplus(
    insights: Insights, calls: Sequence[Call], template: Query
) -> dict[tuple[str, ...], list[Group]]:
    """Read the records of calls that have too many, and return each that repeats an `event_id`.

    They come by the call's identity. The first record of an `event_id` by its own time is the one
    that counts; a foreign record repeats nothing and takes nobody's place. `template` is the query
    of the day's records, to be narrowed. Raises IncompleteReport where the records are not as many
    as the calls said.
    """
    expected = Counter({call.identity: call.records for call in calls})
    records = [
        record
        for query in _queries(calls, template)
        for record in _records(insights, query)
        if record.identity in expected
    ]
    if Counter(record.identity for record in records) != expected:
        raise IncompleteReport("records of repeated calls came or went while they were read")
    repeats: dict[tuple[str, ...], list[Group]] = {}
    seen: set[tuple[str, ...]] = set()
    ours = (record for record in records if not record.group.foreign)
    for record in sorted(ours, key=Record.order):
        event = (record.event_id, *record.identity)
        if record.event_id and event in seen:
            repeats.setdefault(record.identity, []).append(record.group)
        seen.add(event)
    return repeats


def _queries(calls: Sequence[Call], template: Query) -> Iterator[Query]:
    call_ids = sorted({call.call_id for call in calls})
    for start in range(0, len(call_ids), _CALLS_A_QUERY):
        listed = ", ".join(f'"{call_id}"' for call_id in call_ids[start : start + _CALLS_A_QUERY])
        text = (
            f"{template.text} | filter call_id in [{listed}]"
            f" | fields {_RECORD_FIELDS} | limit {MAX_ROWS}"
        )
        yield replace(template, name="repeated calls", text=text)


def _records(insights: Insights, query: Query) -> list[Record]:
    with insights.running(query) as (running,):
        answer = running.answer(_record)
    if answer.matched != len(answer.rows):
        raise IncompleteReport(f"{len(answer.rows)} records of {answer.matched} came")
    return answer.rows


def _record(row: Row) -> Record:
    return Record(row.get("event_id", ""), row.get("time", ""), _identity(row), single(row))


def _identity(row: Row) -> tuple[str, ...]:
    return tuple(row.get(name, "") for name in CALL_FIELDS)
