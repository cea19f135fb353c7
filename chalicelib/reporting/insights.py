"""Logs Insights, run to completion: a query's whole answer, or IncompleteReport.

Limits and the meaning of each field: CloudWatch Logs API, StartQuery and GetQueryResults.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, repeat
from math import ceil
from typing import Any, Final, Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from chalicelib.reporting.whole_number import whole

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
_CANNOT_BE_ASKED: Final = frozenset(
    {
        "InvalidParameterException",
        "MalformedQueryException",  # also of days before a log group was made, or kept any more
        "ResourceNotFoundException",  # a log group is gone
    }
)
_UNDER_WAY: Final = frozenset({"Scheduled", "Running"})

Row = Mapping[str, str]
T = TypeVar("T")


class IncompleteReport(Exception):
    """The records could not be read whole, or not trusted whole; nothing was written."""


class NotFinished(IncompleteReport):
    """The time that was left did not allow more; another run may go on."""


class TimedOut(IncompleteReport):
    """The engine gave a query up after its own time limit: less has to be asked at once."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for AWS: the time that the Lambda has left."""

    remaining_ms: Callable[[], int]
    sleep: Callable[[float], None] = time.sleep

    def tries(self, what: str) -> Iterator[None]:
        """Yield at once, then after 1, 2, 4, 8, 10, 10, … seconds.

        Raises NotFinished when the time that is left does not allow another try.
        """
        for pause in chain((0, 1, 2, 4, 8), repeat(10)):
            if self.remaining_ms() < pause * 1000 + RESERVE_MS:
                raise NotFinished(f"no time is left to wait for {what}")
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
class Found:
    """What the engine says of a query that it has completed."""

    query_id: str
    rows: int  # on all pages; as many as the limit where more were cut off
    matched: int  # records that passed the query's filter, before any `stats`
    scanned: int


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """All rows of a completed query, and what the engine says of its run."""

    name: str
    query_id: str
    rows: list[T]
    matched: int  # records that passed the query's filter, before any `stats`
    scanned: int


class Insights:
    """Runs queries over a set of log groups."""

    def __init__(
        self,
        logs: Any,
        log_groups: Sequence[str],
        patience: Patience,
        max_rows: int = MAX_ROWS,
    ) -> None:
        """Take a boto3 `logs` client and the names of at most 50 log groups."""
        self._logs = logs
        self.log_groups = tuple(log_groups)
        self.patience = patience
        self.max_rows = max_rows

    @contextmanager
    def running(self, *queries: Query) -> Iterator[tuple["RunningQuery", ...]]:
        """Start the queries side by side; on the way out, stop whatever still runs."""
        started: list[RunningQuery] = []
        try:
            for query in queries:
                started.append(self.start(query))
            yield tuple(started)
        finally:
            for each in started:
                each.stop()

    def start(self, query: Query) -> "RunningQuery":
        """Start a query, which its caller has to stop if it is not read to its end.

        Raises IncompleteReport where the log groups cannot be asked it: they may not reach so far
        back.
        """
        try:
            reply = _patiently(
                self.patience,
                f"the query of {query.name} to start",
                lambda: self._logs.start_query(
                    logGroupNames=list(self.log_groups),
                    startTime=int(query.start.timestamp()),
                    endTime=ceil(query.end.timestamp()),
                    queryString=query.text,
                    limit=self.max_rows,
                ),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _CANNOT_BE_ASKED:
                raise
            raise IncompleteReport(f"the query of {query.name} cannot be asked: {error}") from error
        return RunningQuery(self, self._logs, query.name, str(reply["queryId"]))


class RunningQuery:
    """A query that was started, until it is read whole or stopped."""

    def __init__(self, insights: Insights, logs: Any, name: str, query_id: str) -> None:
        self._logs = logs
        self._name = name
        self._query_id = query_id
        self._patience = insights.patience
        self._max_rows = insights.max_rows
        self._first: dict[str, Any] | None = None

    def found(self) -> Found:
        """Wait until the query is Complete. Its rows may be cut off at the limit.

        Raises TimedOut where the engine gave up, IncompleteReport where it failed otherwise.
        """
        statistics = self._completed().get("statistics", {})
        total = whole(statistics.get("resultCount"))
        matched = whole(statistics.get("recordsMatched"))
        if total is None or matched is None:
            raise self._incomplete("the engine does not say how much it found")
        scanned = whole(statistics.get("recordsScanned")) or 0
        return Found(self._query_id, total, matched, scanned)

    def answer(self, read: Callable[[Row], T]) -> Answer[T]:
        """Wait until the query is Complete, then read every row of every page.

        Results of a query that still runs are partial, and are not looked at. Raises
        IncompleteReport where AWS says less than that this is all.
        """
        found = self.found()
        if found.rows >= self._max_rows:
            raise self._incomplete(
                f"it has {found.rows} rows, and beyond {self._max_rows} they are cut off"
            )
        once = OnlyOnce()
        rows = [read(row) for page in self._pages() for row in once.rows(page)]
        if len(rows) != found.rows:
            raise self._incomplete(f"{len(rows)} rows of {found.rows} came")
        return Answer(self._name, self._query_id, rows, found.matched, found.scanned)

    def stop(self) -> None:
        """Stop a query that would go on scanning for nobody."""
        if self._first is None:
            with suppress(ClientError, BotoCoreError):  # it may have ended by itself meanwhile
                self._logs.stop_query(queryId=self._query_id)

    def _completed(self) -> dict[str, Any]:
        if self._first is None:
            self._first = self._ended()
        status = self._first["status"]
        if status == "Timeout":
            raise TimedOut(f"the query of {self._name} is not complete: it ended as {status}")
        if status != "Complete":
            raise self._incomplete(f"it ended as {status}")
        return self._first

    def _ended(self) -> dict[str, Any]:
        for _ in self._patience.tries(f"the query of {self._name}"):
            page = self._page()
            if page["status"] not in _UNDER_WAY:
                return page
        raise AssertionError("tries() ends by raising")

    def _pages(self) -> Iterator[dict[str, Any]]:
        page = self._completed()
        yield page
        while token := page.get("nextToken"):
            page = self._page(nextToken=token)
            if page["status"] != "Complete":
                raise self._incomplete(f"a page of it is {page['status']}")
            yield page

    def _page(self, **token: str) -> dict[str, Any]:
        page: dict[str, Any] = _patiently(
            self._patience,
            f"the results of {self._name}",
            lambda: self._logs.get_query_results(
                queryId=self._query_id, maxItems=PAGE_ROWS, **token
            ),
        )
        return page

    def _incomplete(self, why: str) -> IncompleteReport:
        return IncompleteReport(f"the query of {self._name} is not complete: {why}")


class OnlyOnce:
    """Reads the pages of one answer, and holds that none of its rows comes twice.

    Then as many rows as the engine found are all that it found. No two are the same: of groups by
    their key, of events by their `@ptr`, which AWS adds to each (GetQueryResults).
    """

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def rows(self, page: Mapping[str, Any]) -> Iterator[Row]:
        """Yield a page's rows as mappings. A field that the records lack has no pair in them.

        Raises IncompleteReport where a row came before.
        """
        for cells in page["results"]:
            row = {cell["field"]: cell["value"] for cell in cells if cell.get("value") is not None}
            mark = hash(tuple(row.items()))  # lest 100,000 rows are kept to be compared
            if mark in self._seen:
                raise IncompleteReport("a row of an answer came twice, and others did not")
            self._seen.add(mark)
            yield row


def _patiently(patience: Patience, what: str, call: Callable[[], Any]) -> Any:
    """Call AWS, again and again while it is busy or away. Its other errors are the caller's.

    A query whose start was not answered may run for nobody beside the one that is started next.
    """
    for _ in patience.tries(what):
        try:
            return call()
        except ClientError as error:
            if error.response["Error"]["Code"] not in _BUSY:
                raise
        except (ConnectionError, HTTPClientError):
            continue
    raise AssertionError("tries() ends by raising")
