"""What waits, what is stuck and what is blocked: queues, leases, asynchronous jobs, models."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from chalicelib.async_jobs.table import JobsTable
from chalicelib.streams.table import StreamsTable
from ops.directory import Directory
from ops.doctor.examined import Examined
from ops.doctor.finding import Finding, note, ok, runbook, wrong

SWEPT_WITHIN: Final = timedelta(minutes=15)
"""Three sweeps: a lease that ended before that was seen by nobody."""
MANY_WAIT: Final = 1_000


def queues(examined: Examined) -> Iterator[Finding]:
    name = examined.settings.streams_queue
    waiting, running = _depth(examined, name)
    says = f"{name}: {waiting} wait, {running} run"
    if waiting >= MANY_WAIT:
        yield wrong("queue", says, runbook("queue-age"))
    else:
        yield ok("queue", says)
    dead, handled = _depth(examined, f"{name}-dead")
    if dead or handled:
        yield wrong("dead letters", f"{dead + handled} in {name}-dead", runbook("dead-letters"))
    else:
        yield ok("dead letters", "none")


def _depth(examined: Examined, queue: str) -> tuple[int, int]:
    sqs = examined.client("sqs")
    numbers = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(numbers))["Attributes"]
    visible, hidden = (int(told[each]) for each in numbers)
    return visible, hidden


def leases(examined: Examined) -> Iterator[Finding]:
    """Look for streams whose lease was over before the last sweeps: nobody ends them."""

    def some_sweeps_ago() -> datetime:
        return examined.now() - SWEPT_WITHIN

    table = StreamsTable(examined.dynamodb(), examined.settings.streams_table, some_sweeps_ago)
    dead = list(table.dead())
    if dead:
        team_id, request_id = dead[0]
        says = f"{len(dead)} streams with a dead lease, such as {request_id} of {team_id}"
        yield wrong("leases", says, runbook("failed-sweep-streams"))
    else:
        yield ok("leases", "no stream is left alone")


def async_jobs(examined: Examined) -> Iterator[Finding]:
    table = JobsTable(examined.dynamodb(), examined.settings.streams_table)
    unsettled, announced = len(table.unsettled()), len(table.announced())
    yield ok("async jobs", f"{unsettled} not settled yet, {announced} being started")


def blocks(examined: Examined) -> Iterator[Finding]:
    directory = Directory(examined.client("dynamodb"), examined.settings.tenants_table)
    blocked = [each.glob for each in directory.blocks().blocks]
    if blocked:
        todo = "when that is over: python -m ops models unblock …"
        yield note("blocked", " ".join(blocked), todo)
    else:
        yield ok("blocked", "no model")
