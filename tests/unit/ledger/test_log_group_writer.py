from typing import Any

import pytest

from chalicelib.aws_json import AwsFault
from chalicelib.ledger import MS_PER_DAY, Entry, LedgerFault, LogGroupWriter

PLACE = {"logGroupName": "group", "logStreamName": "usage/i-1"}


class FakeLogs:
    """Answers CloudWatch Logs' operations; `faults` maps an operation to what it raises."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.faults: dict[str, str] = {}
        self.reply: dict[str, Any] = {}

    def call(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((operation, payload))
        if operation in self.faults:
            raise AwsFault(self.faults[operation])
        return self.reply

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.calls]


@pytest.fixture
def logs() -> FakeLogs:
    return FakeLogs()


@pytest.fixture
def writer(logs) -> LogGroupWriter:
    return LogGroupWriter(logs, "group", "i-1")


def test_each_process_writes_to_a_stream_of_its_own(logs, writer) -> None:
    writer.write([Entry(5, "a")])
    assert logs.calls == [
        ("CreateLogStream", PLACE),
        ("PutLogEvents", {**PLACE, "logEvents": [{"timestamp": 5, "message": "a"}]}),
    ]


def test_the_stream_is_made_once(logs, writer) -> None:
    writer.write([Entry(5, "a")])
    writer.write([Entry(6, "b")])
    assert logs.operations == ["CreateLogStream", "PutLogEvents", "PutLogEvents"]


def test_a_stream_that_is_there_already_is_taken(logs, writer) -> None:
    logs.faults["CreateLogStream"] = "ResourceAlreadyExistsException"
    writer.write([Entry(5, "a")])
    assert logs.operations == ["CreateLogStream", "PutLogEvents"]


def test_a_stream_that_was_deleted_is_made_again_by_the_next_write(logs, writer) -> None:
    writer.write([Entry(5, "a")])
    logs.faults["PutLogEvents"] = "ResourceNotFoundException"
    with pytest.raises(LedgerFault):
        writer.write([Entry(6, "b")])
    logs.faults.clear()
    writer.write([Entry(7, "c")])
    assert logs.operations[-2:] == ["CreateLogStream", "PutLogEvents"]


def test_a_record_counts_as_written_only_when_it_is_acknowledged(logs, writer) -> None:
    logs.faults["PutLogEvents"] = "ThrottlingException"
    with pytest.raises(LedgerFault, match="ThrottlingException"):
        writer.write([Entry(5, "a")])


def test_a_record_that_logs_rejects_is_not_written(logs, writer) -> None:
    logs.reply = {"rejectedLogEventsInfo": {"tooOldLogEventEndIndex": 1}}
    with pytest.raises(LedgerFault):
        writer.write([Entry(5, "a")])


def put_batches(logs: FakeLogs) -> list[list[str]]:
    puts = [payload["logEvents"] for name, payload in logs.calls if name == "PutLogEvents"]
    return [[event["message"] for event in events] for events in puts]


def test_a_batch_never_exceeds_the_bytes_that_logs_takes(logs, writer) -> None:
    long = "x" * 400_000
    writer.write([Entry(at, long) for at in range(5)])
    assert [len(batch) for batch in put_batches(logs)] == [2, 2, 1]


def test_records_are_sent_in_the_order_of_their_time(logs, writer) -> None:
    writer.write([Entry(7, "b"), Entry(5, "a")])
    assert put_batches(logs) == [["a", "b"]]


@pytest.mark.parametrize("code", ["InvalidParameterException", "ThrottlingException"])
def test_what_logs_will_never_take_is_told_from_what_it_may_take_later(logs, writer, code) -> None:
    logs.faults["PutLogEvents"] = code
    with pytest.raises(LedgerFault) as fault:
        writer.write([Entry(5, "a")])
    assert fault.value.for_good is (code == "InvalidParameterException")


def test_records_of_two_days_go_in_two_batches(logs, writer) -> None:
    writer.write([Entry(5, "a"), Entry(MS_PER_DAY, "b"), Entry(MS_PER_DAY + 1, "c")])
    batches = [payload["logEvents"] for name, payload in logs.calls if name == "PutLogEvents"]
    assert [len(batch) for batch in batches] == [1, 2]
