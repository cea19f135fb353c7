"""Logs Insights, run to completion: a query's whole answer, or IncompleteReport.

Limits and the meaning of each field: CloudWatch Logs API, StartQuery and GetQueryResults.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain, repeat
from math import ceil
from typing import Any, Final, Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

MAX_ROWS: Final = 100_000
"""The most rows a query returns (StartQuery `limit`, Logs Insights QL)."""

PAGE_ROWS: Final = 1_000
"""Rows a page, of at most 10,000: boto3 makes a dict of every cell, which is what memory holds."""

RESERVE_MS: Final = 10_000
"""Time kept back for pricing, for writing to S3 and for stopping queries."""

_BUSY: Final = frozenset(
    {
        "LimitExceededException",  # 100 queries at once in an account and region
        "ServiceUnavailableException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_UNDER_WAY: Final = frozenset({"Scheduled", "Running"})
_NUMBER: Final = re.compile(r"\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,4})?", re.ASCII)
_EXACT_BELOW: Final = 2**53  # Insights adds up in doubles

Row = Mapping[str, str]
T = TypeVar("T")


class IncompleteReport(Exception):
    """The records could not be read whole, or not trusted whole; nothing was written."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for AWS: the time that the Lambda has left."""

    remaining_ms: Callable[[], int]
    sleep: Callable[[float], None] = time.sleep

    def tries(self, what: str) -> Iterator[None]:
        """Yield at once, then after 1, 2, 4, 8, 10, 10, … seconds.

        Raises IncompleteReport when the time that is left does not allow another try.
        """
        for pause in chain((0, 1, 2, 4, 8), repeat(10)):
            if self.remaining_ms() < pause * 1000 + RESERVE_MS:
                raise IncompleteReport(f"no time is left to wait for {what}")
            if pause:
                self.sleep(pause)
            yield


@dataclass(frozen=True, slots=True)
class Query:
    """A Logs Insights query over a window, widened to whole seconds; both ends count."""

    name: str
    text: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """All rows of a completed query, and what the engine says of its run."""

    name: str
    query_id: str
    rows: list[T]
    matched: int  # records that passed the query's filter, before any `stats`
    scanned: int


def whole(value: object) -> int | None:
    """Read a count as the engine renders it: `6`, `15.0`, `1.28E8`, or a float of the API.

    None where it is not a whole number from 0 up to 2^53, above which a sum of doubles may have
    been rounded.
    """
    text = str(value)
    if not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text)
    if not number < _EXACT_BELOW or number != number.to_integral_value():
        return None
    return int(number)


class Insights:
    """Runs queries over a set of log groups."""

    def __init__(self, logs: Any, log_groups: Sequence[str], patience: Patience) -> None:
        """Take a boto3 `logs` client and the names of at most 50 log groups."""
        self._logs = logs
        self._log_groups = list(log_groups)
        self._patience = patience

    @contextmanager
    def running(self, *queries: Query) -> Iterator[tuple["RunningQuery", ...]]:
        """Start the queries side by side; on the way out, stop whatever still runs."""
        started: list[RunningQuery] = []
        try:
            for query in queries:
                started.append(self._start(query))
            yield tuple(started)
        finally:
            for each in started:
                each.stop()

    def _start(self, query: Query) -> "RunningQuery":
        reply = _patiently(
            self._patience,
            f"the query of {query.name} to start",
            lambda: self._logs.start_query(
                logGroupNames=self._log_groups,
                startTime=int(query.start.timestamp()),
                endTime=ceil(query.end.timestamp()),
                queryString=query.text,
                limit=MAX_ROWS,
            ),
        )
        return RunningQuery(self._logs, query.name, str(reply["queryId"]), self._patience)


class RunningQuery:
    """A query that was started, until it is read whole or stopped."""

    def __init__(self, logs: Any, name: str, query_id: str, patience: Patience) -> None:
        self._logs = logs
        self._name = name
        self._query_id = query_id
        self._patience = patience
        self._under_way = True

    def answer(self, read: Callable[[Row], T]) -> Answer[T]:
        """Wait until the query is Complete, then read every row of every page.

        Results of a query that still runs are partial, and are not looked at. Raises
        IncompleteReport where AWS says less than that this is all.
        """
        page = self._completed()
        statistics = page.get("statistics", {})
        rows: list[T] = []
        while True:
            rows.extend(read(_row(cells)) for cells in page["results"])
            if not (token := page.get("nextToken")):
                break
            page = self._page(nextToken=token)
            if page["status"] != "Complete":
                raise self._incomplete(f"a page of it is {page['status']}")
        return self._checked(rows, statistics)

    def stop(self) -> None:
        """Stop a query that would go on scanning for nobody."""
        if self._under_way:
            self._under_way = False
            with suppress(ClientError, BotoCoreError):  # it may have ended by itself meanwhile
                self._logs.stop_query(queryId=self._query_id)

    def _completed(self) -> dict[str, Any]:
        for _ in self._patience.tries(f"the query of {self._name}"):
            page = self._page()
            if page["status"] not in _UNDER_WAY:
                break
        self._under_way = False
        if page["status"] != "Complete":
            raise self._incomplete(f"it ended as {page['status']}")
        return page

    def _page(self, **token: str) -> dict[str, Any]:
        page: dict[str, Any] = _patiently(
            self._patience,
            f"the results of {self._name}",
            lambda: self._logs.get_query_results(
                queryId=self._query_id, maxItems=PAGE_ROWS, **token
            ),
        )
        return page

    def _checked(self, rows: list[T], statistics: Mapping[str, object]) -> Answer[T]:
        total = whole(statistics.get("resultCount"))
        matched = whole(statistics.get("recordsMatched"))
        if total is None or matched is None:
            raise self._incomplete("the engine does not say how much it found")
        if total >= MAX_ROWS:
            raise self._incomplete(f"it has {total} rows, and beyond {MAX_ROWS} they are cut off")
        if len(rows) != total:
            raise self._incomplete(f"{len(rows)} rows of {total} came")
        scanned = whole(statistics.get("recordsScanned")) or 0
        return Answer(self._name, self._query_id, rows, matched, scanned)

    def _incomplete(self, why: str) -> IncompleteReport:
        return IncompleteReport(f"the query of {self._name} is not complete: {why}")


def _row(cells: Sequence[Mapping[str, str]]) -> Row:
    """Turn a row into a mapping. A field that the records lack has no pair in it."""
    return {cell["field"]: cell["value"] for cell in cells if cell.get("value") is not None}


def _patiently(patience: Patience, what: str, call: Callable[[], Any]) -> Any:
    """Call AWS, again and again while it is busy. Its other errors are the caller's to see."""
    for _ in patience.tries(what):
        try:
            return call()
        except ClientError as error:
            if error.response["Error"]["Code"] not in _BUSY:
                raise
    raise AssertionError("tries() ends by raising")
