"""Rows held a column at a time: what a query reads of a million events is a few columns of them."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, compress, islice
from typing import Any

from local.insights.functions import Millis
from local.insights.syntax import Value

Column = list[Any]
"""A Value a row."""

Event = tuple[int, str, str]
"""Time in epoch milliseconds, message, name of the log stream."""

MOST_FIELDS = 200
"""Fields that are discovered in an event, at most (CloudWatch Logs user guide, "Supported logs
and discovered fields")."""

_BLOCK = 500  # events whose fields are discovered together: as many as the CPU keeps near
_NO_FIELDS = frozenset({dict, list, type(None)})


def _not_json(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


_JSON = json.JSONDecoder(parse_constant=_not_json)


class Table:
    """Rows by column. A column is made when it is first asked for, and then kept.

    A row without a field has None in its column, and so has every row where the column is unknown.
    """

    def __init__(self, size: int, source: Callable[[str], Column]) -> None:
        self.size = size
        self._source = source
        self._columns: dict[str, Column] = {}

    @classmethod
    def of(cls, size: int, columns: Mapping[str, Column]) -> "Table":
        return cls(size, lambda name: columns.get(name) or [None] * size)

    @classmethod
    def joined(cls, tables: Sequence["Table"]) -> "Table":
        if len(tables) == 1:
            return tables[0]
        size = sum(table.size for table in tables)
        return cls(size, lambda name: list(chain.from_iterable(t.column(name) for t in tables)))

    def column(self, name: str) -> Column:
        if name not in self._columns:
            self._columns[name] = self._source(name)
        return self._columns[name]

    def plus(self, columns: Mapping[str, Column]) -> "Table":
        return Table(self.size, lambda name: columns.get(name) or self.column(name))

    def where(self, mask: Column) -> "Table":
        """Keep the rows at which the mask is true."""
        kept = sum(map(bool, mask))
        if kept == self.size:
            return self
        return Table(kept, lambda name: list(compress(self.column(name), mask)))

    def ordered(self, places: Sequence[int]) -> "Table":
        """Keep the rows at these places, in their order."""
        return Table(len(places), lambda name: list(map(self.column(name).__getitem__, places)))

    def first(self, count: int) -> "Table":
        if count >= self.size:
            return self
        return Table(count, lambda name: self.column(name)[:count])


class Events:
    """Log events whose fields are discovered once, however many queries then read them.

    Fields are discovered in messages that are one flat JSON object and nothing else; nested
    values and nulls are no fields. A system field (`@timestamp`, `@message`, `@logStream`,
    `@ptr`) cannot be forged by a message.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._columns: dict[str, Column] = {}
        self._size = 0
        self.extend(events)

    def __len__(self) -> int:
        return self._size

    def extend(self, events: Iterable[Event]) -> None:
        stream = iter(events)
        while block := list(islice(stream, _BLOCK)):
            self._append([_row(self._size + place, *event) for place, event in enumerate(block)])

    def table(self) -> Table:
        """Return the events, to be read before more of them come."""
        return Table.of(self._size, self._columns)

    def _append(self, rows: list[dict[str, Value]]) -> None:
        found = _columns(rows)
        nothing: Column = [None] * len(rows)
        for name in dict.fromkeys(chain(self._columns, found)):
            if name not in self._columns:
                self._columns[name] = [None] * self._size
            self._columns[name].extend(_shared(found.get(name, nothing)))
        self._size += len(rows)


def discovered(message: str) -> dict[str, Value]:
    """Return the fields of a message: those of its JSON object, or none."""
    if not message.startswith("{"):
        return {}
    try:
        fields = _JSON.decode(message)
    except ValueError:
        return {}
    found = {k: v for k, v in fields.items() if v.__class__ not in _NO_FIELDS}
    return found if len(found) <= MOST_FIELDS else dict(islice(found.items(), MOST_FIELDS))


def _row(place: int, at: int, message: str, stream: str) -> dict[str, Value]:
    row = discovered(message)
    row["@timestamp"] = Millis(at)
    row["@message"] = message
    row["@logStream"] = stream
    row["@ptr"] = f"event-{place}"
    return row


def _columns(rows: list[dict[str, Value]]) -> dict[str, Column]:
    """Turn rows into columns; much faster where all have the same fields, as records do."""
    names = tuple(rows[0])
    if all(tuple(row) == names for row in rows):
        columns = map(list, zip(*map(dict.values, rows), strict=True))
        return dict(zip(names, columns, strict=True))
    every = dict.fromkeys(chain.from_iterable(rows))
    return {name: [row.get(name) for row in rows] for name in every}


def _shared(values: Column) -> Iterable[Value]:
    """Let equal texts be one object: in most columns of a million events they are few."""
    if set(map(type, values)) <= {str, type(None)}:
        texts = dict(zip(values, values, strict=True))
        return map(texts.__getitem__, values)
    return values
