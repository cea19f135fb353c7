"""What a reader is told of an answer that has ended."""

import pytest
from stream_world import WHOLE, stream_job

from chalicelib.streams.told import how_it_ended, is_whole, last_frame

DONE = {"state": "done", "outcome": WHOLE.outcome, "last_event": 9}


@pytest.mark.parametrize(
    ("fields", "number", "whole"),
    [
        ({}, 9, True),
        ({}, 8, False),
        ({"whole": False}, 9, False),
        ({"whole": False}, 12, True),
        ({"deleted": True}, 9, False),
        ({"state": "interrupted"}, 9, False),
    ],
    ids=[
        "all of it",
        "its end is forgotten",
        "its end was never kept",
        "live, more than was kept",
        "deleted",
        "cut",
    ],
)
def test_a_reader_has_the_whole_of_an_answer_or_is_told(fields, number, whole) -> None:
    assert is_whole(stream_job(**{**DONE, **fields}), number) is whole


def test_who_came_too_late_for_the_end_gets_an_error_and_not_a_done() -> None:
    frame = last_frame(stream_job(**DONE, store=False), 8)
    assert frame.startswith(b"id: 8\nevent: error\n")
    assert b'"whole":false' in frame


def test_who_has_all_of_it_is_told_its_usage() -> None:
    told = how_it_ended(stream_job(**DONE, stop_reason="end_turn"), 9)
    assert told == {
        "status": "done",
        "stored": True,
        "usage": {"input_tokens": 11, "output_tokens": 3},
        "stop_reason": "end_turn",
    }
