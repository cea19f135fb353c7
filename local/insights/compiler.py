"""From commands to functions: expressions become closures, commands become row streams."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby, islice

from local.insights.functions import (
    AGGREGATES,
    ARITHMETIC,
    COMPARISONS,
    FUNCTIONS,
    Getter,
    Row,
    Slots,
    Step,
    compare,
    number,
)
from local.insights.syntax import (
    Call,
    Command,
    Display,
    Expression,
    Field,
    Fields,
    Filter,
    In,
    Like,
    Limit,
    Literal,
    MalformedQuery,
    Named,
    Parse,
    Sort,
    Stats,
    Value,
)

Stage = Callable[[Iterable[Row]], Iterator[Row]]


def getter(expression: Expression) -> Getter:
    """Compile an expression to a function of a row."""
    match expression:
        case Literal(value):
            return lambda row: value
        case Field(name):
            return lambda row: row.get(name)
        case In(needle, values):
            equal = [getter(Call("=", (needle, value))) for value in values]
            return lambda row: any(test(row) for test in equal)
        case Like(text, pattern):
            subject = getter(text)
            return lambda row: (v := subject(row)) is not None and bool(pattern.search(str(v)))
        case Call("=", (Field(name), Literal(str() as text))) if number(text) is None:
            return lambda row: row.get(name) == text
        case Call(name, args):
            return _call(name, [getter(arg) for arg in args])
    raise AssertionError(expression)


def _call(name: str, args: list[Getter]) -> Getter:
    if name in AGGREGATES:
        raise MalformedQuery(f"{name}() stands in stats only", 0, 0)
    first, second = args[0], args[-1]
    if name == "and":
        return lambda row: bool(first(row)) and bool(second(row))
    if name == "or":
        return lambda row: bool(first(row)) or bool(second(row))
    if name == "not":
        return lambda row: not first(row)
    if name in COMPARISONS:
        test = COMPARISONS[name]
        return lambda row: compare(test, first(row), second(row))
    function = ARITHMETIC[name] if name in ARITHMETIC else FUNCTIONS[name][2]
    return lambda row: function(*[arg(row) for arg in args])


def stage(command: Command) -> Stage:
    """Compile a command to a function from a stream of rows to a stream of rows."""
    match command:
        case Filter(condition):
            test = getter(condition)
            return lambda rows: (row for row in rows if test(row))
        case Fields(columns) | Display(columns):
            return _computed(columns)
        case Parse(source, pattern):
            text = getter(source)
            return lambda rows: (_parsed(row, pattern.search(str(text(row) or ""))) for row in rows)
        case Stats(columns, by):
            return partial(_grouped, _Aggregation(columns), by)
        case Sort(keys):
            return partial(_sorted, [(getter(key), descending) for key, descending in keys])
        case Limit(count):
            return partial(_limited, count)
    raise AssertionError(command)


def _computed(columns: tuple[Named, ...]) -> Stage:
    new = [(c.name, getter(c.expression)) for c in columns if c.expression != Field(c.name)]
    if not new:
        return iter

    def compute(rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            for name, value in new:
                row[name] = value(row)
            yield row

    return compute


def _parsed(row: Row, match: re.Match[str] | None) -> Row:
    if match is not None:
        row.update(match.groupdict())
    return row


class _Aggregation:
    """The columns of a `stats` command, which may compute with several aggregates each."""

    def __init__(self, columns: tuple[Named, ...]) -> None:
        self.steps: list[Step] = []
        self._results: list[Callable[[object], Value]] = []
        self._columns = [(c.name, getter(self._slotted(c.expression))) for c in columns]

    def row(self, slots: Slots) -> Row:
        held = {
            f"\0{slot}": None if value is None else result(value)
            for slot, (value, result) in enumerate(zip(slots, self._results, strict=True))
        }
        return {name: column(held) for name, column in self._columns}

    def _slotted(self, expression: Expression) -> Expression:
        """Replace each aggregate by the field that will hold its result."""
        match expression:
            case Call(name, args) if name in AGGREGATES:
                _, _, step, result = AGGREGATES[name]
                slot = len(self.steps)
                self.steps.append(step(slot, getter(args[0] if args else Literal(1))))
                self._results.append(result)
                return Field(f"\0{slot}")
            case Call(name, args):
                return Call(name, tuple(self._slotted(arg) for arg in args))
            case Field(name):
                raise MalformedQuery(f"stats needs an aggregate, not the field {name}", 0, 0)
        return expression


def _grouped(
    aggregation: _Aggregation, by: tuple[Named, ...], rows: Iterable[Row]
) -> Iterator[Row]:
    """One row a group. An event without a by-field belongs to the group without that field."""
    keys = [getter(column.expression) for column in by]
    names = [column.name for column in by]
    steps = aggregation.steps
    groups: dict[tuple[Value, ...], Slots] = {}
    for row in rows:
        key = tuple([get(row) for get in keys])
        slots = groups.get(key)
        if slots is None:
            slots = groups[key] = [None] * len(steps)
        for step in steps:
            step(slots, row)
    for key, slots in groups.items():
        yield {**dict(zip(names, key, strict=True)), **aggregation.row(slots)}


def _sorted(keys: list[tuple[Getter, bool]], rows: Iterable[Row]) -> Iterator[Row]:
    ordered = list(rows)
    for key, descending in reversed(keys):
        ordered.sort(key=lambda row, key=key: natural_order(key(row)), reverse=descending)
    return iter(ordered)


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


def _limited(count: int, rows: Iterable[Row]) -> Iterator[Row]:
    stream = iter(rows)
    yield from list(islice(stream, count))
    deque(stream, maxlen=0)  # what is cut off was matched all the same
