"""Amazon Bedrock Runtime: InvokeModel (service model bedrock-runtime 2023-09-30)."""

import json
from typing import Final
from urllib.parse import quote

from chalicelib.backends.request import JSON, Payload, chosen, user_agent
from chalicelib.catalog import Model
from chalicelib.errors import BadRequest
from chalicelib.transport import BEDROCK_RUNTIME, Reply, Transport
from chalicelib.usage_record import ProviderCall

PASSED_ON: Final = (
    "content-type",
    "accept",
    "x-amzn-bedrock-trace",
    "x-amzn-bedrock-performanceconfig-latency",
    "x-amzn-bedrock-service-tier",
)
NOT_METERED: Final = (
    "x-amzn-bedrock-guardrailidentifier",
    "x-amzn-bedrock-guardrailversion",
)
"""A guardrail's units are billed too, and are not metered yet."""


class Bedrock:
    operation = "InvokeModel"

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def check(self, payload: Payload) -> None:
        if any(name in payload.headers for name in NOT_METERED):
            raise BadRequest(
                "This gateway does not meter guardrails yet, so it does not apply them. "
                "Send the request without the X-Amzn-Bedrock-Guardrail headers."
            )

    def invoke(self, model: Model, payload: Payload, call: ProviderCall, timeout: float) -> Reply:
        headers = {
            "content-type": JSON,
            **chosen(payload.headers, PASSED_ON),
            "user-agent": user_agent(call),
            "x-amzn-bedrock-request-metadata": json.dumps(
                {"team_id": call.team_id, "request_id": call.request_id}, separators=(",", ":")
            ),
        }
        path = f"/model/{quote(model.target, safe='')}/invoke"
        return self._transport.call(
            BEDROCK_RUNTIME, "POST", path, headers, payload.body, timeout=timeout
        )
