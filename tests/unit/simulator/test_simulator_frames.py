import json
import struct
from itertools import pairwise

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer

from local.simulator import frames
from local.simulator.streams import Event, Padding

HELLO = Event("contentBlockDelta", b'{"text":"Hello"}')


def decoded(data: bytes):
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return list(buffer)


def test_an_event_is_read_by_botocore_as_it_was_meant():
    (message,) = decoded(HELLO.encode())

    assert message.payload == HELLO.payload
    assert message.headers == {
        ":event-type": "contentBlockDelta",
        ":content-type": "application/json",
        ":message-type": "event",
    }


def test_headers_stand_in_bedrocks_order():
    (message,) = decoded(HELLO.encode())

    assert list(message.headers) == [":event-type", ":content-type", ":message-type"]


def test_an_exception_that_the_model_knows_is_typed():
    (message,) = decoded(frames.exception("throttlingException", {"message": "Slower"}))

    assert message.headers[":message-type"] == "exception"
    assert message.headers[":exception-type"] == "throttlingException"
    assert json.loads(message.payload) == {"message": "Slower"}


def test_an_error_that_no_model_knows_has_its_words_in_headers():
    (message,) = decoded(frames.error("InternalFailure", "Oh"))

    assert message.headers == {
        ":error-code": "InternalFailure",
        ":error-message": "Oh",
        ":message-type": "error",
    }
    assert message.payload == b""


def test_a_changed_byte_is_found():
    frame = bytearray(HELLO.encode())
    frame[-6] ^= 1

    with pytest.raises(ChecksumMismatch):
        decoded(bytes(frame))


def test_a_frames_first_number_is_its_length():
    frame = HELLO.encode()

    assert struct.unpack(">I", frame[:4]) == (len(frame),)


def test_padding_is_of_another_length_each_time_and_the_same_for_a_seed():
    padded, again = Padding(3), Padding(3)

    first, second = padded({"text": "a"}), padded({"text": "a"})

    assert len(first) != len(second)
    assert [first, second] == [again({"text": "a"}), again({"text": "a"})]


def test_padding_follows_the_alphabet_and_keys_do_too():
    payload = json.loads(Padding(3)({"usage": {}, "metrics": {}}))

    assert list(payload) == ["metrics", "p", "usage"]
    assert payload["p"].startswith("ab")
    assert not any(a == b for a, b in pairwise(payload["p"]))


def test_half_a_surrogate_pair_is_sent_as_a_question_mark():
    assert b'"text":"?"' in Padding(1)({"text": "\ud83d"})
