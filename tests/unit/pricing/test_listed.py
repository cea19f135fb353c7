"""What a tenant cannot make up: ids that have a list price, endpoints, and what AWS told us of."""

import pytest

from chalicelib import catalog
from chalicelib.backends.guardrails import guardrail_model
from chalicelib.catalog import Model
from chalicelib.pricing.listed import is_unlisted, listed_ids
from chalicelib.pricing.price_book import PriceBook
from chalicelib.settings import Endpoint

ACCOUNT = "123456789012"
ARN = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:imported-model/abc"


def resolved(model_id: str) -> Model:
    found = catalog.resolve(
        model_id,
        endpoints={"chat": Endpoint("chat", "tgi")},
        region="us-east-1",
        account=ACCOUNT,
    )
    assert isinstance(found, Model)
    return found


def test_the_names_are_those_of_the_whole_book() -> None:
    keys = [key for layer in PriceBook.load()._layers for key in layer]

    assert listed_ids() == {
        key.model if key.geo == "none" else f"{key.geo}.{key.model}" for key in keys
    }


@pytest.mark.parametrize("model_id", ["amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0", "chat"])
def test_a_model_that_has_a_price_and_an_endpoint_of_the_settings_are_listed(model_id: str) -> None:
    assert not is_unlisted(resolved(model_id))


def test_what_an_arn_names_is_listed_for_aws_told_us_of_it() -> None:
    assert not is_unlisted(catalog.identified(ARN, basis="imported"))


@pytest.mark.parametrize(
    "model_id",
    [
        "anthropic.no-such-model",
        "eu.anthropic.claude-v2:1",  # a geo in which it does not run
        "anthropic.claude-3-haiku-20240307-v1:0:1k",  # any number could stand there
    ],
)
def test_an_id_that_is_made_up_out_of_one_that_is_listed_is_not(model_id: str) -> None:
    assert is_unlisted(resolved(model_id))


def test_a_guardrails_id_can_be_made_up() -> None:
    assert is_unlisted(guardrail_model("abc", "us-east-1", ACCOUNT))
