"""Videos through the gateway by an unmodified boto3: each is billed once, on the day it ended."""

import csv
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib.async_jobs.sweep import STARTS_END, Sweep
from chalicelib.async_jobs.table import JobsTable
from chalicelib.aws_json import AwsApi
from chalicelib.backends.async_invokes import AsyncInvokes
from chalicelib.ledger import Ledger, LogGroupWriter
from chalicelib.reporting.reported_day import costs_key
from chalicelib.transport import CLOUDWATCH_LOGS, DYNAMODB, Transport
from local.proof.collect import control, fetch, report
from local.stack import Stack
from ops import keys, tenants
from ops.directory import Directory

pytestmark = pytest.mark.system
REEL = "amazon.nova-reel-v1:1"
SWEEP = {"time": "2026-11-23T12:00:00Z"}
VIDEO = {
    "taskType": "TEXT_VIDEO",
    "textToVideoParams": {"text": "A bridge in April"},
    "videoGenerationConfig": {"durationSeconds": 6, "fps": 24, "dimension": "1280x720"},
}


class Team:
    """A team whose client knows of the gateway only its URL, its CA and the team's key."""

    def __init__(self, stack: Stack, team_id: str, client: Any) -> None:
        self.team_id = team_id
        self.client = client
        self.prefix = f"s3://{stack.environ['PAYLOADS_BUCKET']}/teams/{team_id}/"

    def start(self, **parts: Any) -> str:
        asked = {
            "modelId": REEL,
            "modelInput": VIDEO,
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": self.prefix + "videos/"}},
        }
        arn: str = self.client.start_async_invoke(**{**asked, **parts})["invocationArn"]
        return arn


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


@pytest.fixture
def new_team(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Team]]:
    directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
    clients = []

    def make(team_id: str) -> Team:
        now = datetime.now(UTC)
        tenants.create(directory, team_id, now, allow=["amazon.nova-reel-*"])
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", keys.create(directory, team_id, now)[0])
        clients.append(
            boto3.client(
                "bedrock-runtime",
                region_name="us-east-1",
                endpoint_url=stack.urls["gateway_tls"],
                verify=stack.urls["ca"],
                config=Config(retries={"total_max_attempts": 1}),
            )
        )
        return Team(stack, team_id, clients[-1])

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def team(new_team: Callable[[str], Team], request: pytest.FixtureRequest) -> Team:
    """A team of the test's own, so that its row of the report is the test's alone."""
    return new_team(re.sub(r"[^a-z0-9]+", "-", request.node.name)[-60:].strip("-0123456789"))


def finish(stack: Stack, arn: str, **how: str) -> None:
    control(stack, "POST", "jobs/finish", {"match": {"arn": arn}, **how})


def sweep(stack: Stack) -> dict[str, Any]:
    swept: dict[str, Any] = stack.invoke("settle_jobs", SWEEP)
    return swept


def cost_row(stack: Stack, team: Team) -> dict[str, str] | None:
    """The team's row of costs.csv, of the day of its newest record, reported now."""
    days = [record["day"] for record in stack.log_events() if record["team_id"] == team.team_id]
    return cost_row_of(stack, team, date.fromisoformat(max(days)))


def cost_row_of(stack: Stack, team: Team, day: date) -> dict[str, str] | None:
    report(stack, day)
    rows = csv.DictReader(fetch(stack, costs_key(day)).decode().splitlines())
    return next((row for row in rows if row["team_id"] == team.team_id), None)


def billed(row: dict[str, str] | None) -> tuple[str, str, str]:
    assert row
    return row["invocations"], row["seconds"], row["total_cost"]


ONE_VIDEO = ("1", "6", "0.48")


def test_a_video_is_billed_once_when_it_is_made(stack: Stack, team: Team) -> None:
    arn = team.start()
    before = cost_row(stack, team)
    finish(stack, arn)
    assert sweep(stack)["settled"] == 1
    assert before
    assert (before["invocations"], before["seconds"]) == ("0", "0")
    assert billed(cost_row(stack, team)) == ONE_VIDEO


def test_a_second_sweep_bills_nothing(stack: Stack, team: Team) -> None:
    finish(stack, team.start())
    sweep(stack)
    assert sweep(stack)["settled"] == 0
    assert billed(cost_row(stack, team)) == ONE_VIDEO


def test_two_sweeps_at_once_bill_a_video_once(stack: Stack, team: Team) -> None:
    finish(stack, team.start())
    with ThreadPoolExecutor(2) as both:
        list(both.map(sweep, [stack, stack]))
    assert billed(cost_row(stack, team)) == ONE_VIDEO


class Killed(BaseException):
    """The process ends here."""


class Dying:
    """Does what the real one does, until the process ends at the named method."""

    def __init__(self, real: Any, at: str, *, having_done: bool) -> None:
        self._real, self._at, self._having_done = real, at, having_done

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._real, name)
        return real if name != self._at else lambda *args: self._die(real, args)

    def _die(self, real: Callable[..., Any], args: tuple[Any, ...]) -> None:
        if self._having_done:
            real(*args)
        raise Killed


@contextmanager
def parts_of_a_sweep(stack: Stack) -> Iterator[dict[str, Any]]:
    """What a sweep works with, in this process, against the stack."""
    transport = Transport("us-east-1", stack.environ)
    dynamodb = AwsApi(transport, DYNAMODB, "DynamoDB_20120810", json_version="1.0")
    logs = AwsApi(transport, CLOUDWATCH_LOGS, "Logs_20140328")
    writer = LogGroupWriter(logs, stack.environ["USAGE_LOG_GROUP"], "killed")
    try:
        yield {
            "jobs": JobsTable(dynamodb, stack.environ["STREAMS_TABLE"]),
            "invokes": AsyncInvokes(transport, lambda: stack.client("bedrock-runtime")),
            "writer": writer,
        }
    finally:
        transport.close()


def sweep_of(parts: dict[str, Any], instance: str, **clock: Any) -> Sweep:
    ledger = Ledger(parts["writer"], stage="test", instance=instance)
    return Sweep(parts["jobs"], parts["invokes"], ledger, stage="test", **clock)


def killed_sweep(stack: Stack, part: str, at: str, *, having_done: bool) -> None:
    """Run a sweep against the stack in a process that ends in the middle of it."""
    with parts_of_a_sweep(stack) as parts:
        parts[part] = Dying(parts[part], at, having_done=having_done)
        with suppress(Killed):
            sweep_of(parts, f"killed-{at}-{having_done}").run(lambda: 240_000)


@pytest.mark.parametrize(
    ("part", "at", "having_done"),
    [
        ("jobs", "settle", False),
        ("jobs", "settle", True),
        ("writer", "write", False),
        ("writer", "write", True),
        ("jobs", "close", False),
        ("jobs", "close", True),
    ],
)
def test_a_sweep_that_is_killed_bills_no_video_twice_and_loses_none(
    stack: Stack, new_team: Callable[[str], Team], part: str, at: str, having_done: bool
) -> None:
    team = new_team(f"killed-{part}-{at}-{'after' if having_done else 'before'}")
    finish(stack, team.start())
    killed_sweep(stack, part, at, having_done=having_done)
    sweep(stack)
    assert billed(cost_row(stack, team)) == ONE_VIDEO


def test_a_video_whose_start_was_never_answered_is_found_and_billed(
    stack: Stack, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = {"match": {"team": team.team_id}, "do": "cut_headers"}
    control(stack, "PUT", "faults", [lost])
    with pytest.raises(team.client.exceptions.ModelErrorException):
        team.start()
    control(stack, "PUT", "faults", [])
    (job,) = [job for job in control(stack, "GET", "jobs") if job["team"] == team.team_id]
    monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK")  # the tenant's; the sweep signs
    with parts_of_a_sweep(stack) as parts:
        later = datetime.now(UTC) + STARTS_END
        assert sweep_of(parts, "later", now=lambda: later).run(lambda: 240_000).found == 1
    finish(stack, job["invocationArn"])
    sweep(stack)
    assert billed(cost_row(stack, team)) == ONE_VIDEO


def test_the_providers_ledger_has_the_same_job_at_the_same_price(stack: Stack, team: Team) -> None:
    arn = team.start()
    finish(stack, arn)
    sweep(stack)
    (entry,) = [each for each in control(stack, "GET", "ledger") if each["request_id"] == arn]
    (usage,) = [
        record
        for record in stack.log_events()
        if record["provider_request_id"] == arn and record["tollgate"] == "usage"
    ]
    row = cost_row(stack, team)
    assert row
    assert entry["counts"]["video_ms"] == usage["video_ms"] == 6_000
    assert Decimal(entry["billed_usd"]) == Decimal(row["total_cost"])


def test_a_video_that_fails_is_billed_nothing(stack: Stack, team: Team) -> None:
    arn = team.start()
    finish(stack, arn, status="Failed")
    sweep(stack)
    assert team.client.get_async_invoke(invocationArn=arn)["status"] == "Failed"
    row = cost_row(stack, team)
    assert row
    assert (row["invocations"], row["seconds"]) == ("0", "0")


def test_a_video_is_billed_on_the_day_it_ended(stack: Stack, team: Team) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    finish(stack, team.start(), ended=yesterday.strftime("%Y-%m-%dT23:59:59Z"))
    sweep(stack)
    assert billed(cost_row_of(stack, team, yesterday.date())) == ONE_VIDEO


def test_a_start_that_is_repeated_with_its_token_is_one_video(stack: Stack, team: Team) -> None:
    first = team.start(clientRequestToken="video-1")
    assert team.start(clientRequestToken="video-1") == first
    finish(stack, first)
    sweep(stack)
    assert team.start(clientRequestToken="video-1") == first
    sweep(stack)
    assert billed(cost_row(stack, team)) == ONE_VIDEO


def test_a_token_for_another_video_is_a_conflict(team: Team) -> None:
    team.start(clientRequestToken="video-1")
    with pytest.raises(team.client.exceptions.ConflictException):
        team.start(clientRequestToken="video-1", modelInput={**VIDEO, "seed": 7})


def test_one_teams_token_is_not_anothers(new_team: Callable[[str], Team]) -> None:
    one, other = new_team("token-one"), new_team("token-other")
    first = one.start(clientRequestToken="video-1")
    assert other.start(clientRequestToken="video-1") != first


def test_a_team_reads_its_own_job_with_its_own_token(team: Team) -> None:
    arn = team.start(clientRequestToken="video-1")
    told = team.client.get_async_invoke(invocationArn=arn)
    assert (told["status"], told["clientRequestToken"]) == ("InProgress", "video-1")
    assert told["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"].startswith(team.prefix)


def test_another_teams_job_cannot_be_read(new_team: Callable[[str], Team]) -> None:
    one, other = new_team("reads-own"), new_team("reads-others")
    arn = one.start()
    with pytest.raises(other.client.exceptions.ValidationException, match="no asynchronous job"):
        other.client.get_async_invoke(invocationArn=arn)


def test_a_team_lists_its_own_jobs_alone(stack: Stack, new_team: Callable[[str], Team]) -> None:
    one, other = new_team("lists-own"), new_team("lists-others")
    arns = [one.start() for _ in range(3)]
    other.start()
    finish(stack, arns[0])
    sweep(stack)
    pages = one.client.get_paginator("list_async_invokes").paginate(
        sortOrder="Ascending", maxResults=2
    )
    jobs = [job for page in pages for job in page["asyncInvokeSummaries"]]
    assert [job["invocationArn"] for job in jobs] == arns
    assert [job["status"] for job in jobs] == ["Completed", "InProgress", "InProgress"]


def test_output_outside_the_teams_prefix_is_refused_before_the_call(
    stack: Stack, team: Team
) -> None:
    elsewhere = f"s3://{stack.environ['PAYLOADS_BUCKET']}/teams/art/"
    output = {"s3OutputDataConfig": {"s3Uri": elsewhere}}
    with pytest.raises(ClientError, match="team's own prefix"):
        team.start(outputDataConfig=output)
    assert not [r for r in stack.log_events() if r["team_id"] == team.team_id]
