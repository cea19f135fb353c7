"""`ops trace` against the local stack: from a request's id to CloudTrail and the bill."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from urllib.request import Request, urlopen

import pytest

from chalicelib.reporting.reported_day import costs_key
from local.cloudtrail import Behaviour
from local.proof.collect import fetch, report
from local.stack import Stack
from ops import __main__ as command_line
from ops import keys, tenants
from ops.directory import Directory

NOVA = "us.amazon.nova-lite-v1:0"
ENDPOINT = "chat-openai"
pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack, pytest.MonkeyPatch.context() as environ:
        for name, value in stack.environ.items():
            environ.setenv(name, value)
        environ.delenv("AWS_PROFILE", raising=False)
        yield stack


@pytest.fixture(scope="module")
def called(stack: Stack) -> Callable[[str, object], str]:
    """Call a model as a team's; return the request's id."""
    directory, now = Directory(stack.client("dynamodb"), stack.environ["TENANTS_TABLE"]), _now()
    tenants.create(directory, "research", now, kind="department")
    tenants.create(directory, "vision", now, parent="research", allow=(NOVA, ENDPOINT))
    key, _ = keys.create(directory, "vision", now)

    def called(model: str, body: object) -> str:
        url = f"{stack.urls['gateway']}/invoke?model_id={model}"
        headers = {"x-api-key": key, "content-type": "application/json"}
        request = Request(url, json.dumps(body).encode(), headers)
        with urlopen(request) as answer:
            request_id: str = answer.headers["x-request-id"]
        return request_id

    return called


@pytest.fixture(scope="module")
def asked(called) -> str:
    """A call of a model; the request's id."""
    text = {"role": "user", "content": [{"text": "How many hills has Rome?"}]}
    return called(NOVA, {"messages": [text]})


@pytest.fixture
def trace(stack: Stack, capsys):
    """Run the command; return its exit status, and what it said under each name."""

    def trace(*args: str) -> tuple[int, dict[str, str]]:
        status = command_line.main(["trace", *args], stack.environ)
        out, err = capsys.readouterr()
        named: dict[str, str] = {}
        for line in (out or err).splitlines():
            named[line[:9].strip()] = (named.get(line[:9].strip(), "") + " " + line[9:]).strip()
        return status, named

    yield trace
    stack.aws.history.behave(Behaviour())


def _now() -> datetime:
    return datetime.now(UTC)


def ends_of(stack: Stack, request_id: str) -> list[dict[str, Any]]:
    events = stack.log_events()
    return [e for e in events if e["request_id"] == request_id and e["tollgate"] != "started"]


def test_a_call_is_followed_to_its_tenant_and_her_parent(trace, asked):
    status, said = trace(asked)
    assert status == 0
    assert said["request"] == f"{asked}, 1 provider call"
    assert said["tenant"].startswith("vision (team of research), key ")


def test_a_call_is_followed_to_its_event_in_cloudtrail(stack, trace, asked):
    (end,) = ends_of(stack, asked)
    _, said = trace(asked)
    assert said["AWS"].startswith("CloudTrail: InvokeModel ")
    assert f"requestID {end['provider_request_id']}, by assumed-role/" in said["AWS"]


def test_the_arithmetic_is_that_of_the_line_of_costs_csv(stack, trace, asked):
    (end,) = ends_of(stack, asked)
    day = date.fromisoformat(end["day"])
    report(stack, day)
    _, said = trace(asked)
    number = said["report"].partition(" line ")[2].partition(":")[0]
    assert said["report"].endswith(
        fetch(stack, costs_key(day)).decode().splitlines()[int(number) - 1]
    )
    assert said["cost"].removesuffix(" US dollars") in said["report"].split(",")
    assert said["manifest"].endswith("that is the file")


def test_the_provider_s_own_request_id_leads_to_the_call_too(stack, trace, asked):
    (end,) = ends_of(stack, asked)
    _, said = trace(end["provider_request_id"])
    assert said["request"].startswith(asked)


def test_an_event_that_cloudtrail_does_not_show_yet_is_said_to_come(stack, trace, asked):
    stack.aws.history.behave(Behaviour(late_looks=9))
    _, said = trace(asked)
    assert "CloudTrail takes 15 minutes" in said["AWS"]


def test_a_call_of_an_endpoint_is_a_data_event(trace, called):
    request_id = called(ENDPOINT, {"messages": [{"role": "user", "content": "Hello"}]})
    _, said = trace(request_id)
    assert said["AWS"].startswith("InvokeEndpoint is a data event: look for requestID ")


@pytest.mark.parametrize("identifier", ["290ed82e-9073-444d-b35f-a44bf88eb47d", '" or 1 = 1'])
def test_what_is_no_request_is_refused_in_a_sentence(trace, identifier):
    status, said = trace(identifier)
    assert status == 1
    assert list(said) == ["error: no"] or list(said) == ["error: '\""]
