"""Amazon SageMaker Runtime: InvokeEndpoint (service model sagemaker-runtime 2017-05-13)."""

from typing import Final

from chalicelib.backends.operation import Operation
from chalicelib.transport import SAGEMAKER_RUNTIME

SELECT_WHAT_RUNS: Final = (
    "x-amzn-sagemaker-target-model",
    "x-amzn-sagemaker-target-variant",
    "x-amzn-sagemaker-target-container-hostname",
    "x-amzn-sagemaker-inference-component",
)
"""These choose another model behind the endpoint than the one that is authorised and priced."""

INVOKE_ENDPOINT: Final = Operation(
    "InvokeEndpoint",
    SAGEMAKER_RUNTIME,
    "/endpoints/{target}/invocations",
    passed_on=(
        "content-type",
        "accept",
        "x-amzn-sagemaker-custom-attributes",
        "x-amzn-sagemaker-inference-id",
        "x-amzn-sagemaker-session-id",
    ),
    refused={
        name: f"This gateway does not take {name}: name an endpoint instead."
        for name in SELECT_WHAT_RUNS
    },
)
