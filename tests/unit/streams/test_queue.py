"""What is asked of SQS, and what a delivery is read as."""

import json
from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest
from job_fakes import NOON, Clock, DynamoDb
from moto import mock_aws
from stream_world import in_ms

from chalicelib.streams.queue import Message, Queue, UnreadableMessage

RECORD = {
    "receiptHandle": "receipt-1",
    "body": '{"team_id":"search","request_id":"request-1","attempt":2}',
    "attributes": {"ApproximateReceiveCount": "3"},
}


class Sqs(DynamoDb):
    """SQS as AwsApi calls it; remembers what it was asked."""

    def __init__(self, client) -> None:
        super().__init__(client)
        self.asked: list[tuple[str, dict]] = []

    def call(self, operation, payload):
        self.asked.append((operation, dict(payload)))
        return super().call(operation, payload)


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sqs]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        client = boto3.client("sqs", region_name="us-east-1")
        client.create_queue(QueueName="streams", Attributes={"VisibilityTimeout": "960"})
        yield Sqs(client)


def received(sqs: Sqs) -> list[dict]:
    url = sqs.client.get_queue_url(QueueName="streams")["QueueUrl"]
    return sqs.client.receive_message(QueueUrl=url).get("Messages", [])


def test_a_message_says_which_attempt_at_which_job_and_nothing_else(sqs: Sqs) -> None:
    Queue(sqs, "streams").send("search", "request-1", 2)
    (message,) = received(sqs)
    assert json.loads(message["Body"]) == {
        "team_id": "search",
        "request_id": "request-1",
        "attempt": 2,
    }


def test_the_queues_address_is_asked_for_once(sqs: Sqs) -> None:
    queue = Queue(sqs, "streams")
    queue.send("search", "request-1", 1)
    queue.send("search", "request-2", 1)
    assert [operation for operation, _ in sqs.asked] == [
        "GetQueueUrl",
        "SendMessage",
        "SendMessage",
    ]


@pytest.mark.parametrize(
    ("ahead", "seconds"),
    [
        (timedelta(seconds=59, milliseconds=1), 60),
        (timedelta(seconds=-1), 0),
        (timedelta(days=1), 3_600),
    ],
)
def test_a_message_is_postponed_by_whole_seconds_that_sqs_takes(
    sqs: Sqs, ahead: timedelta, seconds: int
) -> None:
    queue = Queue(sqs, "streams", Clock())
    queue.send("search", "request-1", 1)
    (message,) = received(sqs)
    queue.postpone(message["ReceiptHandle"], in_ms(NOON + ahead))
    assert sqs.asked[-1][1]["VisibilityTimeout"] == seconds


def test_a_delivery_is_read_as_lambda_hands_it_over() -> None:
    assert Message.of(RECORD) == Message("search", "request-1", 2, "receipt-1", deliveries=3)


@pytest.mark.parametrize("body", ["", "[]", "{}", "null", '{"team_id":"a","request_id":"b"}'])
def test_a_message_of_somebody_else_is_none(body: str) -> None:
    with pytest.raises(UnreadableMessage):
        Message.of({**RECORD, "body": body})
