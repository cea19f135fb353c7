from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from builders import identity

from chalicelib import delivery
from chalicelib.errors import AnswerNotKept
from chalicelib.surfaces.answers import Answer
from chalicelib.surfaces.large_answers import MAX_SERIALISED, LargeAnswers

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HEADERS = {"x-amzn-bedrock-input-token-count": "7"}


class FakeS3:
    def __init__(self, fault: Exception | None = None) -> None:
        self.kept: dict[str, Any] = {}
        self._fault = fault

    def put_object(self, **request: Any) -> None:
        if self._fault:
            raise self._fault
        self.kept = request

    def generate_presigned_url(self, _operation: str, place: dict[str, str], seconds: int) -> str:
        return f"https://s3/{place['Bucket']}/{place['Key']}?expires={seconds}"


def large(s3: FakeS3) -> LargeAnswers:
    return LargeAnswers("payloads", lambda: s3, lambda: NOON)


def test_an_answer_that_fits_is_not_kept() -> None:
    assert large(FakeS3()).keep(Answer(200, b"x" * 1_000_000, HEADERS), identity()) is None


def test_an_answer_is_measured_as_it_is_serialised() -> None:
    answer = Answer(200, b"x" * (MAX_SERIALISED - 1_000), HEADERS)
    assert large(FakeS3()).keep(answer, identity()) is None


def test_an_answer_too_large_for_lambda_is_kept_under_its_team() -> None:
    s3 = FakeS3()
    answer = Answer(200, b"x" * MAX_SERIALISED, HEADERS)
    kept = large(s3).keep(answer, identity(team_id="art"))
    assert kept
    assert kept.location == f"https://s3/payloads/{s3.kept['Key']}?expires=3600"
    assert (kept.expires, kept.bytes) == ("2026-11-23T13:00:00.000Z", MAX_SERIALISED)
    assert s3.kept["Key"].startswith("answers/art/")
    assert (s3.kept["Body"], s3.kept["ContentType"]) == (answer.body, "application/json")


def test_bytes_that_grow_as_base64_are_measured_as_base64() -> None:
    assert large(FakeS3()).keep(Answer(200, b"\xff" * 5_000_000, HEADERS), identity())


def test_an_answer_that_cannot_be_kept_says_that_it_was_billed() -> None:
    s3 = FakeS3(ClientError({"Error": {"Code": "SlowDown"}}, "PutObject"))
    with pytest.raises(AnswerNotKept, match="was billed"):
        large(s3).keep(Answer(200, b"x" * MAX_SERIALISED, HEADERS), identity())


def test_where_answers_stream_none_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "streaming", True)
    assert large(FakeS3()).keep(Answer(200, b"x" * MAX_SERIALISED, HEADERS), identity()) is None
