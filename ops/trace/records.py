"""The usage records of one request, whole, as the ledger wrote them."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from chalicelib.pricing.count_line import CountLine
from chalicelib.reporting.groups import single
from chalicelib.reporting.insights import Insights, Query
from ops.directory import Refused

Record = Mapping[str, Any]
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,255}")  # what may stand in a query's text
_CALL_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # of the ledger's own form
_CALLS: Final = 100  # keeps a query's text below the 10,000 characters that StartQuery takes


@dataclass(frozen=True, slots=True)
class Call:
    """A provider call, as its records tell it: what announced it, and its end."""

    call_id: str
    started: Record | None  # None: unannounced
    end: Record | None  # None: orphaned
    copies: int  # records beyond these: the same written again, which count once

    @property
    def any(self) -> Record:
        """The record that knows most of the call."""
        known = self.end or self.started
        if known is None:
            raise ValueError("a call has a record")
        return known

    @property
    def day(self) -> date:
        return date.fromisoformat(self.any["day"])

    @property
    def line(self) -> CountLine:
        """What the call counts, as a line of counts.csv would hold it alone."""
        return single({name: str(value) for name, value in self.any.items()}).line

    @property
    def counted_as(self) -> str:
        """What a report counts the call as, should its model have answered nobody on that day."""
        return str(self.any.get("counted_as", self.line.model_id))

    @property
    def began(self) -> datetime:
        return _time(self.started or self.any)

    @property
    def ended(self) -> datetime:
        return _time(self.any)


def calls_of(insights: Insights, identifier: str, start: datetime, end: datetime) -> list[Call]:
    """Find the calls that were made for a request, oldest first.

    `identifier` is the request's own id (`x-request-id`), the provider's, or a call's. Raises
    Refused where it is none, or nothing was written of it, and IncompleteReport.
    """
    if not _ID.fullmatch(identifier):
        raise Refused(f"{identifier!r} is not the id of a request")
    named = " or ".join(
        f'{name} = "{identifier}"' for name in ("request_id", "provider_request_id", "call_id")
    )
    found = _read(insights, named, start, end)
    call_ids = {each["call_id"] for each in found if _CALL_ID.fullmatch(str(each.get("call_id")))}
    if not call_ids:
        raise Refused(
            f"no record of {identifier} was written from {start:%Y-%m-%d %H:%M} to"
            f" {end:%Y-%m-%d %H:%M} UTC: see --days and --date"
        )
    listed = ", ".join(f'"{call_id}"' for call_id in sorted(call_ids)[:_CALLS])
    calls = _paired(_read(insights, f"call_id in [{listed}]", start, end))
    return sorted(calls, key=lambda call: (call.began, call.call_id))


def _read(insights: Insights, condition: str, start: datetime, end: datetime) -> list[Record]:
    text = f"filter ispresent(tollgate) and ({condition}) | fields @message | limit 10000"
    with insights.running(Query("the request's records", text, start, end)) as (running,):
        rows = running.answer(lambda row: row["@message"]).rows
    return [json.loads(message) for message in rows]


def _paired(records: Iterable[Record]) -> Iterable[Call]:
    by_call: dict[str, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda record: str(record["time"])):
        by_call[record["call_id"]].append(record)
    for call_id, found in by_call.items():
        started = next((each for each in found if each["tollgate"] == "started"), None)
        end = next((each for each in found if each["tollgate"] != "started"), None)
        kept = (started is not None) + (end is not None)
        yield Call(call_id, started, end, len(found) - kept)


def _time(record: Record) -> datetime:
    return datetime.fromisoformat(record["time"])
