"""A boto3 `logs` client that plays a script: what each of the report's queries is to answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.reporting.cells import KEY_FIELDS
from chalicelib.reporting.groups import KEY_COLUMNS
from chalicelib.reporting.whole_number import whole
from chalicelib.usage_record import RECORD_COUNTERS

Row = dict[str, str]

IDENTITY = {
    "team_id": "search",
    "service": "bedrock",
    "region": "us-east-1",
    "account": "aws:123456789012",
    "model_id": "amazon.nova-lite-v1:0",
    "base_model": "amazon.nova-lite-v1:0",
    "family": "nova",
    "basis": "on_demand",
    "geo": "none",
    "tier": "default",
    "variant": "none",
    "usage_source": "header",
}
COLUMN_OF = dict(zip(KEY_FIELDS, KEY_COLUMNS, strict=True))
"""In which column of the totals a field of the key stands."""

CALL = {
    "call_id": "c1",
    "request_id": "r1",
    **{name: IDENTITY[name] for name in ("team_id", "service", "model_id")},
}


def total(records: int, counts: dict[str, Any], **identity: str) -> Row:
    """Make a row of the totals; counters not named are 0."""
    sums = {f"sum_{name}": str(counts.get(name, 0)) for name in RECORD_COUNTERS}
    key = {COLUMN_OF[name]: value for name, value in {**IDENTITY, **identity}.items()}
    return {**key, "records": str(records), **sums}


def call(starts: int, usages: int, failures: int = 0, **identity: str) -> Row:
    """Make a row of the calls that are no pair."""
    counts = {"starts": starts, "usages": usages, "failures": failures}
    records = {"records": str(starts + usages + failures)}
    return {**CALL, **identity, **records, **{k: str(v) for k, v in counts.items()}}


def record(event_id: str, counts: dict[str, int], time: str = "t", **identity: str) -> Row:
    """Make a row that is one record."""
    zeros = {name: str(counts.get(name, 0)) for name in RECORD_COUNTERS}
    return {**CALL, **IDENTITY, "event_id": event_id, "time": time, **zeros, **identity}


def numbering(lowest: int, highest: int, seen: int, **more: str) -> Row:
    """Make a row of the gaps: what one process numbered its records from and to."""
    values = {"lowest": lowest, "highest": highest, "seen": seen, "records": seen}
    return {"instance": "i1", **{k: str(v) for k, v in values.items()}, **more}


@dataclass
class Script:
    """How one query goes: what is said before it ends, how it ends, and the rows in their pages."""

    rows: Sequence[Row] = ()
    matched: int | None = None
    polls: Sequence[str] = ()
    ends: str = "Complete"
    page_rows: int = 1000
    statistics: dict[str, float] | None = None

    def numbers(self) -> dict[str, float]:
        if self.statistics is not None:
            return self.statistics
        matched = len(self.rows) if self.matched is None else self.matched
        return {"recordsMatched": float(matched), "resultCount": float(len(self.rows))}


@dataclass
class ScriptedLogs:
    """Plays `scripts` by the kind of query: totals, pairs, gaps, repeated, unsure."""

    scripts: dict[str, Script]
    refusals: list[str] = field(default_factory=list)
    started: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    polled: dict[str, int] = field(default_factory=dict)

    def start_query(self, **request: Any) -> dict[str, str]:
        if self.refusals:
            raise ClientError({"Error": {"Code": self.refusals.pop(0)}}, "StartQuery")
        self.started.append(request)
        return {"queryId": kind_of(request["queryString"])}

    def get_query_results(self, **request: Any) -> dict[str, Any]:
        query_id = request["queryId"]
        script = self.scripts[query_id]
        polls = self.polled[query_id] = self.polled.get(query_id, 0) + 1
        if polls <= len(script.polls):
            return self._page(script, script.polls[polls - 1], 0, 1)
        start = int(request.get("nextToken", 0))
        end = start + min(request["maxItems"], script.page_rows)
        return self._page(script, script.ends, start, end)

    def stop_query(self, **request: Any) -> dict[str, bool]:
        self.stopped.append(request["queryId"])
        return {"success": True}

    def _page(self, script: Script, status: str, start: int, end: int) -> dict[str, Any]:
        cells = [
            [{"field": name, "value": value} for name, value in row.items()]
            for row in script.rows[start:end]
        ]
        more = {"nextToken": str(end)} if end < len(script.rows) else {}
        return {"status": status, "results": cells, "statistics": script.numbers(), **more}


def kind_of(query: str) -> str:
    """Tell the report's queries apart by what only each of them says."""
    marks = {
        "| stats count(*) as records | limit": "late",
        "call_id in [": "repeated",
        "usage_source in [": "unsure",
        "by call_id": "pairs",
        "by instance, seq": "gaps",
    }
    return next((kind for mark, kind in marks.items() if mark in query), "totals")


def scripted_day(
    totals: Sequence[Row],
    pairs: Sequence[Row] = (),
    gaps: Sequence[Row] = (),
    repeated: Sequence[Row] = (),
    unsure: Sequence[Row] = (),
) -> ScriptedLogs:
    """Script a day on which the engine finds every record that the rows tell of.

    Partial and unknown calls that are not scripted are as many as the totals have.
    """
    matched = sum(int(float(row["records"])) for row in totals)
    numbered = sum(int(float(row["records"])) for row in gaps)
    return ScriptedLogs(
        {
            "totals": Script(totals, matched),
            "pairs": Script(pairs, matched),
            "gaps": Script(gaps, numbered),
            "late": Script(),
            "repeated": Script([{**row, "@ptr": f"{n}"} for n, row in enumerate(repeated)]),
            "unsure": Script(unsure or _unsure(totals)),
        }
    )


def unsure_call(source: str, **identity: str) -> Row:
    """Make a row of the calls that are partial, or unknown: their usage_source is `none`."""
    return {**CALL, "usage_source": source, "records": "1", "time": "t", **identity}


def _unsure(totals: Sequence[Row]) -> list[Row]:
    return [
        unsure_call(row["usage_source"], call_id=f"u{place}-{n}", request_id=f"ru{place}-{n}")
        for place, row in enumerate(totals)
        if row.get("usage_source") in ("partial", "none")
        for n in range(whole(row["sum_n_usage"]) or 0)
    ]
