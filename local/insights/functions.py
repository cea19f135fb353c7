"""What a Logs Insights query can compute: functions of one event, and aggregates of many.

docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html
"""

import math
import operator
import re
from collections.abc import Callable
from typing import Any

from local.insights.syntax import Value

Row = dict[str, Any]
"""Field → value of one event, or of one group after `stats`."""

Getter = Callable[[Row], Value]
Slots = list[Any]
"""The running values of one group's aggregates."""

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


class Millis(int):
    """A time in epoch milliseconds, written `2026-11-23 08:54:35.123` in results."""


def number(value: Value) -> int | float | None:
    """Read a value as a number; text that looks like one is one."""
    if isinstance(value, int | float):
        return value
    if value is None or not _NUMBER.fullmatch(value):
        return None
    return int(value) if value.lstrip("-").isdigit() else float(value)


def _text(value: Value) -> str:
    return "" if value is None else str(value)


def _numeric(compute: Callable[..., Value]) -> Callable[..., Value]:
    """Lift arithmetic to values: None where an operand is no number, or on division by 0."""

    def lifted(*values: Value) -> Value:
        numbers = [number(value) for value in values]
        if any(n is None for n in numbers):
            return None
        try:
            return compute(*numbers)
        except ZeroDivisionError:
            return None

    return lifted


def _quotient(a: float, b: float) -> int | float:
    return a // b if isinstance(a, int) and isinstance(b, int) and a % b == 0 else a / b


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if value is not None), None)


def _datefloor(at: Value, period: Value) -> Value:
    """Round a time down to a whole period (milliseconds) since the epoch, in UTC."""
    if not isinstance(at, int) or not isinstance(period, int) or period < 1:
        return None
    return Millis(at - at % period)


FUNCTIONS: dict[str, tuple[int, int, Callable[..., Value]]] = {
    # name: (fewest arguments, most, function of their values)
    "abs": (1, 1, _numeric(abs)),
    "ceil": (1, 1, _numeric(math.ceil)),
    "floor": (1, 1, _numeric(math.floor)),
    "greatest": (1, 99, _numeric(max)),
    "least": (1, 99, _numeric(min)),
    "coalesce": (1, 99, _coalesce),
    "ispresent": (1, 1, lambda value: value is not None),
    "isempty": (1, 1, lambda value: _text(value) == ""),
    "isblank": (1, 1, lambda value: _text(value).strip() == ""),
    "concat": (1, 99, lambda *values: "".join(map(_text, values))),
    "strlen": (1, 1, lambda value: len(_text(value))),
    "strcontains": (2, 2, lambda value, part: _text(part) in _text(value)),
    "tolower": (1, 1, lambda value: _text(value).lower()),
    "toupper": (1, 1, lambda value: _text(value).upper()),
    "trim": (1, 1, lambda value: _text(value).strip()),
    "datefloor": (2, 2, _datefloor),
}

ARITHMETIC: dict[str, Callable[..., Value]] = {
    "+": _numeric(operator.add),
    "-": _numeric(operator.sub),
    "*": _numeric(operator.mul),
    "/": _numeric(_quotient),
    "%": _numeric(operator.mod),
}

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compare(test: Callable[[Any, Any], bool], a: Value, b: Value) -> bool:
    """Compare as numbers if both are, else as text; a missing field compares to nothing."""
    if a is None or b is None:
        return False
    x, y = number(a), number(b)
    if x is not None and y is not None:
        return test(x, y)
    return test(str(a), str(b))


Step = Callable[[Slots, Row], None]
"""Takes one event into a group's slots."""


def _total(slot: int, value: Getter) -> Step:
    def step(slots: Slots, row: Row) -> None:
        n = value(row)
        if n.__class__ is not int and (n := number(n)) is None:
            return
        held = slots[slot]
        slots[slot] = n if held is None else held + n

    return step


def _mean(slot: int, value: Getter) -> Step:
    def step(slots: Slots, row: Row) -> None:
        n = number(value(row))
        if n is not None:
            total, count = slots[slot] or (0, 0)
            slots[slot] = (total + n, count + 1)

    return step


def _extreme(better: Callable[[Any, Any], bool]) -> Callable[[int, Getter], Step]:
    def aggregate(slot: int, value: Getter) -> Step:
        def step(slots: Slots, row: Row) -> None:
            v = value(row)
            if v is not None and (slots[slot] is None or compare(better, v, slots[slot])):
                slots[slot] = v

        return step

    return aggregate


def _count(slot: int, value: Getter) -> Step:
    def step(slots: Slots, row: Row) -> None:
        slots[slot] = (slots[slot] or 0) + (value(row) is not None)

    return step


def _distinct(slot: int, value: Getter) -> Step:
    def step(slots: Slots, row: Row) -> None:
        v = value(row)
        seen = slots[slot]
        if seen is None:
            seen = slots[slot] = set()
        if v is not None:
            seen.add(str(v))

    return step


def _at_edge(better: Callable[[Any, Any], bool]) -> Callable[[int, Getter], Step]:
    """Keep the value of the earliest or latest event that has one."""

    def aggregate(slot: int, value: Getter) -> Step:
        def step(slots: Slots, row: Row) -> None:
            v, at = value(row), row["@timestamp"]
            if v is not None and (slots[slot] is None or better(at, slots[slot][0])):
                slots[slot] = (at, v)

        return step

    return aggregate


def _same(held: Any) -> Value:
    return held


AGGREGATES: dict[str, tuple[int, int, Callable[[int, Getter], Step], Callable[[Any], Value]]] = {
    # name: (fewest arguments, most, step, what a slot holds → the result)
    "sum": (1, 1, _total, _same),
    "min": (1, 1, _extreme(operator.lt), _same),
    "max": (1, 1, _extreme(operator.gt), _same),
    "avg": (1, 1, _mean, lambda held: _quotient(*held)),
    "count": (0, 1, _count, _same),
    "count_distinct": (1, 1, _distinct, len),
    "earliest": (1, 1, _at_edge(operator.lt), lambda held: held[1]),
    "latest": (1, 1, _at_edge(operator.ge), lambda held: held[1]),
}

ARITIES: dict[str, tuple[int, int]] = {
    **{name: (row[0], row[1]) for name, row in FUNCTIONS.items()},
    **{name: (row[0], row[1]) for name, row in AGGREGATES.items()},
    "bin": (1, 1),  # datefloor(@timestamp, …)
}
