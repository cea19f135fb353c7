"""Streams through the whole local stack: an unmodified boto3, plain HTTP, queue and worker."""

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

from local.proof.collect import control
from local.stack import Stack
from ops import keys, tenants
from ops.directory import Directory

NOVA = "us.amazon.nova-lite-v1:0"
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
TITAN = "amazon.titan-text-express-v1"
MESSAGES = [{"role": "user", "content": [{"text": "Which bridge held in April?"}]}]
BODIES = {
    NOVA: {"schemaVersion": "messages-v1", "messages": MESSAGES},
    HAIKU: {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 200,
        "messages": [{"role": "user", "content": "Which bridge held in April?"}],
    },
    LLAMA: {"prompt": "Which bridge held in April?"},
    TITAN: {"inputText": "Which bridge held in April?"},
}
ENDPOINT_BODIES = {
    "chat-tgi": {"inputs": "Which bridge?", "parameters": {"details": True}, "stream": True},
    "chat-openai": {
        "messages": [{"role": "user", "content": "Which bridge?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    },
}
ONCE = Config(retries={"total_max_attempts": 1})
NOW = datetime.now(UTC)

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


@pytest.fixture(autouse=True)
def no_faults(stack: Stack) -> None:
    control(stack, "PUT", "faults", [])


@pytest.fixture(scope="module")
def teams(stack: Stack) -> dict[str, str]:
    """A key of each of two teams."""
    directory = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"])
    for team in ("search", "ads"):
        tenants.create(directory, team, NOW, allow=["us.*", "amazon.*", "guardrail/*", "chat-*"])
    return {team: keys.create(directory, team, NOW)[0] for team in ("search", "ads")}


@pytest.fixture(scope="module")
def bedrock(stack: Stack, teams: dict[str, str]) -> Iterator[Any]:
    """An unmodified client; only it is to find the key in the environment."""
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("AWS_BEARER_TOKEN_BEDROCK", teams["search"])
        client = boto3.client(
            "bedrock-runtime",
            region_name="us-east-1",
            endpoint_url=stack.urls["gateway_tls"],
            verify=stack.urls["ca"],
            config=Config(
                retries={"total_max_attempts": 1}, auth_scheme_preference="httpBearerAuth"
            ),
        )
    yield client
    client.close()


@pytest.fixture(scope="module")
def endpoint(stack: Stack, teams: dict[str, str]) -> Iterator[Any]:
    client = boto3.client(
        "sagemaker-runtime",
        region_name="us-east-1",
        endpoint_url=stack.urls["gateway_tls"],
        verify=stack.urls["ca"],
        aws_access_key_id="unused",
        aws_secret_access_key="unused",
        config=ONCE,
    )

    def with_key(request: Any, **_: Any) -> None:
        request.headers["x-api-key"] = teams["search"]

    client.meta.events.register("before-send.sagemaker-runtime", with_key)
    yield client
    client.close()


class Http:
    """One connection to the gateway, with a team's key."""

    def __init__(self, stack: Stack, key: str) -> None:
        self._connection = http.client.HTTPConnection(
            urlsplit(stack.urls["gateway"]).netloc, timeout=60
        )
        self._key = key

    def open(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> http.client.HTTPResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(
            method,
            path,
            None if body is None else json.dumps(body),
            {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json", **named},
        )
        return self._connection.getresponse()

    def json(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return json.loads(self.open(method, path, body, **headers).read())

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def search(stack: Stack, teams: dict[str, str]) -> Iterator[Http]:
    client = Http(stack, teams["search"])
    yield client
    client.close()


@pytest.fixture
def ads(stack: Stack, teams: dict[str, str]) -> Iterator[Http]:
    client = Http(stack, teams["ads"])
    yield client
    client.close()


def invoke_path(model: str = NOVA, query: str = "") -> str:
    return f"/invoke?model_id={quote(model)}&stream=true{query}"


def sse(data: str) -> list[tuple[str, str, Any]]:
    """Server-Sent Events as (id, event, data); comments are left out."""
    frames = []
    for frame in data.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in frame.splitlines() if line[:1] != ":")
        if "event" in fields:
            frames.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return frames


def records_of(stack: Stack, request_id: str) -> list[dict[str, Any]]:
    return [each for each in stack.log_events() if each["request_id"] == request_id]


def ended(stack: Stack, client: Http, request_id: str) -> Any:
    """Wait, as a reader does, for the end of an answer; then for whoever wrote it to end, too.

    The end is in the table before it is in the ledger.
    """
    after, pages = 0, []
    while True:
        page = client.json("GET", f"/responses/{request_id}?after={after}&wait=20")
        pages.append(page["text"])
        after = page["next_after"]
        if page["status"] not in ("queued", "running") and not page["more"]:
            stack.functions.rest()
            return {**page, "text": "".join(pages)}


def outcome(call: Any) -> tuple[list[Any], str]:
    """The events of a stream, and the code of the exception that it ends with."""
    events: list[Any] = []
    try:
        with closing(call()) as stream:
            for event in stream:
                events.append(event)
    except (EventStreamError, ClientError) as error:
        return events, error.response["Error"]["Code"]
    return events, ""


@pytest.mark.parametrize("model", [NOVA, HAIKU, LLAMA])
def test_converse_stream_is_the_same_as_bedrocks(stack: Stack, bedrock: Any, model: str) -> None:
    def through(client: Any) -> Any:
        return outcome(lambda: client.converse_stream(modelId=model, messages=MESSAGES)["stream"])

    assert through(bedrock) == through(stack.client("bedrock-runtime"))


@pytest.mark.parametrize("model", BODIES)
def test_invoke_model_with_response_stream_is_the_same_as_bedrocks(
    stack: Stack, bedrock: Any, model: str
) -> None:
    def through(client: Any) -> Any:
        return outcome(
            lambda: client.invoke_model_with_response_stream(
                modelId=model, body=json.dumps(BODIES[model])
            )["body"]
        )

    assert through(bedrock) == through(stack.client("bedrock-runtime"))


@pytest.mark.parametrize("name", ENDPOINT_BODIES)
def test_an_endpoints_stream_is_the_same_as_sagemakers(
    stack: Stack, endpoint: Any, name: str
) -> None:
    def through(client: Any) -> bytes:
        answer = client.invoke_endpoint_with_response_stream(
            EndpointName=name,
            Body=json.dumps(ENDPOINT_BODIES[name]),
            ContentType="application/json",
        )
        with closing(answer["Body"]) as stream:
            return b"".join(event["PayloadPart"]["Bytes"] for event in stream)

    assert through(endpoint) == through(stack.client("sagemaker-runtime"))


@pytest.mark.parametrize(
    "fault",
    [
        {"do": "throttle"},
        {"do": "validation"},
        {"do": "error_503"},
        {"do": "stream_exception", "exception": "throttlingException", "after": 3},
        {"do": "stream_exception", "exception": "modelStreamErrorException", "after": 3},
        {"do": "stream_exception", "exception": "internalServerException", "after": 0},
        {"do": "stream_truncated"},
        {"do": "stream_unknown_event"},
        {"do": "stream_split", "bytes": 7},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
def test_whatever_goes_wrong_raises_what_bedrock_raises_after_the_same_events(
    stack: Stack, bedrock: Any, fault: dict[str, Any]
) -> None:
    def through(client: Any) -> Any:
        control(stack, "PUT", "faults", [fault])
        return outcome(lambda: client.converse_stream(modelId=NOVA, messages=MESSAGES)["stream"])

    assert through(bedrock) == through(stack.client("bedrock-runtime"))


def test_a_stream_that_was_cut_is_not_taken_for_whole(stack: Stack, bedrock: Any) -> None:
    control(stack, "PUT", "faults", [{"do": "stream_cut", "after": 4}])
    events, code = outcome(
        lambda: bedrock.converse_stream(modelId=NOVA, messages=MESSAGES)["stream"]
    )
    assert (len(events), code) == (4, "modelStreamErrorException")


def test_text_arrives_while_the_model_still_writes(stack: Stack, search: Http) -> None:
    control(stack, "PUT", "faults", [{"do": "stream_hold", "after": 3}])
    live = search.open("POST", invoke_path(), BODIES[NOVA], Accept="text/event-stream")
    first = live.readline() + live.readline() + live.readline()
    held = control(stack, "GET", "inflight?at_least=1")
    control(stack, "POST", "release")

    assert held == 1
    assert b"event: chunk" in first
    assert sse((first + live.read()).decode())[-1][1] == "done"


def test_a_live_answer_is_kept_and_can_be_read_again(stack: Stack, search: Http) -> None:
    live = search.open("POST", invoke_path(), BODIES[NOVA], Accept="text/event-stream")
    events = sse(live.read().decode())
    kept = search.json("GET", f"/responses/{live.headers['x-request-id']}")

    assert kept["events"] == [data for _, event, data in events if event == "chunk"]
    assert kept["usage"] == events[-1][2]["usage"]


def test_a_queued_answer_is_read_while_it_grows_and_billed_once(stack: Stack, search: Http) -> None:
    queued = search.json("POST", invoke_path(), BODIES[NOVA])
    assert queued["status"] == "queued"

    answer = ended(stack, search, queued["request_id"])
    records = records_of(stack, queued["request_id"])
    assert (answer["status"], answer["stop_reason"]) == ("done", "end_turn")
    assert [record["tollgate"] for record in records] == ["started", "usage"]
    assert answer["usage"]["output_tokens"] == records[1]["output_tokens"]


def test_the_place_that_a_queued_request_is_told_of_is_where_its_answer_is(
    stack: Stack, search: Http
) -> None:
    queued = search.json("POST", invoke_path(), BODIES[NOVA])
    assert queued["url"].endswith(f"/responses/{queued['request_id']}")
    ended(stack, search, queued["request_id"])


def test_a_reader_goes_on_where_they_were(stack: Stack, search: Http) -> None:
    live = search.open("POST", invoke_path(), BODIES[NOVA], Accept="text/event-stream")
    events = sse(live.read().decode())
    path = f"/responses/{live.headers['x-request-id']}/events"
    rest = sse(search.open("GET", path, Last_Event_ID=events[9][0]).read().decode())

    assert rest == events[10:]


def test_a_client_that_leaves_in_mid_stream_is_billed_the_whole_and_can_read_it(
    stack: Stack, search: Http, teams: dict[str, str]
) -> None:
    control(stack, "PUT", "faults", [{"do": "stream_hold", "after": 5}])
    leaving = Http(stack, teams["search"])
    live = leaving.open("POST", invoke_path(), BODIES[NOVA], Accept="text/event-stream")
    request_id = live.headers["x-request-id"]
    live.readline()
    control(stack, "GET", "inflight?at_least=1")
    leaving.close()
    control(stack, "POST", "release")

    answer = ended(stack, search, request_id)
    (end,) = (each for each in records_of(stack, request_id) if each["tollgate"] == "usage")
    assert (answer["status"], end["usage_source"]) == ("done", "stream")


def test_an_answer_of_two_megabytes_is_read_as_it_was_sent(stack: Stack, search: Http) -> None:
    control(stack, "PUT", "faults", [{"do": "big_answer", "bytes": 2_000_000}])
    live = search.open("POST", invoke_path(), BODIES[NOVA], Accept="text/event-stream")
    events = [data for _, event, data in sse(live.read().decode()) if event == "chunk"]
    told = "".join(
        each["contentBlockDelta"]["delta"]["text"] for each in events if "contentBlockDelta" in each
    )

    assert len(told) >= 2_000_000
    assert ended(stack, search, live.headers["x-request-id"])["text"] == told


def test_letters_that_are_split_across_frames_arrive_whole(stack: Stack, search: Http) -> None:
    faults = [{"do": "long_answer", "tokens": 400, "multibyte": True}]
    control(stack, "PUT", "faults", faults)
    live = search.open("POST", invoke_path(), BODIES[NOVA], Accept="text/event-stream")
    live.read()
    answer = ended(stack, search, live.headers["x-request-id"])
    assert "�" not in answer["text"]
    assert not answer["text"].isascii()


def test_an_answer_that_is_not_to_be_stored_is_gone_when_it_has_ended(search: Http) -> None:
    live = search.open(
        "POST", invoke_path(query="&store=false"), BODIES[NOVA], Accept="text/event-stream"
    )
    done = sse(live.read().decode())[-1][2]
    kept = search.json("GET", f"/responses/{live.headers['x-request-id']}")

    assert (done["stored"], kept["stored"], kept["text"], kept["events"]) == (False, False, "", [])


def test_the_same_key_and_request_calls_once_and_streams_the_same_again(
    stack: Stack, search: Http
) -> None:
    asked = {"Accept": "text/event-stream", "Idempotency_Key": "order-4711"}
    first = search.open("POST", invoke_path(), BODIES[NOVA], **asked)
    events = sse(first.read().decode())
    again = search.open("POST", invoke_path(), BODIES[NOVA], **asked)

    assert again.headers["idempotency-replayed"] == "true"
    assert sse(again.read().decode()) == events
    assert len(records_of(stack, first.headers["x-request-id"])) == 2


def test_the_same_queued_request_twice_is_one_job(stack: Stack, search: Http) -> None:
    jobs = [
        search.json("POST", invoke_path(), BODIES[NOVA], Idempotency_Key="order-4712")
        for _ in range(2)
    ]
    assert jobs[0] == jobs[1]
    ended(stack, search, jobs[0]["request_id"])
    assert len(records_of(stack, jobs[0]["request_id"])) == 2


def test_a_queued_request_that_failed_at_no_cost_may_be_made_again_under_its_key(
    stack: Stack, search: Http
) -> None:
    control(stack, "PUT", "faults", [{"do": "throttle", "times": 1}])
    asked = {"Idempotency_Key": "order-4713"}
    first = search.json("POST", invoke_path(), BODIES[NOVA], **asked)["request_id"]
    assert ended(stack, search, first)["status"] == "failed"

    again = search.json("POST", invoke_path(), BODIES[NOVA], **asked)["request_id"]
    assert (again != first, ended(stack, search, again)["status"]) == (True, "done")


@pytest.mark.parametrize(
    ("method", "rest"), [("GET", ""), ("GET", "/events"), ("DELETE", "")], ids=lambda part: part
)
def test_another_teams_stream_is_not_there(search: Http, ads: Http, method: str, rest: str) -> None:
    live = search.open("POST", invoke_path(), BODIES[NOVA], Accept="text/event-stream")
    live.read()
    request_id = live.headers["x-request-id"]
    refused = ads.open(method, f"/responses/{request_id}{rest}", Last_Event_ID="1")
    guessed = ads.open if refused.read() is None else refused

    assert (refused.status, guessed) == (404, refused)
    assert search.json("GET", f"/responses/{request_id}")["status"] == "done"


def test_another_teams_key_for_repeats_is_another_key(search: Http, ads: Http) -> None:
    asked = {"Accept": "text/event-stream", "Idempotency_Key": "shared"}
    mine = search.open("POST", invoke_path(), BODIES[NOVA], **asked)
    mine.read()
    theirs = ads.open("POST", invoke_path(), BODIES[NOVA], **asked)
    theirs.read()
    assert theirs.headers["idempotency-replayed"] is None
    assert theirs.headers["x-request-id"] != mine.headers["x-request-id"]


def test_a_deleted_answer_is_forgotten_and_billed_all_the_same(
    stack: Stack, search: Http, teams: dict[str, str]
) -> None:
    live = search.open("POST", invoke_path(), BODIES[NOVA], Accept="text/event-stream")
    live.read()
    request_id = live.headers["x-request-id"]
    assert search.json("DELETE", f"/responses/{request_id}")["status"] == "deleted"

    assert search.json("GET", f"/responses/{request_id}") == {
        "request_id": request_id,
        "status": "deleted",
    }
    assert records_of(stack, request_id)[-1]["output_tokens"] > 0


def test_a_browser_may_ask_from_another_origin(search: Http) -> None:
    asked = {"Origin": "https://example.com", "Access_Control_Request_Method": "POST"}
    preflight = search.open("OPTIONS", "/invoke?stream=true", **asked)
    preflight.read()
    allowed = preflight.headers["Access-Control-Allow-Headers"].lower()
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert {"authorization", "last-event-id", "idempotency-key"} <= set(allowed.split(","))


def test_a_bad_wish_is_refused_before_anything_is_called(stack: Stack, search: Http) -> None:
    before = len(stack.log_events())
    for query in ("&store=maybe", "&retry=1", "&stream=true"):
        refused = search.open("POST", invoke_path(query=query), BODIES[NOVA])
        refused.read()
        assert refused.status == 400
    assert len(stack.log_events()) == before
