"""An error says whether its call may have been billed, as the call's record does."""

import pytest

from chalicelib import endings
from chalicelib.backends.faults import tenant_error
from chalicelib.backends.operation import Payload, Prepared
from chalicelib.catalog import Model, resolve
from chalicelib.transport import NoAnswer, Reply

MODEL = resolve(
    "us.amazon.nova-lite-v1:0", endpoints={}, region="us-east-1", account="123456789012"
)
PREPARED = Prepared(Payload({}, b"{}"))
COUNTS = {"x-amzn-bedrock-input-token-count": "3", "x-amzn-bedrock-output-token-count": "4"}


def answered(**reply) -> endings.Ending:
    assert isinstance(MODEL, Model)
    return endings.answered(MODEL, "InvokeModel", PREPARED, Reply(**reply), 5)


def unanswered(*, timed_out: bool) -> endings.Ending:
    assert isinstance(MODEL, Model)
    return endings.unanswered(MODEL, "InvokeModel", NoAnswer(timed_out=timed_out), 5)


def refused(status: int, kind: str) -> endings.Ending:
    return answered(status=status, headers={"x-amzn-errortype": kind}, body=b"{}")


ENDINGS = {
    "no time left": endings.no_time_left(),
    "not sent": endings.not_sent(5),
    "timed out": unanswered(timed_out=True),
    "connection lost": unanswered(timed_out=False),
    "body cut": answered(status=200, headers=COUNTS, body=b"{", complete=False),
    "body too slow": answered(
        status=200, headers=COUNTS, body=b"{", complete=False, timed_out=True
    ),
    "throttled": refused(429, "ThrottlingException"),
    "not valid": refused(400, "ValidationException"),
    "too slow for the provider": refused(408, "ModelTimeoutException"),
    "the model failed": refused(424, "ModelErrorException"),
    "the provider failed": refused(500, "InternalServerException"),
    "away": refused(503, "ServiceUnavailableException"),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_an_error_may_be_billed_exactly_where_its_record_is_no_failure(ending) -> None:
    assert ending.error.may_be_billed == (ending.outcome.kind != "failed")


@pytest.mark.parametrize("status", [300, 400, 403, 404, 408, 413, 418, 429, 500, 502, 503, 504])
def test_no_refusal_of_a_provider_may_be_billed(status) -> None:
    assert not tenant_error(Reply(status, {}, b"{}")).may_be_billed
