import timeit

import pytest
from exchanges import ACCOUNT, REGION
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalog import (
    FAMILIES,
    GEOS,
    NOT_RUN,
    OPAQUE,
    Model,
    Opaque,
    family_of,
    foundation_model,
    identified,
    resolve,
)
from chalicelib.errors import BadModelId, ModelNotAllowed
from chalicelib.metering.meter import METERS
from chalicelib.reporting.cells import clean
from chalicelib.settings import Endpoint

HAIKU = "anthropic.claude-3-5-haiku-20241022-v1:0"
ENDPOINTS = {
    "chat": Endpoint("chat", "tgi"),
    "amazon-nova-lite": Endpoint("amazon-nova-lite", "none"),
}


def resolved(model_id: str) -> Model:
    return resolve(model_id, endpoints=ENDPOINTS, region=REGION, account=ACCOUNT)


def admitted(model_id: str, *globs: str) -> Model | Opaque:
    return resolve(
        model_id, endpoints=ENDPOINTS, region=REGION, account=ACCOUNT, admitted=globs or ("arn:*",)
    )


def own_arn(service: str, kind: str, name: str = "abc123def456") -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}/{name}"


def test_a_foundation_model_id_is_its_own_normal_form():
    assert resolved(HAIKU) == Model(
        model_id=HAIKU,
        service="bedrock",
        base_model=HAIKU,
        geo="none",
        basis="on_demand",
        family="claude",
        target=HAIKU,
        container="",
    )


def test_a_foundation_models_arn_becomes_its_id():
    arn = f"arn:aws:bedrock:{REGION}::foundation-model/{HAIKU}"
    assert resolved(arn) == resolved(HAIKU)


@pytest.mark.parametrize("geo", sorted(GEOS))
def test_a_profile_keeps_its_geo_in_the_id_and_loses_it_in_the_base_model(geo):
    model = resolved(f"{geo}.{HAIKU}")
    assert (model.model_id, model.target) == (f"{geo}.{HAIKU}", f"{geo}.{HAIKU}")
    assert (model.geo, model.base_model, model.family) == (geo, HAIKU, "claude")


def test_a_profiles_arn_becomes_its_id():
    arn = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/us.{HAIKU}"
    assert resolved(arn) == resolved(f"us.{HAIKU}")


@pytest.mark.parametrize(
    ("model_id", "base_model"),
    [
        ("anthropic.claude-3-sonnet-20240229-v1:0:200k", "anthropic.claude-3-sonnet-20240229-v1:0"),
        ("anthropic.claude-3-haiku-20240307-v1:0:48k", "anthropic.claude-3-haiku-20240307-v1:0"),
        ("us.amazon.nova-pro-v1:0:300k", "amazon.nova-pro-v1:0"),
        ("us.anthropic.claude-opus-4-6-v1", "anthropic.claude-opus-4-6-v1"),
        ("anthropic.claude-opus-4-7", "anthropic.claude-opus-4-7"),
        ("global.openai.gpt-5.4", "openai.gpt-5.4"),
        ("openai.gpt-oss-120b-1:0", "openai.gpt-oss-120b-1:0"),
        ("qwen.qwen3-235b-a22b-2507-v1:0", "qwen.qwen3-235b-a22b-2507-v1:0"),
        ("mistral.mistral-7b-instruct-v0:2", "mistral.mistral-7b-instruct-v0:2"),
        ("cohere.embed-v4:0", "cohere.embed-v4:0"),
    ],
)
def test_digits_and_versions_are_never_touched_but_a_context_suffix_goes(model_id, base_model):
    assert resolved(model_id).base_model == base_model


def test_an_endpoints_name_wins_and_is_priced_by_its_own_name():
    model = resolved("chat")
    assert (model.service, model.basis, model.geo) == ("sagemaker", "endpoint", "none")
    assert (model.model_id, model.target, model.base_model) == ("chat", "chat", "chat")
    assert (model.family, model.container) == ("sagemaker_tgi", "tgi")


@pytest.mark.parametrize(
    "model_id",
    [
        "another-teams-endpoint",
        "us",
        "us.nova",
        "us.us.amazon.nova-lite-v1:0",
        "Anthropic.claude-3-5-haiku-20241022-v1:0",
        HAIKU.upper(),
        "abc123def456",
        f"arn:aws:bedrock:eu-west-1::foundation-model/{HAIKU}",
        f"arn:aws:bedrock:{REGION}::foundation-model/us.{HAIKU}",
        f"arn:aws:bedrock:{REGION}:{ACCOUNT}:foundation-model/{HAIKU}",
        f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/{HAIKU}",
        f"arn:aws:bedrock:{REGION}:210987654321:inference-profile/us.{HAIKU}",
        f"arn:aws:bedrock:eu-west-1:{ACCOUNT}:inference-profile/eu.{HAIKU}",
        f"arn:aws:bedrock:{REGION}:{ACCOUNT}:application-inference-profile/abc123def456",
        f"arn:aws:bedrock:{REGION}:{ACCOUNT}:provisioned-model/abc123def456",
        f"arn:aws:bedrock:{REGION}:{ACCOUNT}:custom-model/amazon.titan-text-lite-v1/abc123def456",
        f"arn:aws:bedrock:{REGION}:{ACCOUNT}:imported-model/abc123def456",
        f"arn:aws:bedrock:{REGION}:{ACCOUNT}:prompt/ABCDEFGHIJ:1",
        f"arn:aws:bedrock:{REGION}:{ACCOUNT}:default-prompt-router/anthropic.claude:1",
        f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/another-teams-endpoint",
        f"arn:aws:sagemaker:{REGION}::foundation-model/{HAIKU}",
        "anthropic.claude" + ".part" * 5,  # no model has so many: a made-up id stays short
    ],
)
def test_a_well_formed_id_that_nothing_admits_is_not_allowed(model_id):
    with pytest.raises(ModelNotAllowed):
        resolved(model_id)


@pytest.mark.parametrize(
    "model_id",
    [
        "",
        "a" * 2049,
        " " + HAIKU,
        HAIKU + "\n",
        HAIKU + "\x00",
        "amazon.nova lite",
        "amazon..nova-lite-v1:0",
        "..",
        ".",
        "../endpoints/chat",
        "amazon.nova-lite-v1:0/../../endpoints/chat",
        "amazon.nova-lite-v1:0/invoke",
        "amazon.nova-lite-v1%3A0",
        "%2e%2e%2fchat",
        "amazon.nova-lite-v1:0?x=1",
        "amazon.nova-lite-v1:0#",
        'amazon.nova"',
        "amazon.nova'",
        "=cmd()",
        "amazon.növa-lite-v1:0",
        "amazon.nova-lite-v1:٣",
        "amazon\\nova",
        "arn:aws:s3:::payloads/key",
        f"arn:aws:bedrock:{REGION}::foundation-model//{HAIKU}",
        f"arn:aws:bedrock:{REGION}::foundation-model/./{HAIKU}",
        f"arn:aws:bedrock:{REGION}::foundation-model/{HAIKU}/",
        f"arn:aws:bedrock:{REGION}:12:inference-profile/us.{HAIKU}",
    ],
)
def test_what_is_no_identifier_at_all_is_a_bad_request_in_a_sentence(model_id):
    with pytest.raises(BadModelId) as raised:
        resolved(model_id)
    assert (raised.value.status, raised.value.code) == (400, "bad_model_id")
    assert raised.value.message.endswith(".")


@pytest.mark.parametrize(("service", "kind"), sorted(OPAQUE))
def test_an_arn_that_does_not_name_its_model_is_to_be_looked_up(service, kind):
    arn = own_arn(service, kind)
    assert admitted(arn) == Opaque(arn, kind)


def test_a_name_may_be_provisioned_throughput():
    assert admitted("chat-throughput", "chat-*") == Opaque("chat-throughput", "provisioned-model")


def test_an_endpoint_wins_over_throughput_of_its_name():
    assert admitted("chat", "chat").service == "sagemaker"


@pytest.mark.parametrize(
    ("model_id", "glob"),
    [
        (own_arn("bedrock", "imported-model"), own_arn("bedrock", "provisioned-model", "*")),
        (own_arn("bedrock", "imported-model"), "*"),
        ("chat-throughput", "arn:*"),
        ("chat-throughput", "chat"),
        ("chat-throughput", "CHAT-THROUGHPUT"),
    ],
)
def test_only_a_glob_for_ids_of_its_form_admits_an_opaque_id(model_id, glob):
    with pytest.raises(ModelNotAllowed):
        admitted(model_id, glob)


@pytest.mark.parametrize(("service", "kind"), sorted(OPAQUE))
@pytest.mark.parametrize(
    ("ours", "another"), [(ACCOUNT, "210987654321"), (ACCOUNT, ""), (REGION, "eu-west-1")]
)
def test_no_glob_admits_another_accounts_or_regions_arn(service, kind, ours, another):
    with pytest.raises(ModelNotAllowed):
        admitted(own_arn(service, kind).replace(ours, another))


def test_an_opaque_arn_names_one_resource_and_no_path():
    with pytest.raises(ModelNotAllowed):
        admitted(own_arn("sagemaker", "endpoint", "a/invocations"))


@pytest.mark.parametrize(("service", "kind"), sorted(NOT_RUN))
def test_what_is_never_run_is_refused_in_a_sentence(service, kind):
    with pytest.raises(ModelNotAllowed) as refused:
        admitted(own_arn(service, kind))
    assert refused.value.message == NOT_RUN[service, kind]
    assert refused.value.message.endswith(".")


def test_what_aws_said_of_an_arn_becomes_its_model():
    arn = own_arn("bedrock", "custom-model-deployment")
    assert identified(arn, basis="custom", base_model=HAIKU) == Model(
        model_id=arn,
        service="bedrock",
        base_model=HAIKU,
        geo="none",
        basis="custom",
        family="claude",
        target=arn,
    )


def test_what_has_no_base_model_is_priced_as_itself_and_read_by_its_headers():
    model = identified(own_arn("bedrock", "imported-model"), basis="imported")
    assert (model.base_model, model.family) == (model.model_id, "other")


@pytest.mark.parametrize(("service", "kind"), sorted(OPAQUE))
def test_an_arn_is_a_clean_cell_of_a_report(service, kind):
    assert clean(own_arn(service, kind)) == own_arn(service, kind)


@pytest.mark.parametrize(
    ("arn", "base_model"),
    [
        (f"arn:aws:bedrock:us-west-2::foundation-model/{HAIKU}", HAIKU),
        (f"arn:aws:bedrock:::foundation-model/{HAIKU}", HAIKU),
        (f"arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/{HAIKU}", HAIKU),
        (f"arn:aws:bedrock:us-west-2::foundation-model/{HAIKU}:200k", HAIKU),
        (f"arn:aws:bedrock:us-west-2:{ACCOUNT}:foundation-model/{HAIKU}", None),
        (f"arn:aws:bedrock:us-west-2:{ACCOUNT}:custom-model/{HAIKU}/abc123def456", None),
        ("arn:aws:bedrock:us-west-2::foundation-model/", None),
        ("arn:aws:bedrock:us-west-2::foundation-model/claude", None),
        (HAIKU, None),
    ],
)
def test_only_a_foundation_models_arn_names_a_base_model(arn, base_model):
    assert foundation_model(arn) == base_model


@given(st.text(max_size=80))
def test_any_text_resolves_to_itself_or_is_refused(text):
    try:
        model = resolved(text)
    except (BadModelId, ModelNotAllowed):
        return
    assert model.target == model.model_id
    assert "/" not in model.target


@given(st.from_regex(r"[a-z.:-]{0,20}(us|eu)?\.?[a-z0-9.:-]{1,30}", fullmatch=True))
def test_what_is_dispatched_is_what_is_recorded(text):
    try:
        model = resolved(text)
    except (BadModelId, ModelNotAllowed):
        return
    assert model.model_id == text
    assert model.model_id.removeprefix(f"{model.geo}.").startswith(model.base_model)


@pytest.mark.parametrize(
    ("base_model", "family"),
    [
        ("anthropic.claude-opus-4-7", "claude"),
        ("anthropic.claude-v2:1", "claude_legacy"),
        ("anthropic.claude-instant-v1", "claude_legacy"),
        ("amazon.nova-2-lite-v1:0", "nova"),
        ("amazon.nova-canvas-v1:0", "nova_canvas"),
        ("amazon.nova-2-sonic-v1:0", "nova_sonic"),
        ("amazon.titan-embed-g1-text-02", "titan_embed"),
        ("amazon.titan-embed-image-v1", "titan_embed_image"),
        ("amazon.titan-image-generator-v2:0", "titan_image"),
        ("stability.stable-diffusion-xl-v1", "sdxl"),
        ("stability.sd3-5-large-v1:0", "stability"),
        ("moonshot.kimi-k2-thinking", "kimi"),
        ("newcomer.model-v1:0", "other"),
    ],
)
def test_the_longest_known_prefix_names_the_family(base_model, family):
    assert family_of(base_model) == family


def test_every_family_has_a_meter():
    assert {*FAMILIES.values(), "other"} == set(METERS)


def test_a_warm_look_up_takes_about_a_microsecond_at_most():
    resolved(HAIKU)
    seconds = min(timeit.repeat(lambda: resolved(HAIKU), number=1000, repeat=20)) / 1000
    assert seconds < 2e-6
