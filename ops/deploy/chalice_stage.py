"""A stage's functions, roles, schedules, mappings and API, deployed by Chalice's own deployer."""

import copy
import io
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import click
from botocore.session import Session
from chalice.cli.factory import CLIFactory
from chalice.config import Config
from chalice.deploy import models
from chalice.deploy.appgraph import ApplicationGraphBuilder, DependencyBuilder
from chalice.deploy.deployer import (
    ChaliceDeploymentError,
    Deployer,
    ResultsRecorder,
    create_build_stage,
    create_deletion_deployer,
)
from chalice.deploy.executor import Executor
from chalice.deploy.planner import PlanStage, RemoteState
from chalice.deploy.swagger import TemplatedSwaggerGenerator
from chalice.deploy.sweeper import ResourceSweeper
from chalice.utils import UI, OSUtils

from ops.deploy import hooks, releases, state
from ops.deploy.account import Account
from ops.deploy.client import StageClient
from ops.deploy.foresight import ForeseeingClient
from ops.deploy.stage import API_HANDLER, ROOT, SEES_PROMPTS, Say, Stage
from ops.deploy.swagger import StreamingSwagger
from ops.directory import Refused

CLI_MODE: Final = {"AWS_CHALICE_CLI_MODE": "true"}
"""What tells app.py that it is deployed, not run."""
DEPLOYED: Final = ROOT / ".chalice" / "deployed"

Network = Mapping[str, str]
"""The outputs of network.json's stack; empty: no network."""


class InformedPlan(PlanStage):
    """Plans with what is in AWS, whatever Chalice's own file says of it."""

    def __init__(self, remote: RemoteState, files: OSUtils, leaving: Collection[str]) -> None:
        super().__init__(remote, files)
        self._leaving = leaving

    def execute(self, resources: list[models.Model]) -> models.Plan:
        state.recall(self._remote_state, resources)
        plan: models.Plan = hooks.plan_as_chalice(self, resources, self._leaving)
        return plan


class NoNote(ResultsRecorder):
    """Notes nothing, where nothing was deployed."""

    def record_results(self, results: object, chalice_stage_name: str, project_dir: str) -> None:
        pass


class StageFactory(CLIFactory):
    """Chalice's parts, for a stage that streams or runs in a network: config.json says neither."""

    def __init__(self, stage: Stage, network: Network) -> None:
        super().__init__(str(ROOT), environ=os.environ)
        self._stage = stage
        self._network = network

    def load_project_config(self) -> dict[str, Any]:
        return as_deployed(super().load_project_config(), self._stage, self._network)


def as_deployed(config: Mapping[str, Any], stage: Stage, network: Network) -> dict[str, Any]:
    """Return config.json with what a stage's functions have besides."""
    changed = copy.deepcopy(dict(config))
    functions = changed["stages"][stage.name].setdefault("lambda_functions", {})
    if stage.streams:
        api = functions.setdefault(API_HANDLER, {})
        api.setdefault("environment_variables", {}).update(releases.RUNTIME)
    for key in SEES_PROMPTS if network else ():
        functions.setdefault(key, {}).update(
            subnet_ids=network["SubnetIds"].split(","),
            security_group_ids=network["SecurityGroupIds"].split(","),
        )
    return changed


@dataclass(frozen=True, slots=True)
class ChaliceStage:
    """A stage as Chalice sees it."""

    stage: Stage
    config: Config
    session: Session
    say: Say

    @classmethod
    def of(cls, stage: Stage, account: Account, network: Network, say: Say) -> Self:
        """Read the project and import the app. Raises Refused."""
        os.environ.update(CLI_MODE)
        factory = StageFactory(stage, network)
        session = factory.create_botocore_session()
        session.set_config_variable("region", account.region)
        try:
            config = factory.create_config_obj(stage.name)
            _ = config.chalice_app  # imported now, and the hooks with it
        except RuntimeError as error:
            raise Refused(f"the app cannot be deployed: {error}") from error
        return cls(stage, config, session, say)

    def deploy(self, leaving: Collection[str] = frozenset()) -> state.Values:
        """Deploy; return what Chalice notes of the API. Raises Refused.

        The functions that are leaving a network keep what Lambda does there with their roles.
        """
        return self._deployed(self.client(), ResultsRecorder(osutils=OSUtils()), leaving)

    def foresee(self, account: Account, leaving: Collection[str] = frozenset()) -> state.Values:
        """Say what `deploy` would change, and change nothing. Raises Refused."""
        client = ForeseeingClient(
            self.session,
            self.config.api_gateway_stage,
            account.place,
            streams=self.stage.streams,
            say=self.say,
        )
        return self._deployed(client, NoNote(OSUtils()), leaving)

    def delete(self, *, roles: bool) -> None:
        """Delete what Chalice made, whether its file knows of it or not. Raises Refused.

        Roles are deleted if told so: Lambda gives back a network's interfaces by them.
        """
        found = state.found(self.client(), self._resources())
        there = [each for each in found if roles or each["resource_type"] != "iam_role"]
        if not there:
            return
        DEPLOYED.mkdir(exist_ok=True)
        noted = {"resources": there, "schema_version": "2.0", "backend": Deployer.BACKEND_NAME}
        self._note.write_text(json.dumps(noted, indent=2), encoding="utf-8")
        self._run(create_deletion_deployer(self.client(), UI(out=io.StringIO())))
        self._note.unlink()
        self.say(f"deleted {', '.join(each['name'] for each in reversed(there))}")

    def _deployed(
        self, client: StageClient, recorder: ResultsRecorder, leaving: Collection[str]
    ) -> state.Values:
        files, quiet = OSUtils(), UI(out=io.StringIO())
        describes = StreamingSwagger() if self.stage.streams else TemplatedSwaggerGenerator()
        recorded = self.config.deployed_resources(self.stage.name)
        deployer = Deployer(
            application_builder=ApplicationGraphBuilder(),
            deps_builder=DependencyBuilder(),
            build_stage=create_build_stage(files, quiet, describes, self.config),
            plan_stage=InformedPlan(RemoteState(client, recorded), files, leaving),
            sweeper=ResourceSweeper(),
            executor=Executor(client, quiet),
            recorder=recorder,
        )
        resources = self._run(deployer)["resources"]
        api: state.Values
        (api,) = (each for each in resources if each["resource_type"] == "rest_api")
        return api

    def client(self) -> StageClient:
        api_stage = self.config.api_gateway_stage
        return StageClient(self.session, api_stage, streams=self.stage.streams, say=self.say)

    @property
    def _note(self) -> Path:
        return DEPLOYED / f"{self.stage.name}.json"

    def _resources(self) -> list[models.Model]:
        """Return what Chalice would make of the app."""
        graph = ApplicationGraphBuilder().build(self.config, self.stage.name)
        resources: list[models.Model] = DependencyBuilder().build_dependencies(graph)
        return resources

    def _run(self, deployer: Deployer) -> dict[str, Any]:
        try:
            done: dict[str, Any] = deployer.deploy(self.config, self.stage.name)
        except (ChaliceDeploymentError, click.ClickException) as error:
            raise Refused(str(error)) from error
        return done
