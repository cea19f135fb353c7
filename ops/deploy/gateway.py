"""What the API's own stage is set to, which Chalice does not know: access logs and throttling.

These settings outlive deployments, so they are set once, and looked at each time.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from ops.deploy import ownership
from ops.deploy.account import Account
from ops.deploy.stage import Say, Stage

ACCESS_LOG: Final = json.dumps(
    {
        "request_id": "$context.requestId",
        "time": "$context.requestTimeEpoch",
        "method": "$context.httpMethod",
        "route": "$context.resourcePath",
        "status": "$context.status",
        "refused": "$context.error.responseType",
        "ip": "$context.identity.sourceIp",
        "bytes": "$context.responseLength",
        "ms": "$context.responseLatency",
        "function_ms": "$context.integrationLatency",
        "function_status": "$context.integrationStatus",
    },
    separators=(",", ":"),
)
"""A line of JSON a request, without its query, its headers and its body."""
LOG_ROLE: Final = "tollgate-api-gateway-logs"
"""By which API Gateway writes logs: one for all APIs of an account in a region."""
_LOG_ACTIONS: Final = (
    *("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups"),
    *("logs:DescribeLogStreams", "logs:PutLogEvents", "logs:GetLogEvents", "logs:FilterLogEvents"),
)
"""What API Gateway's Developer Guide asks for such a role, on all resources: "Permissions for
CloudWatch logging". It takes no role that may do less.
"""
_API_GATEWAY: Final = "apigateway.amazonaws.com"
_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": _API_GATEWAY},
            "Action": "sts:AssumeRole",
        }
    ],
}
_ATTEMPTS, _PAUSE_S = 12, 5  # a new role is known everywhere after some seconds


def log_role(_stage: Stage, account: Account) -> Iterator[str]:
    """Say that the role which API Gateway is to get is somebody else's."""
    if account.client("apigateway").get_account().get("cloudwatchRoleArn"):
        return  # it has another, or ours
    iam = account.client("iam")
    with suppress(iam.exceptions.NoSuchEntityException):
        trust = iam.get_role(RoleName=LOG_ROLE)["Role"]["AssumeRolePolicyDocument"]
        if not ownership.taken_by(_API_GATEWAY, trust):
            yield (
                f"there is a role {LOG_ROLE} that not {_API_GATEWAY} alone may take: delete it, or"
                " set a role of yours for the logs of API Gateway (its console, Settings)"
            )


def settle(account: Account, stage: Stage, api_id: str, say: Say) -> None:
    """Set what is not set so."""
    gateway = account.client("apigateway")
    named = {"restApiId": api_id, "stageName": stage.api_stage}
    now = gateway.get_stage(**named)
    differing = [path for path, value, at in _wanted(account, stage) if _read(now, at) != value]
    if not differing:
        return
    _allow_logs(account, gateway, say)
    operations = [
        {"op": "replace", "path": path, "value": str(value)}
        for path, value, _ in _wanted(account, stage)
        if path in differing
    ]
    gateway.update_stage(**named, patchOperations=operations)
    say(f"set {', '.join(differing)} of the API's stage")


def deployed(account: Account, stage: Stage, api_id: str) -> datetime:
    """Return when the API was deployed as it answers now."""
    gateway = account.client("apigateway")
    now = gateway.get_stage(restApiId=api_id, stageName=stage.api_stage)
    found = gateway.get_deployment(restApiId=api_id, deploymentId=now["deploymentId"])
    made: datetime = found["createdDate"]
    return made


def _wanted(account: Account, stage: Stage) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """Give each setting's patch path, its value, and where GetStage shows it."""
    place = f"{account.partition}:logs:{account.region}:{account.number}"
    group = f"arn:{place}:log-group:{stage.access_logs}"
    yield "/accessLogSettings/destinationArn", group, ("accessLogSettings", "destinationArn")
    yield "/accessLogSettings/format", ACCESS_LOG, ("accessLogSettings", "format")
    every, options = ("methodSettings", "*/*"), stage.options
    rate = options.requests_per_second
    yield "/*/*/throttling/rateLimit", rate, (*every, "throttlingRateLimit")
    yield "/*/*/throttling/burstLimit", options.burst, (*every, "throttlingBurstLimit")


def _read(told: Mapping[str, Any], at: tuple[str, ...]) -> Any:
    for name in at[:-1]:
        told = told.get(name) or {}
    return told.get(at[-1])


def _allow_logs(account: Account, gateway: Any, say: Say) -> None:
    """Give API Gateway a role to write logs by, if this account never gave it one."""
    if gateway.get_account().get("cloudwatchRoleArn"):
        return
    iam = account.client("iam")
    with suppress(iam.exceptions.EntityAlreadyExistsException):  # of another region, say
        iam.create_role(RoleName=LOG_ROLE, AssumeRolePolicyDocument=json.dumps(_TRUST))
    statement = {"Effect": "Allow", "Action": list(_LOG_ACTIONS), "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_role_policy(RoleName=LOG_ROLE, PolicyName=LOG_ROLE, PolicyDocument=json.dumps(policy))
    role = f"arn:{account.partition}:iam::{account.number}:role/{LOG_ROLE}"
    _set_account(gateway, role)
    say(f"granted API Gateway the role {LOG_ROLE}, for the logs of all APIs of this account")


def _set_account(gateway: Any, role: str) -> None:
    operations = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            gateway.update_account(patchOperations=operations)
        except ClientError as error:
            if error.response["Error"]["Code"] != "BadRequestException" or attempt == _ATTEMPTS:
                raise
            time.sleep(_PAUSE_S)
        else:
            return
