"""StartQuery, GetQueryResults and StopQuery in moto's place, over the log events moto keeps.

moto 5.2 reads neither `filter` nor `stats`, returns no statistics and knows no pages.
"""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from moto.core.exceptions import JsonRESTError
from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse

from local.insights.engine import Engine, Rendering, Result
from local.insights.parser import MAX_ROWS
from local.insights.syntax import MalformedQuery
from local.insights.table import Event

PAGE_ROWS = 10_000
"""The most rows that one GetQueryResults answers with."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How AWS is to behave from now on: what a test or a sabotage asks for."""

    rendering: Rendering = Rendering.PLAIN
    running_polls: int = 0
    """Answers of `Running`, with half of the rows, before a query ends."""
    ends: str = "Complete"
    """The status in which queries end: Complete, Failed, Timeout or Cancelled."""
    refusals: tuple[str, ...] = ()
    """Exceptions with which the next StartQuery calls are refused, in turn."""


@dataclass(slots=True)
class _Query:
    result: Result
    behaviour: Behaviour
    polls: int = 0
    cancelled: bool = False

    @property
    def status(self) -> str:
        if self.cancelled:
            return "Cancelled"
        return self.behaviour.ends if self.polls > self.behaviour.running_polls else "Running"


@dataclass(slots=True)
class InsightsService:
    """The queries of one AWS."""

    _behaviour: Behaviour = field(default_factory=Behaviour)
    _refusals: Iterator[str] = field(default_factory=lambda: iter(()))
    _queries: dict[str, _Query] = field(default_factory=dict)

    def behave(self, behaviour: Behaviour) -> None:
        """Be slow, unwilling or broken from the next StartQuery on; `Behaviour()` ends it."""
        self._behaviour = behaviour
        self._refusals = iter(behaviour.refusals)

    def start(self, backend: LogsBackend, request: dict[str, Any]) -> dict[str, Any]:
        for refusal in self._refusals:
            raise JsonRESTError(refusal, "Refused on request.")
        start, end = _window(request)
        limit = request.get("limit")
        if limit is not None and not 1 <= limit <= MAX_ROWS:
            raise InvalidParameterException(f"limit is from 1 to {MAX_ROWS}")
        events = chain.from_iterable(map(_events, _groups(backend, request)))
        engine = Engine(events, self._behaviour.rendering)
        try:
            result = engine.run(request["queryString"], start, end, limit)
        except MalformedQuery as error:
            raise _Malformed(error) from error
        query_id = str(uuid4())
        self._queries[query_id] = _Query(result, self._behaviour)
        return {"queryId": query_id}

    def results(self, request: dict[str, Any]) -> dict[str, Any]:
        query = self._query(request)
        query.polls += 1
        rows, page = query.result.rows, request.get("maxItems") or PAGE_ROWS
        if page > PAGE_ROWS:
            raise InvalidParameterException(f"maxItems is at most {PAGE_ROWS}")
        if query.status != "Complete":
            return _answer(query, rows[: len(rows) // 2][:page], {})
        offset = _offset(request)
        last = offset + page
        more = {"nextToken": _token(request["queryId"], last)} if last < len(rows) else {}
        return _answer(query, rows[offset:last], more)

    def stop(self, request: dict[str, Any]) -> dict[str, Any]:
        query = self._query(request)
        if query.polls > query.behaviour.running_polls or query.cancelled:
            raise InvalidParameterException("Query is not in a stoppable state")
        query.cancelled = True
        return {"success": True}

    def _query(self, request: dict[str, Any]) -> _Query:
        query = self._queries.get(request.get("queryId", ""))
        if query is None:
            raise ResourceNotFoundException("Invalid query id")
        return query


class _Malformed(JsonRESTError):
    def __init__(self, error: MalformedQuery) -> None:
        super().__init__("MalformedQueryException", str(error))
        location = {"startCharOffset": error.start, "endCharOffset": error.end}
        body = json.loads(self.description)
        body["queryCompileError"] = {"location": location, "message": str(error)}
        self.description = json.dumps(body)


@contextmanager
def installed(service: InsightsService) -> Iterator[InsightsService]:
    """Put the service in moto's place while the context lasts."""

    def operation(answer: Callable[[LogsResponse, dict[str, Any]], dict[str, Any]]) -> Any:
        return lambda response: json.dumps(answer(response, json.loads(response.body)))

    with patch.multiple(
        LogsResponse,
        create=True,
        start_query=operation(lambda aws, request: service.start(aws.logs_backend, request)),
        get_query_results=operation(lambda _, request: service.results(request)),
        stop_query=operation(lambda _, request: service.stop(request)),
    ):
        yield service


def _window(request: dict[str, Any]) -> tuple[int, int]:
    start, end = request["startTime"], request["endTime"]
    if not 0 <= start <= end:
        raise InvalidParameterException("startTime is after endTime")
    return start, end


def _groups(backend: LogsBackend, request: dict[str, Any]) -> list[LogGroup]:
    given = [
        names
        for names in (
            [request["logGroupName"]] if "logGroupName" in request else None,
            request.get("logGroupNames"),
            request.get("logGroupIdentifiers"),
        )
        if names
    ]
    if len(given) != 1:
        raise InvalidParameterException("exactly one of the log group parameters is needed")
    names = [name.removesuffix(":*").rsplit(":log-group:", 1)[-1] for name in given[0]]
    if missing := [name for name in names if name not in backend.groups]:
        raise ResourceNotFoundException(f"Log group '{missing[0]}' does not exist")
    return [backend.groups[name] for name in names]


def _events(group: LogGroup) -> Iterator[Event]:
    for name, stream in list(group.streams.items()):
        for event in list(stream.events):
            yield event.timestamp, event.message, name


def _token(query_id: str, offset: int) -> str:
    return base64.urlsafe_b64encode(f"{query_id} {offset}".encode()).decode()


def _offset(request: dict[str, Any]) -> int:
    token = request.get("nextToken")
    if token is None:
        return 0
    query_id, _, offset = base64.urlsafe_b64decode(token).decode().partition(" ")
    if query_id != request["queryId"]:
        raise InvalidParameterException("The specified nextToken is invalid.")
    return int(offset)


def _answer(query: _Query, rows: list[dict[str, str]], more: dict[str, str]) -> dict[str, Any]:
    statistics = query.result.statistics
    return {
        "queryLanguage": "CWLI",
        "status": query.status,
        "results": [[{"field": f, "value": v} for f, v in row.items()] for row in rows],
        "statistics": {name: float(getattr(statistics, name)) for name in _STATISTICS},
        **more,
    }


_STATISTICS = ("recordsMatched", "recordsScanned", "bytesScanned", "resultCount")
