"""From an expression to a function that computes its column of a table."""

import re
from collections.abc import Callable

from local.insights.aggregates import AGGREGATES
from local.insights.functions import ARITHMETIC, COMPARISONS, FUNCTIONS, compare, number
from local.insights.syntax import (
    Call,
    Expression,
    Field,
    In,
    Like,
    Literal,
    MalformedQuery,
    Value,
)
from local.insights.table import Column, Table

Evaluator = Callable[[Table], Column]


def evaluator(expression: Expression) -> Evaluator:
    """Compile an expression. Raises MalformedQuery where an aggregate stands in it."""
    match expression:
        case Literal(value):
            return lambda table: [value] * table.size
        case Field(name):
            return lambda table: table.column(name)
        case In(needle, values):
            return _membership(needle, values)
        case Like(text, pattern):
            return _matching(evaluator(text), pattern)
        case Call("=", (subject, Literal(str() as text))) if number(text) is None:
            column = evaluator(subject)
            return lambda table: [value == text for value in column(table)]
        case Call(name, args):
            return _call(name, [evaluator(arg) for arg in args])
    raise AssertionError(expression)


def _membership(needle: Expression, values: tuple[Expression, ...]) -> Evaluator:
    texts = {v.value for v in values if isinstance(v, Literal) and _is_word(v.value)}
    if len(texts) == len(values):
        column = evaluator(needle)
        return lambda table: [value in texts for value in column(table)]
    equal = [evaluator(Call("=", (needle, value))) for value in values]
    return lambda table: [any(row) for row in zip(*[e(table) for e in equal], strict=True)]


def _is_word(value: Value) -> bool:
    return isinstance(value, str) and number(value) is None


def _matching(subject: Evaluator, pattern: re.Pattern[str]) -> Evaluator:
    search = pattern.search
    return lambda table: [v is not None and bool(search(str(v))) for v in subject(table)]


def _call(name: str, args: list[Evaluator]) -> Evaluator:
    if name in AGGREGATES:
        raise MalformedQuery(f"{name}() stands in stats only", 0, 0)
    function = _operator(name)
    return lambda table: list(map(function, *[arg(table) for arg in args]))


def _operator(name: str) -> Callable[..., Value]:
    if name in COMPARISONS:
        test = COMPARISONS[name]
        return lambda a, b: compare(test, a, b)
    return _LOGIC.get(name) or ARITHMETIC.get(name) or FUNCTIONS[name][2]


_LOGIC: dict[str, Callable[..., Value]] = {
    "and": lambda a, b: bool(a) and bool(b),
    "or": lambda a, b: bool(a) or bool(b),
    "not": lambda a: not a,
}
