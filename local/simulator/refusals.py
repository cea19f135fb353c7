"""Refusals: the errors that AWS answers with, in AWS's shapes.

Bedrock Runtime and the layer that checks signatures answer `{"message": …}`, SageMaker Runtime
`{"Message": …}`; the error's name stands in `x-amzn-ErrorType`, followed by a namespace that
clients ignore. Statuses are those of the service models in botocore.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

Service = Literal["bedrock", "sagemaker"]

ACCOUNT = "123456789012"
_NAMESPACE = "http://internal.amazon.com/coral/com.amazon.{}/"
_AUTHENTICATION = _NAMESPACE.format("coral.service")
TOO_LONG = (
    "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have "
    "length less than or equal to {}"
)


@dataclass(eq=False)
class Refusal(Exception):
    """The service refuses the call: nothing ran and nothing is billed."""

    status: int
    code: str
    message: str
    namespace: str = _NAMESPACE.format("bedrock")
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def error_type(self) -> str:
        return f"{self.code}:{self.namespace}"

    def render(self) -> bytes:
        return json.dumps(self.body or {"message": self.message}).encode()


def unauthenticated(code: str, message: str) -> Refusal:
    """Return what the layer before the service answers to a bad signature or unknown key."""
    return Refusal(403, code, message, _AUTHENTICATION)


def unknown_operation() -> Refusal:
    body = {
        "Output": {"__type": "com.amazon.coral.service#UnknownOperationException"},
        "Version": "1.0",
    }
    return Refusal(404, "UnknownOperationException", "", _AUTHENTICATION, body)


def invalid(message: str) -> Refusal:
    """Bedrock: the request breaks the operation's or the model's schema."""
    return Refusal(400, "ValidationException", message)


def malformed(*violations: str) -> Refusal:
    """Bedrock: the body breaks the model's schema; each violation begins with its JSON path."""
    return invalid(
        f"Malformed input request: {''.join(violations)}, please reformat your input and try again."
    )


def not_found(message: str) -> Refusal:
    return Refusal(404, "ResourceNotFoundException", message)


def sagemaker(status: int, code: str, message: str) -> Refusal:
    return Refusal(status, code, message, _NAMESPACE.format("sagemaker"), {"Message": message})


def model_error(endpoint: str, region: str, status: int, original: str) -> Refusal:
    """SageMaker: the container answered `status` with the text `original`."""
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    message = (
        f'Received client error ({status}) from primary with message "{original}". See '
        f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
        f"#logEventViewer:group={group} in account {ACCOUNT} for more information."
    )
    body = {
        "ErrorCode": "CLIENT_ERROR_FROM_MODEL",
        "LogStreamArn": f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}",
        "Message": message,
        "OriginalMessage": original,
        "OriginalStatusCode": status,
    }
    return Refusal(424, "ModelError", message, _NAMESPACE.format("sagemaker"), body)
