"""The queue of jobs that wait for a worker: SQS, without a client.

A message says which attempt at which job is due, and nothing of what the job is. SQS may deliver it
twice, or late; what the table has of the job decides what is done then.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from math import ceil
from typing import Any, Final, Self

from chalicelib.aws_json import AwsApi

LONGEST_PAUSE_SECONDS: Final = 3_600
"""Longer than anything that is waited for. SQS lets a message be invisible for 12 hours in all."""

UNDONE: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
"""Amazon SQS API reference, "GetQueueAttributes"."""


class UnreadableMessage(ValueError):
    """A message that this gateway did not send."""


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery of a message."""

    team_id: str
    request_id: str
    attempt: int
    receipt_handle: str = ""
    deliveries: int = 1  # this one included

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """Read a record as Lambda's event source mapping hands it over.

        Raises UnreadableMessage.
        """
        try:
            body = json.loads(record["body"])
            return cls(
                team_id=str(body["team_id"]),
                request_id=str(body["request_id"]),
                attempt=int(body["attempt"]),
                receipt_handle=record["receiptHandle"],
                deliveries=int(record["attributes"]["ApproximateReceiveCount"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadableMessage(type(error).__name__) from error


class Queue:
    """Every method raises AwsFault. The queue's address is asked for once."""

    def __init__(
        self, sqs: AwsApi, name: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._sqs = sqs
        self._name = name
        self._now = now

    def send(self, team_id: str, request_id: str, attempt: int) -> None:
        """Have a worker run an attempt at a job. It may be sent twice."""
        body = {"team_id": team_id, "request_id": request_id, "attempt": attempt}
        self._call("SendMessage", {"MessageBody": json.dumps(body, separators=(",", ":"))})

    def backlog(self) -> int:
        """Return about how many messages wait for a worker, or have one."""
        asked = self._call("GetQueueAttributes", {"AttributeNames": list(UNDONE)})
        return sum(int(asked["Attributes"][name]) for name in UNDONE)

    def postpone(self, receipt_handle: str, until: int) -> None:
        """Have a message that is being handled delivered again at `until`, in epoch ms."""
        seconds = ceil(until / 1000 - self._now().timestamp())
        visibility = min(max(seconds, 0), LONGEST_PAUSE_SECONDS)
        self._call(
            "ChangeMessageVisibility",
            {"ReceiptHandle": receipt_handle, "VisibilityTimeout": visibility},
        )

    def _call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        return self._sqs.call(operation, {"QueueUrl": self._url, **payload})

    @cached_property
    def _url(self) -> str:
        url: str = self._sqs.call("GetQueueUrl", {"QueueName": self._name})["QueueUrl"]
        return url
