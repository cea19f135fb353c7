"""The table `streams` as streamed answers use it, without a client.

| pk                           | sk                              | what                            |
|------------------------------|---------------------------------|---------------------------------|
| `stream#<team>#<request id>` | `job`                           | the job                         |
|                              | `job#body`                      | its request, if it is not large |
|                              | `event#<last event>#<part>`     | a chunk of its answer           |

A job that is not emitted yet is in the index `by_lease`, under the time at which somebody has to
look at it. Every write is the same when it is made twice: one whose condition fails because it
was made before, and its answer lost, has succeeded.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Final

from chalicelib.aws_json import AwsApi
from chalicelib.metering.usage import Usage
from chalicelib.streams.backoff import insist
from chalicelib.streams.items import (
    BODY,
    JOB,
    LEASE_SHARDS,
    Item,
    body_item,
    bytes_of,
    item_of,
    job_item,
    job_of,
    key,
    owner,
    partition,
)
from chalicelib.streams.job import LEASE_SECONDS, QUEUED_SECONDS, Settlement, Step, StreamJob
from chalicelib.streams.kept import KeptAnswers
from chalicelib.streams.rows import Rows
from chalicelib.usage_record import ProviderCall

LEASE: Final = ("lease_shard", "lease_until")
SETTLED: Final = tuple(each.name for each in fields(Settlement))
OF_A_CALL: Final = (
    *("call", "call_id", "progress", "outcome"),
    *("stop_reason", "error_code", "error_message"),
)


class AlreadyThere(Exception):
    """Another job has this request id."""


class JobGone(Exception):
    """The table has no such job any more, or has it at another call."""


class StreamsTable:
    """Every method raises AwsFault where the table cannot be reached.

    Those that return a job raise UnreadableJob where it cannot be read. `answers` has what is
    kept of the answers.
    """

    def __init__(
        self,
        dynamodb: AwsApi,
        name: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rows = Rows(dynamodb, name)
        self.answers = KeptAnswers(self._rows)
        self._now = now
        self._clock = clock
        self._sleep = sleep

    def create(self, job: StreamJob) -> StreamJob:
        """Write down a new job, queued or opened at once, and return it. Raises AlreadyThere.

        A queued one's lease begins now. Its message is sent after this, never before.
        """
        if job.step == "queued":
            job = replace(job, lease_until=self._queued_until())
        if not self._rows.put_new(job_item(job)):
            found = self.find(job.team_id, job.request_id)
            if found is None or replace(found, body=job.body) != job:
                raise AlreadyThere
        if job.body is not None:
            self._rows.put(body_item(job, job.body))
        return job

    def remove(self, job: StreamJob) -> bool:
        """Take back a job whose message was not sent; False where it has begun all the same."""
        if not self._rows.delete_where(_key(job), {"step": "queued"}):
            return False
        self._rows.delete([_key(job, BODY)])
        return True

    def find(self, team_id: str, request_id: str) -> StreamJob | None:
        """Return a team's job, without its body; None for a stranger's, and for an expired one."""
        item = self._rows.read(key(team_id, request_id))
        return self._unless_expired(job_of(item)) if item else None

    def find_whole(self, team_id: str, request_id: str) -> StreamJob | None:
        """Return a team's job with its body, to be run."""
        items = self._rows.between(partition(team_id, request_id), JOB, BODY)
        found = {item["sk"]["S"]: item for item in items}
        if JOB not in found:
            return None
        body = bytes_of(found[BODY]["body"]) if BODY in found else None
        return self._unless_expired(job_of(found[JOB], body))

    def open(self, job: StreamJob, call: ProviderCall, lease_until: int) -> StreamJob | None:
        """Write that a queued job's call is about to be made; None where somebody else has it.

        `lease_until` is in epoch milliseconds. The job returned has the body of the one given.
        """
        running = {"step": "opened", "state": "running", "lease_until": lease_until}
        called = {"call": call, "call_id": call.call_id}
        opened = self._changed(job, _queued(job), running | called)
        if opened is None or opened.step != "opened" or opened.call != call:
            return None
        return opened

    def unopen(self, job: StreamJob) -> bool:
        """Put an opened job back among the queued, whose call was not made.

        False where the job is not at this call any more.
        """
        again = {"step": "queued", "state": "queued", "lease_until": self._queued_until()}
        queued = self._changed(job, _at_call(job, "opened"), again, ("call", "call_id"))
        return queued is not None and (queued.step, queued.attempt) == ("queued", job.attempt)

    def renew(self, job: StreamJob, lease_until: int, progress: Usage) -> bool:
        """Write that an engine lives, and what was used so far; False where its tenant deleted it.

        Raises JobGone where the call is settled already, or not the job's any more.
        """
        alive = {"lease_until": lease_until, "progress": progress}
        item = self._rows.update(_key(job), _at_call(job, "opened"), alive)
        if item is None:
            raise JobGone
        return not job_of(item).deleted

    def settle(
        self,
        job: StreamJob,
        settlement: Settlement,
        seconds: float = 0.0,
        *,
        lease_until: int | None = None,
    ) -> StreamJob:
        """Decide how an opened job's call ended, and return the job as that was decided.

        By somebody else, where they came first; with `lease_until`, still opened where its lease
        has another end by now. A table that is away is asked again for `seconds`. Raises JobGone.
        """
        decided = {"step": "settled", **{n: getattr(settlement, n) for n in SETTLED}}
        lease = {} if lease_until is None else {"lease_until": lease_until}

        def settle() -> StreamJob | None:
            return self._changed(job, _at_call(job, "opened") | lease, decided)

        settled = insist(settle, seconds, self._clock, self._sleep)
        if settled is None or settled.call != job.call:
            raise JobGone
        return settled

    def emitted(self, job: StreamJob) -> None:
        """Write that both records of a settled job are written: it is looked for no more.

        What must not be kept beyond a job's end (`store=False`, `deleted`) is forgotten first.
        """
        if job.deleted or not job.store:
            self.answers.forget(job.team_id, job.request_id)
            self._rows.delete([_key(job, BODY)])
        self._rows.update(_key(job), _at_call(job, "settled"), _ended(job), LEASE)

    def requeue(self, job: StreamJob) -> StreamJob:
        """Queue a settled and recorded job again, for its next attempt. Raises JobGone."""
        again = {"step": "queued", "state": "queued", "lease_until": self._queued_until()}
        anew = {"attempt": job.attempt + 1, "sends": 1, "last_event": 0, "whole": True}
        queued = self._changed(job, _at_call(job, "settled"), again | anew, OF_A_CALL)
        if queued is None or (queued.step, queued.attempt) != ("queued", job.attempt + 1):
            raise JobGone
        return queued

    def resent(self, job: StreamJob) -> StreamJob | None:
        """Write that a queued job's message is about to be sent once more.

        None where it was before, and where the job has begun.
        """
        until = self._queued_until()
        sent = {"sends": 2, "lease_until": until}
        queued = self._changed(job, {**_queued(job), "sends": 1}, sent)
        return queued if queued and (queued.step, queued.lease_until) == ("queued", until) else None

    def wait_longer(self, job: StreamJob) -> bool:
        """Write that a queued job's message is not looked for before it has waited once more.

        False where it has waited so long that nobody could read its answer.
        """
        if job.expires_at <= self._now().timestamp():
            return False
        self._rows.update(_key(job), _queued(job), {"lease_until": self._queued_until()})
        return True

    def fail(self, job: StreamJob, error_code: str, error_message: str) -> bool:
        """End a queued job without a call, so without a record; False where it has begun.

        Nobody needs its request any more: it is forgotten.
        """
        why = {"state": "failed", "error_code": error_code, "error_message": error_message}
        failed = self._changed(job, _queued(job), _ended(job) | why, LEASE)
        if failed is None or (failed.step, failed.call) != ("emitted", None):
            return False
        self._rows.delete([_key(job, BODY)])
        return True

    def delete(self, team_id: str, request_id: str) -> bool:
        """Forget a job's answer and request for its tenant; False where there is none.

        It stops nothing: whoever runs the job has its request, and nobody begins it any more.
        """
        there = {"pk": partition(team_id, request_id)}
        if self._rows.update(key(team_id, request_id), there, {"deleted": True}) is None:
            return False
        self.answers.forget(team_id, request_id)
        self._rows.delete([key(team_id, request_id, BODY)])
        return True

    def dead(self) -> Iterator[tuple[str, str]]:
        """Yield team and request id of the jobs whose lease is over, and that are not emitted."""
        now = self._now_ms()
        for shard in range(LEASE_SHARDS):
            over = {
                "IndexName": "by_lease",
                "KeyConditionExpression": "lease_shard = :shard and lease_until < :now",
                "ExpressionAttributeValues": item_of(**{":shard": str(shard), ":now": now}),
            }
            for item in self._rows.query(over):
                yield owner(item["pk"]["S"])

    def lease_end(self) -> int:
        """Return when a lease ends that begins now, in epoch milliseconds."""
        return self._now_ms() + LEASE_SECONDS * 1000

    def _changed(
        self,
        job: StreamJob,
        where: Mapping[str, object],
        put: Mapping[str, object],
        drop: Sequence[str] = (),
    ) -> StreamJob | None:
        """Change a job where it is as expected, and return it; as it is, where it is not.

        So a write that was made before, and its answer lost, is known by what it left.
        """
        item = self._rows.update(_key(job), where, put, drop) or self._rows.read(_key(job))
        return job_of(item, job.body) if item else None

    def _now_ms(self) -> int:
        return int(self._now().timestamp() * 1000)

    def _queued_until(self) -> int:
        return self._now_ms() + QUEUED_SECONDS * 1000

    def _unless_expired(self, job: StreamJob) -> StreamJob | None:
        """DynamoDB takes days to delete what has expired; nobody reads it meanwhile."""
        forgotten = job.step == "emitted" and job.expires_at <= self._now().timestamp()
        return None if forgotten else job


def _key(job: StreamJob, sk: str = JOB) -> Item:
    return key(job.team_id, job.request_id, sk)


def _queued(job: StreamJob) -> dict[str, object]:
    return {"step": "queued", "attempt": job.attempt}


def _at_call(job: StreamJob, step: Step) -> dict[str, object]:
    return {"step": step, "call_id": job.call.call_id if job.call else ""}


def _ended(job: StreamJob) -> dict[str, object]:
    """Nobody has to look at it again: it goes when its answer does."""
    return {"step": "emitted", "expires_at": job.expires_at}
