"""A team's days out of S3: its own, those that are not reported, and nobody else's."""

from datetime import date, timedelta

import pytest
from kept_files import Bucket

from chalicelib.pricing.costs import CSV_COLUMNS
from chalicelib.reporting.team_days import TeamDays
from chalicelib.reporting.team_keys import (
    team_adjusted_key,
    team_adjustments_key,
    team_costs_key,
    team_day_key,
    team_prices_key,
)

DAY = date(2026, 11, 22)
NEXT = DAY + timedelta(days=1)


def costs(team_id: str, day: date = DAY, total: str = "0.5", status: str = "PRICED") -> bytes:
    cells = {"date": str(day), "team_id": team_id, "total_cost": total, "status": status}
    row = ",".join(cells.get(name, "0") for name in CSV_COLUMNS)
    return f"{','.join(CSV_COLUMNS)}\n{row}\n".encode()


def reported(*teams: str, day: date = DAY, lost: int = 0) -> dict[str, bytes]:
    said = f'{{"schema": 1, "date": "{day}", "lost": {lost}}}'.encode()
    return {team_day_key(day): said} | {team_costs_key(t, day): costs(t, day) for t in teams}


def read(files: dict[str, bytes], team_id: str = "ads", *days: date):
    return TeamDays(lambda: Bucket(files=files), "reports").read(team_id, days or [DAY])


def test_a_team_has_its_own_rows() -> None:
    (day,) = read(reported("ads", "search"))
    assert [row["team_id"] for row in day.rows] == ["ads"]
    assert (day.state, day.complete, day.message) == ("reported", True, "")


@pytest.mark.parametrize("other", ["ads-eu", "ads.eu", "ad", "adss", "ads_"])
def test_a_team_whose_name_begins_as_another_s_has_no_rows_of_it(other: str) -> None:
    files = reported("ads")
    assert read(files, other)[0].rows == ()
    files = reported(other)
    assert read(files, "ads")[0].rows == ()


def test_a_day_without_a_report_says_so_though_there_are_rows_of_it() -> None:
    files = {team_costs_key("ads", DAY): costs("ads")}
    (day,) = read(files)
    assert (day.state, day.complete, day.rows) == ("not_reported", False, ())
    assert "no report" in day.message


def test_a_day_on_which_a_team_used_nothing_is_reported_and_complete() -> None:
    (day,) = read(reported("search"))
    assert (day.state, day.complete, day.rows) == ("reported", True, ())


def test_lost_records_of_whomever_leave_no_team_s_day_complete() -> None:
    (day,) = read(reported("search", lost=1))
    assert not day.complete
    assert "too low" in day.message


@pytest.mark.parametrize(("closed", "since"), [(2, 0), (0, 2)])
def test_of_what_is_missing_the_last_adjustment_has_the_word(closed: int, since: int) -> None:
    files = reported("ads", lost=closed)
    files[team_adjusted_key(DAY)] = reported(lost=since)[team_day_key(DAY)]
    (day,) = read(files)
    assert day.lost == (since > 0)


def test_a_row_whose_calls_are_not_known_whole_leaves_the_day_incomplete() -> None:
    files = reported("ads") | {team_costs_key("ads", DAY): costs("ads", status="INCOMPLETE")}
    (day,) = read(files)
    assert not day.complete
    assert "INCOMPLETE" in day.message


def adjusted(team_id: str, *statuses: str) -> bytes:
    """A team's adjustments of the day, one of each status."""
    header, row = costs(team_id).decode().splitlines()
    rows = [f"2026-12-03,late records,{row.replace('PRICED', status)}" for status in statuses]
    return "\n".join([f"adjusted_on,reason,{header}", *rows, ""]).encode()


def test_a_team_has_its_own_adjustments_beside_the_rows_that_were_closed() -> None:
    later = {team_adjustments_key(team, DAY): adjusted(team, "PRICED") for team in ("ads", "seo")}
    (day,) = read(reported("ads", "seo") | later)
    assert [row["team_id"] for row in day.rows] == ["ads"]
    assert [(row["team_id"], row["adjusted_on"], row["reason"]) for row in day.adjustments] == [
        ("ads", "2026-12-03", "late records")
    ]


def test_a_file_with_another_team_s_adjustment_is_not_shown() -> None:
    files = reported("ads") | {team_adjustments_key("ads", DAY): adjusted("search", "PRICED")}
    with pytest.raises(ValueError, match="has a row of search"):
        read(files)


@pytest.mark.parametrize(
    ("closed", "later", "complete"),
    [
        ("INCOMPLETE", ["PRICED"], True),
        ("PRICED", ["INCOMPLETE"], False),
        ("PRICED", ["INCOMPLETE", "PRICED"], True),
    ],
)
def test_whether_a_day_is_whole_is_for_its_last_adjustment_to_say(
    closed: str, later: list[str], complete: bool
) -> None:
    files = reported("ads") | {
        team_costs_key("ads", DAY): costs("ads", status=closed),
        team_adjustments_key("ads", DAY): adjusted("ads", *later),
    }
    (day,) = read(files)
    assert day.complete == complete


def test_a_day_that_its_month_was_closed_without_has_its_adjustments_and_says_so() -> None:
    (day,) = read({team_adjustments_key("ads", DAY): adjusted("ads", "PRICED")})
    assert (day.state, len(day.adjustments), day.complete) == ("not_reported", 1, False)
    assert "closed without a report" in day.message


def test_days_come_in_their_order_each_with_its_own_rows() -> None:
    files = reported("ads") | reported("ads", day=NEXT)
    days = read(files, "ads", DAY, NEXT)
    assert [(day.day, day.rows[0]["date"]) for day in days] == [(DAY, str(DAY)), (NEXT, str(NEXT))]


def test_no_days_are_asked_of_nobody() -> None:
    assert TeamDays(pytest.fail, "reports").read("ads", []) == []


def test_a_file_with_another_team_s_row_is_not_shown() -> None:
    files = reported("ads") | {team_costs_key("ads", DAY): costs("search")}
    with pytest.raises(ValueError, match="has a row of search"):
        read(files)


def test_a_column_that_an_older_report_lacks_is_empty() -> None:
    files = reported("ads") | {
        team_costs_key("ads", DAY): f"date,team_id,status\n{DAY},ads,PRICED\n".encode()
    }
    (day,) = read(files)
    assert day.rows[0]["total_cost"] == ""


def test_for_four_days_a_report_is_made_again_as_a_matter_of_course() -> None:
    (day,) = read(reported("ads"))
    assert day.may_change(DAY + timedelta(days=4))
    assert not day.may_change(DAY + timedelta(days=5))


def test_prices_are_those_of_the_last_report() -> None:
    files = {team_prices_key(DAY): b"older", team_prices_key(NEXT): b"newer"}
    days = TeamDays(lambda: Bucket(files=files), "reports")
    assert days.prices(NEXT + timedelta(days=1)) == (NEXT, b"newer")
    assert days.prices(NEXT) == (DAY, b"older")
    assert days.prices(NEXT + timedelta(days=30)) is None
