"""The routes of /responses, through the app: pages, Server-Sent Events, and whose they are."""

import importlib
import json
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from builders import LambdaContext, identity, proxy_event
from stream_world import MODEL, World, begun, finished, keep

from chalicelib import delivery, parts
from chalicelib.aws_json import AwsFault
from chalicelib.errors import Unauthorized
from chalicelib.streams.reading import Reader
from chalicelib.surfaces.responses import MAX_WAIT_SECONDS, ResponsesSurface
from chalicelib.tenants.nouns import Identity

PAGE, EVENTS = "/responses/{response_id}", "/responses/{response_id}/events"
ROUTES = [("GET", PAGE), ("GET", EVENTS), ("DELETE", PAGE)]
EACH_ROUTE = pytest.mark.parametrize(("method", "path"), ROUTES)


class Keys:
    """A team's name is its key."""

    def identify(self, headers: Mapping[str, str]) -> Identity:
        if "x-api-key" not in headers:
            raise Unauthorized
        return identity(team_id=headers["x-api-key"])


class Clock:
    """A clock that only waiting moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def call(
    world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Any]]:
    """Send a request through API Gateway's event, the app and its routes."""
    reader = Reader(world.table, clock=clock, wait=clock.wait)
    surface = ResponsesSurface(world.table, reader)
    monkeypatch.setenv("STREAMS_QUEUE", "streams")
    monkeypatch.delenv("AWS_CHALICE_CLI_MODE", raising=False)
    monkeypatch.delitem(sys.modules, "app", raising=False)
    monkeypatch.setattr(parts, "gateway", lambda: SimpleNamespace(authenticator=Keys()))
    monkeypatch.setattr(parts, "streams", lambda: SimpleNamespace(responses=surface))
    app = importlib.import_module("app").app

    def send(
        method: str = "GET",
        path: str = PAGE,
        *,
        team: str = "search",
        response_id: str = "request-1",
        headers: Mapping[str, str] = MappingProxyType({}),
        query: Mapping[str, str] = MappingProxyType({}),
        seconds_left: float = 900.0,
    ) -> dict[str, Any]:
        event = proxy_event(
            method,
            path,
            headers={"x-api-key": team, **headers} if team else headers,
            query={name: [value] for name, value in query.items()},
            path_parameters={"response_id": response_id},
        )
        return app(event, LambdaContext(seconds_left))

    return send


@pytest.fixture
def job(world: World):
    """A job of team `search` that has written two events."""
    job = begun(world.table, world.clock)
    keep(world.table, job, "Hel", 'lo "wörld"')
    return job


def told(sent: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sent["body"])
    return found


def delta(text: str) -> dict[str, Any]:
    return {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": text}}}


def test_a_page_has_the_text_and_the_models_events_so_far(call, job) -> None:
    sent = call()
    assert (sent["statusCode"], sent["headers"]["Content-Type"]) == (200, "application/json")
    assert told(sent) == {
        "request_id": "request-1",
        "model_id": MODEL,
        "status": "running",
        "text": 'Hello "wörld"',
        "events": [delta("Hel"), delta('lo "wörld"')],
        "next_after": 2,
        "more": False,
        "stored": True,
    }


def test_a_page_begins_after_the_event_that_is_asked_for(call, job) -> None:
    page = told(call(query={"after": "1"}))
    assert (page["text"], page["next_after"]) == ('lo "wörld"', 2)


def test_the_last_page_has_the_usage_and_why_it_stopped(call, world, job) -> None:
    finished(world.table, job)
    page = told(call())
    assert (page["status"], page["stop_reason"]) == ("done", "end_turn")
    assert page["usage"] == {"input_tokens": 11, "output_tokens": 3}


def test_a_page_of_a_failure_says_what_went_wrong(call, world, job) -> None:
    finished(world.table, job, state="interrupted", error_code="cut_body", error_message="Cut.")
    page = told(call())
    assert (page["status"], page["error"]) == (
        "interrupted",
        {"code": "cut_body", "message": "Cut."},
    )
    assert page["text"] == 'Hello "wörld"'


def test_an_answer_that_is_not_stored_says_so(call, world) -> None:
    finished(world.table, begun(world.table, world.clock, store=False))
    assert told(call())["stored"] is False


def test_a_long_poll_waits_as_long_as_is_asked_for(call, job, clock) -> None:
    call(query={"after": "2", "wait": "7"})
    assert clock.now == pytest.approx(7.0)


def test_nobody_waits_who_does_not_ask_to(call, job, clock) -> None:
    call(query={"after": "2"})
    assert clock.now == 0


@pytest.mark.parametrize(
    "query",
    [
        {"after": "-1"},
        {"after": "1.5"},
        {"after": "x"},
        {"after": "٣"},
        {"after": "9" * 13},
        {"wait": "21"},
        {"wait": ""},
    ],
)
def test_a_number_that_is_none_is_a_400(call, job, query) -> None:
    assert call(query=query)["statusCode"] == 400


def test_a_last_event_id_that_is_none_is_a_400(call, job) -> None:
    assert call("GET", EVENTS, headers={"Last-Event-ID": "x"})["statusCode"] == 400


def test_events_go_on_after_the_last_one_that_came(call, world, job) -> None:
    finished(world.table, job)
    sent = call("GET", EVENTS, headers={"Last-Event-ID": "1"})
    assert sent["headers"]["Content-Type"] == "text/event-stream; charset=utf-8"
    assert sent["headers"]["cache-control"] == "no-store"
    chunk, done, _ = sent["body"].split("\n\n")
    assert chunk.startswith("id: 2\nevent: chunk\ndata: ")
    assert done.startswith("id: 2\nevent: done\ndata: ")


def test_the_last_event_id_counts_more_than_where_the_reader_began(call, world, job) -> None:
    finished(world.table, job)
    sent = call("GET", EVENTS, headers={"Last-Event-ID": "2"}, query={"after": "0"})
    assert "event: chunk" not in sent["body"]


def test_where_answers_are_buffered_a_reader_comes_back_for_the_rest(call, job, clock) -> None:
    sent = call("GET", EVENTS, headers={"Last-Event-ID": "2"})
    assert sent["body"].endswith("retry: 1000\n\n")
    assert clock.now == pytest.approx(MAX_WAIT_SECONDS)


def test_where_answers_stream_a_reader_stays_until_the_lambda_has_to_end(
    call, job, clock, monkeypatch
) -> None:
    monkeypatch.setattr(delivery, "streaming", True)
    frames = list(call("GET", EVENTS, seconds_left=50.0)["body"])
    assert frames[1:] == [b": ping\n\n"] * 3 + [b"retry: 1000\n\n"]
    assert clock.now == pytest.approx(40.0)


def test_a_deleted_answer_has_a_state_and_nothing_else(call, job) -> None:
    assert told(call("DELETE")) == {"request_id": "request-1", "status": "deleted"}
    assert told(call()) == {"request_id": "request-1", "status": "deleted"}
    assert "Hel" not in call("GET", EVENTS)["body"]


def test_deleting_twice_is_deleting(call, job) -> None:
    call("DELETE")
    assert call("DELETE")["statusCode"] == 200


def test_deleting_stops_no_call(call, world, job) -> None:
    call("DELETE")
    assert world.job().step == "opened"
    finished(world.table, job)
    assert world.job().step == "emitted"


@EACH_ROUTE
def test_another_team_gets_a_404_and_changes_nothing(call, world, job, method, path) -> None:
    sent = call(method, path, team="research", headers={"Last-Event-ID": "1"})
    assert sent["statusCode"] == 404
    assert "Hel" not in sent["body"]
    assert told(call())["status"] == "running"
    assert told(call())["text"] == 'Hello "wörld"'


@EACH_ROUTE
def test_what_never_was_answers_another_team_as_what_is_not_theirs(call, job, method, path) -> None:
    theirs = call(method, path, team="research")
    nobodys = call(method, path, team="research", response_id="request-9")
    assert theirs == nobodys


@EACH_ROUTE
def test_each_team_has_its_own_answer_under_one_id(call, world, job, method, path) -> None:
    keep(world.table, begun(world.table, world.clock, team_id="research"), "theirs")
    assert "theirs" not in call(method, path)["body"]
    assert "theirs" in call("GET", PAGE, team="research")["body"]


@EACH_ROUTE
@pytest.mark.parametrize(
    "response_id",
    ["research#request-1", "request-1#event", "..%2Fsearch", "request%2D1", "x" * 65, "réponse"],
)
def test_a_malformed_id_is_a_404_and_nothing_is_asked(
    call, world, monkeypatch, method, path, response_id
) -> None:
    monkeypatch.setattr(world.table, "find", pytest.fail)
    monkeypatch.setattr(world.table, "delete", pytest.fail)
    assert call(method, path, response_id=response_id)["statusCode"] == 404


@EACH_ROUTE
def test_a_key_is_needed(call, job, method, path) -> None:
    assert call(method, path, team="")["statusCode"] == 401


@EACH_ROUTE
def test_a_table_that_is_away_is_a_503(call, world, monkeypatch, method, path) -> None:
    def away(*_: str) -> None:
        raise AwsFault("NoAnswer")

    monkeypatch.setattr(world.table, "find", away)
    monkeypatch.setattr(world.table, "delete", away)
    sent = call(method, path)
    assert (sent["statusCode"], told(sent)["error"]["code"]) == (503, "streams_unavailable")


@EACH_ROUTE
@pytest.mark.parametrize("team", ["search", ""])
def test_a_browsers_page_may_read_the_answer_whatever_it_is(call, job, method, path, team) -> None:
    headers = call(method, path, team=team)["headers"]
    assert headers["Access-Control-Allow-Origin"] == "*"
    exposed = headers["Access-Control-Expose-Headers"].lower().split(",")
    assert {"x-request-id", "location", "retry-after"} <= set(exposed)


@EACH_ROUTE
def test_a_browsers_page_may_send_what_a_reader_sends(call, job, method, path) -> None:
    allowed = call(method, path)["headers"]["Access-Control-Allow-Headers"].lower().split(",")
    assert {
        *("accept", "api-key", "authorization", "content-type"),
        *("idempotency-key", "last-event-id", "x-api-key", "x-tollgate-store"),
    } <= set(allowed)


def test_a_browsers_page_may_read_that_the_gateway_broke(call, job, world, monkeypatch) -> None:
    def broken(*_: str) -> None:
        raise RuntimeError

    monkeypatch.setattr(world.table, "find", broken)
    sent = call()
    assert (sent["statusCode"], told(sent)["error"]["code"]) == (500, "internal_error")
    assert sent["headers"]["Access-Control-Allow-Origin"] == "*"
