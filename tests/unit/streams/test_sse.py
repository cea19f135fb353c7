"""Frames as the HTML standard's parser of event streams reads them."""

import json

import pytest

from chalicelib.streams import sse


def read(frame: bytes) -> dict[str, str]:
    """The fields of one frame, as a client reads them."""
    assert frame.endswith(b"\n\n")
    fields: dict[str, str] = {}
    for line in frame.decode()[:-2].replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        name, _, value = line.partition(": ")
        fields[name] = f"{fields[name]}\n{value}" if name in fields else value
    return fields


def test_a_chunk_has_its_number_and_the_models_own_json() -> None:
    frame = sse.chunk(7, '{"contentBlockDelta":{"delta":{"text":"grün ☃"}}}')
    assert read(frame) == {
        "id": "7",
        "event": "chunk",
        "data": '{"contentBlockDelta":{"delta":{"text":"grün ☃"}}}',
    }


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
def test_json_over_several_lines_stays_one_event(line_end: str) -> None:
    frame = sse.chunk(1, f'{{"text":{line_end}"a"{line_end}{line_end}}}')
    assert json.loads(read(frame)["data"]) == {"text": "a"}


def test_a_line_separator_of_unicode_ends_no_line() -> None:
    assert sse.chunk(1, '"a\u2028b"').count(b"\n") == 4


@pytest.mark.parametrize("kind", ["done", "error", "restart"])
def test_what_is_no_event_of_the_model_is_json_too(kind: str) -> None:
    frame = getattr(sse, kind)(9, {"stop_reason": "end_turn\n", "usage": {"output_tokens": 3}})
    fields = read(frame)
    assert (fields["id"], fields["event"]) == ("9", kind)
    assert json.loads(fields["data"]) == {
        "stop_reason": "end_turn\n",
        "usage": {"output_tokens": 3},
    }


@pytest.mark.parametrize("frame", [sse.PING, sse.RETRY])
def test_a_ping_and_a_time_to_come_back_are_frames_without_data(frame: bytes) -> None:
    assert "data" not in read(frame)
