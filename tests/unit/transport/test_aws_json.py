import json
from collections.abc import Iterator

import pytest

from chalicelib.aws_json import AwsApi, AwsFault
from chalicelib.transport import CLOUDWATCH_LOGS, NoAnswer, NotSent, Reply

THROTTLED = Reply(400, {}, b'{"__type":"com.amazonaws.logs#ThrottlingException"}')
DENIED = Reply(400, {}, b'{"__type":"AccessDeniedException","message":"no"}')
BROKEN = Reply(500, {}, b"oops")
OK = Reply(200, {}, b'{"nextSequenceToken":"1"}')


class FakeTransport:
    """Answers each call with the next of the given replies, or raises it."""

    def __init__(self, *replies: Reply | Exception) -> None:
        self._replies: Iterator[Reply | Exception] = iter(replies)
        self.sent: list[tuple[dict[str, str], bytes]] = []

    def call(self, _service, _method, _path, headers, body, *, timeout) -> Reply:
        self.sent.append((headers, body))
        reply = next(self._replies)
        if isinstance(reply, Exception):
            raise reply
        return reply


def api(transport: FakeTransport) -> AwsApi:
    return AwsApi(transport, CLOUDWATCH_LOGS, "Logs_20140328")


def test_an_operation_is_named_by_its_target_and_takes_and_gives_json() -> None:
    transport = FakeTransport(OK)
    assert api(transport).call("PutLogEvents", {"a": 1}) == {"nextSequenceToken": "1"}
    headers, body = transport.sent[0]
    assert headers["X-Amz-Target"] == "Logs_20140328.PutLogEvents"
    assert json.loads(body) == {"a": 1}


@pytest.mark.parametrize(
    "first", [THROTTLED, BROKEN, NotSent(), NoAnswer(timed_out=True), Reply(200, {}, b"{", False)]
)
def test_an_attempt_that_may_be_repeated_is_made_once_more(first) -> None:
    transport = FakeTransport(first, OK)
    assert api(transport).call("PutLogEvents", {}) == {"nextSequenceToken": "1"}


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ((THROTTLED, THROTTLED), "ThrottlingException"),
        ((BROKEN, BROKEN), "Http500"),
        ((NotSent(), NotSent()), "NotSent"),
        ((NoAnswer(timed_out=True), NoAnswer(timed_out=False)), "NoAnswer"),
        ((DENIED,), "AccessDeniedException"),
    ],
)
def test_a_fault_carries_aws_error_type_or_why_no_answer_came(replies, code) -> None:
    with pytest.raises(AwsFault) as fault:
        api(FakeTransport(*replies)).call("PutLogEvents", {})
    assert fault.value.code == code
