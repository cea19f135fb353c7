"""What an opaque id runs: told exactly, believed for a time, and refused where it is not known."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from control_plane import ControlPlane, arn, foundation, path

from chalicelib.backends.identity import (
    ATTEMPTS,
    KEPT,
    KEPT_SECONDS,
    REFUSAL_KEPT_SECONDS,
    Identities,
)
from chalicelib.backends.model_resources import GEOS_OF, READERS
from chalicelib.catalog import GEOS, OPAQUE, Model, Opaque
from chalicelib.errors import ModelNotAllowed, ProviderFault, ProviderUnavailable
from chalicelib.transport import NoAnswer, NotSent, Reply

HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
TITAN = "amazon.titan-text-express-v1"
US = (foundation(HAIKU), foundation(HAIKU, "us-east-2"), foundation(HAIKU, "us-west-2"))
WORLDWIDE = (foundation(HAIKU), foundation(HAIKU, ""))
PROFILE = arn("application-inference-profile")
THROUGHPUT = arn("provisioned-model")
DEPLOYMENT = arn("custom-model-deployment")
CUSTOM = arn("custom-model", f"{TITAN}/abc123def456")
IMPORTED = arn("imported-model")
ENDPOINT = arn("endpoint", "falcon", "sagemaker")
DEPLOYMENTS = "model-customization/custom-model-deployments"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Clock:
    """Both clocks, which a frozen process can part."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.now = NOON

    def passes(self, seconds: float) -> None:
        self.seconds += seconds
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def aws() -> ControlPlane:
    plane = ControlPlane()
    plane.has_system_profile(f"us.{HAIKU}", *US)
    plane.has_system_profile(f"global.{HAIKU}", *WORLDWIDE)
    return plane


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def identify(aws: ControlPlane, clock: Clock) -> Callable[[str], Model]:
    identities = Identities(aws, lambda: clock.seconds, lambda: clock.now)

    def model(identifier: str) -> Model:
        is_arn = identifier.startswith("arn:")
        kind = identifier.split(":")[5].split("/")[0] if is_arn else "provisioned-model"
        return identities.model(Opaque(identifier, kind))

    return model


def has_throughput(aws: ControlPlane, identifier: str = THROUGHPUT, base: str = HAIKU) -> None:
    aws.has(
        "provisioned-model-throughput",
        identifier,
        provisionedModelArn=THROUGHPUT,
        provisionedModelName="chat-throughput",
        foundationModelArn=foundation(base),
        modelUnits=2,
    )


def has_deployment(aws: ControlPlane, **fields: object) -> None:
    aws.has(DEPLOYMENTS, DEPLOYMENT, customModelDeploymentArn=DEPLOYMENT, modelArn=CUSTOM, **fields)


# Application inference profiles


def test_a_profile_copied_from_a_model_is_priced_as_that_model_in_its_region(aws, identify) -> None:
    aws.has_profile(PROFILE, foundation(HAIKU))
    assert identify(PROFILE) == Model(
        model_id=PROFILE,
        service="bedrock",
        base_model=HAIKU,
        geo="none",
        basis="on_demand",
        family="claude",
        target=PROFILE,
    )


def test_a_profile_copied_from_a_system_profile_has_its_geo(aws, identify) -> None:
    aws.has_profile(PROFILE, *US)
    assert (identify(PROFILE).geo, identify(PROFILE).base_model) == ("us", HAIKU)


def test_a_profile_that_routes_worldwide_has_the_global_price(aws, identify) -> None:
    aws.has_profile(PROFILE, *WORLDWIDE)
    assert identify(PROFILE).geo == "global"


def test_geos_that_share_a_continent_are_told_apart_by_where_they_route(aws, identify) -> None:
    japan = (foundation(HAIKU, "ap-northeast-1"), foundation(HAIKU, "ap-northeast-3"))
    aws.has_system_profile(f"jp.{HAIKU}", *japan)
    aws.has_system_profile(f"apac.{HAIKU}", *japan, foundation(HAIKU, "ap-southeast-2"))
    aws.has_profile(PROFILE, *japan)
    assert identify(PROFILE).geo == "jp"


def test_a_profile_that_routes_as_no_system_profile_does_is_refused(aws, identify) -> None:
    aws.has_profile(PROFILE, *US[:2])
    with pytest.raises(ModelNotAllowed):
        identify(PROFILE)


def test_a_profile_that_may_be_a_copy_of_one_or_another_is_refused(aws, identify) -> None:
    aws.has_system_profile(f"us.{HAIKU}", foundation(HAIKU))
    aws.has_profile(PROFILE, foundation(HAIKU))
    with pytest.raises(ModelNotAllowed):
        identify(PROFILE)


def test_a_profile_of_two_models_is_refused(aws, identify) -> None:
    aws.has_profile(PROFILE, foundation(HAIKU), foundation(TITAN))
    with pytest.raises(ModelNotAllowed):
        identify(PROFILE)


def test_a_profile_of_a_region_whose_geos_are_not_known_is_refused(aws, identify) -> None:
    aws.has_profile(PROFILE, foundation(HAIKU, "xx-north-1"), foundation(HAIKU, "xx-south-1"))
    with pytest.raises(ModelNotAllowed):
        identify(PROFILE)


def test_every_geo_can_be_found() -> None:
    assert {geo for geos in GEOS_OF.values() for geo in geos} == GEOS


# Provisioned throughput


def test_throughput_is_its_foundation_model_by_the_hour(aws, identify) -> None:
    has_throughput(aws)
    model = identify(THROUGHPUT)
    assert (model.basis, model.base_model, model.geo) == ("provisioned", HAIKU, "none")
    assert (model.family, model.target) == ("claude", THROUGHPUT)


def test_throughput_has_one_normal_form_whether_named_or_by_arn(aws, identify) -> None:
    has_throughput(aws)
    has_throughput(aws, "chat-throughput")
    assert identify("chat-throughput") == identify(THROUGHPUT)


# Custom models


def test_a_custom_deployment_is_priced_as_its_base_model_customised(aws, identify) -> None:
    has_deployment(aws)
    aws.has_custom_model(CUSTOM, foundation(TITAN))
    model = identify(DEPLOYMENT)
    assert (model.basis, model.base_model, model.family) == ("custom", TITAN, "titan_text")
    assert (model.model_id, model.target) == (DEPLOYMENT, DEPLOYMENT)


def test_a_custom_model_made_out_of_another_is_followed_to_the_foundation(aws, identify) -> None:
    parent = arn("custom-model", f"{TITAN}/parent123456")
    has_deployment(aws)
    aws.has_custom_model(CUSTOM, parent)
    aws.has_custom_model(parent, foundation(TITAN))
    assert identify(DEPLOYMENT).base_model == TITAN


def test_a_circle_of_custom_models_is_refused(aws, identify) -> None:
    has_deployment(aws)
    aws.has_custom_model(CUSTOM, CUSTOM)
    with pytest.raises(ModelNotAllowed):
        identify(DEPLOYMENT)


def test_a_deployment_on_its_way_to_another_base_model_is_refused(aws, identify) -> None:
    other = arn("custom-model", f"{HAIKU}/other1234567")
    has_deployment(aws, updateDetails={"modelArn": other, "updateStatus": "Updating"})
    aws.has_custom_model(CUSTOM, foundation(TITAN))
    aws.has_custom_model(other, foundation(HAIKU))
    with pytest.raises(ModelNotAllowed):
        identify(DEPLOYMENT)


def test_a_deployment_updated_within_its_base_model_keeps_running(aws, identify) -> None:
    other = arn("custom-model", f"{TITAN}/other1234567")
    has_deployment(aws, updateDetails={"modelArn": other, "updateStatus": "Updating"})
    aws.has_custom_model(CUSTOM, foundation(TITAN))
    aws.has_custom_model(other, foundation(TITAN))
    assert identify(DEPLOYMENT).base_model == TITAN


# What is its own model


def test_an_imported_model_is_priced_as_itself(aws, identify) -> None:
    aws.has("imported-models", IMPORTED, modelArn=IMPORTED, modelArchitecture="llama")
    model = identify(IMPORTED)
    assert (model.basis, model.base_model, model.family) == ("imported", IMPORTED, "other")


def test_a_marketplace_endpoint_runs_on_bedrock_and_is_priced_as_itself(aws, identify) -> None:
    endpoint = {"endpointArn": ENDPOINT, "status": "REGISTERED"}
    aws.has("marketplace-model/endpoints", ENDPOINT, marketplaceModelEndpoint=endpoint)
    model = identify(ENDPOINT)
    assert (model.service, model.basis, model.base_model) == ("bedrock", "marketplace", ENDPOINT)


def test_every_kind_of_opaque_id_can_be_asked_about() -> None:
    assert {kind for _, kind in OPAQUE} == set(READERS)


# What AWS may answer


@pytest.mark.parametrize("identifier", [PROFILE, THROUGHPUT, DEPLOYMENT, IMPORTED, ENDPOINT, "x"])
def test_what_aws_does_not_know_is_not_run(identify, identifier) -> None:
    with pytest.raises(ModelNotAllowed):
        identify(identifier)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"provisionedModelArn":',
        b'{"provisionedModelArn":1,"foundationModelArn":2}',
        b'{"provisionedModelArn":"%s"}' % THROUGHPUT.encode(),
        b'{"provisionedModelArn":"%s","foundationModelArn":null}' % THROUGHPUT.encode(),
        b'{"provisionedModelArn":"%s","foundationModelArn":"arn:aws:x"}' % THROUGHPUT.encode(),
        b'{"provisionedModelArn":"arn:other","foundationModelArn":"%s"}' % US[0].encode(),
    ],
)
def test_an_answer_that_does_not_say_it_exactly_is_no_answer(aws, identify, body) -> None:
    aws.answers[path("provisioned-model-throughput", THROUGHPUT)] = Reply(200, {}, body)
    with pytest.raises(ModelNotAllowed):
        identify(THROUGHPUT)


@pytest.mark.parametrize("models", [None, [], {}, [None], [{}], [{"modelArn": 1}], ["arn"]])
def test_a_profile_whose_models_cannot_be_read_is_refused(aws, identify, models) -> None:
    aws.has("inference-profiles", PROFILE, inferenceProfileArn=PROFILE, models=models)
    with pytest.raises(ModelNotAllowed):
        identify(PROFILE)


@pytest.mark.parametrize(
    "answer",
    [
        NotSent("refused"),
        NoAnswer(timed_out=True),
        Reply(500, {}, b""),
        Reply(503, {}, b""),
        Reply(429, {"x-amzn-errortype": "ThrottlingException"}, b""),
        Reply(200, {}, b'{"provisioned', complete=False),
    ],
)
def test_where_aws_gives_no_answer_the_call_is_refused_for_now(aws, identify, answer) -> None:
    aws.answers[path("provisioned-model-throughput", THROUGHPUT)] = answer
    with pytest.raises(ProviderUnavailable) as refused:
        identify(THROUGHPUT)
    assert refused.value.status == 503
    assert len(aws.asked) == ATTEMPTS


def test_what_aws_did_not_answer_is_asked_again_at_once(aws, identify) -> None:
    aws.answers[path("provisioned-model-throughput", THROUGHPUT)] = NotSent("refused")
    with pytest.raises(ProviderUnavailable):
        identify(THROUGHPUT)
    has_throughput(aws)
    assert identify(THROUGHPUT).base_model == HAIKU


def test_a_role_that_may_not_look_is_our_fault_and_is_not_taken_for_an_answer(
    aws, identify
) -> None:
    aws.answers[path("provisioned-model-throughput", THROUGHPUT)] = Reply(403, {}, b"{}")
    with pytest.raises(ProviderFault) as refused:
        identify(THROUGHPUT)
    assert "arn:" not in refused.value.message


# How long an answer is believed


def test_a_known_id_is_not_looked_up_again(aws, identify) -> None:
    has_throughput(aws)
    assert identify(THROUGHPUT) is identify(THROUGHPUT)
    assert len(aws.asked) == 1


def test_an_answer_is_believed_for_a_bounded_time(aws, clock, identify) -> None:
    has_throughput(aws)
    identify(THROUGHPUT)
    clock.passes(KEPT_SECONDS)
    has_throughput(aws, base=TITAN)
    assert identify(THROUGHPUT).base_model == TITAN


def test_a_frozen_process_does_not_believe_an_answer_for_longer(aws, clock, identify) -> None:
    has_throughput(aws)
    identify(THROUGHPUT)
    clock.now += timedelta(seconds=KEPT_SECONDS)
    has_throughput(aws, base=TITAN)
    assert identify(THROUGHPUT).base_model == TITAN


def test_an_unknown_id_is_not_looked_up_at_every_request(aws, identify) -> None:
    for _ in range(3):
        with pytest.raises(ModelNotAllowed):
            identify(THROUGHPUT)
    assert len(aws.asked) == 1


def test_what_was_just_created_soon_runs(aws, clock, identify) -> None:
    with pytest.raises(ModelNotAllowed):
        identify(THROUGHPUT)
    has_throughput(aws)
    clock.passes(REFUSAL_KEPT_SECONDS)
    assert identify(THROUGHPUT).base_model == HAIKU


def test_a_flood_of_unknown_ids_pushes_out_none_that_is_used(aws, identify) -> None:
    has_throughput(aws)
    identify(THROUGHPUT)
    for number in range(KEPT + 1):
        with pytest.raises(ModelNotAllowed):
            identify(f"unknown-{number}")
    aws.asked.clear()
    identify(THROUGHPUT)
    assert aws.asked == []


def test_only_so_many_answers_are_kept(aws, identify) -> None:
    for number in range(KEPT + 1):
        with pytest.raises(ModelNotAllowed):
            identify(f"unknown-{number}")
    aws.asked.clear()
    with pytest.raises(ModelNotAllowed):
        identify("unknown-0")
    assert len(aws.asked) == 1
