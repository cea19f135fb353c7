import json

import pytest

from local.simulator import terms
from local.simulator.arrival import Arrival
from local.simulator.faults import Fault
from local.simulator.models import Model
from local.simulator.refusals import Refusal
from local.simulator.terms import Terms

NOVA_PRO = Model("us.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0")
OPTIMIZED = Terms(latency="optimized")


def in_headers(**headers) -> Terms:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return terms.in_headers(Arrival((), "", named, b""))


def in_body(**body) -> Terms:
    return terms.in_body(Arrival((), "", {}, json.dumps(body).encode()))


def test_nothing_asked_for_is_the_default():
    for asked in (in_headers(), in_body()):
        assert asked == Terms()
        assert (asked.billed_tier, asked.billed_latency) == ("default", "standard")


def test_headers_and_bodies_say_the_same():
    by_headers = in_headers(
        x_amzn_bedrock_service_tier="flex",
        x_amzn_bedrock_performanceconfig_latency="optimized",
        x_amzn_bedrock_guardrailidentifier="contentpii",
        x_amzn_bedrock_guardrailversion="1",
        x_amzn_bedrock_trace="ENABLED_FULL",
    )
    by_body = in_body(
        serviceTier={"type": "flex"},
        performanceConfig={"latency": "optimized"},
        guardrailConfig={
            "guardrailIdentifier": "contentpii",
            "guardrailVersion": "1",
            "trace": "enabled_full",
        },
    )

    assert by_headers == by_body
    assert by_body.traced


@pytest.mark.parametrize(
    "body",
    [
        {"serviceTier": {"type": "gold"}},
        {"serviceTier": "flex"},
        {"performanceConfig": {"latency": "fast"}},
        {"guardrailConfig": {"guardrailIdentifier": "content"}},
        {"guardrailConfig": {"guardrailIdentifier": "content", "guardrailVersion": 1}},
    ],
)
def test_terms_that_there_are_not_are_refused(body):
    with pytest.raises(Refusal):
        in_body(**body)


def test_reserved_capacity_overflows_to_the_default_tier():
    assert Terms(tier="reserved").served(NOVA_PRO, "us-east-1", None).tier == "default"


@pytest.mark.parametrize(
    ("model_id", "region"),
    [
        ("us.amazon.nova-pro-v1:0", "us-east-1"),
        ("us.anthropic.claude-3-5-haiku-20241022-v1:0", "us-east-2"),
        ("us.meta.llama3-1-70b-instruct-v1:0", "us-west-2"),
    ],
)
def test_a_model_is_served_optimised_where_aws_does(model_id, region):
    model = Model(model_id, model_id.removeprefix("us."))

    assert OPTIMIZED.served(model, region, None).latency == "optimized"


@pytest.mark.parametrize(
    ("model_id", "region"),
    [
        ("amazon.nova-pro-v1:0", "us-east-1"),  # through its profile alone
        ("us.amazon.nova-lite-v1:0", "us-east-1"),
        ("us.amazon.nova-pro-v1:0", "eu-central-1"),
    ],
)
def test_elsewhere_it_is_refused_in_bedrocks_words(model_id, region):
    with pytest.raises(Refusal) as refused:
        OPTIMIZED.served(Model(model_id, model_id), region, None)

    assert refused.value.message == (
        f"Latency performance configuration is not supported for {model_id} in {region}"
    )


def test_over_its_quota_optimised_is_served_as_standard():
    fault = Fault("latency", {"latency": "standard"})

    assert OPTIMIZED.served(NOVA_PRO, "us-east-1", fault).latency == "standard"
    assert Terms().served(NOVA_PRO, "us-east-1", fault).latency is None
