"""Whatever a route can call, the deployed function may call: AWS's actions by operation."""

import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from chalicelib.backends.bedrock import apply_guardrail
from chalicelib.surfaces.invoke import OPERATIONS
from chalicelib.surfaces.native import ENDPOINT_OPERATIONS, MODEL_OPERATIONS

ROOT = Path(__file__).parents[3]

# AWS Service Authorization Reference: Amazon Bedrock, Amazon SageMaker.
ACTIONS = {
    "ApplyGuardrail": "bedrock:ApplyGuardrail",
    "Converse": "bedrock:InvokeModel",
    "CountTokens": "bedrock:CountTokens",
    "InvokeEndpoint": "sagemaker:InvokeEndpoint",
    "InvokeModel": "bedrock:InvokeModel",
    "ConverseStream": "bedrock:InvokeModelWithResponseStream",
    "InvokeEndpointWithResponseStream": "sagemaker:InvokeEndpointWithResponseStream",
    "InvokeModelWithResponseStream": "bedrock:InvokeModelWithResponseStream",
}
SERVED = {
    each.name
    for each in (
        *OPERATIONS.values(),
        *MODEL_OPERATIONS.values(),
        *ENDPOINT_OPERATIONS.values(),
        apply_guardrail("1"),
    )
}


def allowed(stage: str) -> set[str]:
    policy = json.loads((ROOT / f".chalice/policy-{stage}-api_handler.json").read_text("utf-8"))
    actions: set[str] = set()
    for statement in policy["Statement"]:
        named = statement["Action"]
        actions.update([named] if isinstance(named, str) else named)
    return actions


@pytest.mark.parametrize("stage", ["dev", "prod"])
@pytest.mark.parametrize("operation", sorted(SERVED))
def test_the_function_may_call_what_its_routes_serve(stage: str, operation: str) -> None:
    assert any(fnmatchcase(ACTIONS[operation], action) for action in allowed(stage))
