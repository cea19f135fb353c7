"""Real answers of every documented route, errors too, held against the OpenAPI document."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import pytest
from documented_api import Judge, printed

from local.proof.collect import control
from local.stack import Stack
from ops import keys, tenants
from ops.directory import Directory

pytestmark = pytest.mark.system
NOVA = "us.amazon.nova-lite-v1:0"
CLAUDE = "anthropic.claude-3-5-haiku-20241022-v1:0"
TURN = {"role": "user", "content": [{"text": "Which bridge held in April?"}]}
TALK = {"messages": [TURN]}
CHAT = {"messages": [{"role": "user", "content": "Which bridge held?"}]}
SSE = {"Accept": "text/event-stream"}
FRAMES = {"Accept": "application/vnd.amazon.eventstream"}
INVOKE = f"/invoke?model_id={NOVA}"
STREAMED = f"{INVOKE}&stream=true"
MODEL = "/model/{model_id}"
RESPONSE = "/responses/{response_id}"
VIDEO = {
    "taskType": "TEXT_VIDEO",
    "textToVideoParams": {"text": "A bridge in April"},
    "videoGenerationConfig": {"durationSeconds": 6, "fps": 24, "dimension": "1280x720"},
}


class Answered(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Tenant:
    """Asks as a tenant does; every answer is held against the document."""

    def __init__(self, url: str, key: str, judge: Judge) -> None:
        self._where = urlsplit(url).netloc
        self._key = key
        self._judge = judge

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        of: str = "",
        key: str | None = None,
        **headers: str,
    ) -> Answered:
        """Ask a path; `of` is the documented route's, where it is another."""
        sent = {"Content-Type": "application/json", "x-api-key": key or self._key, **headers}
        connection = HTTPConnection(self._where, timeout=30)
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        with connection.getresponse() as answer:
            found = Answered(answer.status, dict(answer.headers), answer.read())
        connection.close()
        self._judge.judge(method, of or path.partition("?")[0], *found)
        return found


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(printed())


@pytest.fixture(scope="module")
def key(stack: Stack) -> str:
    directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
    now = datetime.now(UTC)
    allow = ["us.*", "anthropic.*", "ai21.*", "amazon.nova-reel-*", "guardrail/*", "chat-*"]
    tenants.create(directory, "search", now, allow=allow)
    return keys.create(directory, "search", now)[0]


@pytest.fixture(scope="module")
def tenant(stack: Stack, key: str, judge: Judge) -> Tenant:
    return Tenant(stack.urls["gateway"], key, judge)


def fault(stack: Stack, name: str) -> None:
    """Let the next call meet a fault."""
    control(stack, "PUT", "faults", [{"match": {"nth": 1}, "do": name}])


def test_health_and_models(tenant) -> None:
    assert tenant.ask("GET", "/healthz").json["status"] == "ok"
    assert tenant.ask("GET", "/models").json["models"]
    assert tenant.ask("GET", "/models", key="tg_no").status == 401


def test_usage_of_today_and_of_days_without_a_report(tenant) -> None:
    today = datetime.now(UTC).date()
    period = f"/usage?from={today - timedelta(days=1)}&to={today}"
    days = tenant.ask("GET", period).json["days"]
    assert [day["status"] for day in days] == ["not_reported", "so_far"]
    assert b"not_reported" in tenant.ask("GET", period, Accept="text/csv").body
    assert tenant.ask("GET", "/usage?from=yesterday").status == 400
    assert tenant.ask("GET", period, key="tg_no").status == 401


def test_invoke_answers_whole_live_and_queued(tenant) -> None:
    assert tenant.ask("POST", INVOKE, TALK).status == 200
    assert b"event: done" in tenant.ask("POST", STREAMED, TALK, **SSE).body
    assert tenant.ask("POST", STREAMED, TALK, **FRAMES).status == 200
    queued = tenant.ask("POST", STREAMED, TALK)
    assert queued.status == 202
    events = f"/responses/{queued.json['request_id']}/events"  # whose call meets no later fault
    assert b"event: done" in tenant.ask("GET", events, of=f"{RESPONSE}/events").body


def test_an_answer_too_large_to_return_is_sent_for(stack, key, judge) -> None:
    buffered = stack.start_gateway(answers="buffered")
    rule = {"match": {"nth": 1}, "do": "big_answer", "bytes": 7_000_000}
    control(stack, "PUT", "faults", [rule])
    assert Tenant(buffered.url, key, judge).ask("POST", INVOKE, TALK).status == 303
    buffered.stop()


@pytest.mark.parametrize(
    ("status", "path"),
    [
        (400, "/invoke"),
        (400, f"{STREAMED}&retry=perhaps"),
        (403, "/invoke?model_id=meta.llama3-8b-instruct-v1:0"),
        (404, "/invoke?model_id=ai21.j2-mid-v1"),
    ],
)
def test_invoke_refuses(tenant, status, path) -> None:
    assert tenant.ask("POST", path, TALK).status == status


@pytest.mark.parametrize(("status", "name"), [(429, "throttle"), (502, "error_500")])
def test_a_provider_refuses(stack, tenant, status, name) -> None:
    fault(stack, name)
    assert tenant.ask("POST", INVOKE, TALK).status == status


def test_a_key_used_for_another_request_conflicts(tenant) -> None:
    once = {"Idempotency-Key": "a-key"}
    assert tenant.ask("POST", INVOKE, TALK, **once).status == 200
    assert "idempotency-replayed" in tenant.ask("POST", INVOKE, TALK, **once).headers
    assert tenant.ask("POST", INVOKE, TALK | {"schemaVersion": "messages-v1"}, **once).status == 409


def test_without_a_ledger_nothing_is_called(stack, tenant) -> None:
    with stack.aws.outages.of("logs"):
        assert tenant.ask("POST", INVOKE, TALK).status == 503
        native = tenant.ask("POST", f"/model/{NOVA}/converse", TALK, of=f"{MODEL}/converse")
    assert native.status == 503


def test_an_answer_is_read_and_forgotten(tenant) -> None:
    begun = tenant.ask("POST", STREAMED, TALK).json["request_id"]
    path, events = f"/responses/{begun}", f"/responses/{begun}/events"
    assert b"event: done" in tenant.ask("GET", events, of=f"{RESPONSE}/events").body
    whole = tenant.ask("GET", f"{path}?after=0&wait=20", of=RESPONSE).json
    assert (whole["status"], bool(whole["usage"])) == ("done", True)
    assert tenant.ask("DELETE", path, of=RESPONSE).status == 200
    assert tenant.ask("GET", path, of=RESPONSE).json["status"] == "deleted"
    assert b"deleted" in tenant.ask("GET", events, of=f"{RESPONSE}/events").body


def test_an_answer_that_broke_says_so(stack, tenant) -> None:
    fault(stack, "stream_cut")
    begun = tenant.ask("POST", STREAMED, TALK, **SSE)
    assert b"event: error" in begun.body
    path = f"/responses/{begun.headers['x-request-id']}"
    assert tenant.ask("GET", path, of=RESPONSE).json["error"]


def test_an_answer_that_is_not_there(tenant) -> None:
    path = "/responses/none"
    assert tenant.ask("GET", path, of=RESPONSE).status == 404
    assert tenant.ask("GET", f"{path}?after=x", of=RESPONSE).status == 400
    assert tenant.ask("GET", f"{path}/events", of=f"{RESPONSE}/events").status == 404
    assert tenant.ask("DELETE", path, of=RESPONSE).status == 404


@pytest.mark.parametrize(
    ("operation", "model", "body"),
    [
        ("invoke", NOVA, TALK),
        ("converse", NOVA, TALK),
        ("count-tokens", CLAUDE, {"input": {"converse": TALK}}),
        ("invoke-with-response-stream", NOVA, TALK),
        ("converse-stream", NOVA, TALK),
    ],
)
def test_bedrocks_operations_answer_and_refuse(tenant, operation, model, body) -> None:
    route = f"{MODEL}/{operation}"
    assert tenant.ask("POST", f"/model/{model}/{operation}", body, of=route).status == 200
    refused = tenant.ask("POST", "/model/meta.llama3-8b-instruct-v1:0/" + operation, body, of=route)
    assert refused.headers["x-amzn-ErrorType"] == "AccessDeniedException"


def test_a_guardrail_is_applied(tenant) -> None:
    body = {"source": "INPUT", "content": [{"text": {"text": "A bridge?"}}]}
    route = "/guardrail/{guardrail_id}/version/{version}/apply"
    assert tenant.ask("POST", "/guardrail/topic/version/1/apply", body, of=route).status == 200
    assert tenant.ask("POST", "/guardrail/topic/version/x/apply", body, of=route).status == 400


def test_guardrail_checks_are_not_served(tenant) -> None:
    route = "/guardrail-checks/{operation}"
    assert tenant.ask("POST", "/guardrail-checks/invoke", {}, of=route).status == 404


def test_jobs_are_started_listed_and_looked_at(stack, tenant) -> None:
    where = {"s3Uri": f"s3://{stack.environ['PAYLOADS_BUCKET']}/teams/search/videos/"}
    asked = {"modelId": "amazon.nova-reel-v1:1", "modelInput": VIDEO}
    asked |= {"outputDataConfig": {"s3OutputDataConfig": where}}
    arn = tenant.ask("POST", "/async-invoke", asked).json["invocationArn"]
    one = "/async-invoke/{arn}"
    assert tenant.ask("GET", f"/async-invoke/{quote(arn, safe='')}", of=one).status == 200
    assert tenant.ask("GET", "/async-invoke/none", of=one).status == 400
    assert tenant.ask("GET", "/async-invoke").json["asyncInvokeSummaries"]
    assert tenant.ask("GET", "/async-invoke?maxResults=x").status == 400
    assert tenant.ask("POST", "/async-invoke", {}).status == 400


@pytest.mark.parametrize("operation", ["invocations", "invocations-response-stream"])
def test_endpoints_answer_and_refuse(tenant, operation) -> None:
    route, body = "/endpoints/{name}/" + operation, CHAT | {"stream": "stream" in operation}
    asked = f"/endpoints/chat-openai/{operation}"
    assert tenant.ask("POST", asked, body, of=route).status == 200
    assert tenant.ask("POST", asked, of=route).json["Message"]


def test_api_gateways_own_refusals_have_the_shape_of_errors(stack, judge) -> None:
    connection = HTTPConnection(urlsplit(stack.urls["gateway"]).netloc, timeout=30)
    connection.request("GET", "/nowhere")
    told = json.load(connection.getresponse())
    connection.close()
    judge.check({"$ref": "#/components/schemas/Error"}, told)
    assert told["error"]["code"] == "no_such_route"


def test_every_documented_route_was_asked(judge) -> None:
    assert judge.operations() == judge.seen
