"""What asynchronous jobs are tested with: a table in moto, a Bedrock that is told what to say."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError
from builders import ACCOUNT, provider_call

from chalicelib.async_jobs.job import Job, token_of
from chalicelib.aws_json import AwsFault
from chalicelib.backends.async_invokes import BedrockAway
from chalicelib.ledger import Entry, LedgerFault
from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import Usage
from chalicelib.transport import Reply

REEL = "amazon.nova-reel-v1:1"
OWN = "s3://payloads/teams/search/"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TABLE = {
    "TableName": "streams",
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "started_at")
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by_time",
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "started_at", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}


class DynamoDb:
    """DynamoDB's operations as AwsApi makes them. Those in `away` fail before they do anything."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.away: set[str] = set()

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        if operation in self.away:
            raise AwsFault("NoAnswer")
        try:
            return getattr(self.client, xform_name(operation))(**payload)
        except ClientError as error:
            raise AwsFault(error.response["Error"]["Code"]) from error

    def items(self) -> list[dict[str, Any]]:
        return self.client.scan(TableName="streams")["Items"]


def arn(name: str = "abcdefghijkl") -> str:
    return f"arn:aws:bedrock:us-east-1:{ACCOUNT}:async-invoke/{name}"


def job(
    team_id: str = "search",
    given_token: str = "token-1",
    started_at: datetime = NOON,
    due: Metered | None = None,
    call_id: str = "call-1",
) -> Job:
    call = provider_call(
        call_id=call_id,
        team_id=team_id,
        model_id=REEL,
        base_model=REEL,
        family="nova_reel",
        geo="none",
        operation="StartAsyncInvoke",
        surface="native",
        day=started_at.date().isoformat(),
    )
    return Job(
        start=call,
        due=due or Metered(Usage(video_ms=6_000), "derived", variant="hd_24fps"),
        token=token_of(team_id, given_token),
        given_token=given_token,
        started_at=started_at,
    )


def start_body(**members: Any) -> bytes:
    body = {
        "modelId": REEL,
        "modelInput": {
            "taskType": "TEXT_VIDEO",
            "textToVideoParams": {"text": "a secret prompt"},
            "videoGenerationConfig": {"durationSeconds": 6},
        },
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": OWN}},
        **members,
    }
    return json.dumps({name: value for name, value in body.items() if value is not None}).encode()


def told(
    status: str = "InProgress",
    ended: str | None = None,
    token: str | None = None,
    invocation_arn: str | None = None,
) -> Reply:
    """What GetAsyncInvoke says."""
    answer = {
        "invocationArn": invocation_arn or arn(),
        "modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{REEL}",
        "clientRequestToken": token or token_of("search", "token-1"),
        "status": status,
        "submitTime": "2026-11-23T12:00:00Z",
        "endTime": ended,
        "failureMessage": "a secret prompt is not nice" if status == "Failed" else None,
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": OWN}},
    }
    body = {name: value for name, value in answer.items() if value is not None}
    return Reply(200, {"x-amzn-requestid": "aws-2"}, json.dumps(body).encode())


def refused(kind: str = "ValidationException", status: int = 400) -> Reply:
    return Reply(status, {"x-amzn-errortype": kind}, b'{"message":"no"}')


@dataclass
class Bedrock:
    """Says of each job what it is told to; of others that it does not know them."""

    says: dict[str, Reply] = field(default_factory=dict)  # by ARN
    listed: dict[str, str] = field(default_factory=dict)  # ARN by token
    away: bool = False
    asked_since: list[datetime] = field(default_factory=list)

    def get(self, invocation_arn: str) -> Reply:
        if self.away:
            raise BedrockAway
        return self.says.get(invocation_arn, refused())

    def by_token(self, since: datetime) -> dict[str, str]:
        self.asked_since.append(since)
        return self.listed


class Records:
    """A ledger's writer. `failing`: it fails; `dying`: it writes, and then the process dies."""

    def __init__(self) -> None:
        self.failing = self.dying = False
        self.written: list[dict[str, Any]] = []

    def write(self, entries: Sequence[Entry]) -> None:
        if self.failing:
            raise LedgerFault("away")
        self.written.extend(json.loads(entry.line) for entry in entries)
        if self.dying:
            raise Killed

    @property
    def kinds(self) -> list[str]:
        return [record["tollgate"] for record in self.written]

    @property
    def counted_once(self) -> dict[str, dict[str, Any]]:
        """The records as the report counts them: each `event_id` once, the earliest."""
        return {record["event_id"]: record for record in reversed(self.written)}


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **time: float) -> None:
        self.now += timedelta(**time)


def until_killed(run: Any) -> None:
    with suppress(Killed):
        run()
