"""What the functions of streams ask of DynamoDB and SQS, their policies allow, and no more."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from job_fakes import DynamoDb
from stream_world import DEAD_QUEUE, World, begun, call_of, keep, stream_job

from chalicelib.streams.job import QUEUED_SECONDS

ROOT = Path(__file__).parents[3]
OF_THE_EVENT_SOURCE = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
"""What Lambda asks with the function's role. Source: AWS Lambda developer guide, "Using Lambda
with Amazon SQS", execution role permissions."""

Asked = set[tuple[str, str]]


class Recorded:
    """What it wraps; notes each action, and what it is asked of."""

    def __init__(self, wrapped: Any, service: str, asked: Asked) -> None:
        self.wrapped = wrapped
        self._service = service
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        return getattr(self.wrapped, name)

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        self._asked.add((f"{self._service}:{operation}", _asked_of(payload)))
        return self.wrapped.call(operation, payload)


def _asked_of(payload: Mapping[str, Any]) -> str:
    """An index, the queue of dead letters, or the stage's table or queue itself."""
    if index := payload.get("IndexName"):
        return f"streams/index/{index}"
    queue = payload.get("QueueName") or payload.get("QueueUrl", "").rpartition("/")[2]
    return queue or "streams"


@pytest.fixture
def asked() -> Asked:
    return set()


@pytest.fixture
def world(shared_dynamodb: DynamoDb, asked: Asked) -> World:
    world = World(Recorded(shared_dynamodb, "dynamodb", asked))
    world.queue._sqs = Recorded(world.sqs, "sqs", asked)
    return world


def allowed(function: str, stage: str = "prod") -> Asked:
    """The actions on the streams table and its queues, by what they are on."""
    text = (ROOT / f".chalice/policy-{stage}-{function}.json").read_text("utf-8")
    found = set()
    for statement in json.loads(text)["Statement"]:
        actions, resource = statement["Action"], statement["Resource"]
        if f"tollgate-{stage}-streams" in resource:
            on = resource.rpartition(f"tollgate-{stage}-")[2]
            found |= {(each, on) for each in ([actions] if isinstance(actions, str) else actions)}
    return found


def test_the_sweep_may_do_what_it_does_and_no_more(world, asked) -> None:
    lost = begun(world.table, world.clock, retry=True)
    keep(world.table, begun(world.table, world.clock, request_id="request-2", store=False), "a")
    world.table.create(stream_job(request_id="request-3"))
    asked.clear()
    world.clock.advance(seconds=QUEUED_SECONDS + 1)
    world.sweep()

    assert world.table.find("search", lost.request_id).attempt == 2
    assert asked == allowed("sweep_streams")


def test_the_consumer_of_dead_letters_may_do_what_the_sweep_does_to_a_job() -> None:
    assert allowed("stream_dead_letters") == {
        *(pair for pair in allowed("sweep_streams") if "index" not in pair[1]),
        *((action, DEAD_QUEUE) for action in OF_THE_EVENT_SOURCE),
        ("sqs:ChangeMessageVisibility", DEAD_QUEUE),
        ("sqs:GetQueueUrl", DEAD_QUEUE),
    }


def test_the_worker_may_do_what_it_does_and_no_more(world, asked) -> None:
    job = world.submit(store=False)
    world.work()
    world.table.open(job, call_of(job), 0)  # as another delivery of its message
    begun(world.table, world.clock, request_id="request-2", retry=True)
    world.queue.send("search", "request-2", 1)
    world.work()
    world.clock.advance(minutes=2)
    world.work()

    by_lambda = {(action, "streams") for action in OF_THE_EVENT_SOURCE}
    assert asked | by_lambda == allowed("stream_worker")


@pytest.mark.parametrize("stage", ["dev", "prod"])
@pytest.mark.parametrize("function", ["api_handler", "stream_worker"])
def test_who_answers_a_request_may_send_its_message(stage, function) -> None:
    assert {("sqs:GetQueueUrl", "streams"), ("sqs:SendMessage", "streams")} <= allowed(
        function, stage
    )
