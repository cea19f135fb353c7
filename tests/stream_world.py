"""What streamed jobs are tested with: one table, one queue, and processes that can be killed."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from builders import ACCOUNT, provider_call
from job_fakes import NOON, Clock, DynamoDb, Killed, Records

from chalicelib.aws_json import AwsFault
from chalicelib.catalog import Model
from chalicelib.errors import LedgerUnavailable, TollgateError
from chalicelib.ledger import Ledger
from chalicelib.metering.usage import Usage
from chalicelib.stream_event import StreamEvent
from chalicelib.streams.chunks import pack
from chalicelib.streams.dead_letters import DeadLetters
from chalicelib.streams.job import LEASE_SECONDS, Settlement, StreamJob
from chalicelib.streams.queue import Queue
from chalicelib.streams.recovery import Recovery
from chalicelib.streams.sweep import Sweep
from chalicelib.streams.table import StreamsTable
from chalicelib.streams.worker import Worker
from chalicelib.usage_record import Outcome, ProviderCall

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
TABLE: Mapping[str, Any] = {
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
        {"AttributeName": "lease_shard", "AttributeType": "S"},
        {"AttributeName": "lease_until", "AttributeType": "N"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by_lease",
            "KeySchema": [
                {"AttributeName": "lease_shard", "KeyType": "HASH"},
                {"AttributeName": "lease_until", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}
QUEUE = "streams"
DEAD_QUEUE = "streams-dead"
VISIBILITY_SECONDS = 960
MAX_DELIVERIES = 5
_names = count(1)


def stream_job(team_id: str = "search", request_id: str = "request-1", **fields: Any) -> StreamJob:
    created_at = int(NOON.timestamp())
    job = StreamJob(
        request_id=request_id,
        team_id=team_id,
        key_id="abcdefghijkl",
        created_at=created_at,
        expires_at=created_at + 86_400,
        surface="invoke",
        operation="ConverseStream",
        model=Model(
            model_id=MODEL,
            service="bedrock",
            base_model=MODEL.removeprefix("us."),
            geo="us",
            basis="on_demand",
            family="anthropic",
            target=MODEL,
        ),
        account=ACCOUNT,
        headers={},
        body=b'{"messages":[]}',
    )
    return replace(job, **fields)


def delta(text: str) -> StreamEvent:
    data = {"contentBlockIndex": 0, "delta": {"text": text}, "p": "abcdefgh"}
    return StreamEvent("contentBlockDelta", json.dumps(data, ensure_ascii=False).encode())


def in_ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def new_table(dynamodb: DynamoDb, clock: Clock) -> StreamsTable:
    """A table of its own, in the one DynamoDB that a module's tests share."""
    name = f"streams-{next(_names)}"
    dynamodb.client.create_table(TableName=name, **TABLE)
    return StreamsTable(dynamodb, name, clock)


def keep(table: StreamsTable, job: StreamJob, *texts: str, first: int | None = None) -> None:
    for chunk in pack([delta(text) for text in texts], first or job.first_event):
        table.answers.put(job, chunk)


def begun(table: StreamsTable, clock: Clock, **fields: Any) -> StreamJob:
    """A job that a living engine has."""
    job = table.create(stream_job(**fields))
    opened = table.open(job, call_of(job), in_ms(clock()) + LEASE_SECONDS * 1000)
    assert opened
    return opened


def finished(table: StreamsTable, job: StreamJob, **fields: Any) -> StreamJob:
    """The job when its engine has done all it has to."""
    settled = table.settle(job, replace(WHOLE, **fields))
    table.emitted(settled)
    return settled


def call_of(job: StreamJob, call_id: str = "call-1") -> ProviderCall:
    return provider_call(
        call_id=call_id,
        team_id=job.team_id,
        request_id=job.request_id,
        attempt=job.attempt,
        operation=job.operation,
        streamed=1,
    )


PROGRESS = Usage(input_tokens=11)
WHOLE = Settlement(
    Outcome("usage", Usage(input_tokens=11, output_tokens=3), "stream", status_code=200),
    "done",
    stop_reason="end_turn",
)


@dataclass
class Delivery:
    body: str
    visible_at: datetime
    deliveries: int = 0


@dataclass
class Sqs:
    """SQS as AwsApi calls it, and as Lambda's event source mapping delivers from it."""

    clock: Clock
    away: bool = False
    queues: dict[str, dict[str, Delivery]] = field(
        default_factory=lambda: {QUEUE: {}, DEAD_QUEUE: {}}
    )
    visibilities: list[int] = field(default_factory=list)  # as they were changed, in seconds
    asked_for_backlog: int = 0

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        if self.away:
            raise AwsFault("NoAnswer")
        if operation == "GetQueueUrl":
            return {"QueueUrl": f"https://sqs/{ACCOUNT}/{payload['QueueName']}"}
        queue = payload["QueueUrl"].rpartition("/")[2]
        if operation == "SendMessage":
            self.put(queue, payload["MessageBody"])
        elif operation == "ChangeMessageVisibility":
            seconds = payload["VisibilityTimeout"]
            self.visibilities.append(seconds)
            message = self.queues[queue][payload["ReceiptHandle"]]
            message.visible_at = self.clock() + timedelta(seconds=seconds)
        elif operation == "GetQueueAttributes":
            self.asked_for_backlog += 1
            return {"Attributes": self._counts(queue, payload["AttributeNames"])}
        else:
            raise AwsFault("UnsupportedOperation")
        return {}

    def _counts(self, queue: str, names: Sequence[str]) -> dict[str, str]:
        hidden = sum(each.visible_at > self.clock() for each in self.queues[queue].values())
        counts = {
            "ApproximateNumberOfMessages": len(self.queues[queue]) - hidden,
            "ApproximateNumberOfMessagesNotVisible": hidden,
        }
        return {name: str(counts[name]) for name in names}

    def put(self, queue: str, body: str) -> None:
        self.queues[queue][f"receipt-{next(_names)}"] = Delivery(body, self.clock())

    def deliver(self, queue: str, handle: Callable[[Mapping[str, Any]], None]) -> None:
        """Deliver what is visible, once each: what fails comes again, and at last dies."""
        for receipt, message in list(self.queues[queue].items()):
            if message.visible_at > self.clock():
                continue
            if queue == QUEUE and message.deliveries == MAX_DELIVERIES:
                self.put(DEAD_QUEUE, self.queues[queue].pop(receipt).body)
                continue
            message.deliveries += 1
            message.visible_at = self.clock() + timedelta(seconds=VISIBILITY_SECONDS)
            with suppress(Exception, Killed):
                handle(sqs_record(receipt, message))
                del self.queues[queue][receipt]


def sqs_record(receipt: str, message: Delivery) -> dict[str, Any]:
    """A record as Lambda's event source mapping hands it to the function."""
    return {
        "receiptHandle": receipt,
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.deliveries)},
    }


class Mortal:
    """What it wraps, in a process that dies right after the calls it is told to die after."""

    def __init__(self, wrapped: Any, name: str, deaths: list[str]) -> None:
        self._wrapped = wrapped
        self._name = name
        self._deaths = deaths  # of all that dies with it, in order; it comes to each only once

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._wrapped, method)
        if not callable(found):
            return found

        def call(*given: Any, **named: Any) -> Any:
            answer = found(*given, **named)
            if self._deaths and self._deaths[0] == f"{self._name}.{method}":
                del self._deaths[0]
                raise Killed
            return answer

        return call


class Provider:
    """Counts the calls that were made, by call_id."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def call(self, call: ProviderCall) -> None:
        self.calls[call.call_id] += 1


@dataclass
class ScriptedRunner:
    """Makes a job's call in the order of steps that a real one keeps."""

    table: Any
    ledger: Any
    provider: Any
    clock: Clock
    refused: TollgateError | None = None

    def refusal(self, job: StreamJob) -> TollgateError | None:
        return self.refused

    def new_call(self, job: StreamJob) -> ProviderCall:
        return call_of(job, f"call-{next(_names)}")

    def run_to_end(self, job: StreamJob, seconds_left: float) -> None:
        assert job.call
        assert seconds_left
        try:
            self.ledger.started(job.call)
        except LedgerUnavailable:
            self.table.unopen(job)
            raise
        self.provider.call(job.call)
        keep(self.table, job, "Hello")
        self.table.renew(job, in_ms(self.clock()) + LEASE_SECONDS * 1000, PROGRESS)
        settled = self.table.settle(job, WHOLE)
        if self.ledger.ended(job.call, settled.outcome):
            self.table.emitted(settled)


class World:
    """A table, a queue with its dead letters, a log group and a provider; and processes."""

    def __init__(self, dynamodb: DynamoDb) -> None:
        self.clock = Clock()
        self.sqs = Sqs(self.clock)
        self.table = new_table(dynamodb, self.clock)
        self.queue = Queue(self.sqs, QUEUE, self.clock)
        self.records = Records()
        self.provider = Provider()
        self.deaths: list[str] = []
        self.refused: TollgateError | None = None  # of what has waited

    def submit(self, **fields: Any) -> StreamJob:
        """Take a job in as the queued route does."""
        job = self.table.create(stream_job(**fields))
        self.queue.send(job.team_id, job.request_id, job.attempt)
        return job

    def work(self) -> None:
        """Let workers have what is visible, each in a process of its own."""
        self.sqs.deliver(QUEUE, lambda record: self.worker().handle(record, 900.0))

    def bury(self) -> None:
        self.sqs.deliver(DEAD_QUEUE, lambda record: self.dead_letters().handle(record))

    def sweep(self) -> None:
        with suppress(Killed):
            self.sweeper().run(lambda: 240_000)

    def is_quiet(self) -> bool:
        """No job is to be looked after, and no message waits. Raises what kept it from that."""
        waiting = any(self.sqs.queues.values())
        if self.clock() > NOON + timedelta(hours=6):
            raise AssertionError(f"still {self.job().step} after six hours: {self.deaths}")
        return self.job().step == "emitted" and not waiting

    def job(self, request_id: str = "request-1") -> StreamJob:
        job = self.table.find("search", request_id)
        assert job
        return job

    def worker(self) -> Worker:
        table, queue, ledger = self._table(), self._queue(), self._ledger()
        provider = Mortal(self.provider, "provider", self.deaths)
        runner = ScriptedRunner(table, ledger, provider, self.clock, self.refused)
        return Worker(table, queue, runner, self.recovery(ledger), now=self.clock)

    def sweeper(self) -> Sweep:
        return Sweep(self._table(), self._queue(), self.recovery(), stage="test")

    def dead_letters(self) -> DeadLetters:
        return DeadLetters(self._table(), Queue(self.sqs, DEAD_QUEUE, self.clock), self.recovery())

    def recovery(self, ledger: Any = None) -> Recovery:
        ledger = ledger or self._ledger()
        return Recovery(self._table(), self._queue(), ledger, stage="test", now=self.clock)

    def _table(self) -> Any:
        return Mortal(self.table, "table", self.deaths)

    def _queue(self) -> Any:
        return Mortal(self.queue, "queue", self.deaths)

    def _ledger(self) -> Any:
        ledger = Ledger(self.records, stage="test", instance=f"i-{next(_names)}", now=self.clock)
        return Mortal(ledger, "ledger", self.deaths)

    def pairs(self) -> dict[str, list[str]]:
        """What the report counts: the kinds of records of each call, each `event_id` once."""
        found: dict[str, list[str]] = {}
        for record in self.records.counted_once.values():
            found.setdefault(record["call_id"], []).append(record["tollgate"])
        return {call_id: sorted(kinds) for call_id, kinds in found.items()}
