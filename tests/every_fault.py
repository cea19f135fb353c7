"""Everything that Logs Insights can do wrong, put at every call of a job; and what is said of it.

A job that is struck leaves the right files, or those of before it and an alarm that rings; and the
same job, done once more, leaves the right ones.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from functools import cached_property
from itertools import chain
from typing import Final

from struck_jobs import MONTH
from struck_stage import TRICKLE, Files, Job, Stage

from chalicelib.reporting.months.balance import balance
from local.insights.engine import Rendering
from local.insights.faults import Behaviour, Broken, Does, Fault, Page, Refusal
from local.insights.table import Event

BUSY: Final = (
    "LimitExceededException",
    "ServiceUnavailableException",
    "ThrottlingException",
    "TooManyRequestsException",
)
_BUSY = tuple(map(Refusal, BUSY))
_NEVER = (
    *map(Refusal, ("InvalidParameterException", "ResourceNotFoundException")),
    *map(Refusal, ("AccessDeniedException", "ExpiredTokenException", "InternalFailure")),
)
FAULTS: Final[Mapping[str, tuple[Does, ...]]] = {
    "StartQuery": (
        *_BUSY,
        *_NEVER,
        Refusal("MalformedQueryException"),
        *Broken,
        *(replace(TRICKLE, ends=end) for end in ("Failed", "Timeout", "Cancelled", "Unknown")),
        replace(TRICKLE, scheduled_polls=3),
        replace(TRICKLE, running_polls=5),
        replace(TRICKLE, scheduled_polls=1, running_polls=10_000),
        *(replace(TRICKLE, rendering=rendering) for rendering in Rendering),
        replace(TRICKLE, cut_to=1),
        replace(TRICKLE, silent=True),
        replace(TRICKLE, page_rows=1),
    ),
    "GetQueryResults": (*_BUSY, *_NEVER, *Broken, *Page),
    "StopQuery": (*_NEVER, *Broken),
}


class Verdict(Enum):
    RIGHT = "the right files"
    LOUD = "the right tables, and a record that is right there counts as lost"
    EARLIER = "the right tables of before a record came"
    NONE = "no new file, and an alarm"
    WRONG = "wrong"


@dataclass(frozen=True)
class Bench:
    """A job, and what it leaves when nothing goes wrong."""

    job: Job

    @cached_property
    def undisturbed(self) -> Stage:
        stage = self.job.begun.copy()
        assert self.job.run(stage), self.job.name
        return stage

    @cached_property
    def calls(self) -> Counter[str]:
        return Counter(operation for operation, _ in self.undisturbed.logs.calls)

    @cached_property
    def before(self) -> dict[str, Files]:
        return by_day(self.job.begun)

    @cached_property
    def right(self) -> dict[str, Files]:
        return by_day(self.undisturbed)

    def faults(self) -> Iterator[Fault]:
        """Yield each fault at each call in turn, and then at all calls of its operation."""
        for operation, all_that_goes_wrong in FAULTS.items():
            for does in all_that_goes_wrong:
                yield from self.at_every_call(operation, does)

    def at_every_call(self, operation: str, does: Does) -> Iterator[Fault]:
        yield from (Fault(operation, does, nth) for nth in range(1, self.calls[operation] + 1))
        yield Fault(operation, does)

    def pairs(self, count: int, seed: int) -> Iterator[tuple[Fault, Fault]]:
        """Yield pairs by chance, the same for the same seed."""
        chance, faults = random.Random(seed), list(self.faults())
        yield from ((chance.choice(faults), chance.choice(faults)) for _ in range(count))

    def overlooked(self, record: Event) -> Iterator[Fault]:
        """Yield, for each query in turn, that it alone does not see a record."""
        blind = replace(TRICKLE, late=record[1], late_looks=1_000_000)
        yield from (Fault("StartQuery", blind, nth) for nth in self._queries)

    def arriving(self, record: Event) -> Iterator[Behaviour]:
        """Yield, for each query in turn, that a record comes right after it."""
        yield from (replace(TRICKLE, late=record[1], late_looks=nth) for nth in self._queries)

    def beside(self, count: int, seed: int) -> Iterator[tuple[Fault, Behaviour]]:
        """Yield faults, each beside a record that comes between two queries, by chance."""
        chance, faults = random.Random(seed), list(self.faults())
        events = self.job.begun.events
        arriving = [each for event in events for each in self.arriving(event)]
        yield from ((chance.choice(faults), chance.choice(arriving)) for _ in range(count))

    @property
    def _queries(self) -> range:
        return range(1, self.calls["StartQuery"] + 1)

    def verdict(self, *faults: Fault, behaviour: Behaviour = TRICKLE) -> Verdict:
        """Say what a struck job left, and what the next one without a fault made of that."""
        stage = self.job.begun.copy()
        stage.strike(*faults, behaviour=behaviour)
        left = self._left(stage, self.job.run(stage), behaviour.late)
        if left is Verdict.RIGHT and self._leaves_no_trace(stage):
            return left if self._stays_right else Verdict.WRONG
        return left if self._comes_right(stage, behaviour.late) else Verdict.WRONG

    @cached_property
    def _stays_right(self) -> bool:
        return self._comes_right(self.undisturbed)

    def _comes_right(self, stage: Stage, late: str = "") -> bool:
        """Do the job once more, an hour later and without a fault.

        What goes on with the answers of before a late record came is right the time after. What a
        closed month's adjustments took in two steps has other rows of the same sum.
        """
        again = self._once_more(stage, hours=1)
        if late and self._left(again, True, late) in (Verdict.EARLIER, Verdict.LOUD):
            again = self._once_more(again, hours=2)
        left, in_steps = by_day(again), late and MONTH.closed_key in stage.bucket.files
        is_right = tables(left) == tables(self.right) if in_steps else left == self.right
        return is_right and balanced(again)

    def _once_more(self, stage: Stage, hours: int) -> Stage:
        again = stage.copy()
        again.now = self.job.begun.now + timedelta(hours=hours)
        assert self.job.run(again), "there was no fault"
        return again

    def _without(self, record: str) -> Stage:
        """Return what the job leaves where a record has not come at all."""
        if record not in self._all_but:
            known = tuple(event for event in self.job.begun.events if event[1] != record)
            stage = replace(self.job.begun.copy(), events=known)
            self.job.run(stage)
            self._all_but[record] = stage
        return self._all_but[record]

    @cached_property
    def _all_but(self) -> dict[str, Stage]:
        return {}

    def _leaves_no_trace(self, stage: Stage) -> bool:
        """Say whether the next run finds nothing that an undisturbed one would not have left."""
        return stage.bucket.files.keys() == self.undisturbed.bucket.files.keys()

    def _left(self, stage: Stage, done: bool, late: str) -> Verdict:
        left = by_day(stage)
        if done:
            if left == self.right:
                return Verdict.RIGHT
            if tables(left) == tables(self.right) and lost(stage) > lost(self.undisturbed):
                return Verdict.LOUD
            earlier = late and tables(left) == tables(by_day(self._without(late)))
            return Verdict.EARLIER if earlier else Verdict.WRONG
        days = self.right.keys() | left.keys()
        known = all(left.get(d) in (self.before.get(d), self.right[d]) for d in days)
        return Verdict.NONE if known and (rang(stage) or not self.job.rings) else Verdict.WRONG


def rang(stage: Stage) -> bool:
    """Say whether a report was not made, or waits for a run that has more time."""
    return any(told.get(n) for told in stage.told for n in ("ReportIncomplete", "ReportWaiting"))


def lost(stage: Stage) -> int:
    return sum(told.get("Lost", 0) for told in stage.told)


def tables(days: Mapping[str, Files]) -> Files:
    """Leave out what says how many records are lost."""
    files = chain.from_iterable(day.items() for day in days.values())
    return {key: body for key, body in files if _TABLE.match(key)}


def balanced(stage: Stage) -> bool:
    """Say whether the books of a closed month come out, by whatever steps they were adjusted."""
    closed = MONTH.closed_key in stage.bucket.files
    return not closed or not any(balance(stage.store, MONTH).out_by)


_TABLE: Final = re.compile(r"(adjusted/)?(counts|costs|prices|exceptions)/")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_OF_THE_RUN: Final = frozenset(
    {"window", "queries", "reported_at", "restated", "closed_at", "asked_at", "since"}
)
_TELL_OF_THE_RUN: Final = ("manifest.json", "closed.json", "settled.json")


def by_day(stage: Stage) -> dict[str, Files]:
    """Return the files as a reader finds them, by day; without what tells of the run alone."""
    days: dict[str, Files] = {}
    for key, body in stage.bucket.reports.items():
        day = _DATE.search(key)
        days.setdefault(day[0] if day else "", {})[key] = _said(key, body)
    return days


def _said(key: str, body: bytes) -> bytes:
    if not key.endswith(_TELL_OF_THE_RUN):
        return body
    said = {name: value for name, value in json.loads(body).items() if name not in _OF_THE_RUN}
    return json.dumps(said).encode()
