"""Errors on native routes, in AWS's own shapes: an unmodified SDK raises its own exceptions.

`x-amzn-ErrorType` names the exception of the service model; the body has its message. What may
have been billed answers with a type that SDKs do not repeat by themselves (ModelErrorException,
ModelTimeoutException): botocore's standard mode repeats 429, 500, 502, 503 and 504, three times
in all. Source: service models bedrock-runtime and sagemaker-runtime; botocore, `retries`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from chalicelib.errors import (
    AnswerKept,
    AnswerLost,
    AnswerNotKept,
    BadRequest,
    Conflict,
    DirectoryUnavailable,
    JobsUnavailable,
    LedgerUnavailable,
    MethodNotAllowed,
    ModelNotAllowed,
    NotFound,
    PayloadTooLarge,
    ProviderFault,
    ProviderTimeout,
    ProviderUnavailable,
    RepeatsUnavailable,
    StillRunning,
    StreamsUnavailable,
    Throttled,
    TollgateError,
    Unauthorized,
    UnsupportedMediaType,
)
from chalicelib.surfaces.answers import Answer, json_answer


class AwsError(NamedTuple):
    status: int
    bedrock: str
    sagemaker: str


INTERNAL: Final = AwsError(500, "InternalServerException", "InternalFailure")
_VALIDATION = AwsError(400, "ValidationException", "ValidationError")
_NOT_FOUND = AwsError(404, "ResourceNotFoundException", "ValidationError")
_AWAY = AwsError(503, "ServiceUnavailableException", "ServiceUnavailable")
_PAID = AwsError(424, "ModelErrorException", "ModelError")

ERRORS: Final[Mapping[type[TollgateError], AwsError]] = {
    BadRequest: _VALIDATION,
    PayloadTooLarge: AwsError(413, "ValidationException", "ValidationError"),
    UnsupportedMediaType: AwsError(415, "ValidationException", "ValidationError"),
    Unauthorized: AwsError(403, "UnrecognizedClientException", "UnrecognizedClientException"),
    ModelNotAllowed: AwsError(403, "AccessDeniedException", "AccessDeniedException"),
    NotFound: _NOT_FOUND,
    MethodNotAllowed: AwsError(405, "UnknownOperationException", "UnknownOperationException"),
    Conflict: AwsError(400, "ConflictException", "ValidationError"),
    Throttled: AwsError(429, "ThrottlingException", "ThrottlingException"),
    ProviderFault: INTERNAL,
    AnswerLost: _PAID,
    AnswerKept: _PAID,
    AnswerNotKept: _PAID,
    ProviderTimeout: AwsError(408, "ModelTimeoutException", "ModelError"),
    ProviderUnavailable: _AWAY,
    LedgerUnavailable: _AWAY,
    DirectoryUnavailable: _AWAY,
    JobsUnavailable: _AWAY,
    StreamsUnavailable: _AWAY,
    RepeatsUnavailable: _AWAY,
    StillRunning: _AWAY,  # an SDK repeats it, and so joins again
}


def bedrock_error(error: TollgateError, request_id: str) -> Answer:
    """Answer as Bedrock Runtime does: `{"message": …}`."""
    known = _aws_error(error)
    status, kind = error.provider or (known.status, known.bedrock)
    return _answer(status, kind, {"message": error.message}, error, request_id)


def sagemaker_error(error: TollgateError, request_id: str) -> Answer:
    """Answer as SageMaker Runtime does: `{"Message": …}`, and for a ModelError what it says."""
    known = _aws_error(error)
    status, kind = error.provider or (known.status, known.sagemaker)
    body: dict[str, object] = {"Message": error.message}
    if kind == "ModelError":
        body |= {"OriginalMessage": error.message, "OriginalStatusCode": error.status}
    return _answer(status, kind, body, error, request_id)


def _aws_error(error: TollgateError) -> AwsError:
    """Find what AWS calls an error of ours, by its class or the nearest one above."""
    return next((ERRORS[each] for each in type(error).__mro__ if each in ERRORS), INTERNAL)


def _answer(
    status: int, kind: str, body: Mapping[str, object], error: TollgateError, request_id: str
) -> Answer:
    named = {"x-amzn-ErrorType": kind, "x-request-id": request_id}
    return json_answer(status, body, {**error.headers, **named})
