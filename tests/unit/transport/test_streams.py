import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_server import ScriptedServer, answer, scripted_server
from splits import CUTS, pieces

from chalicelib.transport import (
    BEDROCK_RUNTIME,
    Cut,
    NoAnswer,
    Patience,
    Reply,
    Stream,
    Transport,
)

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Amzn-RequestId: r-1\r\n\r\n"
END = b"0\r\n\r\n"
SOON, LONG = 0.02, 5.0  # seconds


def chunk(data: bytes) -> bytes:
    return b"%X\r\n%b\r\n" % (len(data), data)


@dataclass
class Feed:
    """A service that answers with what a test tells it, when it tells it."""

    answered: threading.Event = field(default_factory=threading.Event)
    connection: socket.socket | None = None

    def take(self, connection: socket.socket, _request: bytes) -> None:
        self.connection = connection
        self.answered.set()

    def send(self, data: bytes) -> None:
        assert self.answered.wait(5)
        assert self.connection
        self.connection.sendall(data)

    def hang_up(self) -> None:
        assert self.connection
        self.connection.shutdown(socket.SHUT_RDWR)


@dataclass
class World:
    feed: Feed
    server: ScriptedServer
    transport: Transport

    def open(self, *, timeout: float = LONG, patience: Patience | None = None) -> Stream | Reply:
        return self.transport.open(
            BEDROCK_RUNTIME, "POST", "/p", {}, b"{}", timeout=timeout, patience=patience
        )

    def stream(self, first: bytes = CHUNKED, **options: Any) -> Stream:
        """Open a stream whose head, and whatever else `first` has, is already sent."""
        sender = threading.Thread(target=self.feed.send, args=(first,))
        self.feed.answered.clear()
        sender.start()
        stream = self.open(**options)
        sender.join()
        assert isinstance(stream, Stream)
        return stream


@contextmanager
def world(
    clock: Callable[[], float] | None = None,
    tls: ssl.SSLContext | None = None,
    **environ: str,
) -> Iterator[World]:
    feed = Feed()
    with scripted_server(feed.take, tls) as server:
        environ |= {**CREDENTIALS, "AWS_ENDPOINT_URL": server.url}
        options: dict[str, Any] = {"clock": clock} if clock else {}
        transport = Transport("us-east-1", environ, **options)
        yield World(feed, server, transport)
        transport.close()


@pytest.fixture
def there() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.fixture
def timeless() -> Iterator[World]:
    """Its clock stands still, so that a slow machine uses up no call's time but by waiting."""
    with world(clock=lambda: 0.0) as made:
        yield made


def read_all(stream: Stream) -> bytes:
    parts = []
    while part := stream.read(LONG):
        parts.append(part)
    return b"".join(parts)


def test_a_stream_has_status_and_headers_before_any_of_its_body(there: World) -> None:
    stream = there.stream()
    assert (stream.status, stream.headers["x-amzn-requestid"]) == (200, "r-1")
    stream.close()


def test_bytes_are_given_out_as_soon_as_they_are_there(there: World) -> None:
    stream = there.stream()
    there.feed.send(chunk(b"first"))
    assert stream.read(LONG) == b"first"
    there.feed.send(chunk(b"second"))
    assert stream.read(LONG) == b"second"
    stream.close()


def test_what_came_with_the_head_is_not_lost(there: World) -> None:
    stream = there.stream(CHUNKED + chunk(b"early") + END)
    assert read_all(stream) == b"early"


def test_silence_is_none_and_the_stream_goes_on_after_it(there: World) -> None:
    stream = there.stream()
    assert stream.read(SOON) is None
    there.feed.send(b"5\r\nhe")
    assert stream.read(LONG) == b"he"
    assert stream.read(SOON) is None
    there.feed.send(b"llo\r\n" + END)
    assert read_all(stream) == b"llo"


def test_a_stream_over_tls_goes_on_after_silence_and_gives_its_connection_back(tmp_path) -> None:
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with world(tls=tls, AWS_CA_BUNDLE=str(tmp_path / "ca.pem")) as there:
        stream = there.stream(CHUNKED + chunk(b"a"))
        assert [stream.read(LONG), stream.read(SOON)] == [b"a", None]
        there.feed.send(chunk(b"b") + END)
        assert read_all(stream) == b"b"
        assert read_all(there.stream(CHUNKED + END)) == b""
        assert there.server.connections == 1


def test_the_clean_end_is_empty_bytes_again_and_again(there: World) -> None:
    stream = there.stream(CHUNKED + END)
    assert [stream.read(LONG), stream.read(LONG)] == [b"", b""]


@pytest.mark.parametrize("ending", [b"", chunk(b"x")])
def test_a_stream_read_to_its_end_gives_its_connection_back(there: World, ending) -> None:
    read_all(there.stream(CHUNKED + ending + END))
    read_all(there.stream(CHUNKED + END))
    assert (there.server.connections, len(there.server.requests)) == (1, 2)


def test_a_stream_that_is_closed_before_its_end_gives_nothing_back(there: World) -> None:
    there.stream(CHUNKED + chunk(b"x")).close()
    read_all(there.stream(CHUNKED + END))
    assert there.server.connections == 2


def test_closing_after_the_end_does_not_close_what_was_given_back(there: World) -> None:
    stream = there.stream(CHUNKED + END)
    read_all(stream)
    stream.close()
    read_all(there.stream(CHUNKED + END))
    assert there.server.connections == 1


def test_a_connection_on_which_more_came_than_the_answer_is_not_used_again(there: World) -> None:
    read_all(there.stream(CHUNKED + END + b"HTTP/1.1 200 OK\r\n"))
    read_all(there.stream(CHUNKED + END))
    assert there.server.connections == 2


def test_a_body_without_a_length_ends_cleanly_with_its_connection(there: World) -> None:
    stream = there.stream(b"HTTP/1.1 200 OK\r\n\r\nall of it")
    there.feed.hang_up()
    assert read_all(stream) == b"all of it"


@pytest.mark.parametrize(
    "begun",
    [
        CHUNKED,
        CHUNKED + chunk(b"x"),
        CHUNKED + b"5\r\nhe",
        CHUNKED + chunk(b"x") + b"0\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe",
    ],
)
def test_a_connection_lost_before_the_end_is_cut(there: World, begun) -> None:
    stream = there.stream(begun)
    there.feed.hang_up()
    with pytest.raises(Cut) as cut:
        read_all(stream)
    assert not cut.value.timed_out


def test_what_is_not_chunked_as_it_says_is_cut(there: World) -> None:
    stream = there.stream(CHUNKED + b"what?\r\n")
    with pytest.raises(Cut) as cut:
        stream.read(LONG)
    assert not cut.value.timed_out


def test_the_time_of_the_call_bounds_its_reads() -> None:
    now = [0.0]
    with world(clock=lambda: now[0]) as there:
        stream = there.stream(CHUNKED + chunk(b"x"), timeout=60.0)
        assert stream.read(SOON) == b"x"
        now[0] = 60.0
        with pytest.raises(Cut) as cut:
            stream.read(SOON)
    assert cut.value.timed_out


def late(there: World, now: list[float], sent: bytes) -> Stream:
    """A stream of which bytes have arrived, and its call's time is up before they are read."""
    stream = there.stream(CHUNKED + chunk(b"x"), timeout=60.0)
    assert stream.read(SOON) == b"x"
    there.feed.send(sent)
    poll = select.poll()
    poll.register(stream._connection._sock, select.POLLIN)
    assert poll.poll(LONG * 1000)
    now[0] = 60.0
    return stream


def test_what_has_arrived_is_given_out_though_the_time_of_the_call_is_up() -> None:
    now = [0.0]
    with world(clock=lambda: now[0]) as there:
        stream = late(there, now, chunk(b"late") + END)
        assert stream.read(SOON) == b"late"
        assert stream.read(SOON) == b""
        there.stream(timeout=60.0).close()
        assert there.server.connections == 1


def test_what_has_arrived_encrypted_is_given_out_as_well(tmp_path) -> None:
    now = [0.0]
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with world(lambda: now[0], tls, AWS_CA_BUNDLE=str(tmp_path / "ca.pem")) as there:
        stream = late(there, now, chunk(b"late"))
        assert stream.read(SOON) == b"late"
        with pytest.raises(Cut) as cut:
            stream.read(LONG)
    assert cut.value.timed_out


def test_a_service_that_goes_on_after_the_time_of_the_call_is_not_read_for_ever() -> None:
    now = [0.0]
    with world(clock=lambda: now[0]) as there:
        stream = late(there, now, chunk(b"x"))

        def read_on() -> None:
            while stream.read(SOON):
                there.feed.send(chunk(b"x"))

        with pytest.raises(Cut) as cut:
            read_on()
    assert cut.value.timed_out


def test_a_wait_that_is_longer_than_the_call_ends_with_it() -> None:
    now = [0.0]
    with world(clock=lambda: now[0]) as there:
        stream = there.stream(timeout=60.0)
        now[0] = 60.0 - SOON
        with pytest.raises(Cut) as cut:
            stream.read(LONG)
    assert cut.value.timed_out


def test_an_answer_that_is_no_success_is_read_whole(there: World) -> None:
    body = b'{"message":"no"}'
    sender = threading.Thread(target=there.feed.send, args=(answer(400, body, "X-A: b"),))
    sender.start()
    reply = there.open()
    sender.join()
    assert reply == Reply(400, {"content-length": "16", "x-a": "b"}, body)


@settings(max_examples=20)
@given(chunks=st.lists(st.binary(min_size=1, max_size=60), max_size=6), cuts=CUTS)
def test_a_stream_is_the_same_however_the_network_splits_it(chunks, cuts) -> None:
    wire = CHUNKED + b"".join(map(chunk, chunks)) + END

    def split(connection: socket.socket, _: bytes) -> None:
        for piece in pieces(wire, cuts):
            connection.sendall(piece)

    with scripted_server(split) as server:
        transport = Transport("us-east-1", {**CREDENTIALS, "AWS_ENDPOINT_URL": server.url})
        stream = transport.open(BEDROCK_RUNTIME, "POST", "/p", {}, b"{}", timeout=LONG)
        assert read_all(stream) == b"".join(chunks)
        transport.close()


def test_patience_that_ends_is_told_once_and_the_wait_goes_on(there: World) -> None:
    told: list[threading.Thread] = []

    def exhausted() -> None:
        told.append(threading.current_thread())
        there.feed.send(CHUNKED + chunk(b"late") + END)

    stream = there.open(patience=Patience(SOON, exhausted))
    assert read_all(stream) == b"late"
    assert told == [threading.current_thread()]


def test_patience_is_for_a_call_that_is_read_whole_as_well(there: World) -> None:
    patience = Patience(SOON, lambda: there.feed.send(answer(200, b"late")))
    reply = there.transport.call(
        BEDROCK_RUNTIME, "POST", "/p", {}, b"{}", timeout=LONG, patience=patience
    )
    assert reply.body == b"late"


def test_patience_is_not_tried_by_an_answer_that_comes_in_time(there: World) -> None:
    told: list[str] = []
    patience = Patience(LONG / 2, lambda: told.append("exhausted"))
    read_all(there.stream(CHUNKED + END, patience=patience))
    assert told == []


def test_patience_that_outlasts_the_call_is_never_told(timeless: World) -> None:
    told: list[str] = []
    with pytest.raises(NoAnswer) as lost:
        timeless.open(timeout=SOON, patience=Patience(LONG, lambda: told.append("exhausted")))
    assert (lost.value.timed_out, told) == (True, [])


def test_after_patience_the_call_still_ends_in_time(timeless: World) -> None:
    told: list[str] = []
    with pytest.raises(NoAnswer) as lost:
        timeless.open(timeout=2 * SOON, patience=Patience(SOON, lambda: told.append("exhausted")))
    assert (lost.value.timed_out, told) == (True, ["exhausted"])
