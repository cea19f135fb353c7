import json
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import identity
from job_fakes import NOON
from repeat_fakes import invocation

from chalicelib.aws_json import AwsFault
from chalicelib.repeats.claims import KEY_KEPT_SECONDS, key_entry
from chalicelib.repeats.entry import Entry, KeptAnswer, foremost
from chalicelib.repeats.table import RepeatsTable

NOON_MS = int(NOON.timestamp() * 1000)
KEPT = KeptAnswer(200, {"x-request-id": "request-1"}, "application/json", b"\x00\xff")


def entry(request_id="request-1", **fields) -> Entry:
    made = key_entry(identity(), invocation(request_id), "invoke", "running", NOON_MS)
    return replace(made, **fields)


@pytest.fixture
def entries(table, time) -> RepeatsTable:
    return RepeatsTable(table, "streams", time.now)


def test_what_was_written_is_found(entries) -> None:
    first = entry()
    assert entries.write(first)
    assert entries.find(first.pk) == [first]


def test_an_answer_is_found_as_it_was_kept(entries) -> None:
    first = entry()
    entries.write(first)
    entries.write(first.answered(KEPT, first.expires_at))
    assert entries.find(first.pk)[0].answer == KEPT


def test_an_entry_is_its_holders_alone(entries) -> None:
    first, second = entry(), entry("request-2")
    assert entries.write(first)
    assert not entries.write(second)
    entries.delete(second)
    assert entries.find(first.pk) == [first]


def test_a_write_that_is_made_twice_is_the_same(entries) -> None:
    first = entry()
    assert entries.write(first)
    assert entries.write(first)
    entries.delete(first)
    entries.delete(first)
    assert entries.find(first.pk) == []


def test_an_entry_that_has_expired_is_as_good_as_none(entries, time) -> None:
    first, second = entry(), entry("request-2", expires_at=NOON_MS // 1000 + 2 * KEY_KEPT_SECONDS)
    entries.write(first)
    time.seconds = timedelta(hours=24).total_seconds()
    assert entries.find(first.pk) == []
    assert entries.write(second)
    assert entries.find(first.pk) == [second]


def test_a_table_that_is_away_is_a_fault(entries, table) -> None:
    table.away |= {"PutItem", "Query", "DeleteItem"}
    for call in (lambda: entries.write(entry()), lambda: entries.find("pk")):
        with pytest.raises(AwsFault):
            call()


def test_nothing_of_a_prompt_is_written(entries, table) -> None:
    entries.write(entry())
    assert "hello" not in json.dumps(table.items())


def test_the_types_of_the_lease_and_the_expiry_are_the_tables_own(entries, table) -> None:
    entries.write(entry())
    item = table.items()[0]
    assert (set(item["lease_until"]), set(item["expires_at"])) == ({"N"}, {"N"})


def test_an_answer_goes_before_a_call_that_runs_and_that_before_one_that_is_lost() -> None:
    lost = entry(state="running", lease_until=NOON_MS)
    runs, answered = entry(), entry(state="answered")
    assert foremost([lost, runs, answered], NOON_MS) is answered
    assert foremost([lost, runs], NOON_MS) is runs
    assert foremost([lost], NOON_MS) is lost
    assert foremost([], NOON_MS) is None
