"""Logs Insights in moto's place, over the log events that moto keeps.

moto 5.2 reads neither `filter` nor `stats`, returns no statistics and knows no pages.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

from moto.core.exceptions import JsonRESTError
from moto.logs.models import LogGroup, LogsBackend, LogStream
from moto.logs.responses import LogsResponse

from local.insights.service import InsightsService, Refused
from local.insights.table import Event, Events, Table

MOST_GROUPS = 50
"""Log groups that one query reads (StartQuery `logGroupNames`)."""


@contextmanager
def installed(service: InsightsService) -> Iterator[InsightsService]:
    """Put the service in moto's place while the context lasts."""
    discovered: WeakKeyDictionary[LogStream, Events] = WeakKeyDictionary()

    def start(aws: LogsResponse, request: dict[str, Any]) -> dict[str, Any]:
        groups = _groups(aws.logs_backend, request)
        return service.start(_table(groups, discovered), request)

    with patch.multiple(
        LogsResponse,
        create=True,
        start_query=_operation(start),
        get_query_results=_operation(lambda _, request: service.results(request)),
        stop_query=_operation(lambda _, request: service.stop(request)),
    ):
        yield service


class _Refusal(JsonRESTError):
    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.code, refused.message)
        self.description = json.dumps(json.loads(self.description) | refused.more)


def _operation(answer: Callable[[LogsResponse, dict[str, Any]], Mapping[str, Any]]) -> Any:
    def respond(response: LogsResponse) -> str:
        try:
            return json.dumps(answer(response, json.loads(response.body)))
        except Refused as refused:
            raise _Refusal(refused) from refused

    return respond


def _groups(backend: LogsBackend, request: dict[str, Any]) -> list[LogGroup]:
    parameters = ("logGroupName", "logGroupNames", "logGroupIdentifiers")
    given = [request[name] for name in parameters if request.get(name)]
    if len(given) != 1:
        message = "exactly one of the log group parameters is needed"
        raise Refused("InvalidParameterException", message)
    listed = [given[0]] if isinstance(given[0], str) else given[0]
    if len(listed) > MOST_GROUPS:
        raise Refused("InvalidParameterException", f"log groups are at most {MOST_GROUPS}")
    names = [name.removesuffix(":*").rsplit(":log-group:", 1)[-1] for name in listed]
    if missing := [name for name in names if name not in backend.groups]:
        raise Refused("ResourceNotFoundException", f"Log group '{missing[0]}' does not exist")
    return [backend.groups[name] for name in names]


def _table(groups: list[LogGroup], discovered: WeakKeyDictionary[LogStream, Events]) -> Table:
    tables = []
    for group in groups:
        for name, stream in list(group.streams.items()):
            events = discovered.setdefault(stream, Events())
            events.extend(_since(len(events), name, stream))
            tables.append(events.table())
    return Table.joined(tables)


def _since(seen: int, name: str, stream: LogStream) -> Iterator[Event]:
    """Yield the events that a stream was sent after the first `seen`; moto only ever appends."""
    for event in islice(stream.events, seen, len(stream.events)):
        yield event.timestamp, event.message, name
