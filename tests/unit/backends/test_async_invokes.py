from typing import Any

import pytest
from job_fakes import NOON, arn

from chalicelib.backends.async_invokes import AsyncInvokes, BedrockAway, content, started_arn
from chalicelib.transport import NoAnswer, NotSent, Reply

TOLD = Reply(200, {}, b'{"status":"InProgress"}')


class Transport:
    """Answers call by call with `replies`, or raises them."""

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.calls: list[tuple[str, str]] = []

    def call(self, _service, method, path, _headers, _body, *, timeout):
        self.calls.append((method, path))
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


class Pages:
    """A client of Bedrock Runtime whose list has two pages."""

    def get_paginator(self, _operation):
        return self

    def paginate(self, **asked):
        self.asked = asked
        first = {"clientRequestToken": "t-1", "invocationArn": "arn-1"}
        return [
            {"asyncInvokeSummaries": [first, {"invocationArn": "arn-without-token"}]},
            {},
            {"asyncInvokeSummaries": [{"clientRequestToken": "t-2", "invocationArn": "arn-2"}]},
        ]


def reader(*replies):
    transport = Transport(*replies)
    return AsyncInvokes(transport, Pages), transport


def test_a_job_is_asked_for_by_its_arn_encoded_once() -> None:
    invokes, transport = reader(TOLD)
    assert invokes.get(arn()) == TOLD
    encoded = arn().replace(":", "%3A").replace("/", "%2F")
    assert transport.calls == [("GET", f"/async-invoke/{encoded}")]


@pytest.mark.parametrize(
    "lost", [NotSent(), NoAnswer(timed_out=True), Reply(200, {}, b'{"st', complete=False)]
)
def test_a_reading_that_was_lost_is_made_once_more(lost) -> None:
    assert reader(lost, TOLD)[0].get(arn()) == TOLD


def test_a_bedrock_that_does_not_answer_is_away() -> None:
    with pytest.raises(BedrockAway):
        reader(NotSent(), NotSent())[0].get(arn())


def test_jobs_are_found_by_their_tokens_on_every_page() -> None:
    pages = Pages()
    invokes = AsyncInvokes(Transport(), lambda: pages)
    assert invokes.by_token(NOON) == {"t-1": "arn-1", "t-2": "arn-2"}
    assert pages.asked == {"submitTimeAfter": NOON}


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_an_answer_without_an_object_says_nothing(body) -> None:
    reply = Reply(200, {}, body)
    assert (content(reply), started_arn(reply)) == ({}, None)
