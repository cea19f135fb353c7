"""Calls on what is billed by the hour say how long they kept it busy; others do not."""

import pytest

from chalicelib.backends.operation import Payload, Prepared
from chalicelib.catalog import Model, identified
from chalicelib.endings import answered, not_sent, unanswered
from chalicelib.transport import NoAnswer, Reply

ARN = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl"
UNITS = identified(ARN, basis="provisioned", base_model="amazon.nova-lite-v1:0")
ON_DEMAND = identified(ARN, basis="on_demand", base_model="amazon.nova-lite-v1:0")
ENDPOINT = Model("chat", "sagemaker", "chat", "none", "endpoint", "sagemaker_none", "chat", "none")
PREPARED = Prepared(Payload({}, b"{}"))
COUNTS = {
    "x-amzn-bedrock-input-token-count": "30",
    "x-amzn-bedrock-output-token-count": "51",
}


@pytest.mark.parametrize(
    ("model", "busy_ms"),
    [(UNITS, 2500), (ENDPOINT, 2500), (ON_DEMAND, 0)],
    ids=lambda m: str(m)[:9],
)
def test_an_answered_call_counts_its_time_where_hours_are_billed(model, busy_ms):
    ending = answered(model, "InvokeModel", PREPARED, Reply(200, COUNTS, b"{}"), 2500)

    assert ending.outcome.usage.busy_ms == busy_ms


def test_a_call_on_model_units_counts_its_tokens_beside_its_time():
    usage = answered(UNITS, "InvokeModel", PREPARED, Reply(200, COUNTS, b"{}"), 9).outcome.usage

    assert (usage.input_tokens, usage.output_tokens, usage.busy_ms) == (30, 51, 9)


@pytest.mark.parametrize("model", [UNITS, ENDPOINT], ids=["model units", "endpoint"])
def test_a_call_without_an_answer_kept_it_busy_until_it_was_given_up(model):
    ending = unanswered(model, "InvokeModel", NoAnswer(timed_out=True), 60_000)

    assert ending.outcome.usage.busy_ms == 60_000


def test_a_refused_call_and_one_that_was_not_sent_kept_nothing_busy():
    refused = answered(UNITS, "InvokeModel", PREPARED, Reply(429, {}, b"{}"), 12)

    assert (refused.outcome.usage.busy_ms, not_sent(12).outcome.usage.busy_ms) == (0, 0)
