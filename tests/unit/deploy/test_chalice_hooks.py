"""Chalice's packager, changed: what it builds is made small once, and refused where it lacks."""

import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from chalice.deploy import models
from chalice.deploy.packager import LambdaDeploymentPackager
from chalice.utils import UI, OSUtils

from local.installed_package import RUNTIME, InstalledDistributions, packager
from ops.deploy import hooks

PINS = (
    "six==1.17.0 --hash=sha256:ff70335d468e7eb6ec65b95b99d3a2836546063f63acc5171de367e834932a81\n"
)


class NoWheels:
    """A package index that lacks what is asked for, of which Chalice only warns."""

    def build_site_packages(self, *_: str) -> None:
        pass


def packager_of(builder: object) -> LambdaDeploymentPackager:
    return LambdaDeploymentPackager(OSUtils(), builder, UI(out=io.StringIO()))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text("import six\n")
    (tmp_path / "requirements.txt").write_text(PINS)
    return tmp_path


def packages(project: Path) -> list[str]:
    return [path.name for path in (project / ".chalice" / "deployments").iterdir()]


def test_chalice_s_commands_install_the_hooks() -> None:
    told = "from chalice.deploy.packager import LambdaDeploymentPackager as p; import app;"
    told += "print(hasattr(p.create_deployment_package, '__wrapped__'))"
    environ = {"AWS_CHALICE_CLI_MODE": "true", "STREAMS_QUEUE": "streams"}
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, env=environ)
    assert done.stdout == b"True\n", done.stderr


def test_what_chalice_deploys_names_its_own_place(monkeypatch: pytest.MonkeyPatch) -> None:
    chalice = SimpleNamespace(partition_name="aws-us-gov", region_name="us-gov-west-1")
    topic = "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:alerts"
    role = "arn:aws-us-gov:iam::111122223333:role/any"
    monkeypatch.setattr(hooks, "_create", lambda _, **given: given["environment_variables"])
    made = hooks.create_function(chalice, role_arn=role, environment_variables={"TOPIC": topic})
    assert made == {"TOPIC": "arn:aws-us-gov:sns:us-gov-west-1:111122223333:alerts"}


def test_a_package_that_was_made_is_found_again(project: Path) -> None:
    made = Path(hooks.create_small_package(packager(), str(project), RUNTIME))
    made.write_bytes(b"as it was")
    assert hooks.create_small_package(packager(), str(project), RUNTIME) == str(made)
    assert made.read_bytes() == b"as it was"


def test_a_package_that_lacks_a_pinned_wheel_is_refused_each_time(project: Path) -> None:
    for _ in range(2):
        with pytest.raises(click.ClickException, match=r"lacks six==1\.17\.0"):
            hooks.create_small_package(packager_of(NoWheels()), str(project), RUNTIME)
    assert packages(project) == []


def test_once_the_wheel_is_there_it_is_built_anew(project: Path) -> None:
    with pytest.raises(click.ClickException):
        hooks.create_small_package(packager_of(NoWheels()), str(project), RUNTIME)
    made = hooks.create_small_package(packager_of(InstalledDistributions()), str(project), RUNTIME)
    assert Path(made).is_file()


def worker(*subnets: str) -> models.LambdaFunction:
    return models.LambdaFunction(
        resource_name="stream_worker",
        function_name="tollgate-prod-stream_worker",
        deployment_package=models.DeploymentPackage(filename=""),
        environment_variables={},
        xray=False,
        runtime="python3.12",
        handler="app.stream_worker",
        tags={},
        timeout=60,
        memory_size=128,
        role=models.PreCreatedIAMRole("arn:aws:iam::111122223333:role/tollgate"),
        security_group_ids=["sg-1"] if subnets else [],
        subnet_ids=list(subnets),
        layers=[],
        reserved_concurrency=None,
    )


def planning(monkeypatch: pytest.MonkeyPatch, **deployed: Any) -> tuple[Any, list[object]]:
    """Chalice's planning of one function that is deployed so, or of one that is not there."""
    planned: list[object] = []
    monkeypatch.setattr(hooks.state, "recall", lambda *_: None)
    monkeypatch.setattr(hooks, "plan_as_chalice", lambda _, resources: planned.extend(resources))
    client = SimpleNamespace(get_function_configuration=lambda _: deployed)
    remote = SimpleNamespace(_client=client, resource_exists=lambda _: bool(deployed))
    return SimpleNamespace(_remote_state=remote), planned


def test_a_function_is_not_taken_out_of_its_network_by_chalice_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chalice, planned = planning(monkeypatch, VpcConfig={"SubnetIds": ["subnet-1"]})
    with pytest.raises(click.ClickException) as refused:
        hooks.plan(chalice, [worker()])
    assert refused.value.message == (
        "tollgate-prod-stream_worker runs in a private network, which Chalice alone would take it"
        " out of: `python -m ops deploy --stage prod` deploys it"
    )
    assert planned == []


@pytest.mark.parametrize(
    ("deployed", "subnets"),
    [
        ({"VpcConfig": {"SubnetIds": ["subnet-1"]}}, ("subnet-2",)),
        ({"VpcConfig": {"SubnetIds": []}}, ()),
        ({"Runtime": "python3.12"}, ()),
        ({}, ()),
    ],
)
def test_a_function_that_stays_inside_or_outside_is_deployed(
    monkeypatch: pytest.MonkeyPatch, deployed: dict[str, Any], subnets: tuple[str, ...]
) -> None:
    chalice, planned = planning(monkeypatch, **deployed)
    function = worker(*subnets)
    hooks.plan(chalice, [function])
    assert planned == [function]
