import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from builders import provider_call

from chalicelib.errors import LedgerUnavailable
from chalicelib.ledger import MAX_UNWRITTEN, Entry, Ledger, LedgerFault, StdoutWriter
from chalicelib.metering.usage import Usage
from chalicelib.usage_record import Outcome

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
PAID = Outcome("usage", Usage(input_tokens=30, output_tokens=51), "header")


class FakeWriter:
    """Keeps what is written; `failing` makes it fail first."""

    def __init__(self) -> None:
        self.failing = False
        self.breaks = False
        self.refuses = ""
        self.batches: list[list[dict]] = []

    def write(self, entries: Sequence[Entry]) -> None:
        if self.failing:
            raise LedgerFault("away")
        if self.breaks:
            raise ZeroDivisionError
        if any(self.refuses and self.refuses in entry.line for entry in entries):
            raise LedgerFault("rejectedLogEventsInfo", for_good=True)
        self.batches.append([json.loads(entry.line) for entry in entries])

    @property
    def records(self) -> list[dict]:
        return [record for batch in self.batches for record in batch]


@pytest.fixture
def writer() -> FakeWriter:
    return FakeWriter()


@pytest.fixture
def ledger(writer: FakeWriter) -> Ledger:
    return Ledger(writer, stage="test", instance="i-1", now=lambda: NOON)


def test_a_call_leaves_a_pair_of_records_with_one_call_id(ledger, writer) -> None:
    ledger.started(provider_call(call_id="c1"))
    ledger.ended(provider_call(call_id="c1"), PAID)
    assert [(r["tollgate"], r["call_id"], r["event_id"]) for r in writer.records] == [
        ("started", "c1", "c1-s"),
        ("usage", "c1", "c1-e"),
    ]


def test_a_record_counts_itself_once_under_its_kind(ledger, writer) -> None:
    ledger.started(provider_call())
    ledger.ended(provider_call(), Outcome("failed"))
    kinds = [(r["n_started"], r["n_usage"], r["n_failed"]) for r in writer.records]
    assert kinds == [(1, 0, 0), (0, 0, 1)]


def test_the_time_of_a_record_is_utc_with_milliseconds(ledger, writer) -> None:
    ledger.started(provider_call())
    assert writer.records[0]["time"] == "2026-11-23T12:00:00.123Z"


def test_records_of_a_process_are_numbered_without_a_gap(ledger, writer) -> None:
    for _ in range(3):
        ledger.started(provider_call())
    assert [(r["instance"], r["seq"]) for r in writer.records] == [
        ("i-1", 1),
        ("i-1", 2),
        ("i-1", 3),
    ]


def test_nothing_is_spent_that_cannot_be_recorded(ledger, writer) -> None:
    writer.failing = True
    with pytest.raises(LedgerUnavailable):
        ledger.started(provider_call())


def test_a_refused_call_shows_as_failed_once_records_can_be_written_again(ledger, writer) -> None:
    writer.failing = True
    with pytest.raises(LedgerUnavailable):
        ledger.started(provider_call(call_id="refused"))
    writer.failing = False
    ledger.started(provider_call(call_id="next"))
    assert [r["event_id"] for r in writer.records] == ["refused-s", "refused-e", "next-s"]
    assert [r["tollgate"] for r in writer.records] == ["started", "failed", "started"]


def test_a_paid_answer_goes_out_even_when_its_record_cannot_be_written(ledger, writer) -> None:
    writer.failing = True
    ledger.ended(provider_call(), PAID)  # does not raise


def test_a_record_that_was_not_written_goes_with_the_next_one_under_the_same_id(
    ledger, writer
) -> None:
    writer.failing = True
    ledger.ended(provider_call(call_id="paid"), PAID)
    writer.failing = False
    ledger.started(provider_call(call_id="next"))
    assert [r["event_id"] for r in writer.records] == ["paid-e", "next-s"]
    assert writer.records[0]["input_tokens"] == 30


def test_records_that_will_never_be_taken_do_not_stand_in_the_way_of_others(
    ledger, writer, caplog
) -> None:
    writer.failing = True
    ledger.ended(provider_call(call_id="old"), PAID)
    writer.failing = False
    writer.refuses = "old-e"
    ledger.started(provider_call(call_id="next"))
    ledger.started(provider_call(call_id="later"))
    assert [r["event_id"] for r in writer.records] == ["next-s", "later-s"]
    assert "usage records lost: 1" in caplog.messages


def test_a_paid_answer_goes_out_whatever_breaks_in_the_writer(ledger, writer) -> None:
    writer.breaks = True
    ledger.ended(provider_call(call_id="paid"), PAID)  # does not raise
    writer.breaks = False
    ledger.started(provider_call(call_id="next"))
    assert [r["event_id"] for r in writer.records] == ["paid-e", "next-s"]


def test_a_fault_of_the_ledger_is_a_metric_and_an_error_in_the_log(
    ledger, writer, capsys, caplog
) -> None:
    writer.failing = True
    ledger.ended(provider_call(), PAID)
    metric = json.loads(capsys.readouterr().out)
    assert (metric["LedgerFault"], metric["Stage"]) == (1, "test")
    assert caplog.messages == ["usage record not written: away"]


def test_when_too_many_records_wait_the_paid_ones_stay(ledger, writer) -> None:
    writer.failing = True
    ledger.ended(provider_call(call_id="paid"), PAID)
    for _ in range(MAX_UNWRITTEN):
        with pytest.raises(LedgerUnavailable):
            ledger.started(provider_call())
    writer.failing = False
    ledger.started(provider_call())
    assert writer.records[0]["event_id"] == "paid-e"
    assert len(writer.records) == MAX_UNWRITTEN + 1


def test_stdout_gets_each_record_in_one_write(monkeypatch) -> None:
    writes: list[str] = []
    monkeypatch.setattr("sys.stdout.write", writes.append)
    Ledger(StdoutWriter(), stage="test", instance="i").started(provider_call())
    assert len(writes) == 1
    assert writes[0].endswith("}\n")


def test_a_closed_stdout_is_a_fault_of_the_ledger(monkeypatch) -> None:
    def closed(_: str) -> int:
        raise ValueError("I/O operation on closed file")

    monkeypatch.setattr("sys.stdout.write", closed)
    with pytest.raises(LedgerFault):
        StdoutWriter().write([Entry(0, "{}")])


def test_a_call_that_is_over_is_recorded_by_one_write_of_its_pair(ledger, writer) -> None:
    assert ledger.settled(provider_call(call_id="c1"), PAID)
    (pair,) = writer.batches
    assert [(r["event_id"], r["seq"]) for r in pair] == [("c1-s", 1), ("c1-e", 2)]


def test_a_pair_that_could_not_be_written_is_said_so_and_sent_again(ledger, writer) -> None:
    writer.failing = True
    assert not ledger.settled(provider_call(call_id="c1"), PAID)
    writer.failing = False
    assert ledger.settled(provider_call(call_id="c1"), PAID)
    assert [r["event_id"] for r in writer.records] == ["c1-s", "c1-e"] * 2
    assert [r["seq"] for r in writer.records] == [1, 2, 3, 4]
