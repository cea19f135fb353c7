"""AWS's own operations on the native routes: described by AWS, referred to here."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from chalicelib.surfaces.native import ENDPOINT_OPERATIONS, MODEL_OPERATIONS
from ops.openapi.operation import JSON, Operation, answer

BEDROCK: Final = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_"
SAGEMAKER: Final = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_"
FRAMES: Final = "application/vnd.amazon.eventstream"
PAYLOAD: Final = "As AWS describes it; the gateway passes it on unchanged."


def _bedrock(name: str, *types: str, body: bool = True) -> Operation:
    operation = _operation(name, types or (JSON,), f"{BEDROCK}{name}.html")
    return operation if body else replace(operation, body="")


def _sagemaker(name: str, *types: str) -> Operation:
    return _operation(name, types, f"{SAGEMAKER}{name}.html")


def _operation(name: str, types: tuple[str, ...], page: str) -> Operation:
    answers = {"200": answer("AWS's own answer.", *types)}
    return Operation(f"AWS's {name}.", answers, body=PAYLOAD, aws_page=page)


OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("POST", "/model/{model_id}/invoke"): _bedrock("InvokeModel", "*/*"),
    ("POST", "/model/{model_id}/converse"): _bedrock("Converse"),
    ("POST", "/model/{model_id}/count-tokens"): _bedrock("CountTokens"),
    ("POST", "/model/{model_id}/invoke-with-response-stream"): _bedrock(
        "InvokeModelWithResponseStream", FRAMES
    ),
    ("POST", "/model/{model_id}/converse-stream"): _bedrock("ConverseStream", FRAMES),
    ("POST", "/guardrail/{guardrail_id}/version/{version}/apply"): _bedrock("ApplyGuardrail"),
    ("POST", "/guardrail-checks/{operation}"): replace(
        _bedrock("InvokeGuardrailChecks"),
        summary="Not served: answers ResourceNotFoundException.",
        answers={},
    ),
    ("POST", "/async-invoke"): _bedrock("StartAsyncInvoke"),
    ("GET", "/async-invoke"): _bedrock("ListAsyncInvokes", body=False),
    ("GET", "/async-invoke/{arn}"): _bedrock("GetAsyncInvoke", body=False),
    ("POST", "/endpoints/{name}/invocations"): _sagemaker("InvokeEndpoint", "*/*"),
    ("POST", "/endpoints/{name}/invocations-response-stream"): _sagemaker(
        "InvokeEndpointWithResponseStream", FRAMES
    ),
}

SERVED: Final[Mapping[str, tuple[str, ...]]] = {
    "/model/{model_id}/{operation}": tuple(MODEL_OPERATIONS),
    "/endpoints/{name}/{operation}": tuple(ENDPOINT_OPERATIONS),
}
"""The operations behind a route whose last part names one."""
