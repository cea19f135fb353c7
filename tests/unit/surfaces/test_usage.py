"""`GET /usage`: which days are asked for, and how a team is told of them."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from builders import LambdaContext, count_line, identity, price_book, proxy_event

from chalicelib.aws_json import AwsFault
from chalicelib.errors import BadRequest, ReportsUnavailable
from chalicelib.metering.usage import Usage
from chalicelib.pricing.costs import CSV_COLUMNS
from chalicelib.pricing.count_line import CountLine
from chalicelib.pricing.price_file import write as write_prices
from chalicelib.reporting.csv_writer import write_counts
from chalicelib.reporting.team_day import TeamDay
from chalicelib.reporting.today_table import Kept
from chalicelib.surfaces.answers import Answer
from chalicelib.surfaces.invocation import Invocation
from chalicelib.surfaces.usage import UsageSurface, period_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = NOON.date()
YESTERDAY = TODAY - timedelta(days=1)
LIST = price_book(
    "m,us-east-1,none,on_demand,default,none,input_tokens,0.01,2026-01-01,,list,2026-11-01"
)
OWN = price_book(
    "m,us-east-1,none,on_demand,default,none,input_tokens,0.005,2026-01-01,,ours,2026-11-01"
)
ROW = dict.fromkeys(CSV_COLUMNS, "0") | {
    "date": str(YESTERDAY),
    "team_id": "search",
    "model_id": "m",
    "invocations": "3",
    "input_cost": "0.030000000001",
    "total_cost": "",
    "seconds": "1.5",
    "status": "PARTLY_PRICED",
}


ADJUSTMENT = ROW | {
    "adjusted_on": str(TODAY),
    "reason": "fewer records",
    "invocations": "-1",
    "input_cost": "-0.010000000001",
    "total_cost": "-0.010000000001",
}


@dataclass
class Days:
    """A team's reported days, and the operator's own prices."""

    found: dict[date, TeamDay] = field(default_factory=dict)
    own_prices: bytes | None = None
    asked: list[tuple[str, list[date]]] = field(default_factory=list)

    def read(self, team_id: str, days: Sequence[date]) -> list[TeamDay]:
        self.asked.append((team_id, list(days)))
        return [self.found.get(day, TeamDay.not_reported(day)) for day in days]

    def prices(self, before: date) -> tuple[date, bytes] | None:
        return (before - timedelta(days=1), self.own_prices) if self.own_prices else None


@dataclass
class Counted:
    """What is counted of today."""

    kept: Kept | None = None
    asked: list[str] = field(default_factory=list)

    def of(self, team_id: str, _day: date, _seconds: float) -> Kept | None:
        self.asked.append(team_id)
        return self.kept


def kept(*lines: CountLine, **fields: Any) -> Kept:
    from zlib import compress

    told = {"as_of": int(NOON.timestamp()), "counts": compress(write_counts(lines)), **fields}
    return Kept(day=str(TODAY), mark="m", began=int(NOON.timestamp()), **told)


def ask(days: Any, today: Any, accept: str = "*/*", **query: str) -> Answer:
    event = proxy_event(
        "GET", "/usage", headers={"Accept": accept}, query={n: [v] for n, v in query.items()}
    )
    surface = UsageSurface(days, today, lambda: LIST, lambda: NOON)
    invocation = Invocation.of(event, b"", request_id="r", account="a", context=LambdaContext())
    return surface.get(identity(), invocation)


def told(days: Any = None, today: Any = None, **query: str) -> dict[str, Any]:
    query = query or {"from": str(YESTERDAY), "to": str(TODAY)}
    answer = ask(days or Days(), today or Counted(), **query)
    content: dict[str, Any] = json.loads(answer.body)
    return content


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("", "2026-11-23", "'from' is a UTC date"),
        ("2026-11-23", "", "'to' is a UTC date"),
        ("20261123", "2026-11-23", "'from' is a UTC date"),
        ("2026-11-31", "2026-11-23", "'from' is a UTC date"),
        ("2026-11-2%33", "2026-11-23", "'from' is a UTC date"),
        ("２０２６-11-23", "2026-11-23", "'from' is a UTC date"),
        ("../team=ads", "2026-11-23", "'from' is a UTC date"),
        ("2026-11-23", "2026-11-22", "is after 'to'"),
        ("2026-11-23", "2026-11-24", "is in the future: in UTC it is 2026-11-23"),
        ("2026-10-23", "2026-11-23", "These are 32 days; ask for 31"),
    ],
)
def test_what_is_no_period_is_refused_with_what_is_asked_for(first, last, words) -> None:
    query = {name: [text] for name, text in (("from", first), ("to", last)) if text}
    with pytest.raises(BadRequest, match=words):
        period_of(query, TODAY)


def test_a_date_that_is_there_twice_is_refused() -> None:
    with pytest.raises(BadRequest, match="'from' is a UTC date, YYYY-MM-DD, and there once"):
        period_of({"from": ["2026-11-01", "2026-11-02"], "to": ["2026-11-23"]}, TODAY)


def test_a_month_may_be_asked_for() -> None:
    period = period_of({"from": ["2026-10-24"], "to": ["2026-11-23"]}, TODAY)
    assert len(period.days()) == 31


def test_a_team_is_asked_about_by_its_key_alone() -> None:
    days, today = Days(), Counted()
    query = {"from": str(YESTERDAY), "to": str(TODAY), "team_id": "ads", "team": "ads"}
    ask(days, today, **query)
    assert (days.asked, today.asked) == ([("search", [YESTERDAY])], ["search"])


def test_today_is_not_counted_for_who_asks_for_past_days() -> None:
    today = Counted()
    told(Days(), today, **{"from": str(YESTERDAY), "to": str(YESTERDAY)})
    assert today.asked == []


def test_counts_are_numbers_costs_exact_texts_and_an_unknown_cost_is_null() -> None:
    days = Days({YESTERDAY: TeamDay(YESTERDAY, "reported", (ROW,))})
    (row,) = told(days)["rows"]
    assert (row["invocations"], row["input_cost"]) == (3, "0.030000000001")
    assert (row["total_cost"], row["seconds"]) == (None, "1.5")


def test_what_adjusts_a_closed_day_is_signed_and_beside_its_rows() -> None:
    days = Days({YESTERDAY: TeamDay(YESTERDAY, "reported", (ROW,), adjustments=(ADJUSTMENT,))})
    answer = told(days)
    (row,) = answer["adjustments"]
    assert len(answer["rows"]) == 1
    assert (row["date"], row["adjusted_on"]) == (str(YESTERDAY), str(TODAY))
    assert (row["reason"], row["invocations"]) == ("fewer records", -1)
    assert row["total_cost"] == "-0.010000000001"


def test_a_period_of_which_nothing_was_adjusted_says_so() -> None:
    assert told()["adjustments"] == []


def test_a_reported_day_says_whether_it_is_whole() -> None:
    days = Days({YESTERDAY: TeamDay(YESTERDAY, "reported", (ROW,), lost=True)})
    (yesterday, _) = told(days)["days"]
    assert (yesterday["status"], yesterday["complete"]) == ("reported", False)
    assert "too low" in yesterday["message"]
    assert yesterday["may_change"]


def test_a_period_is_whole_where_each_of_its_days_is() -> None:
    period = {"from": str(YESTERDAY), "to": str(YESTERDAY)}
    whole = Days({YESTERDAY: TeamDay(YESTERDAY, "reported", (ROW,))})
    assert told(whole, **period)["complete"]
    assert not told(Days(), **period)["complete"]


def test_today_so_far_has_its_time_and_list_prices_where_nothing_is_reported_yet() -> None:
    today = Counted(kept(count_line(usage=Usage(input_tokens=100))))
    answer = told(Days(), today)
    assert answer["days"][1]["as_of"] == "2026-11-23T12:00:00Z"
    assert (answer["days"][1]["status"], answer["days"][1]["complete"]) == ("so_far", False)
    assert [(row["date"], row["total_cost"]) for row in answer["rows"]] == [("2026-11-23", "1")]


def test_today_so_far_has_the_operator_s_own_prices_as_the_last_report_used_them() -> None:
    today = Counted(kept(count_line(usage=Usage(input_tokens=100))))
    (row,) = told(Days(own_prices=write_prices(OWN)), today)["rows"]
    assert row["total_cost"] == "0.5"


def test_hours_that_are_not_shared_out_yet_are_not_free() -> None:
    line = count_line(basis="provisioned", model_id="arn:x", usage=Usage(busy_ms=1000))
    (row,) = told(Days(), Counted(kept(line)))["rows"]
    assert (row["capacity_cost"], row["total_cost"]) == (None, None)


@pytest.mark.parametrize(
    ("today", "status"),
    [
        (None, "unavailable"),
        (kept(as_of=0, counts=b""), "unavailable"),
        (kept(as_of=0, counts=b"", query_id="q"), "counting"),
    ],
)
def test_a_day_that_is_not_counted_yet_says_so(today: Kept | None, status: str) -> None:
    answer = told(Days(), Counted(today))
    assert (answer["days"][1]["status"], answer["complete"]) == (status, False)
    assert "Ask again" in answer["days"][1]["message"]


def test_csv_is_the_report_s_rows_and_what_is_to_be_said_of_their_days() -> None:
    days = Days({YESTERDAY: TeamDay(YESTERDAY, "reported", (ROW,))})
    before = str(YESTERDAY - timedelta(days=1))
    answer = ask(days, Counted(), "text/csv", **{"from": before, "to": str(YESTERDAY)})
    assert answer.content_type == "text/csv; charset=utf-8"
    missing, row = csv.DictReader(io.StringIO(answer.body.decode()))
    assert (row["model_id"], row["total_cost"], row["day_status"]) == ("m", "", "reported")
    assert row["complete"] == "true"
    assert (missing["date"], missing["team_id"]) == (before, "search")
    assert (missing["invocations"], missing["day_status"]) == ("", "not_reported")
    assert missing["complete"] == "false"


def test_csv_has_adjustments_after_the_rows_of_their_day_so_that_columns_add_up() -> None:
    days = Days({YESTERDAY: TeamDay(YESTERDAY, "reported", (ROW,), adjustments=(ADJUSTMENT,))})
    period = {"from": str(YESTERDAY), "to": str(YESTERDAY)}
    content = ask(days, Counted(), "text/csv", **period).body.decode()
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [(row["invocations"], row["adjusted_on"], row["reason"]) for row in rows] == [
        ("3", "", ""),
        ("-1", str(TODAY), "fewer records"),
    ]


@pytest.mark.parametrize("accept", ["*/*", "", "application/json, text/csv", "text/html"])
def test_json_is_for_whoever_asks_for_nothing_else(accept: str) -> None:
    period = {"from": str(YESTERDAY), "to": str(YESTERDAY)}
    assert json.loads(ask(Days(), Counted(), accept, **period).body)["team_id"] == "search"


class Away:
    """What cannot be reached."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def read(self, *_: Any) -> list[TeamDay]:
        raise self._error

    of = read


def test_what_cannot_be_read_is_a_503_that_says_nothing_of_buckets() -> None:
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "arn:…"}}, "GetObject")
    with pytest.raises(ReportsUnavailable) as refused:
        told(Away(denied))
    assert "arn" not in refused.value.message


def test_past_days_are_told_though_today_cannot_be_counted() -> None:
    days = Days({YESTERDAY: TeamDay(YESTERDAY, "reported", (ROW,))})
    answer = told(days, Away(AwsFault("NoAnswer")))
    assert [day["status"] for day in answer["days"]] == ["reported", "unavailable"]
