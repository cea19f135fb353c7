"""What `chalice deploy` and `chalice package` do otherwise here, whoever types them.

app.py installs them when one of Chalice's commands imports it. Chalice has no place to plug into,
so its own classes are changed: private, hence pinned, and held by the tests of deployment.
"""

import hashlib
import os
from collections.abc import Collection
from functools import wraps
from pathlib import Path
from typing import Any

import click
from chalice.awsclient import TypedAWSClient
from chalice.deploy import models
from chalice.deploy.packager import LambdaDeploymentPackager
from chalice.deploy.planner import PlanStage
from chalice.deploy.swagger import SwaggerGenerator

from chalicelib.settings import SettingError
from ops.deploy import contents, package, policies, state, swagger
from ops.deploy.place import Place
from ops.directory import Refused

WHEELS_ALONE = {"PIP_ONLY_BINARY": ":all:"}
"""pip's setting: what a source distribution builds with would be pinned by no hash."""

_build = LambdaDeploymentPackager.create_deployment_package
_describe = SwaggerGenerator.generate_swagger
_create = TypedAWSClient.create_function
_update = TypedAWSClient.update_function
_plan = PlanStage.execute


def install() -> None:
    """Have Chalice deploy the small package, into this account, and one API with its refusals."""
    LambdaDeploymentPackager.create_deployment_package = create_small_package  # type: ignore
    SwaggerGenerator.generate_swagger = describe_api  # type: ignore
    TypedAWSClient.create_function = create_function  # type: ignore
    TypedAWSClient.update_function = update_function  # type: ignore
    PlanStage.execute = plan  # type: ignore


@wraps(_build)
def create_small_package(self: Any, project_dir: str, python_version: str) -> str:
    """Build Chalice's package, or find it as built before; return the path of the small one."""
    os.environ.update(WHEELS_ALONE)
    built = Path(_build(self, project_dir, python_version))
    small = built.with_name(f"small-{_RECIPE}-{built.name}")
    if not small.exists():
        try:
            package.shrink(built, small, Path(project_dir, "requirements.txt").read_text())
        except contents.PackageRefused as refused:
            built.unlink()  # or the next command would find it, and ask pip for nothing
            raise click.ClickException(str(refused)) from refused
    return str(small)


@wraps(_describe)
def describe_api(self: Any, app: Any, rest_api: Any = None) -> dict[str, Any]:
    """Describe the API with what it answers by itself, under its function's name."""
    described: dict[str, Any] = _describe(self, app, rest_api)
    return swagger.complete(described, rest_api.lambda_function.function_name if rest_api else "")


@wraps(_create)
def create_function(self: Any, **given: Any) -> Any:
    return _create(self, **_in_place(self, given))


@wraps(_update)
def update_function(self: Any, **given: Any) -> Any:
    return _update(self, **_in_place(self, given))


def _in_place(client: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Write into a function's variables where it is deployed: in the account of its role."""
    account = given["role_arn"].split(":")[4]
    place = Place(client.partition_name, client.region_name, account)
    return {**given, "environment_variables": place.fill(given["environment_variables"])}


def plan_as_chalice(
    self: Any, resources: list[models.Model], leaving: Collection[str] = frozenset()
) -> Any:
    """Plan with policies for the place that is deployed to, and for no other."""
    client = self._remote_state._client
    account = client._client("sts").get_caller_identity()["Account"]
    place = Place(client.partition_name, client.region_name, account)
    policies.narrow(resources, place, leaving)
    return _plan(self, resources)


@wraps(_plan)
def plan(self: Any, resources: list[models.Model]) -> Any:
    """Plan with what is in AWS, and nothing that would end a stage's streams or its privacy.

    Raises click.ClickException, before anything is changed.
    """
    try:
        state.recall(self._remote_state, resources)
        for resource in resources:
            if isinstance(resource, models.RestAPI):
                _keep_streaming(self._remote_state, resource)
            if isinstance(resource, models.LambdaFunction):
                _keep_in_network(self._remote_state, resource)
        return plan_as_chalice(self, resources)
    except (Refused, SettingError) as refused:
        raise click.ClickException(str(refused)) from refused


def _keep_streaming(remote: Any, resource: models.RestAPI) -> None:
    if not remote.resource_exists(resource):
        return
    deployed = remote.resource_deployed_values(resource)
    if state.streams(remote._client, deployed["rest_api_id"], resource.api_gateway_stage):
        function = resource.lambda_function
        raise Refused(
            f"{function.function_name} streams, which Chalice alone would end: {_ours(function)}"
        )


def _keep_in_network(remote: Any, resource: models.LambdaFunction) -> None:
    """Chalice takes a function out of its VPC where config.json names no subnet for it."""
    if resource.subnet_ids or not remote.resource_exists(resource):
        return
    deployed = remote._client.get_function_configuration(resource.function_name)
    if (deployed.get("VpcConfig") or {}).get("SubnetIds"):
        raise Refused(
            f"{resource.function_name} runs in a private network, which Chalice alone would take"
            f" it out of: {_ours(resource)}"
        )


def _ours(function: models.LambdaFunction) -> str:
    api = function.function_name.removesuffix(f"-{function.resource_name}")
    return f"`python -m ops deploy --stage {api.rpartition('-')[2]}` deploys it"


def _recipe() -> str:
    """Name the way in which the package is made: one made in another way is not used again."""
    sources = (Path(__file__).with_name(name) for name in ("contents.py", "package.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]


_RECIPE = _recipe()
