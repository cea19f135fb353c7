import random
from dataclasses import replace

import pytest
from builders import identity
from repeat_fakes import answer, invocation

from chalicelib.repeats.answers import MAX_IN_ENTRY, BucketAway, KeptAnswers
from chalicelib.repeats.claims import key_entry
from chalicelib.surfaces.answers import Answer

ENTRY = key_entry(identity(team_id="art"), invocation(), "invoke", "running", 0)
NOISE = random.Random(1).randbytes(MAX_IN_ENTRY + 1)


@pytest.fixture
def answers(bucket) -> KeptAnswers:
    return KeptAnswers("payloads", lambda: bucket)


@pytest.mark.parametrize(
    "given",
    [
        answer(),
        Answer(202, b"{}", {"x-request-id": "request-1"}),
        Answer(200, b"", {}),
        Answer(200, b"\x89PNG\x00\xff", {"x-amzn-sagemaker-x": "ä"}, "image/png"),
        Answer(200, NOISE, {}, "application/octet-stream"),
    ],
)
def test_an_answer_comes_back_as_it_was_and_says_that_it_was_kept(answers, given) -> None:
    again = answers.unpacked(ENTRY, answers.packed(given, ENTRY))
    expected = given.to_dict()
    expected["headers"]["idempotency-replayed"] = "true"
    assert again.to_dict() == expected


def test_text_is_compressed_and_stays_in_the_entry(answers, bucket) -> None:
    kept = answers.packed(answer("word " * 100_000), ENTRY)
    assert len(kept.body) < 5_000
    assert bucket.kept == {}


def test_a_large_answer_is_kept_under_its_team(answers, bucket) -> None:
    kept = answers.packed(Answer(200, NOISE, {}), ENTRY)
    assert kept.body is None
    assert list(bucket.kept) == [f"repeats/art/{ENTRY.holder}"]


def test_the_bucket_is_asked_for_large_answers_alone() -> None:
    def no_client():
        raise AssertionError

    answers = KeptAnswers("payloads", no_client)
    assert answers.unpacked(ENTRY, answers.packed(answer(), ENTRY)).body == b"hello"


def test_a_bucket_that_is_away_is_a_fault(answers, bucket) -> None:
    kept = answers.packed(Answer(200, NOISE, {}), ENTRY)
    bucket.away = True
    with pytest.raises(BucketAway):
        answers.packed(Answer(200, NOISE, {}), replace(ENTRY, holder="other"))
    with pytest.raises(BucketAway):
        answers.unpacked(ENTRY, kept)
