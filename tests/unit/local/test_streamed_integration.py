"""API Gateway's STREAM integration: metadata, then bytes as they come, up to Lambda's 200 MB."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from local import integrations
from local.functions.faults import FunctionError
from local.http_answer import StreamedHttpAnswer
from local.integrations import Streamed
from local.proxy_event import HttpRequest

REQUEST = HttpRequest("POST", "/invoke", (), b"")
METADATA = json.dumps({"statusCode": 201, "headers": {"x-a": "b", "Date": "today"}}).encode()
NULS = bytes(8)


class Invoked:
    """As much of Lambda as an integration asks for: one answer, in the pieces given."""

    def __init__(self, *pieces: bytes | FunctionError) -> None:
        self._pieces = pieces
        self.event: object = None
        self.ended = False

    @contextmanager
    def invoke(self, _name: str, event: object) -> Iterator[SimpleNamespace]:
        self.event = event
        yield SimpleNamespace(pieces=self._answer())
        self.ended = True

    def _answer(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, FunctionError):
                raise piece
            yield piece


def answered(*pieces: bytes | FunctionError) -> StreamedHttpAnswer:
    answer = Streamed(Invoked(*pieces)).answer(REQUEST, {})
    assert isinstance(answer, StreamedHttpAnswer)
    return answer


@pytest.mark.parametrize(
    "pieces",
    [
        (METADATA + NULS + b"one", b"two"),
        (METADATA + NULS, b"one", b"two"),
        (METADATA[:5], METADATA[5:] + NULS[:3], NULS[3:] + b"on", b"etwo"),
    ],
)
def test_metadata_is_parted_from_the_body_however_they_arrive(pieces: tuple[bytes, ...]) -> None:
    answer = answered(*pieces)
    assert answer.status == 201
    assert answer.headers == [
        ("x-a", "b"),
        ("x-amzn-remapped-Date", "today"),
        ("x-amzn-requestid", REQUEST.request_id),
    ]
    assert b"".join(answer.pieces) == b"onetwo"


def test_nothing_of_the_body_is_waited_for() -> None:
    answer = answered(METADATA + NULS, FunctionError("Late", "never asked for"))
    assert answer.status == 201


def test_a_body_that_has_nuls_of_its_own_keeps_them() -> None:
    assert b"".join(answered(METADATA + NULS + NULS + b"one").pieces) == NULS + b"one"


@pytest.mark.parametrize(
    "pieces",
    [
        (b'{"statusCode": 200}',),
        (b"not metadata" + NULS,),
        (b"{}" + NULS,),
        (b" " * 17_000 + METADATA + NULS,),
        (FunctionError("ValueError", "arn:aws:secret"),),
    ],
)
def test_an_answer_without_metadata_is_a_502_that_says_nothing_of_it(
    pieces: tuple[bytes, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    invoked = Invoked(*pieces)
    answer = Streamed(invoked).answer(REQUEST, {})
    assert answer.status == 502
    assert "secret" not in str(answer)
    assert capsys.readouterr().err


def test_an_error_in_the_middle_cuts_the_body() -> None:
    answer = answered(METADATA + NULS + b"one", FunctionError("ValueError", "no bridge"))
    assert next(answer.pieces) == b"one"
    with pytest.raises(FunctionError):
        next(answer.pieces)


def test_more_than_lambda_streams_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrations, "MAX_STREAM_BYTES", 4)
    answer = answered(METADATA + NULS + b"one", b"t", b"wo")
    assert [next(answer.pieces), next(answer.pieces)] == [b"one", b"t"]
    with pytest.raises(FunctionError, match="ResponseSizeTooLarge"):
        next(answer.pieces)


def test_closing_the_answer_ends_the_invocation() -> None:
    invoked = Invoked(METADATA + NULS + b"one")
    answer = Streamed(invoked).answer(REQUEST, {"a": 1})
    assert isinstance(answer, StreamedHttpAnswer)
    assert not invoked.ended
    answer.close()
    assert invoked.ended
    assert invoked.event == {"a": 1}
