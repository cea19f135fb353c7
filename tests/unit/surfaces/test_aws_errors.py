import json

import pytest

from chalicelib.backends.faults import tenant_error
from chalicelib.errors import (
    AnswerLost,
    BadModelId,
    LedgerUnavailable,
    ModelNotAllowed,
    NotFound,
    ProviderFault,
    ProviderTimeout,
    Throttled,
    TollgateError,
    Unauthorized,
)
from chalicelib.surfaces.aws_errors import bedrock_error, sagemaker_error
from chalicelib.transport import Reply

REPEATED_BY_BOTOCORE = {429, 500, 502, 503, 504}


def kind_of(sent) -> tuple[int, str]:
    return sent.status_code, sent.headers["x-amzn-ErrorType"]


@pytest.mark.parametrize(
    ("error", "bedrock", "sagemaker"),
    [
        (BadModelId(), (400, "ValidationException"), (400, "ValidationError")),
        (
            Unauthorized(),
            (403, "UnrecognizedClientException"),
            (403, "UnrecognizedClientException"),
        ),
        (ModelNotAllowed(), (403, "AccessDeniedException"), (403, "AccessDeniedException")),
        (NotFound(), (404, "ResourceNotFoundException"), (404, "ValidationError")),
        (Throttled(), (429, "ThrottlingException"), (429, "ThrottlingException")),
        (LedgerUnavailable(), (503, "ServiceUnavailableException"), (503, "ServiceUnavailable")),
        (ProviderFault(), (500, "InternalServerException"), (500, "InternalFailure")),
        (TollgateError(), (500, "InternalServerException"), (500, "InternalFailure")),
    ],
)
def test_an_error_has_the_type_that_an_sdk_raises(error, bedrock, sagemaker) -> None:
    assert kind_of(bedrock_error(error, "r-1")) == bedrock
    assert kind_of(sagemaker_error(error, "r-1")) == sagemaker


@pytest.mark.parametrize("error", [AnswerLost(), ProviderTimeout()])
def test_what_may_have_been_billed_is_not_repeated_by_an_sdk(error) -> None:
    assert bedrock_error(error, "r-1").status_code not in REPEATED_BY_BOTOCORE
    assert sagemaker_error(error, "r-1").status_code not in REPEATED_BY_BOTOCORE


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "ServiceQuotaExceededException"),
        (429, "ModelNotReadyException"),
        (424, "ModelErrorException"),
        (408, "ModelTimeoutException"),
        (500, "InternalServerException"),
    ],
)
def test_a_providers_own_type_and_status_pass(status, kind) -> None:
    refusal = Reply(status, {"x-amzn-errortype": f"{kind}:http://internal/"}, b'{"message":"x"}')
    assert kind_of(bedrock_error(tenant_error(refusal), "r-1")) == (status, kind)


def test_a_refusal_of_our_own_credentials_does_not_look_like_one_of_the_tenants_key() -> None:
    refusal = Reply(403, {"x-amzn-errortype": "ExpiredTokenException"}, b'{"message":"arn:aws:x"}')
    assert kind_of(bedrock_error(tenant_error(refusal), "r-1")) == (500, "InternalServerException")


def test_the_body_is_the_services_own_shape() -> None:
    assert json.loads(bedrock_error(BadModelId("no"), "r-1").body) == {"message": "no"}
    assert json.loads(sagemaker_error(BadModelId("no"), "r-1").body) == {"Message": "no"}


def test_the_request_can_be_named_to_the_platform_team() -> None:
    assert bedrock_error(NotFound(), "r-1").headers["x-request-id"] == "r-1"
