"""The stack's own queue, and a function in a process of its own that works it off.

It is one process, so that of two deliveries only one runs.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from gates import Gate

from local.stack import Stack

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(app="tests.system.probe_app", processes=1) as stack:
        yield stack


@pytest.fixture
def url(stack: Stack) -> str:
    url: str = stack.client("sqs").get_queue_url(QueueName="tollgate-local-streams")["QueueUrl"]
    return url


def send(stack: Stack, url: str, gate: Gate) -> str:
    body = json.dumps({"gate": gate.port})
    sent: dict[str, Any] = stack.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    return sent["MessageId"]


def show(stack: Stack, url: str, handle: str) -> None:
    """Let a message that was delivered be delivered again."""
    stack.client("sqs").change_message_visibility(
        QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0
    )


def waiting(stack: Stack, url: str) -> int:
    name = "ApproximateNumberOfMessages"
    told = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(told["Attributes"][name])


def test_a_message_reaches_the_worker(stack: Stack, url: str) -> None:
    with Gate() as gate:
        sent = send(stack, url, gate)
        assert gate.arrival()
        (running,) = stack.functions.running()
        gate.open()
    assert running["function"] == "stream_worker"
    assert sent in running["ids"]


def test_a_message_whose_worker_is_killed_comes_again(stack: Stack, url: str) -> None:
    with Gate() as gate:
        sent = send(stack, url, gate)
        handle = gate.arrival()
        assert stack.functions.kill(sent)
        assert gate.is_left()
        show(stack, url, handle)
        gate.arrival()
        assert [sent in running["ids"] for running in stack.functions.running()] == [True]
        gate.open()


def test_messages_wait_while_queues_are_stopped(stack: Stack, url: str) -> None:
    stack.stop_queues()
    with Gate() as gate:
        send(stack, url, gate)
        assert waiting(stack, url) == 1
        stack.start_queues()
        gate.arrival()
        gate.open()
