"""Asynchronous jobs: a call begins one, and it ends when it is told to.

Time is simulated: a job is in progress until the control API ends it, or until it was looked at as
often as the simulator was set to. What it used is known from its request, and is billed when it
completes, by an entry of its own; a job that failed costs nothing. A job's files are in S3, and its
entry in the ledger, before anybody can see that it ended.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, Literal, Self

from local.simulator import prices
from local.simulator.calls import Counts, Reply
from local.simulator.ledger import SETTLEMENT, Entry, Ledger, timestamp
from local.simulator.models import Model
from local.simulator.refusals import ACCOUNT, Refusal, invalid
from local.simulator.storage import Storage

Status = Literal["InProgress", "Completed", "Failed"]
_FAILED = "The job could not be completed. Try again."


@dataclass(frozen=True, slots=True)
class Order:
    """What a call asks for: which model, with what outcome, to be left in which folder."""

    begun: Entry  # of the call
    model: Model
    request: Mapping[str, Any]
    outcome: Reply
    folder: str  # S3 URI


@dataclass(slots=True)
class Job:
    """One asynchronous invocation, as its owner and its biller see it; its folder is its own."""

    number: int  # in order of submission
    arn: str
    order: Order
    submitted: datetime
    folder: str  # S3 URI
    status: Status = "InProgress"
    ended: datetime | None = None
    failure: str | None = None
    looks_left: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what GetAsyncInvoke says of it."""
        request, region = self.order.request, self.order.begun.region
        config = {**request["outputDataConfig"]["s3OutputDataConfig"], "s3Uri": self.folder}
        said = {
            "invocationArn": self.arn,
            "modelArn": f"arn:aws:bedrock:{region}::foundation-model/{self.order.model.base}",
            "clientRequestToken": request.get("clientRequestToken"),
            "status": self.status,
            "failureMessage": self.failure,
            "submitTime": timestamp(self.submitted),
            "lastModifiedTime": timestamp(self.ended or self.submitted),
            "endTime": timestamp(self.ended) if self.ended else None,
            "outputDataConfig": {"s3OutputDataConfig": config},
        }
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Finish:
    """Which running jobs are to end, how and when: now, at a time, or after some looks."""

    match: Mapping[str, str]  # arn and model are globs, team is a name
    status: Status = "Completed"
    ended: datetime | None = None
    after_looks: int | None = None

    @classmethod
    def read(cls, source: Any) -> Self:
        """Read an instruction as the control API takes it; raises ValueError for what is none."""
        known = {"match", "status", "ended", "after_looks"}
        if not isinstance(source, dict) or set(source) - known:
            raise ValueError(f"an instruction has {', '.join(sorted(known))}: {source!r}")
        match, status = source.get("match", {}), source.get("status", "Completed")
        if not _is_match(match):
            raise ValueError(f"match has arn, model and team: {match!r}")
        if status not in ("Completed", "Failed"):
            raise ValueError(f"status is Completed or Failed: {status!r}")
        looks = source.get("after_looks")
        if looks is not None and (type(looks) is not int or looks < 1):
            raise ValueError(f"after_looks is a whole number from 1: {looks!r}")
        ended = datetime.fromisoformat(str(source["ended"])) if "ended" in source else None
        if ended and not ended.tzinfo:
            raise ValueError(f"ended needs a time zone: {source['ended']}")
        return cls(match, status, ended and ended.astimezone(UTC), looks)

    def names(self, job: Job) -> bool:
        return (
            job.status == "InProgress"
            and fnmatchcase(job.arn, self.match.get("arn", "*"))
            and fnmatchcase(job.order.begun.model, self.match.get("model", "*"))
            and self.match.get("team") in (None, job.order.begun.team)
        )


class Jobs:
    """The account's jobs. `looks` is after how many looks one completes; None: only when told."""

    def __init__(
        self,
        ledger: Ledger,
        storage: Storage,
        looks: int | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._storage = storage
        self._looks = looks
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._by_token: dict[str, Job] = {}

    def clear(self) -> None:
        with self._lock:
            self._jobs.clear()
            self._by_token.clear()

    def start(self, order: Order) -> Job:
        """Begin a job, or return the one that the same request began under the same token.

        Raises Refusal where another request has used the token.
        """
        token = order.request.get("clientRequestToken")
        with self._lock:
            known = self._by_token.get(token) if token else None
            if known:
                if known.order.request != order.request:
                    raise Refusal(400, "ConflictException", _CONFLICT.format(token))
                return known
            job = self._begin(order)
            if token:
                self._by_token[token] = job
        return job

    def _begin(self, order: Order) -> Job:
        number = len(self._jobs) + 1
        seed = f"{number}/{json.dumps(order.request, sort_keys=True)}".encode()
        name = hashlib.blake2b(seed, digest_size=6).hexdigest()
        arn = f"arn:aws:bedrock:{order.begun.region}:{ACCOUNT}:async-invoke/{name}"
        folder = f"{order.folder.rstrip('/')}/{name}"
        job = Job(number, arn, order, self._clock(), folder, looks_left=self._looks)
        self._jobs[arn] = job
        return job

    def look(self, arn: str) -> Job:
        """Return a job, after counting the look; raises Refusal for one that is not there."""
        with self._lock:
            job = self._jobs.get(arn)
            if job is None:
                raise invalid("The invocation ARN that you provided is not valid.")
            self._count_look(job)
            return replace(job)

    def page(self, wanted: Callable[[Job], bool], *, newest_first: bool) -> list[Job]:
        """Return the jobs that are wanted, in order of submission, after counting the look."""
        with self._lock:
            for job in self._jobs.values():
                self._count_look(job)
            found = [replace(job) for job in self._jobs.values() if wanted(job)]
        return found[::-1] if newest_first else found

    def finish(self, how: Finish) -> list[str]:
        """End the running jobs that are named, or arm them; return their ARNs."""
        with self._lock:
            found = [job for job in self._jobs.values() if how.names(job)]
            for job in found:
                if how.after_looks is None:
                    self._end(job, how.status, how.ended or self._clock())
                else:
                    job.looks_left = how.after_looks
        return [job.arn for job in found]

    def describe(self) -> list[dict[str, Any]]:
        """Return every job with whose it is, without counting a look."""
        with self._lock:
            return [{**job.as_json(), "team": job.order.begun.team} for job in self._jobs.values()]

    def _count_look(self, job: Job) -> None:
        if job.status != "InProgress" or job.looks_left is None:
            return
        job.looks_left -= 1
        if job.looks_left <= 0:
            self._end(job, "Completed", self._clock())

    def _end(self, job: Job, status: Status, ended: datetime) -> None:
        failure = _FAILED if status == "Failed" else None
        if status == "Completed":
            try:
                self._storage.write(job.folder, dict(job.order.outcome.files))
            except Refusal as refused:
                status, failure = "Failed", refused.message
        self._ledger.add(_settlement(job, status, ended))
        job.status, job.ended, job.failure = status, ended, failure


_CONFLICT = "The client request token {} was already used with other parameters."


def _is_match(source: Any) -> bool:
    return (
        isinstance(source, dict)
        and set(source) <= {"arn", "model", "team"}
        and all(isinstance(each, str) for each in source.values())
    )


def _settlement(job: Job, status: Status, ended: datetime) -> Entry:
    """Return the entry of a job that ended: what it used, and its price."""
    entry = replace(
        job.order.begun,
        request_id=job.arn,
        time=timestamp(ended),
        operation=SETTLEMENT,
        invocation_arn=job.arn,
        ended=timestamp(ended),
        outcome="refused",
        fault=None,
        counts=Counts(),
        billed_usd="0",
    )
    if status == "Failed":
        return replace(entry, error="AsyncInvokeFailed")
    outcome, model = job.order.outcome, job.order.model
    listed = model.listed or model.id
    billed = prices.lines(
        listed,
        entry.region,
        entry.tier,
        outcome.counts,
        media_class=outcome.media_class,
    )
    return replace(
        entry,
        outcome="answered",
        counts=outcome.counts,
        media_class=outcome.media_class or None,
        listed=listed,
        billed_usd=prices.as_text(prices.total(billed)),
        items=prices.items(billed),
    )
