"""Whose is it? What has a name of ours and is not ours is neither overwritten nor deleted.

Names are by convention, so that anybody may have taken one. A function is ours by the tag that
Chalice gives to each of its own; an API, which has none, if it calls our function; a role, whose
name is one for all regions, if Lambda alone may take it and our policy is in it, of this region; a
rule if it starts our function.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ops.directory import Refused

TAG: Final = "aws-chalice"
"""Chalice's, of the value `version=1.34.0:stage=prod:app=tollgate`."""

_LAMBDA: Final = "lambda.amazonaws.com"
_WRITES_LOG: Final = re.compile(r":logs:([a-z0-9-]+):\d+:log-group:/aws/lambda/")
"""What every policy of ours has, deployed: the function's own log, in the function's region."""

Client = Any
"""A client of one service."""


def owner(tag: str) -> str:
    """Say whose a function is, by the tag's value: `stage=prod:app=tollgate`."""
    return tag.partition(":")[2]


def function(lambdas: Client, name: str, wanted: str) -> str | None:
    """Return a function's ARN, or None where there is none.

    Raises Refused where its owner is not the one that is wanted.
    """
    try:
        arn = str(lambdas.get_function_configuration(FunctionName=name)["FunctionArn"])
    except lambdas.exceptions.ResourceNotFoundException:
        return None
    tag = lambdas.list_tags(Resource=arn)["Tags"].get(TAG, "")
    if owner(tag) != wanted:
        raise Refused(
            f"there is a function {name} that is not this stage's (its tag {TAG} says {tag!r}),"
            " and it is left as it is: delete it, or give this stage another name"
        )
    return arn


def api(gateway: Client, name: str) -> str | None:
    """Find the API that is called as its function is, and return its id; None where there is none.

    Raises Refused for more than one, and for one that does not call that function.
    """
    pages = gateway.get_paginator("get_rest_apis").paginate()
    ids = [str(api["id"]) for page in pages for api in page["items"] if api["name"] == name]
    if len(ids) > 1:
        raise Refused(
            f"there are {len(ids)} APIs called {name} ({', '.join(ids)}):"
            " delete those that no tenant uses"
        )
    if ids and not _calls(gateway, ids[0], name):
        raise Refused(
            f"there is an API {name} ({ids[0]}) that does not call the function {name}: it is not"
            " this stage's and is left as it is; rename it, or give this stage another name"
        )
    return ids[0] if ids else None


def role(iam: Client, name: str, region: str) -> str | None:
    """Return a role's ARN, or None where there is none. Raises Refused where it is not ours, here.

    What else was attached to a role of ours makes it nobody else's. One that has no policy at all
    is ours, too: a deployment ended between making it and giving it one.
    """
    try:
        found = iam.get_role(RoleName=name)["Role"]
    except iam.exceptions.NoSuchEntityException:
        return None
    if why := _strange(iam, name, found["AssumeRolePolicyDocument"], region):
        raise Refused(
            f"there is a role {name} that is not this stage's ({why}), and it is left as it is:"
            " delete it, name its region in AWS_REGION, or give this stage another name"
        )
    return str(found["Arn"])


def _strange(iam: Client, name: str, trust: Mapping[str, Any], region: str) -> str:
    """Say what of a role is not ours; nothing of ours is."""
    if not taken_by(_LAMBDA, trust):
        return f"not {_LAMBDA} alone may take it"
    try:
        policy = iam.get_role_policy(RoleName=name, PolicyName=name)["PolicyDocument"]
    except iam.exceptions.NoSuchEntityException:
        return "its policies are others" if _has_policies(iam, name) else ""
    elsewhere = sorted({*_WRITES_LOG.findall(json.dumps(policy))} - {region})
    return f"its function is in {', '.join(elsewhere)}, not in {region}" if elsewhere else ""


def taken_by(service: str, trust: Mapping[str, Any]) -> bool:
    """Say whether a service alone may take a role, by its policy of trust."""
    return [each.get("Principal") for each in trust["Statement"]] == [{"Service": service}]


def _has_policies(iam: Client, name: str) -> bool:
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return bool(inline or iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"])


def rule(events: Client, name: str, function: str) -> str | None:
    """Return a rule's name, or None where there is none.

    Raises Refused for one that starts something else than our function, and not that, and for one
    of events: ours are of schedules.
    """
    try:
        found = events.describe_rule(Name=name)
    except events.exceptions.ResourceNotFoundException:
        return None
    started = {each["Arn"].rpartition(":")[2] for each in targets(events, name)}
    if function not in started and (started or found.get("EventPattern")):
        raise Refused(
            f"there is a rule {name} that does not start the function {function}: it is not this"
            " stage's and is left as it is; rename it, or give this stage another name"
        )
    return name


def targets(events: Client, rule: str) -> list[Mapping[str, Any]]:
    """Return what a rule starts: five targets at most, as EventBridge has it."""
    found: list[Mapping[str, Any]] = events.list_targets_by_rule(Rule=rule)["Targets"]
    return found


def integrations(gateway: Client, api: str) -> Iterator[Mapping[str, Any]]:
    """Give the integration of each method of an API."""
    pages = gateway.get_paginator("get_resources").paginate(restApiId=api, embed=["methods"])
    for resource in (each for page in pages for each in page["items"]):
        for method in resource.get("resourceMethods", {}).values():
            yield method.get("methodIntegration", {})


def _calls(gateway: Client, api: str, function: str) -> bool:
    """Say whether any method of an API invokes a function, by an alias or without."""
    invoked = re.compile(rf":function:{re.escape(function)}[:/]")
    return any(invoked.search(each.get("uri", "")) for each in integrations(gateway, api))
