"""Whatever a day's records hold, and wherever an answer is cut off: the same counts, or none."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_logs import IDENTITY, ScriptedLogs, scripted_day, total

from chalicelib.reporting.day_questions import DayQuestions
from chalicelib.reporting.insights import IncompleteReport, Insights, Patience
from chalicelib.reporting.reading import SIDE_BY_SIDE
from chalicelib.reporting.slices import Prefix, Slice, Span
from chalicelib.reporting.usage_query import DayCounts, read_day
from chalicelib.usage_record import RECORD_COUNTERS
from local.insights.client import LogsClient
from local.insights.faults import Behaviour, Fault
from local.insights.table import Event

DAY = date(2026, 11, 23)
BEGINS = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp() * 1000)
NEXT_MORNING = datetime(2026, 11, 24, 2, 15, tzinfo=UTC)
TIMEOUT = Behaviour(ends="Timeout")
KINDS = ("n_started", "n_usage", "n_failed")


def read(events: list[Event], max_rows: int = 100_000, logs: Any = None) -> DayCounts:
    patience = Patience(lambda: 900_000, lambda seconds: None)
    insights = Insights(logs or LogsClient.over(events), ["usage"], patience, max_rows)
    return read_day(insights, DAY, NEXT_MORNING)


def said(day: DayCounts) -> dict[str, Any]:
    """Return all that a day's files are made of."""
    about_the_run = ("queries",)
    return {name: getattr(day, name) for name in day.__slots__ if name not in about_the_run}


def event(at: int, kind: str, call_id: str, **fields: Any) -> Event:
    """Make a record as a log event; a field that is None is left out."""
    suffix = "s" if kind == "n_started" else "e"
    record = {
        "tollgate": "usage",
        "day": DAY.isoformat(),
        "call_id": call_id,
        "event_id": f"{call_id}-{suffix}",
        "request_id": f"r{call_id}",
        "time": f"t{at}",
        "instance": "00c0ffee",
        "seq": at,
        **IDENTITY,
        **dict.fromkeys(RECORD_COUNTERS, 0),
        kind: 1,
        **fields,
    }
    present = {name: value for name, value in record.items() if value is not None}
    return BEGINS + at, json.dumps(present), "stream"


hexes = st.text("0123456789abcdef", min_size=1, max_size=4)
odd = st.sampled_from([None, "", "=cmd()", "A", "é", "a\n", "0\n", "007", "x" * 80, '"] or 1 = 1'])
forged = st.fixed_dictionaries(
    {},
    optional={
        "team_id": odd.filter(bool),  # a record of ours without a team is refused, not counted
        "call_id": odd,
        "request_id": odd,
        "instance": odd,
        "model_id": odd.filter(bool),
        "variant": st.sampled_from(["=x", "a b"]),
        "event_id": odd,
    },
)
ours = st.fixed_dictionaries(
    {},
    optional={
        "team_id": st.sampled_from(["alpha", "beta", "b-1", "b-2", "gamma.x"]),
        "model_id": st.sampled_from(["m1", "m2", "m3"]),
        "usage_source": st.sampled_from(["header", "partial", "none"]),
        "input_tokens": st.integers(0, 2**40),
        "instance": st.text("0123456789abcdef", min_size=1, max_size=2),
        "seq": st.integers(0, 40),
    },
)


@st.composite
def records(draw: st.DrawFn) -> list[Event]:
    """Records of ours and forged ones, some twice, no two within one millisecond."""
    made = []
    for _ in range(draw(st.integers(0, 25))):
        call_id, kind = draw(hexes), draw(st.sampled_from(KINDS))
        fields = draw(ours) | (draw(forged) if draw(st.integers(0, 3)) == 0 else {})
        values = {"call_id": call_id, **fields}
        for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
            made.append((kind, values))
    times = st.lists(
        st.integers(0, 80_000_000), min_size=len(made), max_size=len(made), unique=True
    )
    marked = zip(draw(times), made, strict=True)
    return [
        event(at, kind, **{"event_id": f"{v['call_id']}-{kind}", "time": f"t{at:09}", **v})
        for at, (kind, v) in marked
    ]


@settings(max_examples=20, deadline=None)
@given(events=records(), max_rows=st.integers(3, 12))
def test_whatever_is_recorded_a_limit_changes_nothing(events: list[Event], max_rows: int) -> None:
    assert said(read(events, max_rows)) == said(read(events))


def pair(n: int, **fields: Any) -> list[Event]:
    """Make a whole call; the ids of many begin with every digit in turn."""
    at, call_id = n * 1000, f"{n % 16:x}{n:05x}"
    return [
        event(at, "n_started", call_id, **{"seq": 2 * n, **fields}),
        event(at + 1, "n_usage", call_id, **{"seq": 2 * n + 1, **fields}),
    ]


def spread(calls: int) -> list[Event]:
    return [each for n in range(calls) for each in pair(n)]


def asked(logs: LogsClient) -> list[str]:
    return [request["queryString"] for called, request in logs.calls if called == "StartQuery"]


def test_a_day_below_the_limit_takes_three_queries() -> None:
    logs = LogsClient.over(spread(10))

    read([], 100, logs)

    assert len(asked(logs)) == 3


def test_teams_are_read_together_up_to_half_the_limit_of_groups() -> None:
    teams = [f"team{n}" for n in range(10)]
    models = [{"team_id": team, "model_id": f"m{n}"} for team in teams for n in range(4)]
    logs = LogsClient.over([e for n, fields in enumerate(models) for e in pair(n, **fields)])

    day = read([], 24, logs)

    listed = {text.split("team_id in ")[1].split("]")[0] for text in asked(logs) if " in [" in text}
    assert len(listed) == 4  # of three teams each, and so of twelve groups
    assert '["team0", "team1", "team2"' in listed
    assert [(line.team_id, line.model_id) for line in day.lines] == [
        (fields["team_id"], fields["model_id"]) for fields in models
    ]


def test_pairs_are_read_in_slices_that_have_fewer_records_than_the_limit() -> None:
    logs = LogsClient.over(spread(64))

    day = read([], 32, logs)

    largest = max(q["records_matched"] for q in day.queries if q["name"] == "broken pairs")
    assert int(largest) < 32
    assert day.orphaned == {}


def test_one_key_of_very_many_forged_records_is_parted_in_time() -> None:
    events = [event(n, "n_usage", "=cmd()", request_id=f"r{n}", team_id="M") for n in range(20)]

    day = read(events, 8)

    assert (day.foreign, day.unannounced) == (20, 20)


def test_records_of_one_millisecond_that_nothing_parts_are_refused_loudly() -> None:
    events = [event(7, "n_usage", "=cmd()", request_id=f"r{n}", team_id="M") for n in range(20)]

    with pytest.raises(IncompleteReport, match="cannot be told apart"):
        read(events, 8)


def test_endless_slices_are_given_up() -> None:
    logs = LogsClient.over(spread(20))
    logs.service.behave(Behaviour(ends="Timeout"))

    with pytest.raises(IncompleteReport, match="too many slices"):
        read([], logs=logs)


def test_a_query_that_times_out_is_asked_in_parts() -> None:
    events = spread(20)
    logs = LogsClient.over(events)
    logs.service.behave(Behaviour(), *(Fault("StartQuery", TIMEOUT, nth) for nth in (1, 2, 3)))

    assert said(read([], logs=logs)) == said(read(events))


def test_only_so_many_queries_run_at_once() -> None:
    running: set[str] = set()
    most = 0

    class Watched(LogsClient):
        def start_query(self, **request: Any) -> dict[str, Any]:
            nonlocal most
            answer = super().start_query(**request)
            running.add(answer["queryId"])
            most = max(most, len(running))
            return answer

        def get_query_results(self, **request: Any) -> dict[str, Any]:
            running.discard(request["queryId"])
            return super().get_query_results(**request)

    read([], 32, Watched(events=LogsClient.over(spread(300)).events))

    assert most == SIDE_BY_SIDE


# Records that arrive while the day is read


def test_records_that_arrive_between_the_queries_are_read_again_with_the_rest() -> None:
    events = spread(10)
    logs = LogsClient.over(events)
    logs.service.behave(Behaviour(late='"call_id": "900009"', late_looks=2))

    assert said(read([], logs=logs)) == said(read(events))
    assert len(asked(logs)) == 6


def test_records_that_never_stop_arriving_are_not_waited_for_for_ever() -> None:
    logs = ScriptedLogs(scripted_day([total(2, {"n_started": 1, "n_usage": 1})]).scripts)
    logs.scripts["pairs"].matched = 4

    with pytest.raises(IncompleteReport, match="records arrived between the queries"):
        read([], logs=logs)

    assert len(logs.started) == 9


# What a slice keeps


def test_the_parts_of_a_slice_by_digits_are_all_digits_and_all_else() -> None:
    whole = Slice(Span(0, 9_999), Prefix("call_id", 1))

    parts = whole.parts(4)

    assert [part.filters[-1] for part in parts] == [
        "not ispresent(call_id) or call_id not like /^[0123456789abcdef]/",
        "call_id like /^[0123]/",
        "call_id like /^[4567]/",
        "call_id like /^[89ab]/",
        "call_id like /^[cdef]/",
    ]


@given(first=st.integers(0, 10**6), length=st.integers(2, 10**6), count=st.integers(2, 16))
def test_the_parts_of_a_span_follow_each_other_without_a_gap(
    first: int, length: int, count: int
) -> None:
    parts = list(Span(first, first + length - 1).parts(count))

    assert [parts[0].first, parts[-1].last] == [first, first + length - 1]
    assert all(one.last + 1 == next_.first for one, next_ in pairwise(parts))
    assert len(parts) <= count


def test_a_window_is_widened_to_whole_seconds() -> None:
    start = datetime(2026, 11, 23, 0, 0, 0, 1000, tzinfo=UTC)

    span = Span.of(start, start + timedelta(seconds=1))

    assert (span.first % 1000, span.last % 1000, span.last - span.first) == (0, 0, 2000)


@pytest.mark.parametrize("count", [2, 3, 16, 17, 40, 256, 300])
def test_a_slice_is_parted_at_once_into_about_as_many_as_are_asked_for(count: int) -> None:
    whole = Slice.all_of(Span(0, 1), Prefix("call_id", depth=3))
    _, *parts = whole.parts(count)
    assert count / 2 < len(parts) < count * 2


@pytest.mark.parametrize("count", [2, 16, 17, 40, 300])
def test_whatever_a_field_holds_is_in_one_of_many_parts_and_in_no_other(count: int) -> None:
    values = ["0", "00", "000", "0ff", "f0e1", "abcdef", "a", "ag0", "0\n", "=cmd()", "A00", ""]
    kept = json.loads(event(99, "n_usage", "")[1])
    del kept["call_id"]
    events = [event(at, "n_usage", value) for at, value in enumerate(values)]
    logs = LogsClient.over([*events, (BEGINS + 99, json.dumps(kept), "stream")])
    insights = Insights(logs, ["usage"], Patience(lambda: 900_000, lambda seconds: None), 100_000)
    question = DayQuestions(DAY, NEXT_MORNING - timedelta(days=2), NEXT_MORNING).pairs()
    found = [
        row.call_id
        for part in question.whole.parts(count)
        for row in insights.start(question.query(part, 100_000)).answer(question.read).rows
    ]
    assert sorted(found) == sorted([*values, ""])  # of what lacks the field, the last


def test_a_day_in_many_parts_says_what_it_says_whole() -> None:
    events = [
        event(1000 * n + at, kind, f"{n * 977 % 4096:03x}{n}", seq=2 * n + at)
        for n in range(60)
        for at, kind in enumerate(("n_started", "n_usage"))
    ]
    assert said(read(events, max_rows=3)) == said(read(events))
