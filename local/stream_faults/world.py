"""What there is of streams on this machine: jobs, messages, and the processes that serve them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.utils import unix_time_millis
from moto.sqs.models import Message as MotoMessage
from moto.sqs.models import sqs_backends

from local.project import ACCOUNT, REGION
from local.stack import Stack

Item = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Message:
    """A message in a queue, and whose job it is of."""

    id: str
    team: str
    request_id: str
    moto: MotoMessage

    @property
    def waits_ms(self) -> float:
        """For how long nobody receives it."""
        return float(self.moto.visible_at - unix_time_millis())

    def show(self) -> None:
        """Let it be received at once."""
        self.moto.visible_at = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A job that is not emitted."""

    team: str
    request_id: str
    step: str
    item: Item

    @property
    def key(self) -> dict[str, Mapping[str, str]]:
        return {"pk": self.item["pk"], "sk": self.item["sk"]}


class World:
    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._table = stack.environ["STREAMS_TABLE"]
        name = stack.environ["STREAMS_QUEUE"]
        self.queues = (name, f"{name}-dead")
        self.killed = 0

    def unfinished(self) -> list[Job]:
        """Find the jobs that somebody has to look at again."""
        dynamodb = self._stack.client("dynamodb")
        found = dynamodb.scan(TableName=self._table, IndexName="by_lease")["Items"]
        items = (
            dynamodb.get_item(
                TableName=self._table,
                Key={"pk": each["pk"], "sk": each["sk"]},
                ConsistentRead=True,
            ).get("Item")
            for each in found
        )
        return [_job(item) for item in items if item and item["step"]["S"] != "emitted"]

    def let_lease_end(self, job: Job) -> None:
        """Let as much time pass for a job as its lease has left, if nobody has changed it."""
        dynamodb = self._stack.client("dynamodb")
        try:
            dynamodb.update_item(
                TableName=self._table,
                Key=job.key,
                UpdateExpression="SET lease_until = :over",
                ConditionExpression="#step = :step and lease_until = :until",
                ExpressionAttributeNames={"#step": "step"},
                ExpressionAttributeValues={
                    ":over": {"N": "1"},
                    ":step": job.item["step"],
                    ":until": job.item["lease_until"],
                },
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return

    def messages(self) -> list[Message]:
        return [message for queue in self.queues for message in _messages(queue)]

    def deliver(self, team: str, request_id: str) -> None:
        """Deliver the message of a job's first attempt once more, as SQS may."""
        body = {"team_id": team, "request_id": request_id, "attempt": 1}
        sqs = self._stack.client("sqs")
        url = sqs.get_queue_url(QueueName=self.queues[0])["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))

    def running(self) -> set[str]:
        """Return every id of every invocation that runs: of Lambda, API Gateway and SQS."""
        return {each for running in self._stack.functions.running() for each in running["ids"]}

    def kill(self, request_id: str) -> None:
        """Kill whatever serves a stream: its request, its worker, or the sweep that resumes it."""
        functions = self._stack.functions
        ids = [request_id, *(m.id for m in self.messages() if m.request_id == request_id)]
        if not sum([functions.kill(each) for each in ids]):
            sweeps = (each for each in functions.running() if each["function"] == "sweep_streams")
            ids = [each["ids"][0] for each in sweeps]
            if not sum([functions.kill(each) for each in ids]):
                return
        self.killed += 1


def _job(item: Item) -> Job:
    _, team, request_id = item["pk"]["S"].split("#")
    return Job(team, request_id, item["step"]["S"], item)


def _messages(queue: str) -> Iterator[Message]:
    """Yield what is in a queue, delivered or not: no operation of SQS tells that."""
    for message in list(sqs_backends[ACCOUNT][REGION].queues[queue]._messages):
        body: dict[str, Any] = json.loads(message.body)
        yield Message(message.id, body["team_id"], body["request_id"], message)
