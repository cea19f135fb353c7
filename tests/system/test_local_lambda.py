"""Streams through API Gateway and Lambda on this machine: real sockets, real processes.

One process of the function, so that an invocation begins when the one before it has ended.
"""

import http.client
import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from gates import Gate

from local import project
from local.functions.client import FunctionsClient
from local.functions.faults import FunctionError
from local.gateway_process import GatewayProcess

pytestmark = pytest.mark.system
ENVIRON = {**os.environ, "AWS_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def gateway() -> Iterator[GatewayProcess]:
    project.STATE.mkdir(exist_ok=True)
    process = GatewayProcess(ENVIRON, app="tests.system.probe_app", processes=1)
    yield process
    process.stop()


@pytest.fixture
def client(gateway: GatewayProcess) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(urlsplit(gateway.url).netloc, timeout=20)
    yield connection
    connection.close()


@pytest.fixture
def functions(gateway: GatewayProcess) -> FunctionsClient:
    return FunctionsClient(gateway.functions_url)


def get(client: http.client.HTTPConnection, path: str) -> http.client.HTTPResponse:
    client.request("GET", path)
    return client.getresponse()


def get_json(client: http.client.HTTPConnection, path: str) -> Any:
    return json.loads(get(client, path).read())


def test_each_piece_is_at_the_client_before_the_next_is_made(
    client: http.client.HTTPConnection,
) -> None:
    with Gate() as gate:
        answer = get(client, f"/stream?gate={gate.port}")
        for piece in ("one", "two"):
            assert answer.read(3) == piece.encode()
            assert gate.arrival() == piece
            gate.open()
        assert gate.arrival() == "ended"
        gate.open()
        assert answer.read() == b""
    assert (answer.status, answer.getheader("content-type")) == (200, "text/plain")
    assert answer.getheader("transfer-encoding") == "chunked"


def test_a_client_that_leaves_stops_nothing(client: http.client.HTTPConnection) -> None:
    with Gate() as gate:
        answer = get(client, f"/stream?gate={gate.port}")
        assert (answer.read(3), gate.arrival()) == (b"one", "one")
        answer.close()
        client.close()
        gate.open()
        assert gate.arrival() == "two"
        gate.open()
        assert gate.arrival() == "ended"
        gate.open()


def test_an_error_before_the_first_byte_is_a_502(client: http.client.HTTPConnection) -> None:
    with Gate() as gate:
        client.request("GET", f"/stream?gate={gate.port}&fail=one")
        assert gate.arrival() == "ended"
        gate.open()
        answer = client.getresponse()
        assert json.loads(answer.read())["error"]["code"] == "provider_fault"
    assert answer.status == 502


def test_an_error_after_the_first_byte_cuts_the_answer(client: http.client.HTTPConnection) -> None:
    with Gate() as gate:
        answer = get(client, f"/stream?gate={gate.port}&fail=two")
        for _ in range(2):
            gate.arrival()
            gate.open()
        with pytest.raises(http.client.IncompleteRead) as cut:
            answer.read()
    assert cut.value.partial == b"one"


def test_a_function_killed_in_mid_stream_cuts_the_answer_and_the_next_is_served(
    client: http.client.HTTPConnection, functions: FunctionsClient
) -> None:
    with Gate() as gate:
        answer = get(client, f"/stream?gate={gate.port}")
        gate.arrival()
        (running,) = functions.running()
        assert functions.kill(str(answer.getheader("x-amzn-requestid")))
        with pytest.raises(http.client.IncompleteRead) as cut:
            answer.read()
        assert gate.is_left()
    assert cut.value.partial == b"one"
    client.close()
    assert get_json(client, "/memory")["pid"] != running["pid"]


def test_the_doomed_die_after_their_first_bytes(
    client: http.client.HTTPConnection, functions: FunctionsClient
) -> None:
    before = get_json(client, "/memory")
    functions.doom("api_handler", after_bytes=1)
    with Gate() as gate:
        answer = get(client, f"/stream?gate={gate.port}")
        with pytest.raises(http.client.IncompleteRead):
            answer.read()
    client.close()
    assert get_json(client, "/memory")["pid"] != before["pid"]


def test_100_mb_pass_in_constant_memory(client: http.client.HTTPConnection) -> None:
    before = get_json(client, "/memory")
    answer = get(client, "/large?pieces=1600")
    received = sum(len(piece) for piece in iter(lambda: answer.read(1 << 20), b""))
    after = get_json(client, "/memory")
    assert received == 1_600 * 65_536
    assert after["pid"] == before["pid"]
    assert after["peak"] < before["peak"] * 1.5


def test_an_answer_without_a_body_leaves_the_connection_for_the_next(
    client: http.client.HTTPConnection,
) -> None:
    assert get(client, "/empty").read() == b""
    connected = client.sock
    assert get_json(client, "/memory")["pid"]
    assert client.sock is connected


def test_what_a_schedule_or_a_queue_runs_is_invoked_by_its_name(
    functions: FunctionsClient,
) -> None:
    assert functions.invoke("stream_worker", {"Records": []}) is None
    assert functions.invoke("tollgate-local-stream_worker", {"Records": []}) is None
    with pytest.raises(FunctionError, match="JSONDecodeError"):
        functions.invoke("stream_worker", {"Records": [{"body": "", "receiptHandle": "r"}]})
