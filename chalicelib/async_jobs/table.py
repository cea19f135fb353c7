"""The table `streams` as asynchronous jobs use it, without a client.

| pk              | sk                | what                                                       |
|-----------------|-------------------|------------------------------------------------------------|
| `async#<team>`  | the job's ARN     | the job, its `state`, and how it was settled               |
| `async-open`    | the job's ARN     | a job that is not settled and recorded yet: whose it is    |
| `async-open`    | `start#<call id>` | a job that may have been started, before its ARN is known  |

The index `by_time` has a team's jobs in the order in which they were started. Every write is the
same when it is made twice.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, get_args

from chalicelib.async_jobs.job import EndState, Job, Settlement, UnreadableJob
from chalicelib.aws_json import AwsApi, AwsFault
from chalicelib.usage_record import rfc3339

State = Literal[
    "open",
    "settled",  # it is decided how it ended and when; its records may not be written
    "recorded",  # its records are written
]
OPEN: Final = "async-open"
START: Final = "start#"
KEPT: Final = timedelta(days=400)
"""How long a recorded job can still be listed: as long as its usage records are kept."""

Item = Mapping[str, Mapping[str, str]]

log = logging.getLogger("tollgate.async_jobs")


@dataclass(frozen=True, slots=True)
class KeptJob:
    """A job as the table has it."""

    job: Job
    state: State
    settlement: Settlement | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a team's jobs, and where the next ones begin: None after the last."""

    jobs: tuple[KeptJob, ...]
    after: tuple[str, str] | None  # start time and ARN of the last one before them


class JobsTable:
    """Every method raises AwsFault where the table cannot be reached."""

    def __init__(self, dynamodb: AwsApi, name: str) -> None:
        self._dynamodb = dynamodb
        self._name = name

    def announce(self, job: Job) -> None:
        """Write that a job is about to be started, so that none can be started unseen."""
        item = _item(pk=OPEN, sk=START + job.start.call_id, job=job.to_json())
        self._call("PutItem", {"Item": item})

    def forget(self, job: Job) -> None:
        """Take back the announcement of a job that was not started."""
        self._call("DeleteItem", {"Key": _announcement(job)})

    def begin(self, job: Job, arn: str) -> None:
        """Put the ARN that AWS answered in the place of the announcement, in one transaction.

        A job that is there already was started again with its token: it stays as it is.
        """
        named = replace(job, arn=arn)
        new = {"Item": _job_item(named), "ConditionExpression": "attribute_not_exists(pk)"}
        still_open = {"Item": _item(pk=OPEN, sk=arn, team_id=job.team_id)}
        try:
            self._transact(
                {"Put": new}, {"Put": still_open}, {"Delete": {"Key": _announcement(job)}}
            )
        except AwsFault as fault:
            cancelled = fault.code == "TransactionCanceledException"
            if not (cancelled and self.find(job.team_id, arn)):
                raise
            self.forget(job)

    def find(self, team_id: str, arn: str) -> KeptJob | None:
        """Return a team's job, or None where the team has none of that ARN.

        Raises UnreadableJob.
        """
        answer = self._call("GetItem", {"Key": _key(team_id, arn), "ConsistentRead": True})
        return _kept(answer["Item"]) if "Item" in answer else None

    def page(
        self,
        team_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        newest_first: bool = True,
        limit: int = 100,
        after: tuple[str, str] | None = None,
    ) -> Page:
        """List a team's jobs by the time at which they were started, from `since` to `until`.

        `after` is a page's own. A job that cannot be read is left out, loudly.
        """
        query: dict[str, Any] = {
            "IndexName": "by_time",
            "KeyConditionExpression": "pk = :pk and started_at between :since and :until",
            "ExpressionAttributeValues": _item(
                **{":pk": _partition(team_id)},
                **{":since": rfc3339(since) if since else "0"},
                **{":until": rfc3339(until) if until else "9"},
            ),
            "ScanIndexForward": not newest_first,
            "Limit": limit,
        }
        if after:
            started_at, arn = after
            position = _item(pk=_partition(team_id), sk=arn, started_at=started_at)
            query["ExclusiveStartKey"] = position
        answer = self._call("Query", query)
        last = answer.get("LastEvaluatedKey")
        return Page(
            tuple(_readable(answer["Items"])),
            (_text(last, "started_at"), _text(last, "sk")) if last else None,
        )

    def announced(self) -> list[Job | UnreadableJob]:
        """Return the jobs that may have been started, and whose ARN nobody wrote down.

        One that cannot be read is returned as why, so that it keeps no other from being found.
        """
        return [_announced(item) for item in self._open(START)]

    def unsettled(self) -> list[tuple[str, str]]:
        """Return team and ARN of the jobs that are not settled and recorded yet."""
        return [(_text(item, "team_id"), _text(item, "sk")) for item in self._open("arn:")]

    def settle(self, job: Job, settlement: Settlement) -> bool:
        """Decide how a job ended; False where that was decided before."""
        try:
            self._call(
                "UpdateItem",
                {
                    "Key": _key(job.team_id, job.arn),
                    "UpdateExpression": (
                        "SET #state = :settled, #day = :day, end_state = :end, answer = :answer"
                    ),
                    "ConditionExpression": "#state = :open",
                    "ExpressionAttributeNames": {"#state": "state", "#day": "day"},
                    "ExpressionAttributeValues": _item(
                        **{":open": "open", ":settled": "settled"},
                        **{":day": settlement.day, ":end": settlement.end_state},
                        **{":answer": settlement.answer},
                    ),
                },
            )
        except AwsFault as fault:
            if fault.code != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def close(self, job: Job, now: datetime) -> None:
        """Say that a settled job's records are written. It is listed a while longer."""
        expires_at = str(int((now + KEPT).timestamp()))
        update = {
            "Key": _key(job.team_id, job.arn),
            "UpdateExpression": "SET #state = :recorded, expires_at = :expires_at",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {
                ":recorded": {"S": "recorded"},
                ":expires_at": {"N": expires_at},
            },
        }
        self._transact({"Update": update}, {"Delete": {"Key": _item(pk=OPEN, sk=job.arn)}})

    def _open(self, sk_prefix: str) -> Iterator[Item]:
        query: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk and begins_with(sk, :prefix)",
            "ExpressionAttributeValues": _item(**{":pk": OPEN, ":prefix": sk_prefix}),
            "ConsistentRead": True,
        }
        while True:
            answer = self._call("Query", query)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        return self._dynamodb.call(operation, {"TableName": self._name, **payload})

    def _transact(self, *writes: Mapping[str, Mapping[str, object]]) -> None:
        items = [
            {kind: {"TableName": self._name, **write} for kind, write in each.items()}
            for each in writes
        ]
        self._dynamodb.call("TransactWriteItems", {"TransactItems": items})


def _job_item(job: Job) -> Item:
    return _item(
        pk=_partition(job.team_id),
        sk=job.arn,
        job=job.to_json(),
        state="open",
        started_at=rfc3339(job.started_at),
    )


def _announced(item: Item) -> Job | UnreadableJob:
    try:
        return Job.from_json(_text(item, "job"))
    except UnreadableJob as unreadable:
        return UnreadableJob(f"{_text(item, 'sk')}: {unreadable}")


def _kept(item: Item) -> KeptJob:
    state, job = _one_of(State, _text(item, "state")), Job.from_json(_text(item, "job"))
    if state == "open":
        return KeptJob(job, state)
    end_state = _one_of(EndState, _text(item, "end_state"))
    return KeptJob(
        job, state, Settlement(_day(_text(item, "day")), end_state, _text(item, "answer"))
    )


def _readable(items: Iterable[Item]) -> Iterator[KeptJob]:
    for item in items:
        try:
            yield _kept(item)
        except UnreadableJob as unreadable:
            log.error("job not read: %s: %s", _text(item, "sk"), unreadable)


def _one_of(words: Any, text: str) -> Any:
    """Return a text that is one of a Literal's."""
    if text not in get_args(words):
        raise UnreadableJob(f"{text!a} is none of {', '.join(get_args(words))}")
    return text


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise UnreadableJob(f"{text!a} is no day") from error


def _partition(team_id: str) -> str:
    return f"async#{team_id}"


def _key(team_id: str, arn: str) -> Item:
    return _item(pk=_partition(team_id), sk=arn)


def _announcement(job: Job) -> Item:
    return _item(pk=OPEN, sk=START + job.start.call_id)


def _item(**texts: str) -> Item:
    return {name: {"S": text} for name, text in texts.items()}


def _text(item: Item, name: str) -> str:
    """Return a text; an empty one where the item has none."""
    return item.get(name, {}).get("S", "")
