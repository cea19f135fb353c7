import struct
from binascii import crc32
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st
from splits import CUTS, pieces

from chalicelib.backends.eventstream import (
    MAX_HEADERS_BYTES,
    MAX_PAYLOAD_BYTES,
    BadFrame,
    Decoder,
    Frame,
    encode,
    encode_event,
    encode_exception,
)

NAME = st.text(min_size=1, max_size=12).filter(lambda name: len(name.encode()) < 256)
HEADERS = st.dictionaries(NAME, st.text(max_size=30), max_size=4)
FRAME = st.builds(encode, HEADERS, st.binary(max_size=80))
FRAMES = st.lists(FRAME, max_size=6)


def botocores(data: bytes) -> list[tuple[dict[str, Any], bytes]]:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return [(message.headers, message.payload) for message in buffer]


def decoded(*parts: bytes) -> list[Frame]:
    decoder = Decoder()
    return [frame for part in parts for frame in decoder.feed(part)]


def raw_frame(block: bytes, payload: bytes = b"") -> bytes:
    """A frame whose checksums are right, whatever its headers are."""
    lengths = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    message = lengths + struct.pack(">I", crc32(lengths)) + block + payload
    return message + struct.pack(">I", crc32(message))


def prelude(length: int, headers_length: int) -> bytes:
    lengths = struct.pack(">II", length, headers_length)
    return lengths + struct.pack(">I", crc32(lengths))


def header(name: bytes, kind: int, value: bytes) -> bytes:
    return bytes([len(name)]) + name + bytes([kind]) + value


@given(headers=HEADERS, payload=st.binary(max_size=200))
def test_botocore_reads_what_we_write(headers, payload) -> None:
    assert botocores(encode(headers, payload)) == [(headers, payload)]


@given(frames=FRAMES, cuts=CUTS)
def test_we_read_what_botocore_reads_however_it_is_split(frames, cuts) -> None:
    wire = b"".join(frames)
    found = decoded(*pieces(wire, cuts))
    assert [(frame.headers, frame.payload) for frame in found] == botocores(wire)
    assert [frame.raw for frame in found] == frames


@given(frame=FRAME, at=st.integers(0, 400), bit=st.integers(0, 7))
def test_a_bit_that_flipped_is_never_a_frame(frame, at, bit) -> None:
    at %= len(frame)
    spoilt = frame[:at] + bytes([frame[at] ^ 1 << bit]) + frame[at + 1 :]
    with pytest.raises(BadFrame):
        decoded(spoilt)


@given(frame=FRAME, cut=st.integers(0, 400))
def test_the_beginning_of_a_frame_is_pending_and_its_rest_completes_it(frame, cut) -> None:
    cut %= len(frame)
    decoder = Decoder()
    assert (decoder.feed(frame[:cut]), decoder.pending) == ([], cut > 0)
    assert ([each.raw for each in decoder.feed(frame[cut:])], decoder.pending) == ([frame], False)


def test_good_frames_before_a_bad_one_are_not_lost() -> None:
    good, bad = encode_event("chunk", b"{}"), b"\0" * 16
    decoder = Decoder()
    assert [frame.raw for frame in decoder.feed(good + bad)] == [good]
    assert decoder.pending
    with pytest.raises(BadFrame):
        decoder.feed(b"")


def test_a_frame_as_large_as_frames_get_is_read_in_pieces() -> None:
    frame = encode_event("chunk", bytes(MAX_PAYLOAD_BYTES))
    parts = [frame[at : at + 65_536] for at in range(0, len(frame), 65_536)]
    assert [len(each.payload) for each in decoded(*parts)] == [MAX_PAYLOAD_BYTES]


@pytest.mark.parametrize(
    "lengths",
    [
        (16 + MAX_PAYLOAD_BYTES + 1, 0),
        (16 + MAX_HEADERS_BYTES + 1, MAX_HEADERS_BYTES + 1),
        (15, 0),
        (20, 5),
        (0, 0),
    ],
)
def test_lengths_that_no_frame_has_are_refused_before_the_rest_comes(lengths) -> None:
    with pytest.raises(BadFrame):
        decoded(prelude(*lengths))


VALUES = {
    "true": (0, b""),
    "false": (1, b""),
    "byte": (2, b"\x07"),
    "short": (3, bytes(2)),
    "integer": (4, bytes(4)),
    "long": (5, bytes(8)),
    "bytes": (6, b"\0\x03abc"),
    "timestamp": (8, bytes(8)),
    "uuid": (9, bytes(16)),
}


@pytest.mark.parametrize("kind", VALUES)
def test_headers_that_are_no_texts_are_read_over(kind) -> None:
    block = header(b"x", *VALUES[kind]) + header(b":event-type", 7, b"\0\x05chunk")
    wire = raw_frame(block, b"{}")
    assert set(botocores(wire)[0][0]) == {"x", ":event-type"}
    assert dict(decoded(wire)[0].headers) == {":event-type": "chunk"}


@pytest.mark.parametrize(
    "block",
    [
        header(b"x", 7, b"\0\x01a") * 2,
        header(b"x", 0, b"") + header(b"x", 7, b"\0\x01a"),
        header(b"x", 10, b""),
        header(b"x", 7, b"\0\x05abc"),
        header(b"x", 7, b"\0"),
        header(b"x", 4, b"\0"),
        header(b"x", 7, b"\0\x01\xff"),
        header(b"\xff", 7, b"\0\x01a"),
        b"\x05ab",
        b"\x01x",
    ],
)
def test_headers_that_cannot_be_read_are_a_bad_frame(block) -> None:
    with pytest.raises(BadFrame):
        decoded(raw_frame(block))


@pytest.mark.parametrize(
    ("headers", "kind", "name"),
    [
        ({":event-type": "chunk", ":message-type": "event"}, "event", "chunk"),
        ({":exception-type": "x", ":message-type": "exception"}, "exception", "x"),
        ({":error-code": "500", ":message-type": "error"}, "error", "500"),
        ({}, "", ""),
    ],
)
def test_a_frame_says_what_it_is_and_its_name(headers, kind, name) -> None:
    (frame,) = decoded(encode(headers, b""))
    assert (frame.kind, frame.name) == (kind, name)


def test_an_event_is_written_as_bedrock_writes_it() -> None:
    (found,) = botocores(encode_event("chunk", b"{}"))
    expected = [
        (":event-type", "chunk"),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ]
    assert (list(found[0].items()), found[1]) == (expected, b"{}")


def test_an_exception_is_written_as_the_service_models_it() -> None:
    (frame,) = decoded(encode_exception("throttlingException", "Too many “requests”."))
    assert (frame.kind, frame.name) == ("exception", "throttlingException")
    assert frame.payload == b'{"message": "Too many \\u201crequests\\u201d."}'


def test_another_payload_leaves_the_headers_byte_for_byte() -> None:
    block = header(b":event-type", 7, b"\0\x05chunk") + header(b"odd", 4, bytes(4))
    (frame,) = decoded(raw_frame(block, b"before"))
    assert frame.with_payload(b"after") == raw_frame(block, b"after")
