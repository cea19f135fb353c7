"""The Logs Insights engine: log events and a query in, rows and statistics out."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum

from local.insights.compiler import stage
from local.insights.functions import Millis, Row
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
)

DEFAULT_ROWS = 10_000
Event = tuple[int, str, str]
"""Time in epoch milliseconds, message, name of the log stream."""

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


@dataclass(slots=True)
class _Tally:
    scanned: int = 0
    bytes: int = 0
    matched: int = 0


class Engine:
    """Answers queries over log events.

    Fields are discovered in messages that are one flat JSON object and nothing else; nested
    values and nulls are no fields. A system field (`@timestamp`, `@message`, `@logStream`,
    `@ptr`) cannot be forged by a message.
    """

    def __init__(self, events: Iterable[Event], rendering: Rendering = Rendering.PLAIN) -> None:
        self._events = events
        self._rendering = rendering

    def run(self, query: str, start: int, end: int, limit: int | None = None) -> Result:
        """Run a query over the window from second `start` to second `end`, both included.

        The window is compared in milliseconds: an event half a second after `end` is outside.
        Raises MalformedQuery.
        """
        commands = _completed(parse(query), limit)
        columns = _columns(commands)
        tally = _Tally()
        rows: Iterable[Row] = self._scanned(start * 1000, end * 1000, tally)
        selecting = True
        for command in commands:
            if selecting and not isinstance(command, _SELECTING):
                rows, selecting = _counted(rows, tally), False
            rows = stage(command)(rows)
        shown = [_shown(row, columns, self._rendering) for row in rows]
        return Result(shown, Statistics(tally.matched, tally.scanned, tally.bytes, len(shown)))

    def _scanned(self, start: int, end: int, tally: _Tally) -> Iterator[Row]:
        for index, (at, message, stream) in enumerate(self._events):
            if start <= at <= end:
                tally.scanned += 1
                tally.bytes += len(message) if message.isascii() else len(message.encode())
                row = discovered(message)
                row["@timestamp"] = Millis(at)
                row["@message"] = message
                row["@logStream"] = stream
                row["@ptr"] = f"event-{index}"
                yield row


def discovered(message: str) -> Row:
    """Return the fields of a message: those of its JSON object, or none."""
    if not message.startswith("{"):
        return {}
    try:
        fields = json.loads(message, parse_constant=_not_json)
    except ValueError:
        return {}
    return {k: v for k, v in fields.items() if v.__class__ not in _NO_FIELDS}


_NO_FIELDS = frozenset({dict, list, type(None)})


def _not_json(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _counted(rows: Iterable[Row], tally: _Tally) -> Iterator[Row]:
    for row in rows:
        tally.matched += 1
        yield row


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


def _shown(row: Row, columns: list[str], rendering: Rendering) -> dict[str, str]:
    """Render a row: every value is text, and a field that is absent has no pair at all."""
    return {
        name: value if value.__class__ is str else _rendered(value, rendering)
        for name in columns
        if (value := row.get(name)) is not None
    }


def _rendered(value: str | float, rendering: Rendering) -> str:
    if isinstance(value, Millis):
        at = _EPOCH + timedelta(milliseconds=value)
        return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{value % 1000:03d}"
    if isinstance(value, str):
        return value
    if rendering is Rendering.PLAIN or isinstance(value, bool):
        return str(int(value) if value == int(value) else value)
    return _as_double(Decimal(repr(value)), rendering)


def _as_double(value: Decimal, rendering: Rendering) -> str:
    """Write a number with a point, and from 10 million on with an exponent if so rendered."""
    if rendering is Rendering.SCIENTIFIC and abs(value) >= 10_000_000:
        digits = f"{value.normalize():E}".replace("E+", "E")
        return digits if "." in digits else digits.replace("E", ".0E")
    return f"{value:f}" if value != value.to_integral_value() else f"{value.to_integral_value()}.0"
