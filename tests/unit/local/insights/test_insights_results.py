"""What surrounds a query's answer: discovery of fields, window, limits, statistics, rendering."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.insights.engine import Engine, Rendering, Statistics
from local.insights.table import Events

NOON = 1_795_435_200  # 2026-11-23 12:00:00 UTC, in seconds


def at(milliseconds, message="{}"):
    return (NOON * 1000 + milliseconds, message, "stream")


def test_the_window_includes_both_of_its_seconds():
    engine = Engine([at(-1), at(0), at(10_000), at(10_001)])

    result = engine.run("stats count(*) as n", NOON, NOON + 10)

    assert result.rows == [{"n": "2"}]


def test_the_last_second_of_a_day_is_not_whole_in_a_window_that_ends_with_it():
    engine = Engine([at(999)])

    assert engine.run("stats count(*)", NOON - 86_400, NOON).rows == []


@pytest.mark.parametrize(
    "message",
    ['x {"n": 1}', '{"n": 1} x', '[{"n": 1}]', '{"n": NaN}', '{"n": ', '"n"', ""],
)
def test_only_a_message_that_is_one_json_object_has_fields(message):
    result = Engine([at(0, message)]).run("filter ispresent(n)", NOON, NOON)

    assert (result.rows, result.statistics.recordsScanned) == ([], 1)


@pytest.mark.parametrize("value", ["null", "[1]", '{"m": 1}'])
def test_nulls_and_nested_values_are_no_fields(value):
    message = f'{{"n": {value}}}'

    assert Engine([at(0, message)]).run("filter ispresent(n)", NOON, NOON).rows == []


def test_a_message_cannot_forge_a_system_field():
    message = json.dumps({"@timestamp": 1, "@logStream": "forged", "@message": "forged"})

    rows = Engine([at(0, message)]).run("fields @timestamp, @logStream", NOON, NOON).rows

    assert rows == [
        {"@timestamp": "2026-11-23 12:00:00.000", "@logStream": "stream", "@ptr": "event-0"}
    ]


@pytest.mark.parametrize(
    ("rendering", "rendered"),
    [
        (Rendering.PLAIN, ["15", "128000000", "10000000", "2.5"]),
        (Rendering.DECIMAL, ["15.0", "128000000.0", "10000000.0", "2.5"]),
        (Rendering.SCIENTIFIC, ["15.0", "1.28E8", "1.0E7", "2.5"]),
    ],
)
def test_numbers_are_written_in_the_ways_that_aws_was_seen_to(rendering, rendered):
    message = json.dumps({"a": 15, "b": 128_000_000, "c": 10_000_000, "d": 2.5})
    engine = Engine([at(0, message)], rendering)

    (row,) = engine.run("stats sum(a), sum(b), sum(c), sum(d)", NOON, NOON).rows

    assert list(row.values()) == rendered


@given(st.integers(0, 2**53), st.sampled_from(Rendering))
def test_a_rendered_count_reads_back_as_itself(count, rendering):
    engine = Engine([at(0, json.dumps({"n": count}))], rendering)

    (row,) = engine.run("stats sum(n) as n", NOON, NOON).rows

    assert float(row["n"]) == count


def test_ten_thousand_rows_are_returned_unless_more_are_asked_for():
    engine = Engine([at(0, json.dumps({"n": n})) for n in range(10_001)])

    unasked = engine.run("stats count(*) by n", NOON, NOON)
    asked = engine.run("stats count(*) by n", NOON, NOON, limit=10_001)
    in_query = engine.run("stats count(*) by n | limit 10001", NOON, NOON)

    assert [len(r.rows) for r in (unasked, asked, in_query)] == [10_000, 10_001, 10_001]


def test_statistics_count_what_was_scanned_matched_and_returned():
    messages = ['{"team":"red"}', '{"team":"red"}', '{"team":"blü"}', "noise"]
    engine = Engine([at(0, message) for message in messages])

    statistics = engine.run(
        'filter team = "red" | stats count(*) as n by team | filter n > 5', NOON, NOON
    ).statistics

    assert statistics == Statistics(
        recordsMatched=2,
        recordsScanned=4,
        bytesScanned=sum(len(message.encode()) for message in messages),
        resultCount=0,
    )


def test_what_a_limit_cuts_off_was_matched_all_the_same():
    engine = Engine([at(0, '{"n": 1}')] * 3)

    statistics = engine.run("filter n = 1 | limit 1", NOON, NOON).statistics

    assert (statistics.recordsMatched, statistics.resultCount) == (3, 1)


def test_counts_add_up_to_the_matched_records():
    engine = Engine([at(0, json.dumps({"n": n % 7})) for n in range(100)])

    result = engine.run("filter n < 6 | stats count(*) as c by n", NOON, NOON)

    assert sum(int(row["c"]) for row in result.rows) == result.statistics.recordsMatched


def test_an_event_has_no_more_than_two_hundred_fields():
    message = json.dumps({f"f{n}": n for n in range(201)})

    (row,) = Engine([at(0, message)]).run("fields f199, f200 | display f199, f200", NOON, NOON).rows

    assert row == {"f199": "199", "@ptr": "event-0"}


def test_fields_that_only_some_events_have_are_absent_from_the_others():
    messages = ['{"a": 1}', "no JSON", '{"b": 2}', '{"b": 3, "a": 4}']

    rows = Engine([at(0, message) for message in messages]).run("display a, b", NOON, NOON).rows

    assert [(row.get("a"), row.get("b")) for row in rows] == [
        ("1", None),
        (None, None),
        (None, "2"),
        ("4", "3"),
    ]


def test_events_that_came_since_the_last_query_are_found_by_the_next():
    events = Events([at(0, '{"n": 1}')])
    query = "stats sum(n) as n, count(late) as late"
    before = Engine(events.table()).run(query, NOON, NOON).rows
    events.extend([at(0, '{"n": 2, "late": 1}')])

    assert before == [{"n": "1", "late": "0"}]
    assert Engine(events.table()).run(query, NOON, NOON).rows == [{"n": "3", "late": "1"}]
