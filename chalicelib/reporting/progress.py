"""Progress: a day's answers so far, kept in S3 for the run that goes on where this one stopped.

A kept answer stands for one question alone: its key is a hash of the query's text, window and log
groups. The window ends where the first run's did, so that all runs ask the same questions.
"""

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Final, Protocol

from chalicelib.reporting.insights import Answer, Found, Insights, Query, Row, RunningQuery, T
from chalicelib.reporting.reported_day import JSON, File
from chalicelib.reporting.store import Rendered, ReportStore, rendered

ONE_NIGHT: Final = timedelta(hours=6)
"""How old the work of another run may be to go on with; later records would be left out."""

_HELD: Final = 8 * 2**20  # bytes of answers that wait in memory to be kept
_FAST: Final = 1  # gzip's level: these files live for minutes


class Asked(Protocol):
    """A query that was asked: now and running, or before and kept."""

    def found(self) -> Found: ...

    def answer(self, read: Callable[[Row], T]) -> Answer[T]: ...

    def stop(self) -> None: ...


@dataclass(slots=True)
class Progress:
    """The work on one day. Without a store nothing is kept."""

    store: ReportStore | None
    day: date
    _end: datetime | None = None
    _goes_on: bool = False
    _unkept: dict[str, bytes] = field(default_factory=dict)

    @property
    def end(self) -> datetime | None:
        """Until when records are read: what came later, no answer of this work knows."""
        return self._end

    def window_end(self, now: datetime) -> datetime:
        """Return where the window ends: as in the run that this one goes on from, or now."""
        body = self.store.read(self._window_key) if self.store else None
        kept = datetime.fromisoformat(json.loads(body)["end"]) if body else None
        self._goes_on = kept is not None and timedelta() <= now - kept <= ONE_NIGHT
        if kept and not self._goes_on:
            self.forget()
        self._end = kept if kept and self._goes_on else now
        return self._end

    def ask(self, insights: Insights, query: Query) -> Asked:
        """Take a kept answer to this very query, or start it."""
        if self.store is None:
            return insights.start(query)
        key = f"{self._prefix}{_name(insights, query)}.jsonl.gz"
        if body := self.store.read(key) if self._goes_on else None:
            return _KeptAnswer(query.name, body)
        return _Recorded(insights.start(query), lambda body: self._hold(key, body))

    def keep(self) -> None:
        """Write what was read, so that another run can go on."""
        if self.store is None or self._end is None or not self._unkept:
            return
        for key, body in self._unkept.items():
            self.store.write(_file(key, "application/gzip", body))
        self._unkept.clear()
        window = json.dumps({"end": self._end.isoformat()}).encode()
        self.store.write(_file(self._window_key, JSON, window))

    def forget(self) -> None:
        """Delete what was kept: the day is written, or its records have moved on."""
        self._unkept.clear()
        self._goes_on = False
        if self.store is not None:
            for key in list(self.store.keys(self._prefix)):
                self.store.delete(key)

    @property
    def _prefix(self) -> str:
        return f"work/date={self.day}/"

    @property
    def _window_key(self) -> str:
        return f"{self._prefix}window.json"

    def _hold(self, key: str, body: bytes) -> None:
        self._unkept[key] = body
        if sum(map(len, self._unkept.values())) > _HELD:
            self.keep()


@dataclass(slots=True)
class _Recorded:
    """A running query whose answer is written down while it is read."""

    query: RunningQuery
    hold: Callable[[bytes], None]

    def found(self) -> Found:
        return self.query.found()

    def answer(self, read: Callable[[Row], T]) -> Answer[T]:
        written = BytesIO()
        with gzip.GzipFile(fileobj=written, mode="wb", compresslevel=_FAST, mtime=0) as lines:
            lines.write(_line(asdict(self.query.found())))

            def noted(row: Row) -> T:
                lines.write(_line(row))
                return read(row)

            answer = self.query.answer(noted)
        self.hold(written.getvalue())
        return answer

    def stop(self) -> None:
        self.query.stop()


@dataclass(frozen=True, slots=True)
class _KeptAnswer:
    """What a run before this one was answered."""

    name: str
    body: bytes

    def found(self) -> Found:
        with gzip.open(BytesIO(self.body)) as lines:
            return Found(**json.loads(next(lines)))

    def answer(self, read: Callable[[Row], T]) -> Answer[T]:
        found = self.found()
        with gzip.open(BytesIO(self.body)) as lines:
            next(lines)
            rows = [read(json.loads(line)) for line in lines]
        return Answer(self.name, found.query_id, rows, found.matched, found.scanned)

    def stop(self) -> None:
        """Nothing runs."""


def _name(insights: Insights, query: Query) -> str:
    """Name a question by all that decides its answer."""
    window = query.start.isoformat(), query.end.isoformat()
    return hashlib.sha256(
        json.dumps([query.text, window, insights.log_groups]).encode()
    ).hexdigest()


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _file(key: str, content_type: str, body: bytes) -> Rendered:
    return rendered(File(key, content_type, lambda: iter((body,))))
