"""SQS's messages reach a function as Lambda's event source mapping brings them."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from queue import Queue
from typing import Any

import pytest

from local.aws import Aws
from local.clients import Clients
from local.functions.deployment import QueueSource
from local.functions.faults import FunctionError
from local.queue_delivery import QueueDelivery

PATIENCE_SECONDS = 20
DEAD = "work-dead"
ARN = "arn:aws:sqs:us-east-1:123456789012"
REDRIVE = json.dumps({"maxReceiveCount": 2, "deadLetterTargetArn": f"{ARN}:{DEAD}"})


class Functions:
    """Stands for Lambda: keeps every event, and does with it what the test says."""

    def __init__(self) -> None:
        self.events: Queue[Mapping[str, Any]] = Queue()
        self.work: Callable[[Mapping[str, Any]], object] = lambda _event: None

    def invoke(self, _name: str, event: Mapping[str, Any]) -> None:
        self.events.put(event)
        self.work(event)

    def event(self) -> Mapping[str, Any]:
        return self.events.get(timeout=PATIENCE_SECONDS)


@pytest.fixture
def aws() -> Iterator[Aws]:
    with Aws() as aws:
        yield aws


@pytest.fixture
def sqs(aws: Aws) -> Iterator[Any]:
    with Clients({"": aws.url}) as clients:
        yield clients("sqs")


@pytest.fixture
def url(sqs: Any) -> str:
    """A queue whose messages are dead after the second time."""
    sqs.create_queue(QueueName=DEAD)
    attributes = {"VisibilityTimeout": "900", "RedrivePolicy": REDRIVE}
    url: str = sqs.create_queue(QueueName="work", Attributes=attributes)["QueueUrl"]
    return url


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture
def deliver(aws: Aws, sqs: Any, functions: Functions) -> Iterator[Callable[..., QueueDelivery]]:
    started: list[QueueDelivery] = []

    def start(queue: str = "work", at_once: int = 2) -> QueueDelivery:
        source = QueueSource(queue, "worker", batch_size=1, maximum_concurrency=at_once)
        started.append(QueueDelivery(source, sqs, functions, aws.end_long_polls))
        return started[-1]

    yield start
    for delivery in started:
        delivery.stop()


def stored(sqs: Any, url: str) -> int:
    """How many messages a queue still has, in whatever state."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(count) for count in told.values())


def test_a_message_that_comes_during_a_poll_is_delivered_as_lambda_spells_it(
    sqs: Any, url: str, functions: Functions, deliver: Callable[..., QueueDelivery]
) -> None:
    deliver()
    sent = sqs.send_message(QueueUrl=url, MessageBody='{"a": 1}')
    (record,) = functions.event()["Records"]
    assert (record["messageId"], record["md5OfBody"]) == (
        sent["MessageId"],
        sent["MD5OfMessageBody"],
    )
    assert (record["body"], record["eventSource"]) == ('{"a": 1}', "aws:sqs")
    assert record["eventSourceARN"] == f"{ARN}:work"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["awsRegion"] == "us-east-1"
    assert record["receiptHandle"]


def test_what_was_worked_off_is_deleted(
    sqs: Any, url: str, functions: Functions, deliver: Callable[..., QueueDelivery]
) -> None:
    seen = threading.Event()

    def work(event: Mapping[str, Any]) -> None:
        if event["Records"][0]["body"] == "two":
            seen.wait(PATIENCE_SECONDS)

    functions.work = work
    for body in ("one", "two"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    deliver(at_once=1)
    assert [functions.event()["Records"][0]["body"] for _ in range(2)] == ["one", "two"]
    assert stored(sqs, url) == 1
    seen.set()


def test_what_fails_comes_again_and_then_is_a_dead_letter(
    sqs: Any, url: str, functions: Functions, deliver: Callable[..., QueueDelivery]
) -> None:
    def fail(event: Mapping[str, Any]) -> None:
        if event["Records"][0]["eventSourceARN"].endswith(":work"):
            raise FunctionError("ValueError", "not today")

    functions.work = fail
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    deliver(at_once=1)
    deliver(DEAD)
    sqs.send_message(QueueUrl=url, MessageBody="one")
    records = [functions.event()["Records"][0] for _ in range(3)]
    assert [record["eventSourceARN"].rpartition(":")[2] for record in records] == [
        "work",
        "work",
        DEAD,
    ]
    assert {record["messageId"] for record in records} == {records[0]["messageId"]}


def test_as_many_run_at_once_as_may(
    sqs: Any, url: str, functions: Functions, deliver: Callable[..., QueueDelivery]
) -> None:
    both, go_on = threading.Barrier(3), threading.Event()

    def work(_event: Mapping[str, Any]) -> None:
        both.wait(PATIENCE_SECONDS)
        go_on.wait(PATIENCE_SECONDS)

    functions.work = work
    for body in "1234":
        sqs.send_message(QueueUrl=url, MessageBody=body)
    deliver(at_once=2)
    both.wait(PATIENCE_SECONDS)
    assert functions.events.qsize() == 2
    functions.work = lambda _event: None
    go_on.set()
    assert len([functions.event() for _ in range(4)]) == 4


def test_once_it_is_stopped_messages_stay_where_they_are(
    sqs: Any, url: str, functions: Functions, deliver: Callable[..., QueueDelivery]
) -> None:
    deliver().stop()
    sqs.send_message(QueueUrl=url, MessageBody="one")
    assert stored(sqs, url) == 1
    assert functions.events.empty()
