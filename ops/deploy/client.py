"""Chalice's client of AWS, made to change only what is not yet as it is to be.

Chalice updates every function and deploys the API each time. So a redeployment without a change
would start every function cold, and say nothing of what it did.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError
from botocore.session import Session
from chalice.awsclient import TypedAWSClient

from chalicelib.runtime import STREAM_ALIAS
from ops.deploy import releases, state
from ops.deploy.stage import Say

Document = dict[str, Any]
_ATTEMPTS: Final = 10
_OFF: Final = ("Disabled", "Disabling")
_ABSENT: Final = frozenset({"NotFoundException", "NoSuchEntity", "ResourceNotFoundException"})


class StageClient(TypedAWSClient):
    """The client for one stage; it says what it changes."""

    def __init__(self, session: Session, api_stage: str, *, streams: bool, say: Say) -> None:
        super().__init__(session)
        self._say = say
        self._api_stage = api_stage
        self._streams = streams
        self._document = ""

    def create_role(self, name: str, trust_policy: Document, policy: Document) -> str:
        self._say(f"made the role {name}")
        return super().create_role(name, trust_policy, policy)

    def put_role_policy(self, role_name: str, policy_name: str, policy_document: Document) -> None:
        found = self._found("iam", "get_role_policy", RoleName=role_name, PolicyName=policy_name)
        if found.get("PolicyDocument") != policy_document:
            if found:
                self._say(f"changed the policy of the role {role_name}")
            super().put_role_policy(role_name, policy_name, policy_document)

    def create_function(self, **given: Any) -> str:  # type: ignore[override]
        self._say(f"made the function {given['function_name']}")
        return super().create_function(**given)

    def _create_lambda_function(self, api_args: Document) -> tuple[str, str]:
        made: tuple[str, str] = super()._create_lambda_function({**api_args, **releases.AS_WRITTEN})
        return made

    def _update_function_code(
        self, function_name: str, zip_contents: Any, architecture: str | None = None
    ) -> Document:
        digest = base64.b64encode(hashlib.sha256(zip_contents).digest()).decode()
        now: Document = self.get_function_configuration(function_name)
        if now["CodeSha256"] == digest and now.get("Architectures") == [architecture]:
            return now
        self._say(f"changed the code of {function_name}")
        return super()._update_function_code(function_name, zip_contents, architecture)

    def _do_update_function_config(self, function_name: str, kwargs: Document) -> None:
        now = {**releases.AS_WRITTEN, **self.get_function_configuration(function_name)}
        wanted = {**kwargs, **releases.AS_WRITTEN}
        differing = [name for name, value in wanted.items() if not _holds(now.get(name), value)]
        if differing:
            told = ", ".join(sorted(differing))
            self._say(f"changed the settings of {function_name}: {told}")
            super()._do_update_function_config(function_name, wanted)

    def put_function_concurrency(
        self, function_name: str, reserved_concurrent_executions: int
    ) -> None:
        if self._reserved(function_name) != reserved_concurrent_executions:
            self._say(f"reserved concurrency for {function_name}")
            super().put_function_concurrency(function_name, reserved_concurrent_executions)

    def delete_function_concurrency(self, function_name: str) -> None:
        if self._reserved(function_name) is not None:
            self._say(f"reserved no more concurrency for {function_name}")
            super().delete_function_concurrency(function_name)

    def get_or_create_rule_arn(
        self,
        rule_name: str,
        schedule_expression: str | None = None,
        event_pattern: str | None = None,
        rule_description: str | None = None,
    ) -> str:
        rule = self._found("events", "describe_rule", Name=rule_name)
        told = (rule.get("ScheduleExpression"), rule.get("Description"), rule.get("State"))
        if told == (schedule_expression, rule_description, "ENABLED"):
            return str(rule["Arn"])
        self._say(f"set the schedule {rule_name}")
        return super().get_or_create_rule_arn(
            rule_name, schedule_expression, event_pattern, rule_description
        )

    def connect_rule_to_lambda(self, rule_name: str, function_arn: str) -> None:
        found = self._found("events", "list_targets_by_rule", Rule=rule_name)
        if [each["Arn"] for each in found.get("Targets", ())] != [function_arn]:
            super().connect_rule_to_lambda(rule_name, function_arn)

    def create_lambda_event_source(self, event_source_arn: str, **given: Any) -> Any:  # type: ignore
        self._say(f"made the mapping of {event_source_arn}")
        return super().create_lambda_event_source(event_source_arn, **given)

    def update_lambda_event_source(
        self,
        event_uuid: str,
        batch_size: int,
        maximum_batching_window_in_seconds: int | None = 0,
        maximum_concurrency: int | None = None,
    ) -> None:
        now = self._client("lambda").get_event_source_mapping(UUID=event_uuid)
        if now["State"] in _OFF:
            self._enable(now)
        told = (
            now["BatchSize"],
            now.get("MaximumBatchingWindowInSeconds") or 0,
            now.get("ScalingConfig", {}).get("MaximumConcurrency"),
        )
        if told != (batch_size, maximum_batching_window_in_seconds, maximum_concurrency):
            self._say(f"changed the mapping of {now['EventSourceArn']}")
            super().update_lambda_event_source(
                event_uuid, batch_size, maximum_batching_window_in_seconds, maximum_concurrency
            )

    def _enable(self, mapping: Mapping[str, Any]) -> None:
        """Have a mapping read its queue again, which Chalice would leave off."""
        self._say(f"enabled the mapping of {mapping['EventSourceArn']}")
        self._call_client_method_with_retries(
            self._client("lambda").update_event_source_mapping,
            {"UUID": mapping["UUID"], "Enabled": True},
            max_attempts=_ATTEMPTS,
            should_retry=self._is_settling_error,
        )

    def import_rest_api(self, swagger_document: Document, endpoint_type: str) -> str:
        self._document = _digest(swagger_document)
        self._say(f"made the API {swagger_document['info']['title']}")
        made = super().import_rest_api(swagger_document, endpoint_type)
        self._describe(made, self._wanted)
        return made

    def update_api_from_swagger(self, rest_api_id: str, swagger_document: Document) -> None:
        """Overwrite the API's definition, unless it is what is wanted, and what is deployed is.

        A deployment that failed may have left one that is not deployed. So the API's description
        says what its definition is, and nothing while that is overwritten.
        """
        self._document = _digest(swagger_document)
        api = self.get_rest_api(rest_api_id)
        if api.get("description") == self._wanted and self._is_deployed(rest_api_id):
            return
        self._describe(rest_api_id, "")
        super().update_api_from_swagger(rest_api_id, swagger_document)
        self._describe(rest_api_id, self._wanted)

    def _describe(self, rest_api_id: str, description: str) -> None:
        patch = {"op": "replace", "path": "/description", "value": description}
        self._client("apigateway").update_rest_api(restApiId=rest_api_id, patchOperations=[patch])

    def update_rest_api(self, rest_api_id: str, patch_operations: list[Document]) -> None:
        api = self.get_rest_api(rest_api_id)
        needed = [each for each in patch_operations if _value(api, each["path"]) != each["value"]]
        if needed:
            super().update_rest_api(rest_api_id, needed)

    def add_permission_for_apigateway(
        self,
        function_name: str,
        region_name: str,
        account_id: str,
        rest_api_id: str,
        random_id: str | None = None,
    ) -> None:
        """Let the API invoke its function: the last step before it is deployed.

        Where it streams, it invokes the alias alone, which leads to the new function from now on.
        """
        if not self._streams:
            super().add_permission_for_apigateway(
                function_name, region_name, account_id, rest_api_id, random_id
            )
            return
        releases.release(self._client("lambda"), function_name, self._say)
        arn = f"arn:{self.partition_name}:lambda:{region_name}:{account_id}:function"
        self._add_lambda_permission_if_needed(
            source_arn=self._build_source_arn_str(region_name, account_id, rest_api_id),
            function_arn=f"{arn}:{function_name}:{STREAM_ALIAS}",
            service_name="apigateway",
        )

    def deploy_rest_api(self, rest_api_id: str, api_gateway_stage: str, xray: bool) -> None:
        if not self._is_deployed(rest_api_id):
            self._say("deployed the API")
            self._client("apigateway").create_deployment(
                restApiId=rest_api_id,
                stageName=api_gateway_stage,
                description=self._wanted,
                tracingEnabled=bool(xray),
            )

    def _is_deployed(self, rest_api_id: str) -> bool:
        """Say whether the API answers by the very document that is to be deployed."""
        stage = self._found(
            "apigateway", "get_stage", restApiId=rest_api_id, stageName=self._api_stage
        )
        if not stage:
            return False
        live = self._client("apigateway").get_deployment(
            restApiId=rest_api_id, deploymentId=stage["deploymentId"]
        )
        return bool(live.get("description") == self._wanted)

    @property
    def _wanted(self) -> str:
        return state.described(self._document, streams=self._streams)

    def _reserved(self, function_name: str) -> int | None:
        told = self._found("lambda", "get_function_concurrency", FunctionName=function_name)
        reserved: int | None = told.get("ReservedConcurrentExecutions")
        return reserved

    def _found(self, service: str, operation: str, **asked: str) -> Mapping[str, Any]:
        """Ask for one thing; nothing where it is not there."""
        try:
            answer: Mapping[str, Any] = getattr(self._client(service), operation)(**asked)
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return {}
            raise
        return answer


def _digest(document: Document) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:32]


def _holds(now: Any, wanted: Any) -> bool:
    """Say whether a setting is as wanted. AWS tells more than it is given, and leaves out nulls."""
    match wanted:
        case {"SubnetIds": subnets, "SecurityGroupIds": groups}:
            told = now or {}
            return sorted(told.get("SubnetIds", ())) == sorted(subnets) and (
                sorted(told.get("SecurityGroupIds", ())) == sorted(groups)
            )
        case dict():
            return {name: (now or {}).get(name) for name in wanted} == wanted
    return bool(now == wanted or not (now or wanted))


def _value(api: Mapping[str, Any], path: str) -> str:
    """Read what a patch operation would replace, as it spells values."""
    if path.startswith("/endpointConfiguration/types/"):
        return str(api["endpointConfiguration"]["types"][0])
    return str(api.get(path.removeprefix("/"), ""))
