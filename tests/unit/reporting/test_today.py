"""A team's day so far: one query for a team, whoever asks and however long it takes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from job_fakes import DynamoDb
from moto import mock_aws
from scripted_logs import total

from chalicelib.reporting.today import Today, query_of
from chalicelib.reporting.today_table import FRESH, QUERY_ENDS, Kept, TodayTable
from chalicelib.streams.rows import Rows

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TABLE: dict[str, Any] = {
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
    "BillingMode": "PAY_PER_REQUEST",
}
_names = count(1)


@dataclass
class Logs:
    """Queries that end as they are told to; `during` happens while one is being started."""

    rows: list[dict[str, str]] = field(default_factory=list)
    status: str = "Complete"
    refused: bool = False
    started: list[dict[str, Any]] = field(default_factory=list)
    during: Any = None

    def start_query(self, **request: Any) -> dict[str, str]:
        self.started.append(request)
        if self.during:
            self.during()
        if self.refused:
            raise ClientError({"Error": {"Code": "LimitExceededException"}}, "StartQuery")
        return {"queryId": f"q{len(self.started)}"}

    def get_query_results(self, **_request: Any) -> dict[str, Any]:
        cells = [[{"field": f, "value": v} for f, v in row.items()] for row in self.rows]
        matched = sum(float(row["records"]) for row in self.rows)
        return {
            "status": self.status,
            "results": cells,
            "statistics": {"resultCount": float(len(cells)), "recordsMatched": matched},
        }


@dataclass
class World:
    table: TodayTable
    logs: Logs = field(default_factory=Logs)
    now: datetime = NOON
    waited: float = 0.0

    def ask(self, team_id: str = "search", seconds: float = 0.0) -> Kept | None:
        today = Today(lambda: self.logs, ["usage"], self.table, lambda: self.now, self._wait)
        return today.of(team_id, self.now.date(), seconds)

    def tokens(self, team_id: str = "search") -> list[int]:
        kept = self.ask(team_id)
        return [line.usage.input_tokens for line in kept.lines()] if kept else []

    def _wait(self, seconds: float) -> None:
        self.waited += seconds


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[DynamoDb]:
    with pytest.MonkeyPatch.context() as environ, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environ.setenv(name, "testing")
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
            environ.delenv(name, raising=False)
        yield DynamoDb(boto3.client("dynamodb", region_name="us-east-1"))


@pytest.fixture
def world(dynamodb: DynamoDb) -> World:
    name = f"streams-{next(_names)}"
    dynamodb.client.create_table(TableName=name, **TABLE)
    return World(TodayTable(Rows(dynamodb, name)), Logs([used(30)]))  # type: ignore[arg-type]


def used(tokens: int, **identity: str) -> dict[str, str]:
    return total(2, {"n_started": 1, "n_usage": 1, "input_tokens": tokens}, **identity)


def test_the_first_who_asks_has_the_day_counted(world: World) -> None:
    kept = world.ask()

    assert kept is not None
    assert kept.counted_at() == NOON
    assert [line.usage.input_tokens for line in kept.lines()] == [30]


def test_a_query_is_of_one_team_and_one_day() -> None:
    text = query_of("ads", NOON.date())
    assert text.startswith('filter ispresent(tollgate) and day = "2026-11-23" and team_id = "ads"')


def test_counts_are_asked_for_once_in_five_minutes(world: World) -> None:
    world.ask()
    world.now += FRESH - timedelta(seconds=1)
    world.logs.rows = [used(99)]
    assert world.tokens() == [30]
    assert len(world.logs.started) == 1


def test_counts_of_five_minutes_ago_are_counted_anew(world: World) -> None:
    world.ask()
    world.now += FRESH
    world.logs.rows = [used(99)]
    assert world.tokens() == [99]
    assert len(world.logs.started) == 2


def test_each_team_is_counted_for_itself(world: World) -> None:
    world.ask("search")
    world.logs.rows = [used(7, team_id="search.eu")]
    assert world.tokens("search.eu") == [7]
    assert world.tokens("search") == [30]


def test_a_slow_query_is_read_by_who_asks_next_and_never_started_twice(world: World) -> None:
    world.logs.status = "Running"
    unread = world.ask(seconds=3.0)
    assert unread is not None
    assert (unread.query_id, unread.as_of) == ("q1", 0)
    assert world.waited <= 3.0

    world.now += FRESH * 2
    world.logs.status = "Complete"
    assert world.tokens() == [30]
    assert len(world.logs.started) == 1


def test_earlier_counts_are_told_while_a_query_runs(world: World) -> None:
    world.ask()
    world.now += FRESH
    world.logs.status = "Running"
    kept = world.ask()
    assert kept is not None
    assert (kept.counted_at(), kept.query_id) == (NOON, "q2")


def test_a_query_that_nobody_read_in_an_hour_is_given_up(world: World) -> None:
    world.logs.status = "Running"
    world.ask()
    world.now += QUERY_ENDS
    world.ask()
    assert len(world.logs.started) == 2


def test_two_who_ask_at_once_start_one_query(world: World) -> None:
    met: list[Kept | None] = []

    def another() -> None:
        world.logs.during = None
        met.append(world.ask())

    world.logs.during = another
    world.ask()

    assert len(world.logs.started) == 1
    assert met[0] is not None
    assert not met[0].query_id


def test_a_claim_that_came_too_late_starts_nothing(world: World) -> None:
    world.table.claim("search", None, "first", NOON.date(), NOON)
    late = world.table.claim("search", None, "second", NOON.date(), NOON)
    assert late is not None
    assert late.mark == "first"


@pytest.mark.parametrize("status", ["Failed", "Timeout", "Cancelled"])
def test_a_query_that_fails_counts_nothing_and_is_not_repeated_at_once(world, status) -> None:
    world.logs.status = status
    kept = world.ask()
    assert (kept.as_of, kept.query_id) == (0, "")
    world.ask()
    assert len(world.logs.started) == 1


def test_a_query_that_is_refused_is_started_again_in_five_minutes(world: World) -> None:
    world.logs.refused = True
    world.ask()
    world.logs.refused = False
    world.ask()
    assert len(world.logs.started) == 1
    world.now += FRESH
    assert world.tokens() == [30]


def test_yesterday_s_counts_are_not_today_s(world: World) -> None:
    world.ask()
    world.now += timedelta(days=1)
    world.logs.status = "Running"
    kept = world.ask()
    assert kept is not None
    assert (kept.day, kept.as_of, kept.counts) == ("2026-11-24", 0, b"")


def test_rows_of_another_team_are_no_answer(world: World) -> None:
    world.logs.rows = [used(30), used(40, team_id="ads")]
    kept = world.ask()
    assert kept is not None
    assert kept.as_of == 0


def test_records_that_the_gateway_did_not_write_are_left_out(world: World) -> None:
    world.logs.rows = [used(30), used(40, service="forged")]
    assert world.tokens() == [30]


def test_a_team_that_used_nothing_is_counted_too(world: World) -> None:
    world.logs.rows = []
    kept = world.ask()
    assert kept is not None
    assert (kept.counted_at(), kept.lines()) == (NOON, [])
