import http.client
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from splits import CUTS, pieces

from chalicelib.http_answer import (
    HEAD_END,
    MAX_CHUNK_HEAD_BYTES,
    Body,
    Chunked,
    Malformed,
    Sized,
    UntilClosed,
    read_head,
)

CHUNKS = st.lists(st.binary(min_size=1, max_size=40), max_size=8)
EXTENSION = st.sampled_from([b"", b";x", b" ; name=value", b';q="a;b"'])
TRAILER = st.sampled_from([b"", b"X-Sum: 1\r\n", b"A: 1\r\nB: 2\r\n"])


def chunked(chunks: list[bytes], extension: bytes = b"", trailer: bytes = b"") -> bytes:
    written = [b"%X%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in chunks]
    return b"".join([*written, b"0\r\n", trailer, b"\r\n"])


def fed(body: Body, parts: list[bytes]) -> bytes:
    return b"".join([body.feed(part) for part in parts if not body.ended])


def library_reads(answer: bytes) -> tuple[int, bytes]:
    class Wire:
        def makefile(self, _mode: str) -> io.BytesIO:
            return io.BytesIO(answer)

    response = http.client.HTTPResponse(Wire())
    response.begin()
    return response.status, response.read()


@given(chunks=CHUNKS, extension=EXTENSION, trailer=TRAILER, cuts=CUTS)
def test_a_chunked_body_is_the_same_however_it_is_split(chunks, extension, trailer, cuts) -> None:
    body = Chunked()
    read = fed(body, pieces(chunked(chunks, extension, trailer), cuts))
    assert (read, body.ended, body.excess) == (b"".join(chunks), True, False)


@given(content=st.binary(max_size=200), cuts=CUTS)
def test_a_sized_body_is_the_same_however_it_is_split(content, cuts) -> None:
    body = Sized(len(content))
    assert (fed(body, pieces(content, cuts)), body.ended, body.excess) == (content, True, False)


@given(
    chunks=CHUNKS,
    trailer=TRAILER,
    status=st.sampled_from([200, 400, 503]),
    framed=st.sampled_from(["chunked", "sized", "closed"]),
)
def test_an_answer_is_read_as_http_client_reads_it(chunks, trailer, status, framed) -> None:
    content = b"".join(chunks)
    header, wire = {
        "chunked": (b"Transfer-Encoding: Chunked\r\n", chunked(chunks, b"", trailer)),
        "sized": (b"content-length:  %d\r\n" % len(content), content),
        "closed": (b"", content),
    }[framed]
    written = b"HTTP/1.1 %d Words here\r\nX-A: b\r\n%b\r\n%b" % (status, header, wire)
    head, _, rest = written.partition(HEAD_END)
    found = read_head(head)
    body = found.body()
    assert (found.status, fed(body, [rest])) == library_reads(written)


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_body_whatever_they_say(status) -> None:
    head = b"HTTP/1.1 %d X\r\nContent-Length: 5" % status
    assert read_head(head).body().ended


@given(chunks=CHUNKS, cut=st.integers(0, 400))
def test_a_chunked_body_that_is_cut_has_not_ended(chunks, cut) -> None:
    wire = chunked(chunks)[:-1][:cut]
    body = Chunked()
    read = body.feed(wire)
    assert b"".join(chunks).startswith(read)
    with pytest.raises(Malformed):
        body.close()


@pytest.mark.parametrize("body", [Chunked(), Sized(2)], ids=["chunked", "sized"])
def test_what_comes_after_the_end_is_not_of_the_body(body) -> None:
    wire = chunked([b"ab"]) if isinstance(body, Chunked) else b"ab"
    assert body.feed(wire + b"HTTP/1.1 200 OK") == b"ab"
    assert (body.ended, body.excess) == (True, True)


@pytest.mark.parametrize(
    "wire",
    [
        b"xyz\r\n",
        b"\r\n",
        b"-1\r\n",
        b"0x5\r\nhello\r\n",
        b"123456789\r\n",
        b"2\r\nabc\r\n",
        b"5" * (MAX_CHUNK_HEAD_BYTES + 1),
    ],
)
def test_chunks_that_are_none_are_malformed(wire) -> None:
    with pytest.raises(Malformed):
        Chunked().feed(wire)


def test_a_body_without_a_length_ends_with_its_connection() -> None:
    body = UntilClosed()
    assert (body.feed(b"ab"), body.ended) == (b"ab", False)
    body.close()
    assert (body.ended, body.excess) == (True, True)


@pytest.mark.parametrize("length", ["", "-1", "1,1", "1_0", "\u0661", "9" * 5_000])
def test_a_length_that_is_no_number_is_not_believed(length) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {length}".encode("latin-1", "replace")
    assert isinstance(read_head(head).body(), UntilClosed)


@pytest.mark.parametrize("line", ["", "HTTP/2 200", "HTTP/1.1 20", "HTTP/1.1 2000", "SSH-2.0-x"])
def test_what_is_no_answer_is_malformed(line) -> None:
    with pytest.raises(Malformed):
        read_head(line.encode())


@pytest.mark.parametrize(
    ("head", "kept"),
    [
        (b"HTTP/1.1 200 OK", True),
        (b"HTTP/1.1 200", True),
        (b"HTTP/1.1 200 OK\r\nConnection: keep-alive", True),
        (b"HTTP/1.1 200 OK\r\nConnection: Close", False),
        (b"HTTP/1.0 200 OK", False),
    ],
)
def test_a_connection_is_kept_unless_the_service_closes_it(head, kept) -> None:
    assert read_head(head).keeps_connection is kept
