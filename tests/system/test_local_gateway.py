"""The gateway process, over real sockets: HTTP/1.1 as it should be, and strict where it matters."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from local import project
from local.gateway_process import GatewayProcess, StartFailed

pytestmark = pytest.mark.system
ENVIRON = {**os.environ, "AWS_REGION": "us-east-1"}
APP = "tests.system.probe_app"
PATIENCE_SECONDS = 30


@pytest.fixture(scope="module", params=["stream", "buffered"])
def gateway(request):
    project.STATE.mkdir(exist_ok=True)
    process = GatewayProcess(ENVIRON, app=APP, answers=request.param)
    yield process
    process.stop()


@pytest.fixture
def connection(gateway):
    connection = http.client.HTTPConnection(urlsplit(gateway.url).netloc, timeout=PATIENCE_SECONDS)
    yield connection
    connection.close()


def exchange(connection, method="GET", path="/echo", body=None, headers=None, chunked=False):
    connection.request(method, path, body, headers or {}, encode_chunked=chunked)
    response = connection.getresponse()
    return response.status, response.read()


def address(gateway):
    url = urlsplit(gateway.url)
    return url.hostname, url.port


def raw(gateway, request):
    """Send bytes as they are; return all that comes until the connection ends."""
    with socket.create_connection(address(gateway), timeout=PATIENCE_SECONDS) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def test_a_connection_serves_many_requests(connection):
    exchange(connection)
    first = connection.sock

    exchange(connection, "POST", body=b"{}")
    exchange(connection, "GET", "/unknown")
    exchange(connection, "GET", "/empty")
    status, _ = exchange(connection)

    assert status == 200
    assert connection.sock is first


def test_the_function_sees_an_api_gateway_event_and_its_own_name(connection):
    status, body = exchange(connection, "POST", "/echo?a=1", b"text", {"X-One": "1"})
    seen = json.loads(body)

    assert status == 200
    assert seen["event"]["headers"]["X-One"] == "1"
    assert (seen["event"]["body"], seen["event"]["isBase64Encoded"]) == ("text", False)
    assert seen["function"] == "tollgate-local"


def test_a_chunked_body_is_put_together(connection):
    headers = {"Transfer-Encoding": "chunked"}

    _, body = exchange(
        connection, "POST", body=iter([b"one ", b"two"]), headers=headers, chunked=True
    )

    assert json.loads(body)["event"]["body"] == "one two"


def test_a_client_that_expects_to_continue_is_told_to(gateway):
    head = b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(address(gateway), timeout=PATIENCE_SECONDS) as sock:
        sock.sendall(head)
        interim = sock.recv(65536)
        sock.sendall(b"body")
        answer = sock.recv(65536)

    assert interim.startswith(b"HTTP/1.1 100 ")
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_an_announced_body_of_more_than_10_mb_is_refused_before_it_is_sent(gateway):
    head = b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10485761\r\n"

    asked = raw(gateway, head + b"Expect: 100-continue\r\n\r\n")
    unasked = raw(gateway, head + b"\r\n")

    assert asked.startswith(b"HTTP/1.1 413 ")
    assert unasked.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"secret\r\n\r\n",
        b"GET /echo?secret HTTP/9.9\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nContent-Length: secret\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\nsecret",
        b"POST /echo HTTP/1.1\r\nContent-Length: 6\r\nContent-Length: 7\r\n\r\nsecret",
        b"POST /echo HTTP/1.1\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\nsecret",
        b"POST /echo HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\nsecret",
        b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nsecret\r\n",
        b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-6\r\nsecret\r\n",
        b"SECRET /echo HTTP/1.1\r\n\r\n",
        b"GET /" + b"secret" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /echo HTTP/1.1\r\n" + b"X: secret\r\n" * 200 + b"\r\n",
    ],
)
def test_what_is_no_good_http_is_refused_in_our_shape_and_ends_the_connection(
    gateway, request_bytes
):
    head, _, body = raw(gateway, request_bytes).partition(b"\r\n\r\n")

    assert b"connection: close" in head.lower()
    assert json.loads(body)["error"]["request_id"] == "none"
    assert b"secret" not in body.lower()


def test_a_client_that_leaves_in_the_middle_harms_nobody(gateway, connection):
    raw(gateway, b"POST /echo HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")

    assert exchange(connection)[0] == 200


def test_an_app_that_cannot_start_is_reported_with_its_own_words():
    with pytest.raises(StartFailed, match="No module named 'no_such_app'"):
        GatewayProcess(ENVIRON, app="no_such_app")


def start(stdin):
    command = [sys.executable, "-m", "local.gateway", "--app", APP]
    return subprocess.Popen(
        command, cwd=project.ROOT, env=ENVIRON, stdin=stdin, stdout=subprocess.PIPE
    )


def test_the_first_line_says_where_it_is_and_a_closed_stdin_ends_it():
    with start(subprocess.PIPE) as process:
        line = json.loads(process.stdout.readline())
        process.stdin.close()

        assert line["gateway"].startswith("http://127.0.0.1:")
        assert process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(name):
    with start(subprocess.DEVNULL) as process:
        process.stdout.readline()
        process.send_signal(name)

        assert process.wait(PATIENCE_SECONDS) == 0
