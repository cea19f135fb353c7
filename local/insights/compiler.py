"""From a command to a function from a table to a table."""

import re
from collections.abc import Callable
from functools import partial
from itertools import groupby

from local.insights.aggregates import AGGREGATES, Grouping
from local.insights.expressions import Evaluator, evaluator
from local.insights.functions import number
from local.insights.syntax import (
    Call,
    Command,
    Display,
    Expression,
    Field,
    Fields,
    Filter,
    Limit,
    Literal,
    MalformedQuery,
    Named,
    Parse,
    Sort,
    Stats,
    Value,
)
from local.insights.table import Column, Table

Stage = Callable[[Table], Table]


def stage(command: Command) -> Stage:
    """Compile a command. Raises MalformedQuery."""
    match command:
        case Filter(Call("and", (first, second))):  # the second of what the first has left
            narrow, narrower = stage(Filter(first)), stage(Filter(second))
            return lambda table: narrower(narrow(table))
        case Filter(condition):
            test = evaluator(condition)
            return lambda table: table.where(test(table))
        case Fields(columns) | Display(columns):
            return _computed(columns)
        case Parse(source, pattern):
            return partial(_parsed, evaluator(source), pattern.search, list(pattern.groupindex))
        case Stats(columns, by):
            return partial(_grouped, _Aggregation(columns), by)
        case Sort(keys):
            return partial(_sorted, [(evaluator(key), descending) for key, descending in keys])
        case Limit(count):
            return lambda table: table.first(count)
    raise AssertionError(command)


def _computed(columns: tuple[Named, ...]) -> Stage:
    """Add the columns in turn: a later one may use an earlier one."""
    new = [(c.name, evaluator(c.expression)) for c in columns if c.expression != Field(c.name)]

    def compute(table: Table) -> Table:
        for name, column in new:
            table = table.plus({name: column(table)})
        return table

    return compute


def _parsed(
    source: Evaluator, search: Callable[[str], re.Match[str] | None], names: list[str], table: Table
) -> Table:
    found = [search("" if text is None else str(text)) for text in source(table)]
    return table.plus({name: _taken(name, found, table.column(name)) for name in names})


def _taken(name: str, found: list[re.Match[str] | None], before: Column) -> Column:
    rows = zip(found, before, strict=True)
    return [match[name] if match else value for match, value in rows]


class _Aggregation:
    """The columns of a `stats` command, which may compute with several aggregates each."""

    def __init__(self, columns: tuple[Named, ...]) -> None:
        self._aggregates: list[Callable[[Grouping, Table], Column]] = []
        self._columns = [(c.name, evaluator(self._slotted(c.expression))) for c in columns]

    def columns(self, grouping: Grouping, rows: Table) -> dict[str, Column]:
        results = [aggregate(grouping, rows) for aggregate in self._aggregates]
        held = Table.of(grouping.count, {f"\0{i}": column for i, column in enumerate(results)})
        return {name: column(held) for name, column in self._columns}

    def _slotted(self, expression: Expression) -> Expression:
        """Replace each aggregate by the field that will hold its result."""
        match expression:
            case Call(name, args) if name in AGGREGATES:
                aggregate = AGGREGATES[name][2]
                values = evaluator(args[0] if args else Literal(1))
                self._aggregates.append(lambda groups, rows: aggregate(groups, values(rows)))
                return Field(f"\0{len(self._aggregates) - 1}")
            case Call(name, args):
                return Call(name, tuple(self._slotted(arg) for arg in args))
            case Field(name):
                raise MalformedQuery(f"stats needs an aggregate, not the field {name}", 0, 0)
        return expression


def _grouped(aggregation: _Aggregation, by: tuple[Named, ...], rows: Table) -> Table:
    """One row a group. An event without a by-field belongs to the group without that field."""
    keys = zip(*[evaluator(c.expression)(rows) for c in by], strict=True) if by else iter(())
    places: dict[tuple[Value, ...], int] = {}
    groups = [places.setdefault(key, len(places)) for key in keys] if by else [0] * rows.size
    count = len(places) if by else min(rows.size, 1)
    found = zip(*places, strict=True)
    columns = {column.name: list(values) for column, values in zip(by, found, strict=False)}
    grouping = Grouping(groups, count, rows.column("@timestamp"))
    return Table.of(count, columns | aggregation.columns(grouping, rows))


def _sorted(keys: list[tuple[Evaluator, bool]], rows: Table) -> Table:
    places = list(range(rows.size))
    for key, descending in reversed(keys):
        order = [natural_order(value) for value in key(rows)]
        places.sort(key=order.__getitem__, reverse=descending)
    return rows.ordered(places)


def natural_order(value: Value) -> tuple[int, int | float, list[tuple[int, int, str]]]:
    """Sort as Logs Insights does: absent, then text, then numbers.

    Within text, runs of digits stand by their length first, other runs by code point
    (CWL_QuerySyntax-Sort.html).
    """
    if value is None:
        return 0, 0, []
    n = number(value)
    if n is not None:
        return 2, n, []
    runs = ["".join(run) for _, run in groupby(str(value), str.isdigit)]
    return 1, 0, [(0, len(run), run) if run.isdigit() else (1, 0, run) for run in runs]
