"""A stage for a job that asks Logs Insights, where its calls can be struck.

It is a bucket, a clock and the log of a small day, on which there is something of everything that
is asked after. Time passes where a job sleeps, and a little at each call.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

from builders import price_book, provider_call
from kept_files import Bucket
from month_world import SETTINGS

from chalicelib import metrics
from chalicelib.metering.usage import Usage
from chalicelib.reporting import daily
from chalicelib.reporting.insights import MAX_ROWS, Insights, Patience
from chalicelib.reporting.restating import Outcome
from chalicelib.reporting.store import ReportStore
from chalicelib.streams.items import Item, item_of
from chalicelib.usage_record import Outcome as Ended
from chalicelib.usage_record import record_line
from local.insights import service
from local.insights.client import LogsClient
from local.insights.engine import Engine, Result
from local.insights.faults import Behaviour, Fault
from local.insights.table import Event, Events, Table

DAY = date(2026, 10, 29)
MORNING = datetime(2026, 10, 30, 2, 15, tzinfo=UTC)
LAMBDA = timedelta(minutes=15)
A_CALL = timedelta(milliseconds=200)
TRICKLE = Behaviour(page_rows=2)
"""Pages of two rows, so that a small answer has several."""

SLICED = 7
"""A limit on rows at which most questions about the day can only be read in slices of slices."""

KEY = "amazon.nova-lite-v1:0,us-east-1,none,on_demand,default,none"
BOOK = price_book(
    f"{KEY},input_tokens,6E-8,2026-01-01,,test,2026-10-01",
    f"{KEY},output_tokens,24E-8,2026-01-01,,test,2026-10-01",
)
Files = dict[str, bytes]


class Failed(RuntimeError):
    """A job did not do what it is for, and says so."""


def event(
    seq: int,
    call_id: str,
    ended: Ended | None,
    *,
    day: date = DAY,
    instance: str = "a1",
    later: timedelta = timedelta(),
    **about: Any,
) -> Event:
    at = datetime.combine(day, time(), UTC) + seq * timedelta(minutes=75) + later
    usual = {"model_id": "amazon.nova-lite-v1:0", "geo": "none", "day": day.isoformat()}
    call = provider_call(call_id=call_id, request_id=f"r-{call_id}", **{**usual, **about})
    line = record_line(call, ended, at=at, instance=instance, seq=seq)
    return int(at.timestamp() * 1000), line, instance


def used(tokens: int, source: Any = "header") -> Ended:
    return Ended("usage", Usage(input_tokens=tokens, output_tokens=50), source)


def pair(seq: int, call_id: str, ended: Ended | None = None, **about: Any) -> list[Event]:
    ended = ended or used(12_000_000 + seq)
    return [event(seq, call_id, None, **about), event(seq + 1, call_id, ended, **about)]


ADS: dict[str, Any] = {"team_id": "ads"}
LEGAL: dict[str, Any] = {"team_id": "legal", "instance": "b2"}
MADE_UP: dict[str, Any] = {**LEGAL, "model_id": "acme.made-up", "unlisted": 1}
EARLY = (*pair(1, "aa1"), *pair(3, "aa2", **ADS), *pair(1, "aa3", **LEGAL), *pair(3, "ab4"))
LATE = (
    *(twice := pair(5, "aa5", **ADS)),
    *twice,
    *(again := pair(7, "b06", region="eu-west-1")),
    again[-1],
    *(thrice := pair(9, "c07", **ADS)),
    thrice[-1],
    *pair(5, "aa8", used(7, "partial"), **LEGAL),
    *pair(7, "aa9", used(0, "none"), region="eu-west-1", **LEGAL),
    *pair(9, "b10", used(8, "partial"), region="eu-west-1"),
    *pair(11, "d11", used(9, "partial"), **ADS),
    event(13, "aa0", None),  # an orphan
    event(15, "d12", used(5), **ADS),  # unannounced; and number 14 is lost
    event(16, "d13", Ended("failed")),
    event(17, "d13", None),
    *pair(11, "b14", used(3), **MADE_UP),  # it is none: it answers
    *pair(13, "b15", Ended("failed"), **MADE_UP),
    *pair(15, "aa6", Ended("failed"), **{**MADE_UP, "model_id": "acme.none"}),
)
EVENTS = (*EARLY, *LATE)
CLEAN = (*EARLY, *pair(5, "b05"), *pair(3, "c06", **LEGAL))
"""Records of which a month can be closed: whole pairs, and all of them there."""


@dataclass
class KeptItems:
    """The items of a table, as `Rows` reads and changes them."""

    items: dict[str, Item] = field(default_factory=dict)

    def read(self, key: Item) -> Item | None:
        return self.items.get(key["pk"]["S"])

    def put_new(self, item: Item) -> bool:
        return self.items.setdefault(item["pk"]["S"], item) is item

    def update(
        self, key: Item, where: dict[str, object], put: dict[str, object], drop: Sequence[str] = ()
    ) -> None:
        item = self.items[key["pk"]["S"]]
        if item_of(**where).items() <= item.items():
            kept = {name: value for name, value in item.items() if name not in drop}
            self.items[key["pk"]["S"]] = {**kept, **item_of(**put)}


@dataclass
class Stage:
    """All that a job can touch."""

    events: tuple[Event, ...] = EVENTS
    now: datetime = MORNING
    limit: int = MAX_ROWS
    bucket: Bucket = field(default_factory=Bucket)
    items: KeptItems = field(default_factory=KeptItems)
    end: datetime = MORNING  # of the Lambda's time
    told: list[dict[str, int]] = field(init=False, default_factory=list)  # metrics
    logs: LogsClient = field(init=False)

    def __post_init__(self) -> None:
        self.logs = LogsClient(events=_log(self.events))
        self.strike()

    def copy(self) -> "Stage":
        bucket, items = Bucket(files=dict(self.bucket.files)), KeptItems(dict(self.items.items))
        return Stage(self.events, self.now, self.limit, bucket, items)

    def strike(self, *faults: Fault, behaviour: Behaviour = TRICKLE) -> None:
        self.logs.service.behave(behaviour, *faults)

    def report(self, day: date, *, reread: bool = True) -> Outcome:
        with (
            patch.object(daily, "Insights", partial(Insights, max_rows=self.limit)),
            patch.object(metrics, "emit", self._emit),
        ):
            return daily.report(
                day,
                logs=self.logs,
                s3=self.bucket,
                settings=SETTINGS,
                book=BOOK,
                now=self.now,
                remaining_ms=self.left,
                reread=reread,
                sleep=self.sleep,
                clock=lambda: self.now,
            )

    def night_report(self, day: date) -> Outcome:
        """Report a day as the nightly run does."""
        return self.report(day, reread=False)

    @property
    def store(self) -> ReportStore:
        return ReportStore(self.bucket, SETTINGS.reports_bucket)

    @property
    def insights(self) -> Insights:
        return Insights(self.logs, ["usage"], Patience(self.left, self.sleep))

    def say(self, said: object) -> None:
        """Keep what a job says among the files that it is held to."""
        self.bucket.files["said"] = repr(said).encode()

    def left(self) -> int:
        self.now += A_CALL
        return int((self.end - self.now).total_seconds() * 1000)

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _emit(self, _stage: str, **counts: int) -> None:
        self.told.append(counts)


_answers: WeakKeyDictionary[Table, dict[tuple[Any, ...], Result]] = WeakKeyDictionary()


class _Remembering(Engine):
    """Answers what it was asked before of the same events, as it did then."""

    def run(self, query: str, start: int, end: int, limit: int | None = None) -> Result:
        answers = _answers.setdefault(self._events, {})
        asked = (query, start, end, limit, self._rendering)
        if asked not in answers:
            answers[asked] = super().run(query, start, end, limit)
        return answers[asked]


class _Log(Events):
    """Events to which none is added: they are one table for all who ask."""

    def __init__(self, events: tuple[Event, ...]) -> None:
        super().__init__(events)
        self._whole = super().table()

    def table(self) -> Table:
        return self._whole


_log = cache(_Log)


@dataclass(frozen=True)
class Job:
    """`do` raises where it did not do all; `begun` is the stage before it."""

    name: str
    do: Callable[[Stage], None]
    begun: Stage
    rings: bool = True  # what fails shows as a metric that an alarm watches, too

    def run(self, stage: Stage) -> bool:
        """Do it, in the time of a Lambda; say whether it was done."""
        stage.end = stage.now + LAMBDA
        with patch.object(service, "Engine", _Remembering), suppress(Exception):
            self.do(stage)
            return True
        return False
