"""A day's counts are those of its records, each once, or there are none."""

from datetime import UTC, date, datetime, timedelta

import pytest
from scripted_logs import (
    CALL,
    COLUMN_OF,
    IDENTITY,
    Script,
    ScriptedLogs,
    call,
    numbering,
    record,
    scripted_day,
    total,
)

from chalicelib.metering.usage import Usage
from chalicelib.pricing.count_line import CountLine
from chalicelib.reporting.insights import IncompleteReport, Insights, Patience
from chalicelib.reporting.usage_query import DayCounts, read_day

DAY = date(2026, 11, 23)
NEXT_MORNING = datetime(2026, 11, 24, 2, 15, tzinfo=UTC)
LATER = (NEXT_MORNING + timedelta(days=30)).timestamp()
ROW = ("search", "bedrock", "amazon.nova-lite-v1:0")
PAIR = {"n_started": 1, "n_usage": 1, "input_tokens": 30, "output_tokens": 50}


def read(logs: ScriptedLogs, now: datetime = NEXT_MORNING) -> DayCounts:
    patience = Patience(lambda: 900_000, lambda seconds: None)
    return read_day(Insights(logs, ["usage"], patience), DAY, now)


def query(logs: ScriptedLogs, kind: str) -> str:
    kinds = ["gaps", "totals", "pairs"]
    return str(logs.started[kinds.index(kind)]["queryString"])


# What is asked


def test_the_records_own_day_decides_and_the_window_is_wide_enough() -> None:
    logs = scripted_day([])

    read(logs)

    start = int(datetime(2026, 11, 22, 23, 55, tzinfo=UTC).timestamp())
    end = int(NEXT_MORNING.timestamp())
    window = f"@timestamp >= {start}000 and @timestamp <= {end}000"
    for kind, asks in (("totals", "fields coalesce(counted_as, "), ("pairs", "stats ")):
        assert query(logs, kind).startswith(
            f'filter ispresent(tollgate) and day = "2026-11-23" | filter {window} | {asks}'
        )
    assert {request["startTime"] for request in logs.started} == {start}
    assert logs.started[1]["endTime"] == logs.started[2]["endTime"] == NEXT_MORNING.timestamp()


def test_the_window_ends_three_days_after_the_day_began_where_nothing_came_later() -> None:
    logs = scripted_day([])

    read(logs, now=NEXT_MORNING + timedelta(days=30))

    third = datetime(2026, 11, 26, tzinfo=UTC).timestamp()
    late, *day = logs.started
    assert (late["startTime"], late["endTime"]) == (third, LATER)
    assert [each["endTime"] for each in day[1:3]] == [third, third]


def test_the_window_reaches_to_now_where_a_record_was_written_later() -> None:
    logs = scripted_day([total(2, PAIR)])
    logs.scripts["late"] = Script([{"records": "1"}], 1)

    read(logs, now=NEXT_MORNING + timedelta(days=30))

    assert [each["endTime"] for each in logs.started[2:4]] == [LATER, LATER]


def test_gaps_are_looked_for_until_the_days_last_call_has_ended_lest_tomorrows_be_in_flight() -> (
    None
):
    logs = scripted_day([])

    read(logs)

    assert logs.started[0]["endTime"] == datetime(2026, 11, 24, 0, 30, tzinfo=UTC).timestamp()


def test_a_day_that_has_not_begun_has_no_report() -> None:
    with pytest.raises(IncompleteReport, match="2026-11-23 has not begun"):
        read(scripted_day([]), now=datetime(2026, 11, 22, tzinfo=UTC))


def test_every_query_fits_in_what_start_query_takes() -> None:
    calls = [call(2, 1, call_id=f"{n:064}") for n in range(250)]
    copies = [
        record(event, {kind: 1}, call_id=row["call_id"])
        for row in calls
        for event, kind in (("s", "n_started"), ("s", "n_started"), ("e", "n_usage"))
    ]
    logs = scripted_day([total(750, {"n_started": 500, "n_usage": 250})], calls, repeated=copies)

    with pytest.raises(IncompleteReport):  # the script answers each of three queries with all
        read(logs)

    assert max(len(request["queryString"]) for request in logs.started) < 10_000


# Totals


def test_totals_become_count_lines_sorted_by_their_key() -> None:
    logs = scripted_day([total(2, PAIR, team_id="zeta"), total(2, PAIR, team_id="alpha")])

    day = read(logs)

    line = CountLine(
        **{**IDENTITY, "team_id": "alpha"},
        n_started=1,
        n_usage=1,
        usage=Usage(input_tokens=30, output_tokens=50),
    )
    assert day.lines[0] == line
    assert [line.team_id for line in day.lines] == ["alpha", "zeta"]


@pytest.mark.parametrize("rendered", ["128000000", "128000000.0", "1.28E8"])
def test_sums_are_exact_in_every_rendering(rendered: str) -> None:
    day = read(scripted_day([total(2, {**PAIR, "input_tokens": rendered})]))

    assert day.lines[0].usage.input_tokens == 128_000_000


@pytest.mark.parametrize("unreadable", ["1.5", "-3", "NaN", "null", "9007199254740993"])
def test_a_sum_that_cannot_be_read_exactly_is_refused(unreadable: str) -> None:
    with pytest.raises(IncompleteReport, match=f"input_tokens of search, .* is '{unreadable}'"):
        read(scripted_day([total(2, {**PAIR, "input_tokens": unreadable})]))


def test_a_sum_that_is_absent_is_refused() -> None:
    row = total(2, PAIR)
    del row["sum_images"]

    with pytest.raises(IncompleteReport, match=r"images of search, .* is None"):
        read(scripted_day([row]))


def test_records_that_lack_what_selects_their_price_are_refused_never_dropped() -> None:
    row = total(2, PAIR)
    del row["tier"]

    with pytest.raises(IncompleteReport, match="2 records without tier"):
        read(scripted_day([row]))


def test_totals_that_count_fewer_records_than_the_engine_matched_are_refused() -> None:
    logs = scripted_day([total(2, PAIR)])
    logs.scripts["totals"].matched = logs.scripts["pairs"].matched = 3

    with pytest.raises(IncompleteReport, match="counts 2 records of 3"):
        read(logs)


def test_records_that_are_of_no_kind_are_refused() -> None:
    with pytest.raises(IncompleteReport, match=r"3 records of search, .* are not each one of"):
        read(scripted_day([total(3, PAIR)]))


def test_records_that_arrive_between_the_queries_are_noticed() -> None:
    logs = scripted_day([total(2, PAIR)])
    logs.scripts["pairs"].matched = 4

    with pytest.raises(IncompleteReport, match="records arrived between the queries"):
        read(logs)


def test_a_day_without_records_is_a_report_of_nothing() -> None:
    day = read(scripted_day([]))

    assert day.lines == ()
    assert day.orphaned == {}


# Foreign records


def test_a_forged_line_neither_stops_the_report_nor_adds_to_anybodys_bill() -> None:
    named = {"team_id": "=cmd()", COLUMN_OF["model_id"]: "x\ny"}
    forged = {**named, "records": "1", "sum_n_usage": "1"}
    unannounced = {
        "team_id": "=cmd()",
        "model_id": "x\ny",
        "records": "1",
        "usages": "1",
    }

    day = read(scripted_day([total(2, PAIR), forged], [unannounced]))

    assert day.foreign == 1
    assert [line.team_id for line in day.lines] == ["%3Dcmd%28%29", "search"]
    assert day.lines[0].model_id == "x%0Ay"
    assert day.lines[1].usage == Usage(input_tokens=30, output_tokens=50)


def test_unreadable_counts_of_a_forged_line_are_nothing() -> None:
    forged = total(1, {"n_usage": 1, "input_tokens": "-1E99"}, team_id="Mallory")

    day = read(scripted_day([forged], [call(0, 1, team_id="Mallory")]))

    assert (day.foreign, day.lines[0].usage) == (1, Usage())


def test_forged_lines_that_do_not_balance_cannot_stop_the_report() -> None:
    forged = [total(2, {"n_usage": 2}, team_id="Mallory")]

    assert read(scripted_day(forged)).foreign == 2


# Broken pairs


def test_a_call_that_began_and_left_no_end_is_an_orphan_listed_by_request_id() -> None:
    totals = [total(3, {**PAIR, "n_started": 2})]

    day = read(scripted_day(totals, [call(1, 0, call_id="c2", request_id="r2")]))

    assert day.orphaned == {ROW: 1}
    assert day.orphaned_request_ids == ("r2",)
    assert day.unannounced == 0


def test_orphans_of_one_team_and_model_are_added_up() -> None:
    totals = [total(2, {"n_started": 2})]
    pairs = [call(1, 0, call_id="c1", request_id="r1"), call(1, 0, call_id="c2", request_id="r2")]

    day = read(scripted_day(totals, pairs))

    assert day.orphaned == {ROW: 2}
    assert day.orphaned_request_ids == ("r1", "r2")


def test_a_call_that_ended_and_was_not_announced_is_counted() -> None:
    day = read(scripted_day([total(1, {"n_usage": 1})], [call(0, 1)]))

    assert (day.unannounced, day.orphaned) == (1, {})


def test_pairs_that_do_not_explain_the_totals_are_refused() -> None:
    with pytest.raises(IncompleteReport, match="do not balance for search, bedrock"):
        read(scripted_day([total(1, {"n_started": 1})]))


def test_beginnings_of_one_team_do_not_balance_ends_of_another() -> None:
    totals = [
        total(1, {"n_started": 1}, team_id="alpha"),
        total(1, {"n_usage": 1}, team_id="beta"),
    ]
    pairs = [call(1, 0, team_id="alpha"), call(0, 1, team_id="beta")]

    day = read(scripted_day(totals, pairs))

    assert day.orphaned == {("alpha", "bedrock", "amazon.nova-lite-v1:0"): 1}
    assert day.unannounced == 1


# Records that were written twice


def test_a_record_that_was_written_twice_counts_once() -> None:
    end = {"n_usage": 1, "input_tokens": 30, "output_tokens": 50}
    doubled = {"n_started": 1, "n_usage": 2, "input_tokens": 60, "output_tokens": 100}
    copies = [record("c1-s", {"n_started": 1}), record("c1-e", end), record("c1-e", end)]

    day = read(scripted_day([total(3, doubled)], [call(1, 2)], repeated=copies))

    assert day.duplicated == 1
    assert day.lines[0].usage == Usage(input_tokens=30, output_tokens=50)
    assert (day.lines[0].n_started, day.lines[0].n_usage) == (1, 1)
    assert (day.unannounced, day.orphaned) == (0, {})


def test_a_beginning_that_was_written_twice_without_an_end_is_one_orphan() -> None:
    copies = [record("c1-s", {"n_started": 1}), record("c1-s", {"n_started": 1})]

    day = read(scripted_day([total(2, {"n_started": 2})], [call(2, 0)], repeated=copies))

    assert (day.duplicated, day.orphaned) == (1, {ROW: 1})


def test_of_copies_that_differ_the_first_written_counts() -> None:
    totals = [
        total(2, {"n_started": 1, "n_usage": 1, "input_tokens": 30}),
        total(1, {"n_usage": 1, "input_tokens": 99}, tier="flex"),
    ]
    copies = [
        record("c1-e", {"n_usage": 1, "input_tokens": 99}, time="t3", tier="flex"),
        record("c1-e", {"n_usage": 1, "input_tokens": 30}, time="t2"),
        record("c1-s", {"n_started": 1}, time="t1"),
    ]

    day = read(scripted_day(totals, [call(1, 2)], repeated=copies))

    assert [(line.tier, line.usage.input_tokens) for line in day.lines] == [("default", 30)]


def test_repeated_calls_are_read_by_their_ids_among_the_days_records() -> None:
    copies = [record("c1-s", {"n_started": 1}), record("c1-s", {"n_started": 1})]
    logs = scripted_day([total(2, {"n_started": 2})], [call(2, 0)], repeated=copies)

    read(logs)

    assert logs.started[3]["queryString"].startswith(
        'filter ispresent(tollgate) and day = "2026-11-23" | filter call_id in ["c1"] | filter @'
    )


def test_repeated_records_that_do_not_all_come_back_are_refused() -> None:
    copies = [record("c1-s", {"n_started": 1})]

    with pytest.raises(IncompleteReport, match="came or went while they were read"):
        read(scripted_day([total(2, {"n_started": 2})], [call(2, 0)], repeated=copies))


def test_a_forged_call_id_never_enters_the_text_of_a_query() -> None:
    forged = call(2, 2, call_id='x"] or 1 = 1 | filter team_id in ["search')

    logs = scripted_day([total(4, {"n_started": 2, "n_usage": 2})], [forged])
    read(logs)

    assert len(logs.started) == 3


def test_records_without_a_call_id_are_taken_for_as_many_calls() -> None:
    nameless = {k: v for k, v in call(5, 3).items() if k not in CALL or k in IDENTITY}

    day = read(scripted_day([total(8, {"n_started": 5, "n_usage": 3})], [nameless]))

    assert day.orphaned == {ROW: 2}


# Lost records


def test_a_gap_in_the_numbering_of_a_process_is_a_lost_record() -> None:
    gaps = [numbering(1, 10, 8, instance="i1"), numbering(41, 44, 4, instance="i2")]

    assert read(scripted_day([], gaps=gaps)).lost == 2


def test_a_record_that_was_written_twice_hides_no_gap() -> None:
    gaps = [numbering(1, 10, 9, records="10")]

    assert read(scripted_day([], gaps=gaps)).lost == 1


def test_a_forged_number_cannot_stop_the_report_and_is_not_passed_over() -> None:
    forged = {**numbering(1, 1, 1, instance="i2"), "lowest": "abc", "highest": "abc"}
    gaps = [numbering(1, 10, 10), forged]

    assert read(scripted_day([], gaps=gaps)).lost == 1


def test_numbers_that_do_not_hold_all_records_are_refused() -> None:
    logs = scripted_day([], gaps=[numbering(1, 10, 10)])
    logs.scripts["gaps"].matched = 11

    with pytest.raises(IncompleteReport, match="counts 10 records of 11"):
        read(logs)


def test_a_query_that_fails_stops_the_others() -> None:
    logs = scripted_day([total(2, PAIR)])
    logs.scripts["gaps"].ends = "Failed"

    with pytest.raises(IncompleteReport):
        read(logs)

    assert logs.stopped == ["totals", "pairs"]
