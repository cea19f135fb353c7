"""What moto 5.2 leaves out of a REST API.

At import: an integration's `responseTransferMode`, gateway responses, binary media types, and the
type of the endpoint. Over deployments: the settings of a stage, which AWS keeps.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from moto.apigateway.models import APIGatewayBackend, Deployment, Integration, RestAPI
from moto.apigateway.responses import APIGatewayResponse

from local.swagger import INTEGRATION

Document = dict[str, Any]
BUFFERED = "BUFFERED"
_put = APIGatewayBackend.put_rest_api
_create = APIGatewayResponse.create_rest_api
_deploy = RestAPI.create_deployment
_described = Integration.to_json


def put_rest_api(
    backend: APIGatewayBackend,
    api_id: str,
    document: Document,
    fail_on_warnings: bool,
    mode: str = "merge",
) -> RestAPI:
    """Import as moto does, and what it leaves out. `overwrite` forgets what the document lacks."""
    api = _put(backend, api_id, document, fail_on_warnings, mode)
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            resource = api.get_resource_for_path(path)
            integration = resource.get_method(method.upper()).method_integration
            integration.transfer_mode = described[INTEGRATION].get("responseTransferMode")
    if mode == "overwrite":
        api.gateway_responses = {}
    for kind, answer in document.get("x-amazon-apigateway-gateway-responses", {}).items():
        api.put_gateway_response(
            kind,
            answer.get("statusCode"),
            answer.get("responseParameters", {}),
            answer.get("responseTemplates", {}),
        )
    api.binaryMediaTypes = document.get("x-amazon-apigateway-binary-media-types", [])
    return api


def describe_integration(integration: Integration) -> Document:
    mode = getattr(integration, "transfer_mode", None)
    return {**_described(integration), "responseTransferMode": mode or BUFFERED}


def create_deployment(api: RestAPI, name: str, *rest: Any) -> Deployment:
    stage = api.stages.get(name)
    deployment = _deploy(api, name, *rest)
    if stage:
        stage.deployment_id = deployment.id
        api.stages[name] = stage
    return deployment


def create_rest_api(response: APIGatewayResponse) -> Any:
    """Create or import an API; an import's query may name the type of its endpoint."""
    status, headers, body = _create(response)
    kind = response.querystring.get("endpointConfigurationTypes")
    if not kind or status != 200:
        return status, headers, body
    api = response.backend.get_rest_api(json.loads(body)["id"])
    api.endpoint_configuration = {"types": kind}
    return status, headers, json.dumps(api.to_dict())


@contextmanager
def installed() -> Iterator[None]:
    """Let moto keep all of it while the context lasts."""
    with ExitStack() as patches:
        for owner, name, filled in (
            (APIGatewayBackend, "put_rest_api", put_rest_api),
            (APIGatewayResponse, "create_rest_api", create_rest_api),
            (RestAPI, "create_deployment", create_deployment),
            (Integration, "to_json", describe_integration),
        ):
            patches.enter_context(patch.object(owner, name, filled))
        yield
