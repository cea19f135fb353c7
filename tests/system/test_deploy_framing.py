"""An API deployed before its function, or after it: either gets answers that it can read.

API Gateway's two integrations and Lambda, on this machine. An API streams by the alias; one that is
buffered invokes the function by its name. The function is one process, of one version,
and an invocation waits for the one before it to end.
"""

import http.client
import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.runtime import SEPARATOR
from local import project
from local.functions.client import FunctionsClient
from local.gateway_process import GatewayProcess
from local.proxy_event import HttpRequest, Match, proxy_event

pytestmark = pytest.mark.system
ENVIRON = {**os.environ, "AWS_REGION": "us-east-1"}
PIECES = 3
LENGTH = PIECES * 65_536


@pytest.fixture(scope="module")
def gateway() -> Iterator[GatewayProcess]:
    project.STATE.mkdir(exist_ok=True)
    process = GatewayProcess(ENVIRON, app="tests.system.probe_app", processes=1)
    yield process
    process.stop()


def streamed(gateway: GatewayProcess, target: str) -> bytes:
    """What a client gets of an API whose integrations are STREAM."""
    connection = http.client.HTTPConnection(urlsplit(gateway.url).netloc, timeout=20)
    connection.request("GET", target)
    answer = connection.getresponse()
    assert answer.status == 200
    body = answer.read()
    connection.close()
    return body


def buffered(gateway: GatewayProcess, target: str) -> dict[str, Any]:
    """What an API whose integrations are BUFFERED gets of the same function: Lambda's Invoke."""
    request = HttpRequest("GET", target, (("accept", "*/*"),), b"")
    event = proxy_event(request, Match(request.path, {}))
    answer: dict[str, Any] = FunctionsClient(gateway.functions_url).invoke("api_handler", event)
    return answer


def test_one_process_answers_both_kinds_of_api_in_turn(gateway: GatewayProcess) -> None:
    pids = set()
    for _ in range(2):
        pids.add(json.loads(streamed(gateway, "/echo"))["pid"])
        whole = buffered(gateway, "/echo")
        assert whole["statusCode"] == 200
        pids.add(json.loads(whole["body"])["pid"])
    assert len(pids) == 1


def test_an_answer_in_pieces_is_whole_to_an_api_that_does_not_stream(
    gateway: GatewayProcess,
) -> None:
    target = f"/large?pieces={PIECES}"
    assert streamed(gateway, target) == bytes(LENGTH)
    assert buffered(gateway, target)["body"] == "\0" * LENGTH
    assert streamed(gateway, target) == bytes(LENGTH)


def test_an_api_that_does_not_stream_never_gets_a_stream_s_framing(
    gateway: GatewayProcess,
) -> None:
    answer = json.dumps(buffered(gateway, "/echo")).encode()
    assert SEPARATOR not in answer


def test_metadata_never_reaches_a_client_of_an_api_that_streams(gateway: GatewayProcess) -> None:
    assert b"statusCode" not in streamed(gateway, "/large?pieces=1")
