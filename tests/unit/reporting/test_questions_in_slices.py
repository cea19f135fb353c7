"""A question that is asked once, in one query: its whole answer, or none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from scripted_logs import Script, ScriptedLogs

from chalicelib.reporting.insights import Insights, Patience
from chalicelib.reporting.progress import Progress
from chalicelib.reporting.reading import Question, read_unsliced
from chalicelib.reporting.slices import Slice, Span
from chalicelib.reporting.team_slices import TeamGroups, read_team

MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
TEAMS = Question(
    "groups of teams",
    "filter ispresent(tollgate)",
    "stats count(*) as groups, sum(records) as records by team_id",
    read_team,
    Slice(Span.of(MIDNIGHT, MIDNIGHT + timedelta(days=1)), None),
    counted=lambda team: team.records,
)
ROWS = [
    {"team_id": "ads", "groups": "2", "records": "5"},
    {"team_id": "search", "groups": "1", "records": "2"},
]
FOUND = [TeamGroups("ads", 2, 5), TeamGroups("search", 1, 2)]


def read(script: Script, question: Question[TeamGroups] = TEAMS) -> list[TeamGroups] | None:
    logs = ScriptedLogs({"totals": script})
    insights = Insights(logs, ["usage"], Patience(lambda: 900_000, lambda seconds: None))
    return read_unsliced(insights, Progress(None, MIDNIGHT.date()), question)


def test_rows_that_count_all_records_are_the_whole_answer() -> None:
    assert read(Script(ROWS, matched=7)) == FOUND


@pytest.mark.parametrize("matched", [6, 8])
def test_rows_that_do_not_count_all_records_are_none(matched: int) -> None:
    assert read(Script(ROWS, matched=matched)) is None


def test_rows_that_count_nothing_are_taken_as_they_are() -> None:
    assert read(Script(ROWS, matched=8), replace(TEAMS, counted=None)) == FOUND


def test_a_query_that_ran_out_of_time_has_no_answer() -> None:
    assert read(Script(ROWS, matched=7, ends="Timeout")) is None
