"""The time of a call counts where capacity is billed by time, and nowhere else."""

import pytest
from exchanges import exchange, model, token_headers

from chalicelib import endings
from chalicelib.catalog import BILLED_BY_TIME, Model, identified
from chalicelib.metering.meter import meter
from chalicelib.metering.usage import Usage
from chalicelib.transport import NoAnswer

NOVA = "amazon.nova-lite-v1:0"
ANSWERED = exchange({}, headers=token_headers(30, 51))
BY_TIME = sorted(BILLED_BY_TIME - {"endpoint"})


def capacity(basis: str) -> Model:
    arn = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123def456"
    return identified(arn, basis=basis, base_model=NOVA)


@pytest.mark.parametrize("basis", BY_TIME)
def test_a_call_on_capacity_counts_its_tokens_and_its_time(basis) -> None:
    metered = meter(capacity(basis), ANSWERED, busy_ms=7)
    assert metered.usage == Usage(input_tokens=30, output_tokens=51, busy_ms=7)
    assert metered.usage_source == "header"


@pytest.mark.parametrize("on_demand", [model(NOVA), capacity("custom")])
def test_a_call_that_is_billed_by_token_counts_no_time(on_demand) -> None:
    assert meter(on_demand, ANSWERED, busy_ms=7).usage.busy_ms == 0


def test_capacity_was_kept_busy_by_a_call_that_was_never_answered() -> None:
    lost = endings.unanswered(
        capacity("provisioned"), "InvokeModel", NoAnswer(timed_out=True), latency_ms=7
    )
    assert lost.outcome.usage == Usage(busy_ms=7)
