"""The API's description: Chalice's, with what API Gateway answers by itself, and streaming.

One PutRestApi carries all of it, so that nothing has to be mended after it: it overwrites whatever
it does not say.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from chalice.app import RouteEntry
from chalice.deploy.planner import StringFormat
from chalice.deploy.swagger import TemplatedSwaggerGenerator

from chalicelib.runtime import STREAM_ALIAS
from ops.deploy.api_gateway import ALSO_BINARY, REFUSALS, Refusal

Document = dict[str, Any]

STREAM_MS: Final = 900_000
"""How long API Gateway reads a stream: as long as a Lambda may run. Unset, it would be 29 s."""
_BROWSERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "x-amzn-requestid,Retry-After",
}
_HEADERS: Final[Mapping[str, Mapping[str, str]]] = {"THROTTLED": {"Retry-After": "1"}}


def complete(described: Document, name: str) -> Document:
    """Put into Chalice's description, whoever deploys it, what Chalice cannot say.

    The name is the API's function's: metrics of two stages would be one series.
    """
    described["info"]["title"] = name or described["info"]["title"]
    types = described["x-amazon-apigateway-binary-media-types"]
    described["x-amazon-apigateway-binary-media-types"] = sorted({*types, *ALSO_BINARY})
    described["x-amazon-apigateway-gateway-responses"] = {
        kind: _gateway_response(refusal, {**_BROWSERS, **_HEADERS.get(kind, {})})
        for kind, refusal in REFUSALS.items()
    }
    return described


def _gateway_response(refusal: Refusal, headers: Mapping[str, str]) -> Document:
    error = {
        "code": refusal.code,
        "message": refusal.message,
        "request_id": "$context.requestId",
    }
    response: Document = {
        "responseParameters": {
            f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()
        },
        "responseTemplates": {"application/json": json.dumps({"error": error})},
    }
    return {"statusCode": str(refusal.status), **response} if refusal.status else response


class StreamingSwagger(TemplatedSwaggerGenerator):
    """Describes an API whose every route streams, by the function's alias.

    Source: API Gateway Developer Guide, "Set up a Lambda proxy integration with payload response
    streaming in API Gateway".
    """

    def _uri(self, lambda_arn: str | None = None) -> Any:
        return StringFormat(
            "arn:{partition}:apigateway:{region_name}:lambda:path/2021-11-15/functions/"
            f"{{api_handler_lambda_arn}}:{STREAM_ALIAS}/response-streaming-invocations",
            ["partition", "region_name", "api_handler_lambda_arn"],
        )

    def _generate_apig_integ(self, view: RouteEntry) -> Document:
        described: Document = super()._generate_apig_integ(view)
        del described["contentHandling"]  # a stream's bytes are never converted
        return {**described, "responseTransferMode": "STREAM", "timeoutInMillis": STREAM_MS}
