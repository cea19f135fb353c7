"""Answers to API Gateway, streamed: framed, piece by piece, to their end whoever reads them."""

import base64
import json
import threading
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any, Self

import pytest
from fake_runtime_api import ARN, PATIENCE_SECONDS, FakeRuntimeApi, Posted

from chalicelib import delivery, runtime
from chalicelib.runtime_api import RuntimeApi
from chalicelib.surfaces.answers import StreamedAnswer, json_answer

EVENT = {"httpMethod": "POST", "requestContext": {}}
HEADERS = {"x-request-id": "r-1"}
SSE = "text/event-stream"


@pytest.fixture(autouse=True)
def by_the_alias(lambda_service: FakeRuntimeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "streaming", False)  # as it was, once a test is over
    lambda_service.arn += f":{runtime.STREAM_ALIAS}"


@pytest.fixture
def api(lambda_service: FakeRuntimeApi) -> Iterator[RuntimeApi]:
    api = RuntimeApi(lambda_service.address)
    yield api
    api._connection.close()


def answer_with(api: RuntimeApi, body: Any, event: Any = EVENT) -> None:
    """Serve one invocation whose view answers with a body: an iterator, or what is whole."""
    answer = (
        StreamedAnswer(200, body, HEADERS, SSE)
        if isinstance(body, Iterator)
        else json_answer(200, body, HEADERS)
    )
    runtime.serve(api, lambda _event, _context: answer.to_dict())


def body_of(posted: Posted) -> bytes:
    return posted.body.partition(runtime.SEPARATOR)[2]


def test_an_answer_is_its_metadata_eight_nuls_and_its_bytes(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    lambda_service.send(EVENT)
    answer_with(api, iter([b"one", b"\0\0two"]))
    posted = lambda_service.answer()
    metadata, separator, body = posted.body.partition(bytes(8))
    assert json.loads(metadata) == {
        "statusCode": 200,
        "headers": {"x-request-id": "r-1", "Content-Type": SSE},
    }
    assert (separator, body) == (bytes(8), b"one\0\0two")


def test_it_goes_to_the_runtime_api_as_a_stream_with_trailers_announced(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    lambda_service.send(EVENT)
    answer_with(api, iter([b"one"]))
    posted = lambda_service.answer()
    assert posted.path == "/2018-06-01/runtime/invocation/r-1/response"
    assert posted.headers["lambda-runtime-function-response-mode"] == "streaming"
    assert posted.headers["content-type"] == "application/vnd.awslambda.http-integration-response"
    assert "Error-Type" in posted.headers["trailer"]
    assert posted.complete
    assert posted.trailers == {}


def test_an_answer_that_is_whole_is_framed_as_well(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    lambda_service.send(EVENT)
    answer_with(api, {"bridge": "é"})
    assert json.loads(body_of(lambda_service.answer())) == {"bridge": "é"}


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        ({"body": "é"}, "é".encode()),
        ({"body": base64.b64encode(b"\x89PNG").decode(), "isBase64Encoded": True}, b"\x89PNG"),
        ({"body": ""}, b""),
        ({}, b""),
    ],
)
def test_an_answer_of_chalices_own_is_framed_with_its_bytes(
    lambda_service: FakeRuntimeApi, api: RuntimeApi, answer: dict[str, Any], body: bytes
) -> None:
    lambda_service.send(EVENT)
    runtime.serve(api, lambda _event, _context: {"statusCode": 200, **answer})
    assert body_of(lambda_service.answer()) == body


@pytest.mark.parametrize("qualifier", ["", ":7", ":$LATEST", ":streams"])
def test_whoever_invokes_the_function_by_another_name_gets_it_whole(
    lambda_service: FakeRuntimeApi, api: RuntimeApi, qualifier: str
) -> None:
    lambda_service.arn = f"{ARN}{qualifier}"
    lambda_service.send(EVENT)
    answer_with(api, iter([b"one", b"two"]))
    posted = lambda_service.answer()
    assert posted.json["body"] == "onetwo"
    assert "lambda-runtime-function-response-mode" not in posted.headers


def test_each_invocation_of_a_process_is_answered_as_its_own_integration_reads_it(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    for arn in (ARN, f"{ARN}:{runtime.STREAM_ALIAS}", ARN):
        lambda_service.arn = arn
        lambda_service.send(EVENT)
        answer_with(api, iter([b"one"]))
    whole, streamed, whole_again = (lambda_service.answer() for _ in range(3))
    assert whole.json["body"] == whole_again.json["body"] == "one"
    assert body_of(streamed) == b"one"


def test_a_function_whose_own_name_is_the_alias_s_streams_nothing(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    lambda_service.arn = ARN.replace("probe", runtime.STREAM_ALIAS)
    lambda_service.send(EVENT)
    answer_with(api, iter([b"one"]))
    assert lambda_service.answer().json["body"] == "one"


def test_an_answer_to_anything_else_is_json(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    lambda_service.send({"Records": []})
    runtime.serve(api, lambda event, _context: event)
    posted = lambda_service.answer()
    assert posted.json == {"Records": []}
    assert "lambda-runtime-function-response-mode" not in posted.headers


def test_each_piece_is_read_before_the_next_is_made(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    arrived = threading.Semaphore(0)
    lambda_service.on_piece = lambda _piece: arrived.release()

    def body() -> Iterator[bytes]:
        for piece in (b"", b"one", b"two", b"three"):
            yield piece
            if piece and not arrived.acquire(timeout=PATIENCE_SECONDS):
                raise AssertionError("the piece has not left")

    lambda_service.send(EVENT)
    answer_with(api, body())
    metadata, *pieces = lambda_service.answer().pieces
    assert metadata.endswith(runtime.SEPARATOR)
    assert pieces == [b"one", b"two", b"three"]


def test_an_empty_first_piece_sends_the_metadata_ahead(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    told = threading.Event()
    lambda_service.on_piece = lambda _piece: told.set()

    def body() -> Iterator[bytes]:
        yield b""
        yield b"" if not told.wait(PATIENCE_SECONDS) else b"the metadata was there"

    lambda_service.send(EVENT)
    answer_with(api, body())
    assert body_of(lambda_service.answer()) == b"the metadata was there"


def test_one_connection_serves_every_invocation(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    for _ in range(3):
        lambda_service.send(EVENT)
        answer_with(api, iter([b"one"]))
        assert body_of(lambda_service.answer()) == b"one"
    assert lambda_service.connections == 1


def failing(*pieces: bytes) -> Iterator[bytes]:
    yield from pieces
    raise ValueError("the bridge is out")


def test_an_error_before_the_first_byte_is_an_error_of_the_invocation(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    lambda_service.send(EVENT)
    answer_with(api, failing())
    posted = lambda_service.answer()
    assert posted.path.endswith("/r-1/error")
    assert (posted.json["errorType"], posted.json["errorMessage"]) == (
        "ValueError",
        "the bridge is out",
    )


def test_an_error_after_the_first_byte_follows_in_trailers(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    lambda_service.send(EVENT)
    answer_with(api, failing(b"one"))
    posted = lambda_service.answer()
    told = json.loads(base64.b64decode(posted.trailers["lambda-runtime-function-error-body"]))
    assert (body_of(posted), posted.complete) == (b"one", True)
    assert posted.trailers["lambda-runtime-function-error-type"] == "ValueError"
    assert told["errorMessage"] == "the bridge is out"


def test_after_an_error_the_next_invocation_is_served(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    for body in (failing(), failing(b"one"), iter([b"two"])):
        lambda_service.send(EVENT)
        answer_with(api, body)
    assert [lambda_service.answer().complete for _ in range(3)] == [True] * 3


def read_to_its_end(read: list[int]) -> Iterator[bytes]:
    for number in range(1_000):
        yield b"x" * 10_000
        read.append(number)


def test_a_body_is_read_to_its_end_though_its_connection_is_lost(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    read: list[int] = []

    def hang_up(_piece: bytes) -> None:
        raise ConnectionAbortedError

    lambda_service.on_piece = hang_up
    lambda_service.send(EVENT)
    answer_with(api, read_to_its_end(read))
    assert len(read) == 1_000
    assert not lambda_service.answer().complete


def test_a_body_is_read_to_its_end_though_nobody_takes_it(
    lambda_service: FakeRuntimeApi, api: RuntimeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    over = threading.Event()
    monkeypatch.setattr(runtime, "PATIENCE_S", 0.01)
    lambda_service.on_piece = lambda _piece: over.wait(PATIENCE_SECONDS) and None
    lambda_service.send(EVENT)
    answer_with(api, read_to_its_end(read))
    over.set()
    assert len(read) == 1_000
    assert not lambda_service.answer().complete


def test_near_the_end_of_its_time_an_invocation_waits_for_no_reader(
    lambda_service: FakeRuntimeApi, api: RuntimeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    over = threading.Event()
    monkeypatch.setattr(runtime, "PATIENCE_S", 10 * PATIENCE_SECONDS)
    lambda_service.on_piece = lambda _piece: over.wait(PATIENCE_SECONDS) and None
    lambda_service.send(EVENT, deadline_ms=str(time.time_ns() // 1_000_000 + 60_000))
    answer_with(api, read_to_its_end(read))
    assert not over.is_set()
    over.set()
    assert len(read) == 1_000
    assert not lambda_service.answer().complete


def test_near_the_end_of_its_time_a_reader_who_keeps_up_is_not_lost(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    for _ in range(2):
        lambda_service.send(EVENT, deadline_ms=str(time.time_ns() // 1_000_000 + 50_000))
        answer_with(api, iter([b"one", b"two"]))
        posted = lambda_service.answer()
        assert (body_of(posted), posted.complete) == (b"onetwo", True)
    assert lambda_service.connections == 1


class Failing:
    """A body that breaks, with more behind it."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = iter(pieces)
        self.closed = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise ValueError("the bridge is out")

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("pieces", [(), (b"one",)])
def test_a_body_that_breaks_is_closed(
    lambda_service: FakeRuntimeApi, api: RuntimeApi, pieces: tuple[bytes, ...]
) -> None:
    body = Failing(*pieces)
    lambda_service.send(EVENT)
    answer_with(api, body)
    assert lambda_service.answer().complete
    assert body.closed


def test_after_a_lost_connection_the_next_invocation_is_served(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    def hang_up(_piece: bytes) -> None:
        raise ConnectionAbortedError

    lambda_service.on_piece = hang_up
    lambda_service.send(EVENT)
    answer_with(api, read_to_its_end([]))
    lambda_service.on_piece = lambda _piece: None
    lambda_service.send(EVENT)
    answer_with(api, iter([b"one"]))
    assert [lambda_service.answer().complete for _ in range(2)] == [False, True]


def test_an_answer_that_lambda_refuses_is_not_the_last(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    lambda_service.status = 413
    for event in ({"Records": []}, EVENT):
        lambda_service.send(event)
        answer_with(api, {"a": 1}, event)
    assert len([lambda_service.answer() for _ in range(2)]) == 2


def test_100_mb_pass_in_the_memory_of_a_few_pieces(
    lambda_service: FakeRuntimeApi, api: RuntimeApi
) -> None:
    sent = 0
    lambda_service.keeps_bodies = False

    def count(piece: bytes) -> None:
        nonlocal sent
        sent += len(piece)

    lambda_service.on_piece = count
    lambda_service.send(EVENT)
    tracemalloc.start()
    answer_with(api, (bytes(65_536) for _ in range(1_600)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    lambda_service.answer()
    assert sent > 100_000_000
    assert peak < 5_000_000
