import base64
import json

import pytest
from chalice.app import Response

from chalicelib import delivery
from chalicelib.errors import Throttled
from chalicelib.surfaces.answers import Answer, StreamedAnswer, error_answer, in_our_shape


def test_utf_8_travels_as_text() -> None:
    sent = Answer(200, '{"a":"ä"}'.encode(), {}).to_dict()
    assert (sent["body"], sent["isBase64Encoded"]) == ('{"a":"ä"}', False)


def test_anything_else_travels_as_base64_and_arrives_byte_for_byte() -> None:
    picture = b"\x89PNG\xff\x00"
    sent = Answer(200, picture, {}, "image/png").to_dict(["application/json"])
    assert sent["isBase64Encoded"]
    assert base64.b64decode(sent["body"]) == picture


def test_no_list_of_binary_types_turns_a_paid_answer_into_an_error() -> None:
    sent = Answer(200, b"{}", {}).to_dict(["*/*"])
    assert (sent["statusCode"], sent["body"]) == (200, "{}")


def test_an_error_has_a_code_a_sentence_and_the_request_id() -> None:
    sent = error_answer(Throttled(headers={"Retry-After": "2"}), "r-1").to_dict()
    error = json.loads(sent["body"])["error"]
    assert (sent["statusCode"], error["code"], error["request_id"]) == (429, "throttled", "r-1")
    assert (sent["headers"]["Retry-After"], sent["headers"]["x-request-id"]) == ("2", "r-1")


def test_what_chalice_answers_itself_gets_our_shape() -> None:
    trace = Response("Traceback (most recent call last): …", {}, 500)
    error = json.loads(in_our_shape(trace, lambda: "r-1").body)["error"]
    assert (error["code"], error["request_id"]) == ("internal_error", "r-1")
    assert "Traceback" not in error["message"]


def test_an_answer_of_ours_is_left_alone() -> None:
    answer = Answer(200, b"{}", {})
    assert in_our_shape(answer, lambda: "r-1") is answer


def test_chalice_is_not_told_a_type_that_it_could_refuse() -> None:
    answer = Answer(200, b"\x89PNG", {}, "image/png")
    assert answer.headers == {}
    assert answer.to_dict()["headers"] == {"Content-Type": "image/png"}


def test_where_answers_stream_bytes_are_handed_on_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "streaming", True)
    sent = Answer(200, b"\x89PNG", {}, "image/png").to_dict()
    assert (sent["body"], sent["isBase64Encoded"]) == (b"\x89PNG", False)


def test_where_answers_stream_a_streamed_one_is_handed_on_unread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "streaming", True)
    body = iter([b"one", b"two"])
    sent = StreamedAnswer(200, body, {"x-a": "b"}, "text/event-stream").to_dict()
    assert list(sent["body"]) == [b"one", b"two"]
    assert sent["headers"] == {"x-a": "b", "Content-Type": "text/event-stream"}


@pytest.mark.parametrize(
    ("pieces", "body", "encoded"),
    [((b"\xc3", b"\xa9"), "é", False), ((b"\x89", b"PNG"), "iVBORw==", True)],
)
def test_where_nothing_streams_a_streamed_answer_is_read_whole(
    pieces: tuple[bytes, ...], body: str, *, encoded: bool
) -> None:
    sent = StreamedAnswer(200, iter(pieces), {}, "text/event-stream").to_dict()
    assert (sent["body"], sent["isBase64Encoded"]) == (body, encoded)


def test_a_streamed_answer_is_an_answer_of_ours() -> None:
    answer = StreamedAnswer(200, iter([]), {}, "text/event-stream")
    assert in_our_shape(answer, lambda: "r-1") is answer
