"""The gateway's own usage records of some requests, out of its log."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from chalicelib.pricing.count_line import CountLine
from chalicelib.reporting.cells import KEY_FIELDS
from chalicelib.reporting.groups import single
from chalicelib.reporting.insights import Insights, Query, Row
from chalicelib.usage_record import RECORD_COUNTERS

_FIELDS: Final = ", ".join(
    dict.fromkeys(("event_id", "call_id", "request_id", "day", *KEY_FIELDS, *RECORD_COUNTERS))
)


@dataclass(frozen=True, slots=True)
class Record:
    """A record: the beginning of a call, or its end with what it used."""

    call_id: str
    request_id: str
    day: date
    line: CountLine

    @property
    def is_end(self) -> bool:
        return bool(self.line.n_usage or self.line.n_failed)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What there is of the calls that were made for one answer."""

    records: tuple[Record, ...] = ()

    @property
    def ended(self) -> bool:
        return any(record.is_end for record in self.records)

    @property
    def end(self) -> Record | None:
        """The call's end; None unless it is one call, announced once and ended once."""
        ends = [record for record in self.records if record.is_end]
        calls = {record.call_id for record in self.records}
        one_pair = len(calls) == 1 and len(ends) == 1 and len(self.records) == 2
        return ends[0] if one_pair else None

    def __str__(self) -> str:
        calls = {record.call_id for record in self.records}
        begun = sum(not record.is_end for record in self.records)
        return f"{len(calls)} calls, begun {begun} times, ended {len(self.records) - begun} times"


def read(
    insights: Insights, request_ids: Iterable[str], start: datetime, end: datetime
) -> Mapping[str, Recorded]:
    """Read the records of requests, each of its copies once. Raises IncompleteReport."""
    listed = ", ".join(f'"{each}"' for each in sorted(request_ids))
    text = f"filter request_id in [{listed}] | fields {_FIELDS}"
    with insights.running(Query("the calls", text, start, end)) as (running,):
        rows = running.answer(dict).rows
    found: dict[str, dict[str, Record]] = defaultdict(dict)
    for row in rows:
        found[row["request_id"]].setdefault(row["event_id"], _record(row))
    return {each: Recorded(tuple(records.values())) for each, records in found.items()}


def of_answer(recorded: Mapping[str, Recorded], request_ids: Sequence[str]) -> Recorded:
    """Join what there is of several requests that were to be one call."""
    found = (recorded.get(each, Recorded()) for each in dict.fromkeys(request_ids))
    return Recorded(tuple(record for each in found for record in each.records))


def _record(row: Row) -> Record:
    day = date.fromisoformat(row["day"])
    return Record(row["call_id"], row["request_id"], day, single(row).line)
