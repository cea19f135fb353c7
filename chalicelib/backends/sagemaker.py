"""Amazon SageMaker Runtime: InvokeEndpoint (service model sagemaker-runtime 2017-05-13)."""

from typing import Final
from urllib.parse import quote

from chalicelib.backends.request import JSON, Payload, chosen, user_agent
from chalicelib.catalog import Model
from chalicelib.errors import BadRequest
from chalicelib.transport import SAGEMAKER_RUNTIME, Reply, Transport
from chalicelib.usage_record import ProviderCall

PASSED_ON: Final = (
    "content-type",
    "accept",
    "x-amzn-sagemaker-custom-attributes",
    "x-amzn-sagemaker-inference-id",
    "x-amzn-sagemaker-session-id",
)
SELECT_WHAT_RUNS: Final = (
    "x-amzn-sagemaker-target-model",
    "x-amzn-sagemaker-target-variant",
    "x-amzn-sagemaker-target-container-hostname",
    "x-amzn-sagemaker-inference-component",
)
"""These choose another model behind the endpoint than the one that is authorised and priced."""


class SageMaker:
    operation = "InvokeEndpoint"

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def check(self, payload: Payload) -> None:
        for name in SELECT_WHAT_RUNS:
            if name in payload.headers:
                raise BadRequest(f"This gateway does not take {name}: name an endpoint instead.")

    def invoke(self, model: Model, payload: Payload, call: ProviderCall, timeout: float) -> Reply:
        headers = {
            "content-type": JSON,
            **chosen(payload.headers, PASSED_ON),
            "user-agent": user_agent(call),
        }
        path = f"/endpoints/{quote(model.target, safe='')}/invocations"
        return self._transport.call(
            SAGEMAKER_RUNTIME, "POST", path, headers, payload.body, timeout=timeout
        )
