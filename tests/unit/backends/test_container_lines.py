import pytest
from hypothesis import given
from hypothesis import strategies as st
from splits import CUTS, pieces

from chalicelib.backends.container_streams import (
    MAX_LINE_BYTES,
    OCTETS,
    PAYLOAD_PART,
    ContainerReading,
    Lines,
)
from chalicelib.backends.container_usage import without_details, without_usage
from chalicelib.backends.eventstream import Decoder, Frame, encode_event
from chalicelib.backends.streamed import Step
from chalicelib.stream_event import StreamEvent

LINE = st.sampled_from(
    [
        b'{"token":1}\n',
        b'{"token":2}\r\n',
        b'data:{"token":3}\n\n',
        b'data: {"token":4}\r\n\r\n',
        b"data: [DONE]\n\n",
        b": alive\n\n",
        b"event: x\n",
        b"id: 1\n",
        b"\n",
        b"\r\n",
        b"\r",
        "data: Grüße ☃\n\n".encode(),
        b'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n',
        b'{"token":1,"details":{"generated_tokens":1}}\n',
        b"\xff\x00\n",
    ]
)
STREAM = st.lists(LINE | st.binary(max_size=12), max_size=12).map(b"".join)


def part(data: bytes) -> Frame:
    (found,) = Decoder().feed(encode_event(PAYLOAD_PART, data, OCTETS))
    return found


def parts(data: bytes, cuts: list[int]) -> list[Frame]:
    return [part(piece) for piece in pieces(data, cuts)]


def steps(reading: ContainerReading, frames: list[Frame]) -> list[Step]:
    return [*(reading.frame(frame) for frame in frames), reading.end()]


def lines(*parts: bytes) -> list[bytes]:
    cutter = Lines()
    found = [line for data in parts for line in cutter.feed(data)]
    return [*found, rest] if (rest := cutter.rest()) else found


def told(raws: list[bytes]) -> bytes:
    return b"".join(frame.payload for frame in Decoder().feed(b"".join(raws)))


@given(data=STREAM, cuts=CUTS)
def test_lines_are_the_same_however_the_bytes_are_split(data, cuts) -> None:
    found = lines(*pieces(data, cuts))
    assert (found, b"".join(found)) == (lines(data), data)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"a":1}\n{"a":2}\n', [b'{"a":1}\n', b'{"a":2}\n']),
        (b"data: a\n\ndata: b\n\n", [b"data: a\n\n", b"data: b\n\n"]),
        (b"data: a\r\n\r\ndata: b\n", [b"data: a\r\n\r\n", b"data: b\n"]),
        (b"data: a\ndata: b\n\n\n", [b"data: a\n", b"data: b\n\n", b"\n"]),
        (b"{}\n\n{}", [b"{}\n", b"\n", b"{}"]),
        (b"", []),
    ],
)
def test_a_line_has_what_ends_it(data, found) -> None:
    assert lines(data) == found


@pytest.mark.parametrize("line", [b'{"a":1}\n', b"data: a\n\n", b"data: a\r\n\r\n", b"\n"])
def test_a_line_that_is_whole_does_not_wait_for_the_next(line) -> None:
    assert Lines().feed(line) == [line]


def test_a_line_that_never_ends_is_cut_wherever_the_bytes_are() -> None:
    data = b"x" * (MAX_LINE_BYTES + 5) + b"\n"
    cut = [data[:MAX_LINE_BYTES], data[MAX_LINE_BYTES:]]
    assert lines(data) == cut
    assert lines(data[:7], data[7:-1], data[-1:]) == cut


@given(data=STREAM, cuts=CUTS)
def test_frames_pass_as_they_came_where_nothing_was_asked(data, cuts) -> None:
    frames = parts(data, cuts)
    found = steps(ContainerReading(), frames)
    assert [step.raw for step in found] == [*(frame.raw for frame in frames), b""]
    assert b"".join(event.data for step in found for event in step.events) == data
    assert all(step.shown == step.events for step in found)


@given(data=STREAM, cuts=CUTS, restored=st.sampled_from([without_usage, without_details]))
def test_what_was_asked_for_is_taken_out_of_all_that_is_sent(data, cuts, restored) -> None:
    found = steps(ContainerReading(restored), parts(data, cuts))
    shown = b"".join(map(restored, lines(data)))
    assert told([step.raw for step in found]) == shown
    assert b"".join(event.data for step in found for event in step.shown) == shown
    assert b"".join(event.data for step in found for event in step.events) == data


def test_a_frame_of_whole_lines_passes_as_it_came_though_something_was_asked_for() -> None:
    came = part(b'data: {"choices":[{"delta":{}}],"usage":null}\n\n')
    event = (StreamEvent(PAYLOAD_PART, came.payload),)
    assert ContainerReading(without_usage).frame(came) == Step(came.raw, event, event, final=False)


@pytest.mark.parametrize(
    "line",
    [
        b"data: [DONE]\n\n",
        b'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n',
        b'{"token":1,"generated_text":"a","details":{"generated_tokens":1}}\n',
    ],
)
def test_the_line_that_ends_an_answer_is_final(line) -> None:
    reading = ContainerReading()
    assert not reading.frame(part(b'{"token":1}\n')).final
    assert reading.frame(part(line)).final


def test_an_answer_in_one_piece_is_given_at_the_end() -> None:
    reading, answer = ContainerReading(), b'{"choices":[],"usage":{"prompt_tokens":1}}'
    assert reading.frame(part(answer)).events == ()
    event = (StreamEvent(PAYLOAD_PART, answer),)
    assert reading.end() == Step(b"", event, event, final=True)


def test_an_event_that_nobody_knows_passes_as_it_came() -> None:
    (came,) = Decoder().feed(encode_event("Novelty", b"{}"))
    event = (StreamEvent("Novelty", b"{}"),)
    assert ContainerReading().frame(came) == Step(came.raw, event, event, final=False)
