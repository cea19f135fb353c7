import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from scripted_server import answer, scripted_server

from chalicelib.signing import Credentials, CredentialsNotFound
from chalicelib.transport import (
    BEDROCK_RUNTIME,
    DYNAMODB,
    IDLE_LIMIT,
    NoAnswer,
    NotSent,
    Reply,
    Transport,
    endpoint_url,
)

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
To = Callable[..., Transport]
OK = answer(200, b'{"ok":1}', "X-Amzn-RequestId: r-1")


@pytest.fixture
def transport_to() -> Iterator[Callable[..., Transport]]:
    made: list[Transport] = []

    def make(url: str, **options: Any) -> Transport:
        environ = {**CREDENTIALS, "AWS_ENDPOINT_URL": url}
        made.append(Transport("us-east-1", environ, **options))
        return made[-1]

    yield make
    for transport in made:
        transport.close()


def call(transport: Transport, *, timeout: float = 5.0, body: bytes = b"{}") -> Reply:
    return transport.call(BEDROCK_RUNTIME, "POST", "/model/m/invoke", {}, body, timeout=timeout)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_reply_has_status_lower_case_headers_and_the_bytes_as_they_came(transport_to: To) -> None:
    with scripted_server(lambda connection, _: connection.sendall(OK)) as server:
        reply = call(transport_to(server.url))
    assert reply == Reply(200, {"content-length": "8", "x-amzn-requestid": "r-1"}, b'{"ok":1}')


def test_a_call_is_signed_for_its_service_and_region(transport_to: To) -> None:
    with scripted_server(lambda connection, _: connection.sendall(OK)) as server:
        call(transport_to(server.url))
    assert b"/us-east-1/bedrock/aws4_request, SignedHeaders=" in server.requests[0]


def test_a_connection_is_kept_for_the_next_call(transport_to: To) -> None:
    with scripted_server(lambda connection, _: connection.sendall(OK)) as server:
        transport = transport_to(server.url)
        call(transport)
        call(transport)
    assert (server.connections, len(server.requests)) == (1, 2)


def test_a_connection_that_was_idle_too_long_is_dropped_not_trusted(transport_to: To) -> None:
    now = [0.0]
    with scripted_server(lambda connection, _: connection.sendall(OK)) as server:
        transport = transport_to(server.url, clock=lambda: now[0])
        call(transport)
        now[0] = IDLE_LIMIT + 1
        call(transport)
    assert server.connections == 2


def test_a_connection_that_the_service_closed_is_not_used_again(transport_to: To) -> None:
    closed = threading.Event()

    def answer_and_close(connection: socket.socket, _: bytes) -> None:
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_RDWR)
        closed.set()

    with scripted_server(answer_and_close) as server:
        transport = transport_to(server.url)
        call(transport)
        assert closed.wait(5)
        call(transport)
    assert (server.connections, len(server.requests)) == (2, 2)


def test_nothing_is_sent_when_there_is_nobody_to_connect_to(transport_to: To) -> None:
    with pytest.raises(NotSent):
        call(transport_to(f"http://127.0.0.1:{closed_port()}"))


def test_a_connection_lost_before_the_headers_is_no_answer_and_is_not_tried_again(
    transport_to: To,
) -> None:
    with scripted_server(lambda connection, _: connection.close()) as server:
        with pytest.raises(NoAnswer) as lost:
            call(transport_to(server.url))
        assert not lost.value.timed_out
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK\r\nX-Count: 7\r\n", b"HTTP/1.1 200 OK\r\nX-Cou"],
)
def test_an_answer_cut_in_the_middle_of_its_headers_is_no_answer(transport_to: To, head) -> None:
    def cut(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        connection.close()

    with scripted_server(cut) as server, pytest.raises(NoAnswer):
        call(transport_to(server.url))


def test_an_interim_answer_is_passed_over(transport_to: To) -> None:
    interim = b"HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n"
    with scripted_server(lambda connection, _: connection.sendall(interim + OK)) as server:
        reply = call(transport_to(server.url))
    assert (reply.status, "x-interim" in reply.headers) == (200, False)


def test_a_chunked_answer_is_read_whole_and_its_connection_is_kept(transport_to: To) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    with scripted_server(lambda connection, _: connection.sendall(chunked)) as server:
        transport = transport_to(server.url)
        assert [call(transport).body, call(transport).body] == [b"hello", b"hello"]
    assert server.connections == 1


def test_a_service_that_closes_after_its_answer_gets_a_new_connection(transport_to: To) -> None:
    closing = answer(200, b"{}", "Connection: close")
    with scripted_server(lambda connection, _: connection.sendall(closing)) as server:
        transport = transport_to(server.url)
        call(transport)
        call(transport)
    assert server.connections == 2


def test_an_answer_that_never_comes_ends_at_the_deadline(transport_to: To) -> None:
    with scripted_server(lambda *_: None) as server, pytest.raises(NoAnswer) as lost:
        call(transport_to(server.url, clock=lambda: 0.0), timeout=0.05)
    assert lost.value.timed_out


def test_an_answer_cut_after_its_headers_keeps_them(transport_to: To) -> None:
    def cut(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nX-Count: 7\r\n\r\nhalf")
        connection.close()

    with scripted_server(cut) as server:
        reply = call(transport_to(server.url))
    assert (reply.complete, reply.timed_out, reply.headers["x-count"]) == (False, False, "7")


def test_headers_that_trickle_meet_the_deadline_of_the_whole_call(transport_to: To) -> None:
    now, stop = [0.0], threading.Event()

    def trickle(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        now[0] = 60.0
        while not stop.wait(0.01):
            connection.sendall(b"X")

    with scripted_server(trickle) as server, pytest.raises(NoAnswer) as lost:
        call(transport_to(server.url, clock=lambda: now[0]), timeout=60.0)
    stop.set()
    assert lost.value.timed_out


def test_a_body_that_trickles_meets_the_deadline_of_the_whole_call(transport_to: To) -> None:
    now, stop = [0.0], threading.Event()

    def trickle(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        now[0] = 60.0
        while not stop.wait(0.01):
            connection.sendall(b"x")

    with scripted_server(trickle) as server:
        reply = call(transport_to(server.url, clock=lambda: now[0]), timeout=60.0)
    stop.set()
    assert (reply.complete, reply.timed_out) == (False, True)


def test_a_chunked_answer_that_ends_too_soon_is_not_complete(transport_to: To) -> None:
    def cut(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")
        connection.close()

    with scripted_server(cut) as server:
        assert not call(transport_to(server.url)).complete


@pytest.mark.parametrize("value", ["a\r\nX-Forged: 1", "a\nb", "a\rb", "☃"])
def test_a_header_that_cannot_be_sent_as_one_line_is_not_sent(transport_to: To, value) -> None:
    with scripted_server(lambda connection, _: connection.sendall(OK)) as server:
        transport = transport_to(server.url)
        with pytest.raises(NotSent):
            transport.call(BEDROCK_RUNTIME, "POST", "/p", {"accept": value}, b"{}", timeout=5)
    assert server.requests == []


def test_a_path_is_sent_as_it_is_encoded(transport_to: To) -> None:
    with scripted_server(lambda connection, _: connection.sendall(OK)) as server:
        transport_to(server.url).call(
            BEDROCK_RUNTIME, "POST", "/model/a.b-v1%3A0/invoke", {}, b"{}", timeout=5
        )
    assert server.requests[0].startswith(b"POST /model/a.b-v1%3A0/invoke HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "https://dynamodb.eu-west-1.amazonaws.com"),
        ({"AWS_ENDPOINT_URL": "http://all/"}, "http://all"),
        (
            {"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_DYNAMODB": "http://one"},
            "http://one",
        ),
    ],
)
def test_endpoints_are_configured_as_for_any_sdk(environ: dict[str, str], url: str) -> None:
    assert endpoint_url(DYNAMODB, "eu-west-1", environ) == url


def of_the_team(team_id: str) -> Credentials:
    return Credentials(f"ASIA{team_id}", "secret", f"token-of-{team_id}")


def test_a_call_for_a_team_is_signed_with_the_team_s_credentials(transport_to: To) -> None:
    with scripted_server(lambda connection, _: connection.sendall(OK)) as server:
        transport = transport_to(server.url, team_credentials=of_the_team)
        transport.call(BEDROCK_RUNTIME, "POST", "/m", {}, b"{}", timeout=5, team_id="search")
    assert b"Credential=ASIAsearch/" in server.requests[0]
    assert b"X-Amz-Security-Token: token-of-search\r\n" in server.requests[0]


def test_a_call_for_nobody_is_signed_with_our_own(transport_to: To) -> None:
    with scripted_server(lambda connection, _: connection.sendall(OK)) as server:
        call(transport_to(server.url, team_credentials=of_the_team))
    assert b"Credential=AKIDEXAMPLE/" in server.requests[0]


def test_where_teams_have_no_credentials_of_their_own_ours_sign(transport_to: To) -> None:
    with scripted_server(lambda connection, _: connection.sendall(OK)) as server:
        transport_to(server.url).call(
            BEDROCK_RUNTIME, "POST", "/m", {}, b"{}", timeout=5, team_id="search"
        )
    assert b"Credential=AKIDEXAMPLE/" in server.requests[0]


def test_without_the_team_s_credentials_nothing_is_sent(transport_to: To) -> None:
    def refused(_team_id: str) -> Credentials:
        raise CredentialsNotFound("AccessDenied")

    with scripted_server(lambda connection, _: connection.sendall(OK)) as server:
        transport = transport_to(server.url, team_credentials=refused)
        with pytest.raises(NotSent, match="AccessDenied"):
            transport.call(BEDROCK_RUNTIME, "POST", "/m", {}, b"{}", timeout=5, team_id="search")
    assert server.requests == []
