"""Everything that the deployed functions do, done once: to see what they ask of AWS for it."""

import json
import urllib.request
from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from builders import provider_call
from exchanges import mp4
from job_fakes import Clock
from stream_world import WHOLE, begun, keep, stream_job

from chalicelib.async_jobs.job import Job
from chalicelib.async_jobs.sweep import STARTS_END
from chalicelib.async_jobs.table import JobsTable
from chalicelib.aws_json import AwsApi
from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import NO_USAGE
from chalicelib.reporting.months.closed import Closed
from chalicelib.reporting.months.month import Month
from chalicelib.reporting.reported_day import manifest_key
from chalicelib.reporting.team_keys import team_costs_key, team_day_key
from chalicelib.streams.job import StreamJob
from chalicelib.streams.table import StreamsTable
from chalicelib.transport import DYNAMODB, Transport
from chalicelib.usage_record import rfc3339
from local.functions.client import FunctionsClient
from local.functions.faults import FunctionError
from local.insights.faults import Behaviour, Fault
from local.proof.collect import control
from local.stack import Stack
from ops import keys, tenants
from ops.directory import Directory

NOVA, TITAN = "amazon.nova-lite-v1:0", "amazon.titan-text-express-v1"
COUNTS_TOKENS = "anthropic.claude-3-5-haiku-20241022-v1:0"
TOKEN = "a-token"
PEGASUS, EMBED = "twelvelabs.pegasus-1-2-v1:0", "cohere.embed-v4:0"
REEL = "amazon.nova-reel-v1:1"
ENDPOINT = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/falcon"
ROLE = "arn:aws:iam::123456789012:role/models"
TEAM = "search"
NOVA_BODY = {"messages": [{"role": "user", "content": [{"text": "Which bridge held?"}]}]}
CHAT_BODY = {"messages": [{"role": "user", "content": "Which bridge held in April?"}]}
TITAN_BODY = {"inputText": "Which bridge held in April?"}
GUARDRAIL = {
    "x-amzn-bedrock-guardrailidentifier": "piimasks2",
    "x-amzn-bedrock-guardrailversion": "1",
}
LARGE = 300_000
"""Characters: more than the table takes of a request, or of an answer for a repeat."""

Body = dict[str, Any]


class Refused(Exception):
    """The gateway answered with an error."""


class Answer:
    def __init__(self, reply: Any) -> None:
        self.status: int = reply.status
        self.headers: Mapping[str, str] = reply.headers
        self.body: bytes = reply.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """A tenant's, at a gateway."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Raises Refused."""
        data = None if body is None else json.dumps(body).encode()
        named = {"Content-Type": "application/json", "x-api-key": self._key, **headers}
        request = urllib.request.Request(self._url + path, data, named, method=method)
        with _OPENER.open(request, timeout=60) as reply:
            answer = Answer(reply)
        if answer.status >= 400:
            raise Refused(f"{path}: {answer.body!r}")
        return answer

    def invoke(self, model_id: str, body: Body, query: str = "", **headers: str) -> Answer:
        return self.call("POST", f"/invoke?model_id={quote(model_id)}{query}", body, **headers)

    def stream(self, model_id: str, body: Body, **headers: str) -> str:
        """Read a live answer to its end; return its request id."""
        live = self.invoke(model_id, body, "&stream=true", Accept="text/event-stream", **headers)
        assert b"event: done" in live.body, live.body
        return live.headers["x-request-id"]

    def queue(self, model_id: str, body: Body, **headers: str) -> str:
        queued = self.invoke(model_id, body, "&stream=true", **headers)
        request_id: str = queued.json["request_id"]
        return request_id

    def ended(self, request_id: str) -> None:
        """Wait for the end of a queued answer."""
        status = "queued"
        while status in ("queued", "running"):
            status = self.call("GET", f"/responses/{request_id}?wait=20").json["status"]
        assert status == "done", status


class _AsItComes(urllib.request.HTTPErrorProcessor):
    """Raises nothing, and follows nothing."""

    def http_response(self, _request: Any, response: Any) -> Any:
        return response


_OPENER = urllib.request.build_opener(_AsItComes)


def create_tenant(stack: Stack, team: str = TEAM) -> str:
    """Make a team that may call everything; return its key."""
    directory, now = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"]), _now()
    tenants.create(directory, team, now, allow=["*", "arn:*"])
    return keys.create(directory, team, now)[0]


def create_models(stack: Stack) -> dict[str, Body]:
    """Make one of each kind of what runs a model; return a request for each, and for models."""
    bedrock = stack.client("bedrock")
    profile = bedrock.create_inference_profile(
        inferenceProfileName="search",
        modelSource={
            "copyFrom": f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{NOVA}"
        },
    )
    throughput = bedrock.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName="chat-throughput", modelId=NOVA
    )
    bedrock.create_model_customization_job(
        jobName="tune",
        customModelName="tuned",
        roleArn=ROLE,
        baseModelIdentifier=TITAN,
        trainingDataConfig={"s3Uri": "s3://data/in"},
        outputDataConfig={"s3Uri": "s3://data/out"},
    )
    tuned = bedrock.get_custom_model(modelIdentifier="tuned")["modelArn"]
    deployed = bedrock.create_custom_model_deployment(modelDeploymentName="tuned", modelArn=tuned)
    bedrock.create_model_import_job(
        jobName="import",
        importedModelName="mine",
        roleArn=ROLE,
        modelDataSource={"s3DataSource": {"s3Uri": "s3://weights/mine"}},
    )
    bedrock.create_marketplace_model_endpoint(
        endpointName="falcon",
        modelSourceIdentifier="arn:aws:sagemaker:us-east-1:aws:hub-content/Hub/Model/falcon/1",
        endpointConfig={
            "sageMaker": {
                "initialInstanceCount": 1,
                "instanceType": "ml.g5.xlarge",
                "executionRole": ROLE,
            }
        },
    )
    return {
        NOVA: NOVA_BODY,
        f"us.{NOVA}": NOVA_BODY,
        profile["inferenceProfileArn"]: NOVA_BODY,
        throughput["provisionedModelArn"]: NOVA_BODY,
        deployed["customModelDeploymentArn"]: TITAN_BODY,
        bedrock.get_imported_model(modelIdentifier="mine")["modelArn"]: CHAT_BODY,
        ENDPOINT: CHAT_BODY,
        "chat-openai": CHAT_BODY,
    }


def call_models(client: Client, models: Mapping[str, Body]) -> None:
    """Call each of them buffered and live, with a guardrail, too, and a guardrail by itself."""
    for model_id, body in models.items():
        client.invoke(model_id, body)
        client.stream(model_id, body)
    client.invoke(NOVA, NOVA_BODY, **GUARDRAIL)
    applied = {"source": "INPUT", "content": [{"text": {"text": "Which bridge held?"}}]}
    client.call("POST", "/guardrail/piimasks2/version/1/apply", applied)


def queue_models(client: Client, models: Mapping[str, Body]) -> None:
    """Call each of them by way of the queue, with a guardrail, too."""
    for model_id, body in models.items():
        client.ended(client.queue(model_id, body))
    client.ended(client.queue(NOVA, NOVA_BODY, **GUARDRAIL))


def look_at_the_usage(client: Client, stack: Stack) -> None:
    """Ask for a day that is reported, and for today."""
    today = _now().date()
    day = today - timedelta(days=1)
    stack.client("s3").put_object(
        Bucket=stack.environ["REPORTS_BUCKET"], Key=team_day_key(day), Body=b'{"lost": 0}'
    )
    days = client.call("GET", f"/usage?from={day}&to={today}").json["days"]
    assert [each["status"] for each in days] == ["reported", "so_far"]


def count_tokens(client: Client) -> None:
    counted = {"input": {"converse": NOVA_BODY}}
    client.call("POST", f"/model/{quote(COUNTS_TOKENS)}/count-tokens", counted)
    with suppress(Refused):  # AWS counts for no profile, and says so
        client.call("POST", f"/model/{quote(f'us.{COUNTS_TOKENS}')}/count-tokens", counted)


def look_at_a_video(client: Client, stack: Stack) -> None:
    """Have a model read a video out of the team's own place, live and queued."""
    bucket, key = stack.environ["PAYLOADS_BUCKET"], f"teams/{TEAM}/bridge.mp4"
    stack.client("s3").put_object(Bucket=bucket, Key=key, Body=b64decode(mp4(6_000)))
    source = {"s3Location": {"uri": f"s3://{bucket}/{key}"}}
    body = {"inputPrompt": "Which bridge held?", "mediaSource": source}
    client.invoke(PEGASUS, body)
    client.ended(client.queue(PEGASUS, body))


def start_a_job(client: Client, stack: Stack) -> None:
    """Start an asynchronous job, look at it, and let it end."""
    asked = _video(stack.environ["PAYLOADS_BUCKET"])
    tags = [{"key": "purpose", "value": "test"}]
    arn = client.call("POST", "/async-invoke", {**asked, "tags": tags}).json["invocationArn"]
    client.call("GET", "/async-invoke")
    client.call("GET", f"/async-invoke/{quote(arn, safe='')}")
    control(stack, "POST", "jobs/finish", {"match": {"arn": arn}})


def _video(bucket: str) -> Body:
    output = {"s3Uri": f"s3://{bucket}/teams/{TEAM}/videos/"}
    return {
        "modelId": REEL,
        "modelInput": {
            "taskType": "TEXT_VIDEO",
            "textToVideoParams": {"text": "A bridge in April"},
            "videoGenerationConfig": {"durationSeconds": 6, "fps": 24, "dimension": "1280x720"},
        },
        "outputDataConfig": {"s3OutputDataConfig": output},
    }


def read_and_forget(client: Client) -> None:
    """Read a kept answer again, and delete it."""
    request_id = client.stream(NOVA, NOVA_BODY)
    client.call("GET", f"/responses/{request_id}/events")
    client.call("DELETE", f"/responses/{request_id}")


def repeat(client: Client, stack: Stack) -> None:
    """Send requests twice: with an answer that the table holds, with one that it does not."""
    texts = {
        "texts": ["Which bridge held?"] * 96,
        "input_type": "search_document",
        "embedding_types": ["float", "int8", "uint8"],
    }
    for model_id, body in ((NOVA, NOVA_BODY), (EMBED, texts)):
        for _ in range(2):
            client.invoke(model_id, body, **{"Idempotency-Key": f"{model_id} once"})
    control(stack, "PUT", "faults", [{"do": "throttle"}])
    with suppress(Refused):  # refused: what is not an answer is not repeated
        client.invoke(NOVA, NOVA_BODY, **{"Idempotency-Key": "refused"})
    control(stack, "PUT", "faults", [])


def queue_much(client: Client) -> None:
    """Queue a request that the table does not hold."""
    large = {"messages": [{"role": "user", "content": [{"text": "bridge " * (LARGE // 7)}]}]}
    client.ended(client.queue(NOVA, large))


def take_a_large_answer(client: Client, stack: Stack) -> None:
    """Get an answer that is larger than Lambda returns, from where the gateway sends."""
    control(stack, "PUT", "faults", [{"do": "big_answer"}])
    kept = client.invoke(NOVA, NOVA_BODY)
    control(stack, "PUT", "faults", [])
    assert kept.status == 303
    with urllib.request.urlopen(kept.headers["Location"]) as answer:
        assert answer.read()


class LeftBehind:
    """What is left for the functions that nobody waits for."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._transport = Transport("us-east-1", environ)
        self._dynamodb = AwsApi(self._transport, DYNAMODB, "DynamoDB_20120810", json_version="1.0")
        self._table = environ["STREAMS_TABLE"]
        self._expires = int(_now().timestamp()) + 86_400

    def streams(self, prefix: str) -> list[str]:
        """Leave a stream whose engine died, one that is then to be tried again, one that nobody
        has begun, and one that a living engine has. Return their request ids. Besides, one that
        nobody has begun though its message was sent again.
        """
        before, after = Clock(_now() - timedelta(hours=1)), Clock(_now())
        lost = self._begun(before, f"{prefix}-lost", store=False)
        retried = self._begun(before, f"{prefix}-retried", retry=True)
        held = self._begun(after, f"{prefix}-held")
        waiting = stream_job(request_id=f"{prefix}-waiting", expires_at=self._expires)
        self._streams(before).create(waiting)
        self._streams(before).create(replace(waiting, request_id=f"{prefix}-again", sends=2))
        return [each.request_id for each in (lost, retried, held, waiting)]

    def close(self) -> None:
        self._transport.close()

    def _begun(self, clock: Clock, request_id: str, **fields: Any) -> StreamJob:
        table = self._streams(clock)
        job = begun(table, clock, request_id=request_id, expires_at=self._expires, **fields)
        keep(table, job, "Hello")
        return job

    def _streams(self, clock: Clock) -> StreamsTable:
        return StreamsTable(self._dynamodb, self._table, clock)

    def job(self, stack: Stack) -> None:
        """Leave a job that was announced and started, and whose ARN nobody wrote down."""
        started = _now() - STARTS_END - timedelta(minutes=1)
        call = provider_call(team_id=TEAM, operation="StartAsyncInvoke")
        jobs = JobsTable(self._dynamodb, self._table)
        jobs.announce(Job(call, Metered(NO_USAGE, "derived"), TOKEN, TOKEN, started))
        stack.client("bedrock-runtime").start_async_invoke(
            clientRequestToken=TOKEN, **_video(stack.environ["PAYLOADS_BUCKET"])
        )

    def settle(self, request_id: str) -> None:
        """Settle a stream that a worker reads, as whoever took it for lost."""
        table = self._streams(Clock(_now()))
        job = table.find(TEAM, request_id)
        assert job
        table.settle(job, WHOLE)


def lose_a_race(client: Client, stack: Stack, left: LeftBehind) -> None:
    """Have somebody else settle a queued stream while its worker reads it."""
    control(stack, "PUT", "faults", [{"do": "stream_hold", "after": 1}])
    request_id = client.queue(NOVA, NOVA_BODY)
    control(stack, "GET", "inflight?at_least=1")
    left.settle(request_id)
    control(stack, "PUT", "faults", [])
    control(stack, "POST", "release")


def deliver(functions: FunctionsClient, function: str, *request_ids: str) -> None:
    """Hand a function a message about each of some streams; it may refuse them."""
    for request_id in request_ids:
        message = {"team_id": TEAM, "request_id": request_id, "attempt": 1}
        record = {
            "messageId": f"message-{request_id}",
            "receiptHandle": "no-longer-valid",
            "body": json.dumps(message),
            "attributes": {"ApproximateReceiveCount": "1"},
        }
        with suppress(FunctionError):
            functions.invoke(function, {"Records": [record]})


def report(stack: Stack) -> None:
    """Report the day as it comes to be reported: in vain, anew, restated, and once it is closed."""
    s3, bucket = stack.client("s3"), stack.environ["REPORTS_BUCKET"]
    now = _now()
    tonight = (now + timedelta(days=1)).replace(hour=2, minute=15)
    s3.put_object(Bucket=bucket, Key="prices.csv", Body=PRICES)
    stack.invoke("sample_capacity", {"time": now.isoformat()})
    # Of three queries the first is answered and kept, the second fails, the third is stopped.
    fails = Fault("StartQuery", Behaviour(ends="Failed"), nth=2)
    stack.aws.insights.behave(Behaviour(), fails)
    with suppress(FunctionError):
        stack.invoke("daily_report", {"time": tonight.isoformat()})
    stack.aws.insights.behave(Behaviour())
    morning = tonight.replace(hour=6, minute=45)
    month_after = Month.of(now.date()).end.replace(day=6)
    for change in (_nothing, _a_team_is_gone, _the_month_is_closed):
        change(s3, bucket, now.date())
        stack.invoke("daily_report", {"time": tonight.isoformat()})
        for at in (morning, datetime.combine(month_after, morning.timetz())):
            stack.invoke("reconcile", {"time": at.isoformat()})


def _nothing(_s3: Any, _bucket: str, _day: date) -> None:
    pass


def _a_team_is_gone(s3: Any, bucket: str, day: date) -> None:
    """Have the day's manifest name the file of a team without rows, and have it read again."""
    key = manifest_key(day)
    said = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    said["files"][team_costs_key("gone", day)] = "0" * 64
    said["queries"] = []
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(said))


def _the_month_is_closed(s3: Any, bucket: str, day: date) -> None:
    """Close the day's month, have a price be another since, and nothing be reconciled yet."""
    month = Month.of(day)
    for period in (f"date={day}", f"month={month}"):
        s3.delete_object(Bucket=bucket, Key=f"reconciled/{period}/reconciled.json")
    closed = Closed(1, str(month), rfc3339(_now()), (), (), 0, {}, {})
    s3.put_object(Bucket=bucket, Key=month.closed_key, Body=closed.to_json())
    s3.put_object(Bucket=bucket, Key="prices.csv", Body=PRICES.replace(b"1.408", b"1.509"))


PRICES = b"""\
model,region,geo,basis,tier,variant,unit,usd_per_unit,effective_from,effective_to,source,checked
ml.g5.xlarge,us-east-1,none,endpoint,default,none,instance_hour,1.408,2026-01-01,,test,2026-11-01
"""


def _now() -> datetime:
    return datetime.now(UTC)
