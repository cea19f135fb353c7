"""Whatever a route can call, the deployed function may call: AWS's actions by operation."""

import json
from pathlib import Path

import pytest

from chalicelib.backends.bedrock import apply_guardrail
from chalicelib.streams import runner
from chalicelib.surfaces.invoke import OPERATIONS, STREAMED
from chalicelib.surfaces.native import ENDPOINT_OPERATIONS, MODEL_OPERATIONS

ROOT = Path(__file__).parents[3]

# AWS Service Authorization Reference: Amazon Bedrock, Amazon SageMaker. The SageMaker API reference
# wants sagemaker:InvokeEndpoint of a caller of InvokeEndpointWithResponseStream, too.
ACTIONS = {
    "ApplyGuardrail": {"bedrock:ApplyGuardrail"},
    "Converse": {"bedrock:InvokeModel"},
    "ConverseStream": {"bedrock:InvokeModelWithResponseStream"},
    "CountTokens": {"bedrock:CountTokens"},
    "InvokeEndpoint": {"sagemaker:InvokeEndpoint"},
    "InvokeEndpointWithResponseStream": {
        "sagemaker:InvokeEndpoint",
        "sagemaker:InvokeEndpointWithResponseStream",
    },
    "InvokeModel": {"bedrock:InvokeModel"},
    "InvokeModelWithResponseStream": {"bedrock:InvokeModelWithResponseStream"},
}
SERVED = {
    each.name
    for each in (
        *OPERATIONS.values(),
        *STREAMED.values(),
        *MODEL_OPERATIONS.values(),
        *ENDPOINT_OPERATIONS.values(),
        apply_guardrail("1"),
    )
}


def allowed(stage: str, function: str) -> set[str]:
    policy = json.loads((ROOT / f".chalice/policy-{stage}-{function}.json").read_text("utf-8"))
    actions: set[str] = set()
    for statement in policy["Statement"]:
        named = statement["Action"]
        actions.update([named] if isinstance(named, str) else named)
    return actions


@pytest.mark.parametrize("stage", ["dev", "prod"])
@pytest.mark.parametrize("operation", sorted(SERVED))
def test_the_function_may_call_what_its_routes_serve(stage: str, operation: str) -> None:
    assert ACTIONS[operation] <= allowed(stage, "api_handler")


@pytest.mark.parametrize("stage", ["dev", "prod"])
@pytest.mark.parametrize("operation", sorted(runner.OPERATIONS))
def test_the_worker_may_call_what_can_be_queued(stage: str, operation: str) -> None:
    assert ACTIONS[operation] | {"bedrock:ApplyGuardrail"} <= allowed(stage, "stream_worker")
