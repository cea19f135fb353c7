"""What goes wrong with Logs Insights on request, and at which call of it."""

from dataclasses import dataclass
from enum import Enum

from local.insights.engine import Rendering


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How queries go that are started from now on; the plain one is a quick and whole answer."""

    rendering: Rendering = Rendering.PLAIN
    scheduled_polls: int = 0
    """Answers of `Scheduled`, without a row, before a query runs."""
    running_polls: int = 0
    """Answers of `Running`, with half of the rows, before a query ends."""
    ends: str = "Complete"
    """The status in which queries end: Complete, Failed, Timeout, Cancelled or Unknown."""
    refusals: tuple[str, ...] = ()
    """Exceptions with which the next StartQuery calls are refused, in turn."""
    cut_to: int | None = None
    """Rows that are sent of an answer whose limit cut it: `resultCount` is the limit, as if there
    had been more, so that a test needs no 100,000 of them."""
    page_rows: int = 10_000
    """The most rows that one GetQueryResults answers with, whatever was asked for."""
    silent: bool = False
    """Nothing is said of how much was matched and found."""
    late: str = ""
    """Log events that hold this text are not searchable yet …"""
    late_looks: int = 0
    """… by this many queries."""


class Page(Enum):
    """What can be wrong with one answer of GetQueryResults, while the query itself is well."""

    FAILED = "it says that the query failed"
    EMPTY = "it holds no row; its token leads to those that it should have held"
    SHORT = "it lacks its last row"
    LAST = "it names no next page, though there is one"
    AGAIN = "it holds the rows of the page before, and not its own"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An exception of the API, such as `ThrottlingException`."""

    code: str


class Broken(Enum):
    """A connection that ends without an answer; whoever asks over HTTP is answered 500."""

    BEFORE = "the call did not arrive"
    AFTER = "the call was done, and its answer is lost"


Does = Behaviour | Page | Refusal | Broken


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong at one call, or at all calls of one kind.

    A Behaviour belongs to StartQuery, a Page to GetQueryResults, and all else to any operation.
    """

    operation: str
    does: Does
    nth: int | None = None
    """Which of the operation's calls for such a query, from 1; None is all of them."""
    query: str = ""
    """What the query's text holds."""
