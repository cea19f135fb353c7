"""Two teams of one gateway, and what each is told of itself: never a word of the other.

Their ids begin alike. Of each route of the app the one asks with all that it could know of the
other: ids of its answers and jobs, its name, and paths and queries that are encoded otherwise.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import one_day
import pytest
from builders import ACCOUNT, provider_call
from documented_api import printed

from chalicelib.metering.usage import Usage
from chalicelib.usage_record import Outcome, record_line
from local.project import REGION
from local.proof.collect import report
from local.stack import Stack
from ops import keys, tenants
from ops.directory import Directory

pytestmark = pytest.mark.system
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:tollgate-local-alerts"
NOVA, REEL = "us.amazon.nova-lite-v1:0", "amazon.nova-reel-v1:1"
NEW = "amazon.nova-9-ultra-v1:0"
TALK = {"messages": [{"role": "user", "content": [{"text": "Which bridge held in April?"}]}]}
STREAMED = f"/invoke?model_id={NOVA}&stream=true"


class Answered(NamedTuple):
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Team:
    """A team with a key, and a number of tokens that nobody else has used."""

    name: str
    tokens: int
    where: str = ""
    key: str = ""
    response_id: str = ""
    job: str = ""

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answered:
        sent = {"Content-Type": "application/json", "x-api-key": self.key, **(headers or {})}
        connection = HTTPConnection(self.where, timeout=30)
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        with connection.getresponse() as answer:
            found = Answered(answer.status, answer.read())
        connection.close()
        return found

    @property
    def marks(self) -> list[bytes]:
        """What would tell anybody of this team: its tokens, its answer, its job."""
        return [str(self.tokens).encode(), self.response_id.encode(), self.job.encode()]


@dataclass
class Two:
    noon: datetime  # of yesterday
    ads: Team = field(default_factory=lambda: Team("ads", 77_000_077))
    ads_eu: Team = field(default_factory=lambda: Team("ads-eu", 33_000_033))

    @property
    def yesterday(self) -> date:
        return self.noon.date()

    @property
    def today(self) -> date:
        return self.yesterday + timedelta(days=1)

    @property
    def period(self) -> str:
        return f"from={self.yesterday}&to={self.today}"

    def others(self) -> list[tuple[Team, Team]]:
        """Each with the other."""
        return [(self.ads, self.ads_eu), (self.ads_eu, self.ads)]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(environ={"ALERTS_TOPIC_ARN": TOPIC}) as stack:
        yield stack


@pytest.fixture(scope="module")
def inbox(stack: Stack) -> str:
    """A queue that hears all that the topic is told."""
    sqs = stack.client("sqs")
    url: str = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    stack.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn["QueueArn"])
    return url


@pytest.fixture(scope="module")
def two(stack: Stack, inbox: str) -> Two:
    """Two teams that used something yesterday, which is reported twice, and today."""
    two = Two(datetime.combine(one_day.with_room() - timedelta(days=1), time(12), UTC))
    used_yesterday(stack, two.noon, two.ads, two.ads_eu)
    for team in (two.ads, two.ads_eu):
        join(stack, team, two.noon)
        use_today(stack, team)
    report(stack, two.yesterday)
    report(stack, two.today)  # a night later, which reports yesterday once more
    return two


def join(stack: Stack, team: Team, at: datetime) -> None:
    directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
    tenants.create(directory, team.name, at, allow=["*"])
    team.where = urlsplit(stack.urls["gateway"]).netloc
    team.key = keys.create(directory, team.name, at)[0]


def used_yesterday(stack: Stack, noon: datetime, *teams: Team) -> None:
    """Write the records of a call of each team, and of one to a model that has no price."""
    logs, group = stack.client("logs"), stack.environ["USAGE_LOG_GROUP"]
    logs.create_log_stream(logGroupName=group, logStreamName="yesterday")
    calls = [
        (provider_call(team_id=team.name, model_id=NOVA, geo="us"), team.tokens) for team in teams
    ]
    calls.append((replace(calls[0][0], model_id=NEW, base_model=NEW, geo="none"), 5))
    lines = []
    for number, (call, tokens) in enumerate(calls):
        call = replace(call, call_id=f"call-{number}", day=str(noon.date()))
        outcome = Outcome("usage", Usage(input_tokens=tokens), "header")
        lines += [
            record_line(call, None, at=noon, instance="i1", seq=2 * number + 1),
            record_line(call, outcome, at=noon, instance="i1", seq=2 * number + 2),
        ]
    events = [{"timestamp": int(noon.timestamp() * 1000), "message": line} for line in lines]
    logs.put_log_events(logGroupName=group, logStreamName="yesterday", logEvents=events)


def use_today(stack: Stack, team: Team) -> None:
    """Leave a streamed answer that can be read again, and a job."""
    team.response_id = team.ask("POST", STREAMED, TALK).json["request_id"]
    video = {
        "modelId": REEL,
        "modelInput": {
            "taskType": "TEXT_VIDEO",
            "textToVideoParams": {"text": "A bridge in April"},
            "videoGenerationConfig": {"durationSeconds": 6, "fps": 24, "dimension": "1280x720"},
        },
        "outputDataConfig": {
            "s3OutputDataConfig": {
                "s3Uri": f"s3://{stack.environ['PAYLOADS_BUCKET']}/teams/{team.name}/"
            }
        },
    }
    team.job = team.ask("POST", "/async-invoke", video).json["invocationArn"]


def told(stack: Stack, inbox: str) -> list[dict[str, str]]:
    received = stack.client("sqs").receive_message(QueueUrl=inbox, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in received.get("Messages", [])]


def test_a_report_makes_one_message_a_cause_however_often_it_runs(stack, inbox, two) -> None:
    subject = f"Tollgate local: {two.yesterday} has usage without a price: {NEW}"
    (message,) = (each for each in told(stack, inbox) if str(two.yesterday) in each["Subject"])
    assert message["Subject"] == subject
    assert f"\n  {NEW},us-east-1,none,on_demand,default,none,input_tokens," in message["Message"]


def test_a_team_has_its_reported_rows_and_today_s_so_far(two) -> None:
    for team in (two.ads, two.ads_eu):
        usage = team.ask("GET", f"/usage?{two.period}").json
        yesterday, today = usage["days"]
        assert (yesterday["status"], yesterday["complete"]) == ("reported", True)
        assert today["status"] == "so_far"
        assert {row["team_id"] for row in usage["rows"]} == {team.name}
        used = [row["input_tokens"] for row in usage["rows"] if row["date"] == str(two.yesterday)]
        assert team.tokens in used


def test_csv_has_the_report_s_own_rows(two) -> None:
    answer = two.ads.ask("GET", f"/usage?{two.period}", headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    reported = [row for row in rows if row["day_status"] == "reported"]
    assert [(row["model_id"], row["status"]) for row in reported] == [
        (NEW, "UNPRICED"),
        (NOVA, "PRICED"),
    ]


def paths(route: str, other: Team, period: str) -> Iterator[str]:
    """A route with what another team's is called there, and the ways to spell that otherwise."""
    named = {
        "{response_id}": other.response_id,
        "{arn}": quote(other.job, safe=""),
        "{model_id}": NOVA,
        "{guardrail_id}": "piimasks2",
        "{version}": "1",
        "{name}": "chat-openai",
        "{operation}": "invoke",
    }
    path = route
    for name, value in named.items():
        path = path.replace(name, value)
    yield f"{path}?{period}&model_id={NOVA}&team_id={other.name}&team={other.name}"
    if other.response_id in path:
        yield f"{path}%2Fevents"


TRICKS = (
    "/usage?from={day}&to={day}%26team_id={team}",
    "/usage?from={day}&to={day}%2F..%2F..%2Fteam={team}",
    "/usage?from={day}%00&to={day}",
    "/usage?from={day}&from={day}&to={day}",
    "/usage?from=teams/team={team}/date={day}&to={day}",
    "/usage/%2e%2e/usage?from={day}&to={day}&team_id={team}",
    "/usage%2F{team}?from={day}&to={day}",
    "/usage/{team}?from={day}&to={day}",
    "//usage?from={day}&to={day}",
    "/responses/%2e%2e%2f{team}",
    "/responses/{team}%23{response}",
    "/async-invoke/{team}",
)
HEADERS = ("x-team-id", "team_id", "team-id", "x-amz-meta-team", "x-forwarded-user")


def test_on_no_route_does_a_team_see_anything_of_the_other(two) -> None:
    routes = [(m.upper(), path) for path, ms in printed()["paths"].items() for m in ms]
    assert len(routes) > 15
    for team, other in two.others():
        headers = dict.fromkeys(HEADERS, other.name)
        for method, route in routes:
            for path in paths(route, other, two.period):
                body = None if method in ("GET", "DELETE") else TALK
                _sees_nothing(team.ask(method, path, body, headers), other, path)
        for trick in TRICKS:
            path = trick.format(day=two.yesterday, team=other.name, response=other.response_id)
            _sees_nothing(team.ask("GET", path, headers=headers), other, path)
    for team in (two.ads, two.ads_eu):  # and nobody forgot anybody's answer
        assert team.ask("GET", f"/responses/{team.response_id}").status == 200


def _sees_nothing(answer: Answered, other: Team, path: str) -> None:
    assert answer.status < 500, (path, answer)
    asked = [mark for mark in other.marks if quote(mark.decode(), safe="") in path]
    seen = [mark for mark in other.marks if mark in answer.body and mark not in asked]
    assert seen == [], (path, answer)
    assert answer.status >= 400 or not asked, (path, answer)  # what is named is not there for it
    if path.startswith("/usage?") and answer.status == 200:
        assert other.name not in {row["team_id"] for row in answer.json["rows"]}
