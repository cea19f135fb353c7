"""What is deployed, found again in AWS by its names: Chalice's own file of it is but a note.

Chalice writes `.chalice/deployed/<stage>.json` when a deployment has succeeded, and nowhere else.
Whoever deploys without it (a first deployment that failed half-way, another machine) would get a
second API, and a conflict over each queue's mapping.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from chalice.deploy import models
from chalice.deploy.planner import RemoteState

from ops.deploy import ownership
from ops.directory import Refused

Client = Any
"""Chalice's own client of AWS, for `_client(service)`."""
Values = dict[str, Any]
"""What Chalice's file keeps of a resource."""
_STREAMS: Final = "tollgate streams "
_BUFFERED: Final = "tollgate "
_LOOKS, _PAUSE_S = 36, 5  # a mapping is gone some seconds after its deletion, at times a minute


def recall(remote: RemoteState, resources: Iterable[models.Model]) -> None:
    """Tell Chalice's planner what is there, though its file may not know it.

    Raises Refused for what has a name of ours and is not ours.
    """
    recorded: dict[str, Values] = remote._deployed_resources._deployed_values_by_name
    client = remote._client
    for resource in resources:
        if isinstance(resource, models.LambdaFunction):
            _arn(client, resource)
        if isinstance(resource, models.RestAPI) and _is_there(client, recorded.get("rest_api")):
            continue
        if isinstance(resource, (models.RestAPI, models.SQSEventSource)):
            values = _FIND[type(resource)](client, resource)
            if values:
                recorded[resource.resource_name] = values


def found(client: Client, resources: Iterable[models.Model]) -> list[Values]:
    """Return what Chalice's file of a whole deployment would say. Raises Refused."""
    looked_for = ((_FIND.get(type(each)), each) for each in resources)
    values = (find(client, each) for find, each in looked_for if find)
    return [each for each in values if each]


def described(digest: str, *, streams: bool) -> str:
    """Describe an API, and a deployment of it, by the digest of what it was made of."""
    return f"{_STREAMS if streams else _BUFFERED}{digest}"


def streams(client: Client, api: str, api_stage: str) -> bool:
    """Say whether any route of an API streams: as it is defined, or as it answers, if we did that.

    A deployment that failed half-way leaves the two different.
    """
    gateway = client._client("apigateway")
    modes = (each.get("responseTransferMode") for each in ownership.integrations(gateway, api))
    return "STREAM" in modes or _live(gateway, api, api_stage).startswith(_STREAMS)


def _live(gateway: Any, api: str, api_stage: str) -> str:
    """Return the description of what an API's stage answers by; empty where there is none."""
    try:
        live = gateway.get_stage(restApiId=api, stageName=api_stage)["deploymentId"]
    except gateway.exceptions.NotFoundException:
        return ""
    found = gateway.get_deployment(restApiId=api, deploymentId=live)
    return str(found.get("description") or "")


def _is_there(client: Client, recorded: Mapping[str, str] | None) -> bool:
    return bool(recorded and client.get_rest_api(recorded["rest_api_id"]))


def _rest_api(client: Client, resource: models.RestAPI) -> Values | None:
    found = ownership.api(client._client("apigateway"), resource.lambda_function.function_name)
    if not found:
        return None
    region = client.region_name
    host = f"{found}.execute-api.{region}.{client.endpoint_dns_suffix('apigateway', region)}"
    return {
        "name": resource.resource_name,
        "resource_type": "rest_api",
        "rest_api_id": found,
        "rest_api_url": f"https://{host}/{resource.api_gateway_stage}/",
    }


def _mapping(client: Client, resource: models.SQSEventSource) -> Values | None:
    """Find a queue's mapping; wait for one that is being deleted, which can be neither kept nor
    made again. Raises Refused where that does not end.
    """
    for _ in range(_LOOKS):
        mapping = _mapped(client, resource)
        if not mapping or mapping["State"] != "Deleting":
            return _recorded(resource, mapping) if mapping else None
        time.sleep(_PAUSE_S)
    raise Refused(f"the mapping of the queue {resource.queue} is still being deleted: repeat this")


def _mapped(client: Client, resource: models.SQSEventSource) -> Mapping[str, Any] | None:
    wanted = (resource.queue, resource.lambda_function.function_name)
    pages = client._client("lambda").get_paginator("list_event_source_mappings").paginate()
    for mapping in (each for page in pages for each in page["EventSourceMappings"]):
        arns = mapping["EventSourceArn"], mapping["FunctionArn"]
        if tuple(arn.rpartition(":")[2] for arn in arns) == wanted:
            found: Mapping[str, Any] = mapping
            return found
    return None


def _recorded(resource: models.SQSEventSource, mapping: Mapping[str, Any]) -> Values:
    return {
        "name": resource.resource_name,
        "resource_type": "sqs_event",
        "queue": resource.queue,
        "queue_arn": mapping["EventSourceArn"],
        "event_uuid": mapping["UUID"],
        "lambda_arn": mapping["FunctionArn"],
    }


def _arn(client: Client, resource: models.LambdaFunction) -> str | None:
    """Find a function that is ours. Raises Refused for one that is not."""
    wanted = ownership.owner(resource.tags[ownership.TAG])
    return ownership.function(client._client("lambda"), resource.function_name, wanted)


def _function(client: Client, resource: models.LambdaFunction) -> Values | None:
    arn = _arn(client, resource)
    if arn is None:
        return None
    return {
        "name": resource.resource_name,
        "resource_type": "lambda_function",
        "lambda_arn": arn,
    }


def _role(client: Client, resource: models.ManagedIAMRole) -> Values | None:
    arn = ownership.role(client._client("iam"), resource.role_name, client.region_name)
    if arn is None:
        return None
    return {
        "name": resource.resource_name,
        "resource_type": "iam_role",
        "role_arn": arn,
        "role_name": resource.role_name,
    }


def _rule(client: Client, resource: models.ScheduledEvent) -> Values | None:
    function = resource.lambda_function.function_name
    if ownership.rule(client._client("events"), resource.rule_name, function) is None:
        return None
    return {
        "name": resource.resource_name,
        "resource_type": "cloudwatch_event",
        "rule_name": resource.rule_name,
    }


_FIND: Final[Mapping[type, Callable[[Client, Any], Values | None]]] = {
    models.ManagedIAMRole: _role,
    models.LambdaFunction: _function,
    models.ScheduledEvent: _rule,
    models.SQSEventSource: _mapping,
    models.RestAPI: _rest_api,
}
