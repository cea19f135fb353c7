"""Ids that a tenant makes up fill no report, and a model that answers keeps its own row."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from builders import provider_call

from chalicelib.metering.usage import Usage
from chalicelib.reporting.groups import total
from chalicelib.reporting.insights import MAX_ROWS, Insights, Patience
from chalicelib.reporting.today import query_of
from chalicelib.reporting.usage_query import DayCounts, read_day
from chalicelib.usage_record import UNANSWERED, Outcome, record_line
from local.insights.client import LogsClient
from local.insights.table import Event

DAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NEXT_NIGHT = datetime(2026, 11, 24, 2, 15, tzinfo=UTC)
NEW = "anthropic.claude-brand-new-v1:0"
METERED = Outcome("usage", Usage(input_tokens=30), "header", status_code=200)
REFUSED = Outcome("failed", status_code=400, error_code="ValidationException")
THROTTLED = Outcome("failed", status_code=429, error_code="ThrottlingException")
NO_ANSWER = Outcome("usage", error_code="timeout")
PATIENCE = Patience(lambda: 900_000, lambda seconds: None)
FEW_ROWS = 40  # of an answer: what is more must be read in slices


class Day:
    """A day's records, as the gateway writes them."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def call(self, *outcomes: Outcome | None, **fields: Any) -> None:
        """Write a call's records, of which None is its beginning."""
        called = sha256(f"{len(self.events)}".encode()).hexdigest()[:32]
        call = provider_call(day=f"{DAY}", call_id=called, request_id=f"r-{called}", **fields)
        for outcome in outcomes:
            seq = len(self.events) + 1
            at = NOON + timedelta(milliseconds=seq)
            line = record_line(call, outcome, at=at, instance=called[:16], seq=seq)
            self.events.append((int(at.timestamp() * 1000), line, called[:16]))

    def unlisted(self, *outcomes: Outcome | None, model_id: str = NEW, **fields: Any) -> None:
        about: dict[str, Any] = {"base_model": model_id, "family": "claude", "geo": "none"}
        self.call(*outcomes, model_id=model_id, unlisted=1, **about | fields)

    def flood(self, ids: int, team_id: str = "vandals") -> None:
        for n in range(ids):
            self.unlisted(None, REFUSED, model_id=f"anthropic.no-such-{n}", team_id=team_id)

    def read(self, max_rows: int = MAX_ROWS) -> DayCounts:
        insights = Insights(LogsClient.over(self.events), ["usage"], PATIENCE, max_rows=max_rows)
        return read_day(insights, DAY, NEXT_NIGHT)


class Arriving(list[Any]):
    """The calls of a client; as it asks which ids answered, `arrive` has records come."""

    def __init__(self, arrive: Callable[[], None]) -> None:
        super().__init__()
        self._arrive = arrive

    def append(self, call: Any) -> None:
        super().append(call)
        if "unlisted = 1" in call[1].get("queryString", ""):
            self._arrive()


@pytest.fixture
def day() -> Day:
    return Day()


def ordinary(day: Day) -> None:
    """Write a day of other teams, in which something of each kind happened."""
    day.call(None, METERED, team_id="ads")
    day.call(None, METERED, METERED, team_id="ads")  # a copy
    day.call(None, REFUSED, team_id="search", model_id="amazon.nova-pro-v1:0")
    day.call(None, team_id="search")
    day.unlisted(None, METERED, team_id="search")
    day.unlisted(None, THROTTLED, team_id="search")


def counts(read: DayCounts, **of: str) -> list[tuple[str, int, int, int]]:
    """Return the model, beginnings, usages and failures of lines with these fields."""
    return [
        (line.model_id, line.n_started, line.n_usage, line.n_failed)
        for line in read.lines
        if all(getattr(line, name) == value for name, value in of.items())
    ]


def of_model(read: DayCounts, model_id: str) -> tuple[int, int, int]:
    found = [line for line in read.lines if line.model_id == model_id]
    kinds = zip(*((line.n_started, line.n_usage, line.n_failed) for line in found), strict=True)
    started, usages, failures = map(sum, kinds)
    return started, usages, failures


def test_ten_thousand_invented_ids_are_one_group_and_all_other_lines_are_as_without_them(
    day: Day,
) -> None:
    ordinary(day)
    before = day.read()

    day.flood(10_000)
    flooded = day.read()

    assert counts(flooded, team_id="vandals") == [(UNANSWERED, 10_000, 0, 10_000)]
    assert [line for line in flooded.lines if line.team_id != "vandals"] == list(before.lines)
    assert (flooded.exceptions, flooded.orphaned) == (before.exceptions, before.orphaned)
    assert flooded.lost == flooded.foreign == 0


def test_a_flood_is_one_group_in_a_report_that_is_read_in_slices(day: Day) -> None:
    ordinary(day)
    for n in range(FEW_ROWS):
        day.call(None, METERED, team_id=f"team-{n}")
    day.flood(100)

    sliced, whole = day.read(FEW_ROWS), day.read()

    assert counts(sliced, team_id="vandals") == [(UNANSWERED, 100, 0, 100)]
    assert sliced.lines == whole.lines


def test_the_shared_group_of_a_team_names_no_model(day: Day) -> None:
    day.unlisted(None, REFUSED, family="nova", geo="us")
    day.unlisted(None, REFUSED, model_id="us.zai.none", base_model="zai.none", family="glm")

    (line,) = day.read().lines

    names = (line.model_id, line.base_model, line.family, line.geo)
    assert names == (UNANSWERED,) * 4
    assert (line.basis, line.tier, line.usage_source) == ("on_demand", "default", "none")


def test_each_team_has_a_group_of_its_own(day: Day) -> None:
    day.flood(3, team_id="ads")
    day.flood(2, team_id="search")

    assert [(line.team_id, line.n_failed) for line in day.read().lines] == [
        ("ads", 3),
        ("search", 2),
    ]


def test_a_new_model_that_answers_has_a_row_with_all_its_calls(day: Day) -> None:
    day.unlisted(None, METERED)
    day.unlisted(None, THROTTLED)
    day.unlisted(None, NO_ANSWER)
    day.unlisted(None)
    day.flood(2)

    read = day.read()

    assert of_model(read, NEW) == (4, 2, 1)
    assert of_model(read, UNANSWERED) == (2, 0, 2)
    assert read.orphaned == {("search", "bedrock", NEW): 1}
    assert {line.base_model for line in read.lines} == {NEW, UNANSWERED}


def test_one_teams_answer_shows_the_model_to_be_there_for_all_teams(day: Day) -> None:
    day.unlisted(None, METERED, team_id="ads")
    day.unlisted(None, THROTTLED, team_id="search")

    assert counts(day.read(), team_id="search") == [(NEW, 1, 0, 1)]


def test_what_a_new_model_used_is_summed_with_what_selects_its_price(day: Day) -> None:
    day.unlisted(None, METERED)

    lines = {line.usage_source: line for line in day.read().lines}

    used = lines["header"]
    assert (used.model_id, used.base_model, used.family, used.geo) == (NEW, NEW, "claude", "none")
    assert used.usage == Usage(input_tokens=30)
    assert lines["none"].n_started == 1


@pytest.mark.parametrize("max_rows", [MAX_ROWS, FEW_ROWS])
def test_orphans_of_invented_ids_are_one_row_and_each_is_listed_as_it_was_called(
    day: Day, max_rows: int
) -> None:
    for n in range(50):
        day.unlisted(None, model_id=f"zai.none-{n}")

    read = day.read(max_rows)

    assert read.orphaned == {("search", "bedrock", UNANSWERED): 50}
    assert len({row.model_id for row in read.exceptions}) == 50
    assert counts(read) == [(UNANSWERED, 50, 0, 0)]


def test_a_call_that_was_never_answered_is_listed_as_it_was_called(day: Day) -> None:
    day.unlisted(None, NO_ANSWER, model_id="zai.none")

    read = day.read()

    assert [(row.kind, row.model_id) for row in read.exceptions] == [("unknown", "zai.none")]
    assert counts(read) == [(UNANSWERED, 1, 1, 0)]


@pytest.mark.parametrize("answers", [False, True])
def test_a_record_that_is_there_twice_counts_once(day: Day, *, answers: bool) -> None:
    day.unlisted(None, None, REFUSED, REFUSED, REFUSED)
    if answers:
        day.unlisted(None, METERED, METERED)

    read = day.read()

    assert of_model(read, NEW if answers else UNANSWERED) == ((2, 1, 1) if answers else (1, 0, 1))
    assert len({line.model_id for line in read.lines}) == 1


def test_a_refusal_that_nothing_announced_balances(day: Day) -> None:
    day.unlisted(REFUSED)

    read = day.read()

    assert (read.unannounced, counts(read)) == (1, [(UNANSWERED, 0, 0, 1)])


def test_calls_that_come_while_they_are_read_are_read_again(day: Day) -> None:
    day.unlisted(None, METERED)
    day.unlisted(None, THROTTLED)
    logs = LogsClient.over(day.events)
    day.unlisted(None, REFUSED, team_id="ads")
    late = iter([day.events[-2:]])
    logs.calls = Arriving(lambda: logs.events.extend(next(late, [])))

    read = read_day(Insights(logs, ["usage"], PATIENCE), DAY, NEXT_NIGHT)

    assert counts(read, team_id="ads") == [(NEW, 1, 0, 1)]
    assert of_model(read, NEW) == (3, 1, 2)
    assert len(logs.calls) > 2 * 5


def test_records_from_before_are_grouped_as_they_were(day: Day) -> None:
    day.call(None, REFUSED, model_id="amazon.nova-old", base_model="amazon.nova-old")
    day.call(None, METERED)

    assert [model_id for model_id, *_ in counts(day.read())] == [
        "amazon.nova-old",
        "us.amazon.nova-lite-v1:0",
        "us.amazon.nova-lite-v1:0",
    ]


def test_a_day_on_which_every_id_is_listed_asks_nothing_more(day: Day) -> None:
    day.call(None, METERED)

    assert [query["name"] for query in day.read().queries] == ["totals", "broken pairs", "gaps"]


def test_today_has_one_row_of_a_teams_invented_ids(day: Day) -> None:
    day.flood(200, team_id="search")
    day.call(None, METERED)
    logs = LogsClient.over(day.events)
    window = {"logGroupNames": ["usage"], "startTime": 0, "endTime": int(NEXT_NIGHT.timestamp())}

    begun = logs.start_query(**window, queryString=query_of("search", DAY), limit=10_000)
    answer = logs.get_query_results(queryId=begun["queryId"], maxItems=10_000)

    rows = [{cell["field"]: cell["value"] for cell in cells} for cells in answer["results"]]
    lines = [total(row).line for row in rows]
    assert [line.n_failed for line in lines if line.model_id == UNANSWERED] == [200]
    assert len(lines) == 3
