"""What stops and what goes on while a service of AWS is away: each line of docs/dependencies.md."""

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.functions.faults import FunctionError
from local.project import ACCOUNT
from local.proof.collect import control
from local.stack import Stack
from ops import __main__ as command_line
from ops import keys, tenants
from ops.directory import Directory

pytestmark = pytest.mark.system
NOVA = "us.amazon.nova-lite-v1:0"
REEL = "amazon.nova-reel-v1:1"
NOW = datetime.now(UTC)
REPORTED = {"time": (NOW + timedelta(days=1)).isoformat()}
CALL = f"/invoke?model_id={NOVA}"
STREAM = f"{CALL}&stream=true"
ENDPOINT = "/invoke?model_id=chat-openai"
LIVE = {"Accept": "text/event-stream"}
BODY = {"messages": [{"role": "user", "content": [{"text": "Which bridge held in April?"}]}]}
CHAT = {"messages": [{"role": "user", "content": "Which bridge held in April?"}]}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/tollgate-local-tenants"


@dataclass(frozen=True)
class Told:
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def refusal(self) -> tuple[int, str]:
        return self.status, self.json["error"]["code"]


class Gateway:
    """The gateway as its tenants see it, and the AWS that it stands on."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
        self.key = self.new_key("search")

    def new_key(self, team: str) -> str:
        """A key that no process has looked up yet."""
        tenants.create(self._directory, team, NOW, allow=["*"])
        return keys.create(self._directory, team, NOW)[0]

    def post(self, path: str, body: Any = BODY, key: str = "", **headers: str) -> Told:
        return self._ask("POST", path, json.dumps(body), key, headers)

    def get(self, path: str) -> Told:
        return self._ask("GET", path, None, "", {})

    def _ask(
        self, method: str, path: str, body: str | None, key: str, headers: dict[str, str]
    ) -> Told:
        connection = http.client.HTTPConnection(urlsplit(self.stack.urls["gateway"]).netloc)
        shown = {"Authorization": f"Bearer {key or self.key}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, body, {**shown, **headers})
            answer = connection.getresponse()
            return Told(answer.status, answer.read())
        finally:
            connection.close()

    @contextmanager
    def without(self, *services: str) -> Iterator[None]:
        with self.stack.aws.outages.of(*services):
            yield

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Hold that meanwhile nothing is called, nothing recorded and no stream written down."""
        before = self._state()
        yield
        assert self._state() == before

    def _state(self) -> tuple[int, int, int]:
        self.stack.functions.rest()
        table = self.stack.environ["STREAMS_TABLE"]
        kept = len(self.stack.client("dynamodb").scan(TableName=table)["Items"])
        return self.calls(), len(self.stack.log_events()), kept

    def calls(self) -> int:
        """How many calls the providers had."""
        return len(control(self.stack, "GET", "ledger"))

    def records(self) -> dict[str, tuple[str, str]]:
        """Kind and error code of each record, by its event's id; of what runs, too."""
        self.stack.functions.rest()
        told = self.stack.log_events()
        return {each["event_id"]: (each["tollgate"], each["error_code"]) for each in told}

    @contextmanager
    def recorded(self, *kinds: str) -> Iterator[None]:
        """Hold which kinds of records come to be meanwhile."""
        before = self.records().keys()
        yield
        now = self.records()
        assert sorted(now[each][0] for each in now.keys() - before) == sorted(kinds)

    def ended(self, told: Told) -> dict[str, Any]:
        """Wait for the end of a queued stream, and of its worker."""
        after = 0
        while True:
            page = self.get(f"/responses/{told.json['request_id']}?after={after}&wait=20").json
            after = page["next_after"]
            if page["status"] not in ("queued", "running") and not page["more"]:
                self.stack.functions.rest()
                return dict(page)

    def reports(self) -> int:
        bucket = self.stack.urls["bucket"]
        return self.stack.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"]


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    environ = {"KEY_CACHE_SECONDS": "3600", "TENANT_ROLE_ARN": ROLE}
    with Stack(environ=environ, processes=1) as stack:
        gateway = Gateway(stack)
        assert gateway.post(CALL).status == 200  # its key, its session and the blocks are known
        yield gateway


@pytest.fixture(autouse=True)
def no_faults(gateway: Gateway) -> None:
    control(gateway.stack, "PUT", "faults", [])


@pytest.fixture(scope="module")
def kept(gateway: Gateway) -> str:
    """The request id of an answer that can be read again."""
    told = gateway.post(STREAM)
    gateway.ended(told)
    return str(told.json["request_id"])


# DynamoDB


def test_without_dynamodb_a_key_that_was_looked_up_goes_on(gateway) -> None:
    with gateway.recorded("started", "usage"), gateway.without("dynamodb"):
        assert gateway.post(CALL).status == 200


def test_without_dynamodb_no_other_key_is_let_in(gateway) -> None:
    key = gateway.new_key("physics")
    with gateway.untouched(), gateway.without("dynamodb"):
        assert gateway.post(CALL, key=key).refusal == (503, "directory_unavailable")


@pytest.mark.parametrize("headers", [LIVE, {}], ids=["live", "queued"])
def test_without_dynamodb_no_stream_is_begun(gateway, headers) -> None:
    with gateway.untouched(), gateway.without("dynamodb"):
        assert gateway.post(STREAM, **headers).refusal == (503, "streams_unavailable")


def test_without_dynamodb_nothing_is_called_under_an_idempotency_key(gateway) -> None:
    with gateway.untouched(), gateway.without("dynamodb"):
        told = gateway.post(CALL, **{"Idempotency-Key": "once"})
    assert told.refusal == (503, "repeats_unavailable")


def test_without_dynamodb_no_asynchronous_job_is_started(gateway) -> None:
    output = f"s3://{gateway.stack.environ['PAYLOADS_BUCKET']}/teams/search/"
    video = {"taskType": "TEXT_VIDEO", "textToVideoParams": {"text": "A bridge"}}
    job = {
        "modelId": REEL,
        "modelInput": {**video, "videoGenerationConfig": {"durationSeconds": 6}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": output}},
    }
    with gateway.recorded("started", "failed"), gateway.without("dynamodb"):
        assert gateway.post("/async-invoke", job).status == 503


def test_without_dynamodb_no_answer_is_read_again(gateway, kept) -> None:
    with gateway.without("dynamodb"):
        assert gateway.get(f"/responses/{kept}").refusal == (503, "streams_unavailable")
    assert gateway.get(f"/responses/{kept}").status == 200


@pytest.mark.parametrize("sweep", ["sweep_streams", "settle_jobs"])
def test_without_dynamodb_a_sweep_fails_and_the_next_one_goes_on(gateway, sweep) -> None:
    with gateway.without("dynamodb"), pytest.raises(FunctionError, match="Http503"):
        gateway.stack.invoke(sweep, {"time": NOW.isoformat()})
    gateway.stack.invoke(sweep, {"time": NOW.isoformat()})


def test_without_dynamodb_the_day_is_reported(gateway) -> None:
    with gateway.without("dynamodb"):
        night = gateway.stack.invoke("daily_report", REPORTED)
    assert night["days"][-1]["complete"]


# CloudWatch Logs


def test_without_logs_nothing_is_called(gateway) -> None:
    with gateway.untouched(), gateway.without("logs"):
        assert gateway.post(CALL).refusal == (503, "ledger_unavailable")


def test_without_logs_no_live_stream_is_begun_and_nothing_is_left_of_it(gateway) -> None:
    with gateway.untouched(), gateway.without("logs"):
        assert gateway.post(STREAM, **LIVE).refusal == (503, "ledger_unavailable")


def test_without_logs_a_queued_stream_is_taken_in_and_runs_afterwards(gateway) -> None:
    gateway.stack.stop_queues()
    with gateway.without("logs"):
        told = gateway.post(STREAM)
    assert (told.status, told.json["status"]) == (202, "queued")
    gateway.stack.start_queues()
    assert gateway.ended(told)["status"] == "done"


def test_without_logs_a_paid_answer_goes_out_and_its_record_follows(gateway) -> None:
    gateway.post(CALL)  # what waits of earlier tests is written now
    control(gateway.stack, "PUT", "faults", [{"do": "hang", "times": 1}])
    with ThreadPoolExecutor(1) as tenant:
        with gateway.recorded("started"):
            answer = tenant.submit(gateway.post, CALL)
            control(gateway.stack, "GET", "inflight?at_least=1")
            with gateway.without("logs"):
                control(gateway.stack, "POST", "release")
                assert answer.result().status == 200
        with gateway.recorded("usage", "started", "usage"):
            gateway.post(CALL)


def test_without_logs_no_report_is_written(gateway) -> None:
    there = gateway.reports()
    with gateway.without("logs"), pytest.raises(FunctionError):
        gateway.stack.invoke("daily_report", REPORTED)
    assert gateway.reports() == there


def test_without_logs_answers_are_read_again(gateway, kept) -> None:
    with gateway.without("logs"):
        assert gateway.get(f"/responses/{kept}").status == 200
        assert gateway.get("/models").status == 200


# SQS


def test_without_sqs_no_stream_is_queued_and_nothing_is_left_of_it(gateway) -> None:
    gateway.stack.stop_queues()
    with gateway.untouched(), gateway.without("sqs"):
        assert gateway.post(STREAM).refusal == (503, "streams_unavailable")
    gateway.stack.start_queues()


def test_without_sqs_live_streams_and_whole_answers_go_on(gateway) -> None:
    gateway.stack.stop_queues()
    with gateway.without("sqs"):
        assert b"event: done" in gateway.post(STREAM, **LIVE).body
        assert gateway.post(CALL).status == 200
    gateway.stack.start_queues()


# S3


def test_without_s3_calls_and_streams_go_on(gateway) -> None:
    with gateway.without("s3"):
        assert gateway.post(CALL).status == 200
        assert b"event: done" in gateway.post(STREAM, **LIVE).body
        assert gateway.ended(gateway.post(STREAM))["status"] == "done"


def test_without_s3_a_large_request_is_not_queued_and_nothing_is_left_of_it(gateway) -> None:
    large = {"messages": [{"role": "user", "content": [{"text": "bridge " * 40_000}]}]}
    with gateway.untouched(), gateway.without("s3"):
        assert gateway.post(STREAM, large).refusal == (503, "streams_unavailable")


@pytest.mark.parametrize("function", ["daily_report", "sample_capacity"])
def test_without_s3_nothing_is_reported_or_sampled_and_that_is_heard_of(gateway, function) -> None:
    with gateway.without("s3"), pytest.raises(FunctionError):
        gateway.stack.invoke(function, REPORTED)


# STS


def test_without_sts_a_team_that_has_a_session_goes_on(gateway) -> None:
    with gateway.without("sts"):
        assert gateway.post(CALL).status == 200


def test_without_sts_no_other_team_calls_a_model(gateway) -> None:
    key = gateway.new_key("chemistry")
    calls = gateway.calls()
    with gateway.recorded("started", "failed"), gateway.without("sts"):
        assert gateway.post(CALL, key=key).refusal == (503, "provider_unavailable")
    assert gateway.calls() == calls


# Bedrock and SageMaker


def test_without_bedrock_a_call_fails_at_no_cost_and_endpoints_go_on(gateway) -> None:
    control(gateway.stack, "PUT", "faults", [{"match": {"model": "*nova*"}, "do": "error_503"}])
    with gateway.recorded("started", "failed"):
        assert gateway.post(CALL).refusal == (503, "provider_unavailable")
    assert gateway.post(ENDPOINT, CHAT).status == 200


def test_without_bedrock_streams_fail_at_no_cost(gateway) -> None:
    control(gateway.stack, "PUT", "faults", [{"match": {"model": "*nova*"}, "do": "error_503"}])
    with gateway.recorded("started", "failed"):
        assert gateway.post(STREAM, **LIVE).refusal == (503, "provider_unavailable")
    with gateway.recorded("started", "failed"):
        assert gateway.ended(gateway.post(STREAM))["status"] == "failed"


def test_without_sagemaker_a_call_fails_at_no_cost_and_bedrock_goes_on(gateway) -> None:
    control(gateway.stack, "PUT", "faults", [{"match": {"model": "chat-*"}, "do": "error_503"}])
    with gateway.recorded("started", "failed"):
        assert gateway.post(ENDPOINT, CHAT).refusal == (503, "provider_unavailable")
    assert gateway.post(CALL).status == 200


# Whoever looks


def test_without_anything_the_gateway_says_that_it_lives(gateway) -> None:
    with gateway.without("dynamodb", "logs", "s3", "sts"):
        assert gateway.get("/healthz").status == 200


def test_the_doctor_names_what_is_away_and_looks_at_the_rest(gateway, monkeypatch, capsys) -> None:
    for name, value in gateway.stack.environ.items():
        monkeypatch.setenv(name, value)
    with gateway.without("dynamodb", "s3"):
        assert command_line.main(["doctor"], gateway.stack.environ) == 1
    lines = capsys.readouterr().out.splitlines()
    named = {line[7:20].strip() for line in lines if line.startswith("WRONG")}
    assert named == {"tables", "leases", "async jobs", "blocked", "buckets", "report"}
    assert [line for line in lines if line.startswith("ok     queue")]
