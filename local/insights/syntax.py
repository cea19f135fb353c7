"""The nouns of a Logs Insights query: its tokens, expressions and commands.

The language: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

Value = str | int | float | None
"""What an expression yields; None is a field that the event does not have."""


class MalformedQuery(ValueError):
    """The query is not in the language, or in a part of it that this engine does not know."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class Literal:
    value: Value


@dataclass(frozen=True, slots=True)
class Field:
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function, an aggregate or an operator, with its operands."""

    name: str
    args: tuple["Expression", ...] = ()


@dataclass(frozen=True, slots=True)
class In:
    needle: "Expression"
    values: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Like:
    text: "Expression"
    pattern: re.Pattern[str]


Expression = Literal | Field | Call | In | Like


@dataclass(frozen=True, slots=True)
class Named:
    """An expression and the column it fills: its alias, or its own text."""

    expression: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Fields:
    columns: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Display:
    columns: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    condition: Expression


@dataclass(frozen=True, slots=True)
class Parse:
    """Named groups of `pattern`, found in `source`, become fields."""

    source: Expression
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Stats:
    columns: tuple[Named, ...]
    by: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    keys: tuple[tuple[Expression, bool], ...]  # (expression, descending)


@dataclass(frozen=True, slots=True)
class Limit:
    rows: int


Command = Fields | Display | Filter | Parse | Stats | Sort | Limit


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    start: int
    end: int


_TOKEN = re.compile(
    r"""(?P<space>(?:\s|\#[^\n]*)+)
      | (?P<duration>\d+(?:ms|s|m|h|d|w)\b)
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<quoted>`[^`]+`)
      | (?P<word>[A-Za-z_@][\w.@]*)
      | (?P<symbol>!=|<=|>=|=~|[=<>+\-*/%(),|\[\]])""",
    re.VERBOSE,
)
_REGEX = re.compile(r"/(?:\\.|[^/\\])+/")


def tokens(text: str) -> Iterator[Token]:
    """Split a query into tokens, without white space and comments.

    A slash starts a regular expression after `like` and `=~` and anywhere in a `parse`
    command; elsewhere it divides.
    """
    at, previous, command = 0, "|", ""
    while at < len(text):
        takes_regex = previous in ("like", "=~") or command == "parse"
        match = (_REGEX.match(text, at) if takes_regex else None) or _TOKEN.match(text, at)
        if match is None:
            raise MalformedQuery(f"unexpected character {text[at]!r}", at, at + 1)
        token = Token(match.lastgroup or "regex", match.group(), at, match.end())
        at = match.end()
        if token.kind == "space":
            continue
        if previous == "|":
            command = token.text.lower()
        previous = token.text.lower()
        yield token
    yield Token("end", "", at, at)
