"""What a Logs Insights query can compute of one event.

docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html
"""

import math
import operator
import re
from collections.abc import Callable
from typing import Any

from local.insights.syntax import Value

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


quotient = _numeric(_quotient)


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if value is not None), None)


def _substring(text: Value, start: Value, length: Value = None) -> Value:
    """Take `length` characters from place `start`, counted from 0, or all from there on."""
    if not isinstance(start, int) or not isinstance(length, int | None):
        return None
    return _text(text)[start : None if length is None else start + length]


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
    "substr": (2, 3, _substring),
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
    "/": quotient,
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
    if a.__class__ is int and b.__class__ is int:
        return test(a, b)
    if a is None or b is None:
        return False
    x, y = number(a), number(b)
    if x is not None and y is not None:
        return test(x, y)
    return test(str(a), str(b))
