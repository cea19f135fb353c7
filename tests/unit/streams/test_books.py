"""The books of a stream: the end record of its call is written, whatever the table says of it."""

import pytest
from job_fakes import Clock, DynamoDb
from live_streams import LiveStreams

from chalicelib.streams import table
from chalicelib.streams.job import UnreadableJob


@pytest.fixture
def gateway(shared_dynamodb: DynamoDb) -> LiveStreams:
    shared_dynamodb.away.clear()
    return LiveStreams(shared_dynamodb, Clock())


def test_a_call_whose_job_cannot_be_read_any_more_is_recorded(gateway, monkeypatch) -> None:
    def of_a_later_release(*_given: object) -> None:
        raise UnreadableJob("a unit is not known")

    running = gateway.begin()
    next(running)
    monkeypatch.setattr(table, "job_of", of_a_later_release)
    running.close()

    assert gateway.records.kinds == ["started", "usage"]
    assert gateway.records.written[-1]["output_tokens"] == 3
    assert running.job.state == "done"
