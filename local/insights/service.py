"""StartQuery, GetQueryResults and StopQuery over a table of log events."""

import base64
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import uuid4

from local.insights.engine import DEFAULT_ROWS, Engine, Result, Statistics
from local.insights.faults import Behaviour, Broken, Does, Fault, Page, Refusal
from local.insights.parser import MAX_ROWS
from local.insights.syntax import MalformedQuery
from local.insights.table import Table

MOST_ITEMS = 10_000
"""The most rows that one GetQueryResults can be asked for (`maxItems`)."""

MOST_CHARACTERS = 10_000
"""The longest text of a query (StartQuery `queryString`)."""

AT_ONCE = 100
"""Queries that may run side by side in an account and region (CloudWatch Logs quotas)."""


class Refused(Exception):
    """The API refuses a call, with an exception of its own."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.more = more
        """What the answer says besides."""


class Disconnected(Exception):
    """The connection of a call ended, and there was no answer."""


@dataclass(slots=True)
class _Query:
    text: str
    result: Result
    behaviour: Behaviour
    polls: int = 0
    cancelled: bool = False

    @property
    def status(self) -> str:
        if self.cancelled:
            return "Cancelled"
        if self.polls <= self.behaviour.scheduled_polls:
            return "Scheduled"
        return self.behaviour.ends if self.polls > self.unended_polls else "Running"

    @property
    def unended_polls(self) -> int:
        return self.behaviour.scheduled_polls + self.behaviour.running_polls

    @property
    def runs(self) -> bool:
        """A query that ends by itself, unless somebody asked for slowness, has ended already."""
        return not self.cancelled and self.polls < self.unended_polls


@dataclass(slots=True)
class InsightsService:
    """The queries of one AWS account and region."""

    _behaviour: Behaviour = field(default_factory=Behaviour)
    _faults: tuple[Fault, ...] = ()
    _refusals: Iterator[str] = field(default_factory=lambda: iter(()))
    _calls: Counter[Fault] = field(default_factory=Counter)
    _looks: int = 0
    _queries: dict[str, _Query] = field(default_factory=dict)

    def behave(self, behaviour: Behaviour, *faults: Fault) -> None:
        """Be slow, unwilling or broken from the next call on; `Behaviour()` ends it."""
        self._behaviour, self._faults = behaviour, faults
        self._refusals = iter(behaviour.refusals)
        self._calls.clear()
        self._looks = 0

    def start(self, events: Table, request: dict[str, Any]) -> dict[str, Any]:
        text = request["queryString"]
        faults = self._struck("StartQuery", text)
        for refusal in self._refusals:
            raise Refused(refusal, "Refused on request.")
        _check(request)
        if sum(query.runs for query in self._queries.values()) >= AT_ONCE:
            raise Refused("LimitExceededException", f"{AT_ONCE} queries run already")
        behaviour = next((f for f in faults if isinstance(f, Behaviour)), self._behaviour)
        query_id = str(uuid4())
        self._queries[query_id] = _Query(text, self._run(events, request, behaviour), behaviour)
        _break_after(faults)
        return {"queryId": query_id}

    def results(self, request: dict[str, Any]) -> dict[str, Any]:
        query = self._query(request)
        asked = request.get("maxItems") or MOST_ITEMS
        if asked > MOST_ITEMS:
            raise Refused("InvalidParameterException", f"maxItems is at most {MOST_ITEMS}")
        page = min(asked, query.behaviour.page_rows)
        faults = self._struck("GetQueryResults", query.text)
        query.polls += 1
        _break_after(faults)
        rows, offset = query.result.rows, _offset(request)
        if query.status != "Complete":
            shown = 0 if query.status == "Scheduled" else len(rows) // 2
            return _answer(query, rows[:shown][:page])
        if Page.EMPTY in faults:
            return _answer(query, [], nextToken=_token(request["queryId"], offset))
        last = offset + page
        more = {"nextToken": _token(request["queryId"], last)} if last < len(rows) else {}
        first = offset - page if Page.AGAIN in faults and offset else offset
        answer = _answer(query, rows[first : first + page], **more)
        for fault in faults:
            if spoil := _SPOILED.get(fault):
                spoil(answer)
        return answer

    def stop(self, request: dict[str, Any]) -> dict[str, Any]:
        query = self._query(request)
        faults = self._struck("StopQuery", query.text)
        if query.polls > query.unended_polls or query.cancelled:
            raise Refused("InvalidParameterException", "Query is not in a stoppable state")
        query.cancelled = True
        _break_after(faults)
        return {"success": True}

    def _query(self, request: dict[str, Any]) -> _Query:
        query = self._queries.get(request.get("queryId", ""))
        if query is None:
            raise Refused("ResourceNotFoundException", "Invalid query id")
        return query

    def _struck(self, operation: str, text: str) -> list[Does]:
        """Return what is to go wrong at this call; raises Refused or Disconnected at once."""
        struck: list[Does] = []
        for fault in self._faults:
            if fault.operation == operation and fault.query in text:
                self._calls[fault] += 1
                if fault.nth in (None, self._calls[fault]):
                    struck.append(fault.does)
        for does in struck:
            if isinstance(does, Refusal):
                raise Refused(does.code, "Refused on request.")
            if does is Broken.BEFORE:
                raise Disconnected
        return struck

    def _run(self, events: Table, request: dict[str, Any], behaviour: Behaviour) -> Result:
        self._looks += 1
        if behaviour.late and self._looks <= behaviour.late_looks:
            events = events.where([behaviour.late not in m for m in events.column("@message")])
        window = request["startTime"], request["endTime"]
        limit = request.get("limit")
        try:
            result = Engine(events, behaviour.rendering).run(request["queryString"], *window, limit)
        except MalformedQuery as error:
            location = {"startCharOffset": error.start, "endCharOffset": error.end}
            compiled = {"location": location, "message": str(error)}
            raise Refused(
                "MalformedQueryException", str(error), queryCompileError=compiled
            ) from error
        return result if behaviour.cut_to is None else _cut(result, behaviour.cut_to, limit)


def _check(request: dict[str, Any]) -> None:
    limit = request.get("limit")
    wrong = {
        "startTime is after endTime": not 0 <= request["startTime"] <= request["endTime"],
        f"limit is from 1 to {MAX_ROWS}": limit is not None and not 1 <= limit <= MAX_ROWS,
        "the query is too long": len(request["queryString"]) > MOST_CHARACTERS,
    }
    for message, is_so in wrong.items():
        if is_so:
            raise Refused("InvalidParameterException", message)


def _break_after(faults: list[Does]) -> None:
    if Broken.AFTER in faults:
        raise Disconnected


def _cut(result: Result, rows: int, limit: int | None) -> Result:
    statistics = replace(result.statistics, resultCount=limit or DEFAULT_ROWS)
    return Result(result.rows[:rows], statistics)


def _token(query_id: str, offset: int) -> str:
    return base64.urlsafe_b64encode(f"{query_id} {offset}".encode()).decode()


def _offset(request: dict[str, Any]) -> int:
    token = request.get("nextToken")
    if token is None:
        return 0
    query_id, _, offset = base64.urlsafe_b64decode(token).decode().partition(" ")
    if query_id != request["queryId"]:
        raise Refused("InvalidParameterException", "The specified nextToken is invalid.")
    return int(offset)


def _answer(query: _Query, rows: list[dict[str, str]], **more: str) -> dict[str, Any]:
    return {
        "queryLanguage": "CWLI",
        "status": query.status,
        "results": [[{"field": f, "value": v} for f, v in row.items()] for row in rows],
        **({} if query.behaviour.silent else {"statistics": _numbers(query.result.statistics)}),
        **more,
    }


def _numbers(statistics: Statistics) -> dict[str, float]:
    return {name: float(value) for name, value in asdict(statistics).items()}


_SPOILED: Mapping[Does, Callable[[dict[str, Any]], object]] = {
    Page.FAILED: lambda answer: answer.update(status="Failed"),
    Page.SHORT: lambda answer: answer.update(results=answer["results"][:-1]),
    Page.LAST: lambda answer: answer.pop("nextToken", None),
}
