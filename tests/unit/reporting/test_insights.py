"""A query's answer is whole, or there is none."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from scripted_logs import Script, ScriptedLogs

from chalicelib.reporting.insights import (
    MAX_ROWS,
    IncompleteReport,
    Insights,
    Patience,
    Query,
)

QUERY = Query(
    "totals",
    'filter day = "2026-11-23"',
    datetime(2026, 11, 22, 23, 55, tzinfo=UTC),
    datetime(2026, 11, 24, 2, 15, 0, 250_000, tzinfo=UTC),
)
ROWS = [{"team_id": f"team{n}"} for n in range(5)]


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self, left_s: float) -> None:
        self.left_s = left_s
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.left_s -= seconds

    def patience(self) -> Patience:
        return Patience(lambda: int(self.left_s * 1000), self.sleep)


def teams(
    script: Script, clock: Clock | None = None, logs: ScriptedLogs | None = None
) -> list[str]:
    """Run one query by its script and return the column team_id of its rows."""
    logs = logs or ScriptedLogs({"totals": script})
    insights = Insights(logs, ["usage"], (clock or Clock(900)).patience())
    with insights.running(QUERY) as (running,):
        return running.answer(lambda row: row["team_id"]).rows


def test_results_of_a_running_query_are_partial_and_not_looked_at() -> None:
    script = Script(ROWS, polls=["Scheduled", "Running", "Running"])

    assert teams(script) == ["team0", "team1", "team2", "team3", "team4"]


def test_waiting_backs_off_from_one_second_to_ten() -> None:
    clock = Clock(900)

    teams(Script(ROWS, polls=["Running"] * 7), clock)

    assert clock.slept == [1, 2, 4, 8, 10, 10, 10]


def test_waiting_ends_in_time_with_the_query_stopped() -> None:
    logs = ScriptedLogs({"totals": Script(ROWS, polls=["Running"] * 1000)})

    with pytest.raises(IncompleteReport, match="no time is left to wait for the query of totals"):
        teams(logs.scripts["totals"], Clock(60), logs)

    assert logs.stopped == ["totals"]


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "Timeout", "Unknown"])
def test_a_query_that_ends_otherwise_than_complete_raises(status: str) -> None:
    with pytest.raises(IncompleteReport, match=f"it ended as {status}"):
        teams(Script(ROWS, ends=status))


def test_every_page_is_followed() -> None:
    assert len(teams(Script(ROWS, page_rows=2))) == 5


def test_fewer_rows_than_the_engine_found_raise() -> None:
    script = Script(ROWS, statistics={"recordsMatched": 9.0, "resultCount": 6.0})

    with pytest.raises(IncompleteReport, match="5 rows of 6 came"):
        teams(script)


def test_an_answer_as_long_as_the_limit_raises_because_more_may_be_cut_off() -> None:
    script = Script(ROWS, statistics={"recordsMatched": 1e6, "resultCount": float(MAX_ROWS)})

    with pytest.raises(IncompleteReport, match="100000 rows"):
        teams(script)


def test_an_answer_without_statistics_raises() -> None:
    with pytest.raises(IncompleteReport, match="does not say how much"):
        teams(Script(ROWS, statistics={}))


def test_the_window_is_in_whole_seconds_that_hold_its_last_fraction_and_the_limit_is_named() -> (
    None
):
    logs = ScriptedLogs({"totals": Script(ROWS)})

    teams(logs.scripts["totals"], logs=logs)

    (request,) = logs.started
    assert request["startTime"] == int(datetime(2026, 11, 22, 23, 55, tzinfo=UTC).timestamp())
    assert request["endTime"] == int(datetime(2026, 11, 24, 2, 15, 1, tzinfo=UTC).timestamp())
    assert request["limit"] == MAX_ROWS


@pytest.mark.parametrize(
    "busy", ["LimitExceededException", "ThrottlingException", "ServiceUnavailableException"]
)
def test_a_busy_aws_is_asked_again(busy: str) -> None:
    clock = Clock(900)
    logs = ScriptedLogs({"totals": Script(ROWS)}, refusals=[busy, busy])

    assert len(teams(logs.scripts["totals"], clock, logs)) == 5
    assert clock.slept == [1, 2]


def test_another_refusal_is_raised_as_it_is() -> None:
    logs = ScriptedLogs({"totals": Script(ROWS)}, refusals=["AccessDeniedException"])

    with pytest.raises(ClientError, match="AccessDeniedException"):
        teams(logs.scripts["totals"], logs=logs)


@pytest.mark.parametrize(
    "code",
    ["MalformedQueryException", "ResourceNotFoundException", "InvalidParameterException"],
)
def test_a_day_that_the_log_groups_do_not_reach_is_one_that_cannot_be_read(code: str) -> None:
    logs = ScriptedLogs({"totals": Script(ROWS)}, refusals=[code])

    with pytest.raises(IncompleteReport, match=f"totals cannot be asked: .*{code}"):
        teams(logs.scripts["totals"], logs=logs)


def test_a_query_that_ended_is_not_stopped() -> None:
    logs = ScriptedLogs({"totals": Script(ROWS)})

    teams(logs.scripts["totals"], logs=logs)

    assert logs.stopped == []
