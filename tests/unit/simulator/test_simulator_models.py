import pytest

from local.simulator import models
from local.simulator.refusals import Refusal


@pytest.mark.parametrize(
    ("identifier", "model_id", "base"),
    [
        ("amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ("us.amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ("us-gov.deepseek.v3.2", "us-gov.deepseek.v3.2", "deepseek.v3.2"),
        ("deepseek.v3.2", "deepseek.v3.2", "deepseek.v3.2"),
        (
            "arn:aws:bedrock:us-east-1::foundation-model/mistral.mixtral-8x7b-instruct-v0:1",
            "mistral.mixtral-8x7b-instruct-v0:1",
            "mistral.mixtral-8x7b-instruct-v0:1",
        ),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0",
            "us.amazon.nova-pro-v1:0",
            "amazon.nova-pro-v1:0",
        ),
    ],
)
def test_an_id_or_arn_names_one_model_and_keeps_its_geography(identifier, model_id, base):
    assert models.parse(identifier) == models.Model(model_id, base)


@pytest.mark.parametrize("identifier", ["", "nonsense", "a/b.c", "Amazon.Nova", "a.b\n", "../x.y"])
def test_what_is_no_id_is_refused(identifier):
    with pytest.raises(Refusal) as refused:
        models.parse(identifier)

    assert (refused.value.status, refused.value.code) == (400, "ValidationException")


def test_a_resource_that_this_account_does_not_have_is_not_found():
    with pytest.raises(Refusal) as refused:
        models.parse("arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl")

    assert (refused.value.status, refused.value.code) == (404, "ResourceNotFoundException")


@pytest.mark.parametrize(
    "identifier", ["anthropic.claude-v2:1", "us.anthropic.claude-instant-v1", "ai21.j2-mid-v1"]
)
def test_a_retired_model_is_not_found(identifier):
    with pytest.raises(Refusal) as refused:
        models.parse(identifier)

    assert refused.value.code == "ResourceNotFoundException"


@pytest.mark.parametrize("model_id", models.SERVED)
def test_a_listed_model_is_listed_by_its_base_id(model_id):
    assert models.parse(model_id) == models.Model(model_id, model_id)


def test_every_operation_on_models_is_listed_for_some():
    operations = {operation for each in models.SERVED.values() for operation in each}

    streams = {"InvokeModelWithResponseStream", "ConverseStream"}
    assert operations == {"InvokeModel", "Converse", "CountTokens", "StartAsyncInvoke"} | streams
