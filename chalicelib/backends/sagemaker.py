"""Amazon SageMaker Runtime: the operations that run an endpoint's model.

Source: service model sagemaker-runtime 2017-05-13.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from chalicelib.backends.operation import Operation, Payload, Prepared
from chalicelib.transport import SAGEMAKER_RUNTIME

if TYPE_CHECKING:
    from chalicelib.backends.streamed import Reading

SELECT_WHAT_RUNS: Final = (
    "x-amzn-sagemaker-target-model",
    "x-amzn-sagemaker-target-variant",
    "x-amzn-sagemaker-target-container-hostname",
    "x-amzn-sagemaker-inference-component",
)
"""These choose another model behind the endpoint than the one that is authorised and priced."""

PASSED_ON: Final = (
    "content-type",
    "accept",
    "x-amzn-sagemaker-custom-attributes",
    "x-amzn-sagemaker-inference-id",
    "x-amzn-sagemaker-session-id",
)
STREAM_ACCEPT: Final = "x-amzn-sagemaker-accept"
REFUSED: Final = {
    name: f"This gateway does not take {name}: name an endpoint instead."
    for name in SELECT_WHAT_RUNS
}


def prepare_stream(payload: Payload, container: str) -> Prepared:
    """Ask the container for the counts that it would not give by itself."""
    from chalicelib.backends.container_usage import asking

    body, restored = asking(container, payload.body)

    def reading() -> "Reading":
        from chalicelib.backends.container_streams import ContainerReading

        return ContainerReading(restored)

    return Prepared(replace(payload, body=body), reading=reading)


INVOKE_ENDPOINT: Final = Operation(
    "InvokeEndpoint",
    SAGEMAKER_RUNTIME,
    "/endpoints/{target}/invocations",
    passed_on=PASSED_ON,
    refused=REFUSED,
)
INVOKE_ENDPOINT_WITH_RESPONSE_STREAM: Final = Operation(
    "InvokeEndpointWithResponseStream",
    SAGEMAKER_RUNTIME,
    "/endpoints/{target}/invocations-response-stream",
    passed_on=(*PASSED_ON, STREAM_ACCEPT),
    refused=REFUSED,
    prepare=prepare_stream,
    streams=True,
    renamed={"accept": STREAM_ACCEPT},
)
