"""Chalice's packager, changed: what it builds is made small once, and refused where it lacks."""

import io
import subprocess
import sys
from pathlib import Path

import click
import pytest
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
