"""From the text of a Logs Insights query to its commands."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from local.insights.aggregates import AGGREGATES
from local.insights.functions import FUNCTIONS
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
    Token,
    Value,
    tokens,
)

MAX_ROWS = 100_000
"""The most rows a query may ask for (StartQuery's `limit`)."""

_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_PERIODS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_ARITIES: dict[str, tuple[int, int]] = {
    **{name: (row[0], row[1]) for name, row in (FUNCTIONS | AGGREGATES).items()},
    "bin": (1, 1),  # datefloor(@timestamp, …)
}
_NAMED_GROUP = re.compile(r"\(\?<(?![=!])")  # AWS's regex dialect writes (?<name>…)
_T = TypeVar("_T")


@lru_cache(maxsize=256)
def parse(text: str) -> tuple[Command, ...]:
    """Read a query. Raises MalformedQuery, which says where and why."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(tokens(text))
        self._at = 0
        self._commands: dict[str, Callable[[], Command]] = {
            "fields": lambda: Fields(self._list(self._named)),
            "display": lambda: Display(self._list(self._named)),
            "filter": lambda: Filter(self._expression()),
            "parse": self._parse,
            "stats": self._stats,
            "sort": lambda: Sort(self._list(self._sort_key)),
            "limit": self._limit,
        }

    def query(self) -> tuple[Command, ...]:
        self._accept("|")
        commands = [self._command()]
        while self._accept("|"):
            commands.append(self._command())
        if self._here.kind != "end":
            raise self._malformed(f"unexpected {self._here.text!r}")
        return tuple(commands)

    def _command(self) -> Command:
        command = self._commands.get(self._here.text.lower())
        if command is None:
            raise self._malformed(f"unknown command {self._here.text!r}")
        self._next()
        return command()

    def _stats(self) -> Stats:
        columns = self._list(self._named)
        return Stats(columns, self._list(self._named) if self._accept("by") else ())

    def _limit(self) -> Limit:
        token = self._expect("number")
        if not (token.text.isdigit() and 1 <= int(token.text) <= MAX_ROWS):
            raise self._malformed(f"limit is a whole number from 1 to {MAX_ROWS}")
        return Limit(int(token.text))

    def _sort_key(self) -> tuple[Expression, bool]:
        expression = self._expression()
        descending = self._accept("desc") is not None
        if not descending:
            self._accept("asc")
        return expression, descending

    def _parse(self) -> Parse:
        """`parse [field] /…(?<name>…)…/`, or `parse [field] "a * b" as name, …`."""
        source: Expression = Field("@message")
        if self._here.kind in ("word", "quoted"):
            source = self._primary()
        if self._here.kind == "regex":
            return Parse(source, self._regex(self._next()))
        glob = _unquoted(self._expect("string").text)
        self._expect_text("as")
        names = self._list(self._field_name)
        if glob.count("*") != len(names):
            raise self._malformed("parse needs a name for each * of its pattern")
        parts = [re.escape(part) for part in glob.split("*")]
        # The last * runs to the end of the text when nothing follows it.
        holes = [f"(?P<{name}>.*?)" for name in names]
        body = "".join(part + hole for part, hole in zip(parts, [*holes, ""], strict=True))
        return Parse(source, re.compile(body + ("$" if parts[-1] == "" else ""), re.DOTALL))

    def _field_name(self) -> str:
        token = self._expect("word")
        if not token.text.isidentifier():
            raise self._malformed(f"{token.text!r} is no name for a parsed field")
        return token.text

    def _named(self) -> Named:
        start = self._here.start
        expression = self._expression()
        text = self._text[start : self._tokens[self._at - 1].end]
        if self._accept("as"):
            return Named(expression, self._name(self._next()))
        return Named(expression, expression.name if isinstance(expression, Field) else text)

    def _expression(self) -> Expression:
        return self._chain(("or",), self._conjunction)

    def _conjunction(self) -> Expression:
        return self._chain(("and",), self._negation)

    def _negation(self) -> Expression:
        if self._accept("not"):
            return Call("not", (self._negation(),))
        return self._comparison()

    def _comparison(self) -> Expression:
        left = self._sum()
        if operator := self._accept(*_COMPARISONS):
            return Call(operator, (left, self._sum()))
        if not self._accept("not"):
            return self._membership(left)
        test = self._membership(left)
        if test is left:
            raise self._malformed("'in' or 'like' is expected")
        return Call("not", (test,))

    def _sum(self) -> Expression:
        return self._chain(("+", "-"), self._product)

    def _product(self) -> Expression:
        return self._chain(("*", "/", "%"), self._unary)

    def _chain(self, operators: tuple[str, ...], operand: Callable[[], Expression]) -> Expression:
        left = operand()
        while operator := self._accept(*operators):
            left = Call(operator, (left, operand()))
        return left

    def _membership(self, left: Expression) -> Expression:
        if self._accept("in"):
            self._expect_text("[")
            values = self._list(self._unary)
            self._expect_text("]")
            return In(left, values)
        if self._accept("like", "=~"):
            token = self._next()
            if token.kind == "string":
                return Like(left, re.compile(re.escape(_unquoted(token.text))))
            return Like(left, self._regex(token))
        return left

    def _unary(self) -> Expression:
        if self._accept("-"):
            return Call("-", (Literal(0), self._unary()))
        return self._primary()

    def _primary(self) -> Expression:
        token = self._next()
        if token.text == "(":
            inner = self._expression()
            self._expect_text(")")
            return inner
        if token.kind in _LITERALS:
            return Literal(_LITERALS[token.kind](token.text))
        if token.kind == "word" and self._accept("("):
            return self._call(token)
        return Field(self._name(token))

    def _call(self, function: Token) -> Expression:
        name = function.text.lower()
        if name == "count" and self._accept("*"):
            args: tuple[Expression, ...] = ()
        else:
            args = () if self._here.text == ")" else self._list(self._expression)
        self._expect_text(")")
        least, most = _ARITIES.get(name, (1, 0))
        if not least <= len(args) <= most:
            raise MalformedQuery(
                f"no function {name} with {len(args)} arguments", function.start, function.end
            )
        if name == "bin":
            return Call("datefloor", (Field("@timestamp"), *args))
        return Call(name, args)

    def _list(self, item: Callable[[], _T]) -> tuple[_T, ...]:
        items = [item()]
        while self._accept(","):
            items.append(item())
        return tuple(items)

    def _regex(self, token: Token) -> re.Pattern[str]:
        try:
            if token.kind == "regex":
                return re.compile(_NAMED_GROUP.sub("(?P<", token.text[1:-1].replace("\\/", "/")))
        except re.error as error:
            raise MalformedQuery(f"{token.text}: {error}", token.start, token.end) from error
        raise MalformedQuery("a pattern is expected", token.start, token.end)

    def _name(self, token: Token) -> str:
        if token.kind == "quoted":
            return token.text[1:-1]
        if token.kind == "word":
            return token.text
        raise MalformedQuery(f"unexpected {token.text or 'end'!r}", token.start, token.end)

    @property
    def _here(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._here
        self._at += token.kind != "end"
        return token

    def _accept(self, *texts: str) -> str | None:
        """Take the next token if it is one of these words or symbols (never a literal)."""
        if self._here.kind in ("word", "symbol") and self._here.text.lower() in texts:
            return self._next().text.lower()
        return None

    def _expect(self, kind: str) -> Token:
        if self._here.kind != kind:
            raise self._malformed(f"a {kind} is expected")
        return self._next()

    def _expect_text(self, text: str) -> None:
        if not self._accept(text):
            raise self._malformed(f"{text!r} is expected")

    def _malformed(self, message: str) -> MalformedQuery:
        return MalformedQuery(message, self._here.start, self._here.end)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _number(text: str) -> Value:
    return int(text) if text.isdigit() else float(text)


def _duration(text: str) -> Value:
    digits, unit = re.fullmatch(r"(\d+)(\w+)", text).groups()  # type: ignore[union-attr]
    return int(digits) * _PERIODS[unit]


_LITERALS: dict[str, Callable[[str], Value]] = {
    "string": _unquoted,
    "number": _number,
    "duration": _duration,
}
