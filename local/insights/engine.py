"""The Logs Insights engine: log events and a query in, rows and statistics out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum

from local.insights.compiler import stage
from local.insights.functions import Millis
from local.insights.parser import parse
from local.insights.syntax import (
    Command,
    Display,
    Field,
    Fields,
    Filter,
    Limit,
    Parse,
    Sort,
    Stats,
    Value,
)
from local.insights.table import Column, Event, Events, Table

DEFAULT_ROWS = 10_000
_SELECTING = Fields | Filter | Parse | Display
"""What matches events; from the first other command on, rows no longer are single events."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Rendering(Enum):
    """How numbers are written in results; all of these have been seen from AWS."""

    PLAIN = "15"
    DECIMAL = "15.0"
    SCIENTIFIC = "1.28E8"  # Java's Double.toString: with an exponent from 10 million on


@dataclass(frozen=True, slots=True)
class Statistics:
    """GetQueryResults' `statistics`: of the events, and of the rows before paging."""

    recordsMatched: int = 0  # noqa: N815 - AWS's own names
    recordsScanned: int = 0  # noqa: N815
    bytesScanned: int = 0  # noqa: N815
    resultCount: int = 0  # noqa: N815


@dataclass(frozen=True, slots=True)
class Result:
    rows: list[dict[str, str]]
    statistics: Statistics


class Engine:
    """Answers queries over log events, whose fields it discovers once."""

    def __init__(
        self, events: Iterable[Event] | Table, rendering: Rendering = Rendering.PLAIN
    ) -> None:
        self._events = events if isinstance(events, Table) else Events(events).table()
        self._rendering = rendering

    def run(self, query: str, start: int, end: int, limit: int | None = None) -> Result:
        """Run a query over the window from second `start` to second `end`, both included.

        The window is compared in milliseconds: an event half a second after `end` is outside.
        Raises MalformedQuery.
        """
        commands = _completed(parse(query), limit)
        rows = scanned = self._within(start * 1000, end * 1000)
        matched: int | None = None
        for command in commands:
            if matched is None and not isinstance(command, _SELECTING):
                matched = rows.size
            rows = stage(command)(rows)
        shown = list(_shown(rows, _columns(commands), self._rendering))
        size = sum(map(_size, scanned.column("@message")))
        return Result(shown, Statistics(matched or 0, scanned.size, size, len(shown)))

    def _within(self, start: int, end: int) -> Table:
        within = [start <= at <= end for at in self._events.column("@timestamp")]
        return self._events.where(within)


def _size(message: Value) -> int:
    text = str(message)
    return len(text) if text.isascii() else len(text.encode())


def _completed(commands: tuple[Command, ...], limit: int | None) -> list[Command]:
    """Add what AWS does unasked: newest events first, and at most 10,000 rows."""
    completed = list(commands)
    if limit is not None or not any(isinstance(command, Limit) for command in commands):
        completed.append(Limit(limit or DEFAULT_ROWS))
    if not any(isinstance(command, Sort | Stats) for command in commands):
        first_cut = next(i for i, c in enumerate(completed) if isinstance(c, Limit))
        completed.insert(first_cut, Sort(((Field("@timestamp"), True),)))
    return completed


def _columns(commands: list[Command]) -> list[str]:
    """Name the columns of the result, in order."""
    chosen: list[str] = []
    displayed, of_events = False, True
    for command in commands:
        match command:
            case Stats(columns, by):
                chosen = [column.name for column in (*by, *columns)]
                displayed = of_events = False
            case Display(columns):
                chosen, displayed = [column.name for column in columns], True
            case Fields(columns) if not displayed:
                chosen += [column.name for column in columns]
    if of_events:
        return [*(chosen or ["@timestamp", "@message"]), "@ptr"]
    return chosen


def _shown(rows: Table, columns: list[str], rendering: Rendering) -> Iterator[dict[str, str]]:
    """Render rows: every value is text, and a field that is absent has no pair at all."""
    names = list(dict.fromkeys(columns))
    rendered = [_texts(rows.column(name), rendering) for name in names]
    for values in zip(*rendered, strict=True):
        pairs = zip(names, values, strict=True)
        yield {name: text for name, text in pairs if text is not None}


def _texts(column: Column, rendering: Rendering) -> list[str | None]:
    return [
        value if value is None or value.__class__ is str else _rendered(value, rendering)
        for value in column
    ]


def _rendered(value: str | float, rendering: Rendering) -> str:
    if isinstance(value, Millis):
        at = _EPOCH + timedelta(milliseconds=value)
        return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{value % 1000:03d}"
    if isinstance(value, str):
        return value
    if rendering is Rendering.PLAIN and value.__class__ is int:
        return str(value)
    if rendering is Rendering.PLAIN or isinstance(value, bool):
        return str(int(value) if value == int(value) else value)
    return _as_double(Decimal(repr(value)), rendering)


def _as_double(value: Decimal, rendering: Rendering) -> str:
    """Write a number with a point, and from 10 million on with an exponent if so rendered."""
    if rendering is Rendering.SCIENTIFIC and abs(value) >= 10_000_000:
        digits = f"{value.normalize():E}".replace("E+", "E")
        return digits if "." in digits else digits.replace("E", ".0E")
    return f"{value:f}" if value != value.to_integral_value() else f"{value.to_integral_value()}.0"
