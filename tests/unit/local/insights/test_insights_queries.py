"""The query language: what each command and operator does to a handful of events."""

import json

import pytest

from local.insights.engine import Engine
from local.insights.syntax import MalformedQuery

NOON = 1_795_435_200  # 2026-11-23 12:00:00 UTC, in seconds


def events(*messages):
    texts = [m if isinstance(m, str) else json.dumps(m) for m in messages]
    return [(NOON * 1000 + i, text, "stream") for i, text in enumerate(texts)]


def answer(query, *messages):
    return Engine(events(*messages)).run(query, NOON, NOON + 1).rows


def test_stats_sums_by_each_combination_of_values():
    rows = answer(
        "stats sum(n) as total, count(*) as calls by team, model",
        {"team": "red", "model": "a", "n": 1},
        {"team": "red", "model": "b", "n": 2},
        {"team": "red", "model": "a", "n": 4},
    )

    assert rows == [
        {"team": "red", "model": "a", "total": "5", "calls": "2"},
        {"team": "red", "model": "b", "total": "2", "calls": "1"},
    ]


def test_events_without_a_by_field_are_a_group_of_their_own_whose_row_omits_it():
    rows = answer("stats count(*) as n by team", {"team": "red"}, {"other": 1}, {"other": 2})

    assert rows == [{"team": "red", "n": "1"}, {"n": "2"}]


def test_a_sum_passes_over_events_without_the_field_or_with_words_in_it():
    rows = answer("stats sum(n) as n by team", {"team": "red", "n": 1}, {"team": "red", "n": "x"})

    assert rows == [{"team": "red", "n": "1"}]


def test_a_sum_of_nothing_is_absent():
    assert answer("stats sum(n) as n by team", {"team": "red"}) == [{"team": "red"}]


def test_numbers_in_text_count_as_numbers():
    assert answer("stats sum(n) as n", {"n": "28"}, {"n": 2}) == [{"n": "30"}]


def test_a_column_without_an_alias_is_named_by_its_text():
    assert answer("stats count(*), sum(n) by team", {"team": "red", "n": 1}) == [
        {"team": "red", "count(*)": "1", "sum(n)": "1"}
    ]


@pytest.mark.parametrize(
    ("aggregate", "value"),
    [
        ("min(n)", "2"),
        ("max(n)", "10"),
        ("avg(n)", "5"),
        ("count(n)", "3"),
        ("count()", "4"),
        ("count_distinct(n)", "3"),
        ("earliest(n)", "3"),
        ("latest(n)", "2"),
        ("sum(n) / count(n)", "5"),
        ("max(n) - min(n) * 2", "6"),
    ],
)
def test_aggregates(aggregate, value):
    rows = answer(f"stats {aggregate} as v", {"n": 3}, {"n": 10}, {"n": 2}, {"m": 1})

    assert rows == [{"v": value}]


def test_filter_after_stats_keeps_groups():
    rows = answer(
        "stats count(*) as n by call | filter n != 2",
        {"call": "a"},
        {"call": "a"},
        {"call": "b"},
    )

    assert rows == [{"call": "b", "n": "1"}]


def test_stats_of_stats():
    rows = answer(
        "stats count(*) as n by call | stats count(*) as calls by n",
        {"call": "a"},
        {"call": "a"},
        {"call": "b"},
        {"call": "c"},
    )

    assert rows == [{"n": "2", "calls": "1"}, {"n": "1", "calls": "2"}]


def test_stats_groups_by_a_column_that_fields_computed():
    rows = answer(
        "fields coalesce(other, team) as counted_team | stats sum(n) as total by counted_team",
        {"team": "red", "n": 1},
        {"team": "blue", "other": "many", "n": 2},
        {"team": "green", "other": "many", "n": 3},
    )

    assert rows == [{"counted_team": "red", "total": "1"}, {"counted_team": "many", "total": "5"}]


def test_events_are_grouped_by_the_day_of_their_time():
    assert answer("stats count(*) as n by bin(1d)", {"a": 1}, {"a": 2}) == [
        {"bin(1d)": "2026-11-23 00:00:00.000", "n": "2"}
    ]


@pytest.mark.parametrize(
    "condition",
    [
        'team = "red"',
        "team = 'red'",
        'team != "blue"',
        "n = 5",
        'n = "5"',
        "n > 4 and n <= 5",
        'n < 3 or team = "red"',
        'not (team = "blue")',
        'not team = "blue"',
        'team in ["blue", "red"]',
        "n in [4, 5]",
        'team not in ["blue"]',
        "team like /^r.d$/",
        'team like "ed"',
        "team =~ /e/",
        'team not like "blue"',
        "ispresent(team)",
        "not ispresent(colour)",
        'coalesce(colour, team) = "red"',
        "n * 2 + 1 = 11",
        "n % 2 = 1",
        "-n < 0",
        "strlen(team) = 3",
        'substr(team, 1) = "ed"',
        'substr(team, 0, 1) = "r"',
        "`odd name` = 1",
        '@message like "odd name"',
        '@logStream = "stream"',
        "@timestamp < 1795435200001",
    ],
)
def test_a_condition_that_holds(condition):
    event = {"team": "red", "n": 5, "odd name": 1}

    assert len(answer(f"filter {condition}", event)) == 1


@pytest.mark.parametrize(
    "condition",
    [
        'team = "blue"',
        'team = "RED"',
        'colour = "red"',
        'colour != "red"',
        "n > 5",
        'team in ["blue"]',
        'team like "Red"',
        "colour like /./",
        "colour < 1",
        "n / 0 = 1",
    ],
)
def test_a_condition_that_does_not_hold(condition):
    assert answer(f"filter {condition}", {"team": "red", "n": 5}) == []


def test_filters_follow_one_another():
    events = [{"n": 1, "team": "red"}, {"n": 2, "team": "red"}, {"n": 2, "team": "blue"}]

    rows = answer("filter n = 2 | filter team like /^[r]/ | display n, team", *events)

    assert rows == [{"n": "2", "team": "red", "@ptr": "event-1"}]


def test_an_event_without_the_field_is_kept_by_not_like_here():
    condition = "team not like /^r/"

    assert len(answer(f"filter {condition}", {"colour": "red"})) == 1
    assert len(answer(f"filter not ispresent(team) or {condition}", {"colour": "red"})) == 1


def test_a_text_is_a_pattern_only_between_slashes():
    assert answer('filter team like "r.d"', {"team": "red"}) == []


def test_parse_takes_fields_out_of_text_by_named_groups():
    rows = answer(r"parse /took (?<ms>\d+) ms/ | filter ms > 99 | display ms", "x took 120 ms")

    assert rows == [{"ms": "120", "@ptr": "event-0"}]


def test_parse_takes_fields_out_of_text_by_stars():
    rows = answer(
        'parse @message "user=* took *" as user, took | display user, took', "user=x took 1"
    )

    assert rows == [{"user": "x", "took": "1", "@ptr": "event-0"}]


def test_fields_names_the_columns_and_computes_new_ones():
    rows = answer("fields team, n * 2 as twice", {"team": "red", "n": 2})

    assert rows == [{"team": "red", "twice": "4", "@ptr": "event-0"}]


def test_display_shows_only_what_it_names():
    rows = answer("fields n * 2 as twice, team | display twice", {"team": "red", "n": 2})

    assert rows == [{"twice": "4", "@ptr": "event-0"}]


def test_events_come_newest_first_with_time_and_message():
    assert answer("fields @timestamp, @message | limit 1", "first", "second") == [
        {"@timestamp": "2026-11-23 12:00:00.001", "@message": "second", "@ptr": "event-1"}
    ]


def test_a_query_that_names_no_fields_shows_time_and_message():
    assert answer("filter n = 1", '{"n": 1}') == [
        {"@timestamp": "2026-11-23 12:00:00.000", "@message": '{"n": 1}', "@ptr": "event-0"}
    ]


def test_sort_puts_text_before_numbers_and_runs_of_digits_by_length():
    values = ["b", "a10", "a9", 10, 9, "a"]

    rows = answer("stats count(*) by v | sort v", *[{"v": value} for value in values])

    assert [row["v"] for row in rows] == ["a", "a9", "a10", "b", "9", "10"]


def test_sort_takes_several_keys_each_with_its_direction():
    rows = answer(
        "stats count(*) as n by team, model | sort team desc, model asc",
        {"team": "a", "model": "y"},
        {"team": "b", "model": "y"},
        {"team": "b", "model": "x"},
    )

    assert [(row["team"], row["model"]) for row in rows] == [("b", "x"), ("b", "y"), ("a", "y")]


def test_comments_white_space_and_capitals_do_not_matter():
    assert answer("  # all of them\n| STATS count(*) AS n BY team", {"team": "red"}) == [
        {"team": "red", "n": "1"}
    ]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "nonsense",
        "pattern @message",
        "filter",
        'filter team = "red',
        "filter team ==",
        "filter team not",
        "filter (team = 1",
        "filter sum(n) = 1",
        "filter unknown(n)",
        "filter ispresent()",
        "filter team like 5",
        "filter team like /(/",
        "stats team",
        "stats sum(n) by",
        "limit 0",
        "limit 100001",
        "limit many",
        'parse "a * *" as one',
        "fields a b",
        "fields a | | fields b",
        "filter a = ?",
    ],
)
def test_what_is_not_in_the_language_is_malformed(query):
    with pytest.raises(MalformedQuery):
        answer(query, {"team": "red"})


def test_a_malformed_query_says_where():
    with pytest.raises(MalformedQuery) as caught:
        answer("stats count(*) | explode x")

    assert (str(caught.value), caught.value.start, caught.value.end) == (
        "unknown command 'explode'",
        17,
        24,
    )
