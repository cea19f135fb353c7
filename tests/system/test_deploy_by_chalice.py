"""Chalice's commands, typed by hand, with the package index there: `make test-deploy`."""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local import installed_package, project, resources
from local.aws import ENVIRON, Aws
from local.clients import Clients
from ops.deploy import hooks

pytestmark = [pytest.mark.system, pytest.mark.deploy]
CHALICE = [sys.executable, "-c", "import sys; from chalice.cli import main; sys.exit(main())"]


def copy_working_tree(folder: Path) -> Path:
    """Copy what Chalice's commands read."""
    ignored = shutil.ignore_patterns("deployed", "deployments", "venv", "__pycache__")
    for name in (".chalice", "ops"):
        shutil.copytree(project.ROOT / name, folder / name, ignore=ignored)
    return installed_package.copy_project(folder)


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    return copy_working_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def aws():
    with Aws() as served:
        yield served


@pytest.fixture(scope="module")
def client(aws):
    with Clients({"": aws.url}) as clients:
        yield clients


def chalice(tree: Path, *arguments: str, url: str = "") -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, **ENVIRON, **({"AWS_ENDPOINT_URL": url} if url else {})}
    return subprocess.run(
        [*CHALICE, *arguments], cwd=tree, env=environ, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def package(tree) -> Path:
    done = chalice(tree, "package", "--stage", "dev", "out")
    assert done.returncode == 0, done.stderr
    return tree / "out" / "deployment.zip"


def test_the_wheels_of_the_index_make_the_bytes_that_were_tested(package, tmp_path):
    """What `make test` runs the functions from is, byte for byte, what is deployed."""
    tested = hooks.create_small_package(
        installed_package.packager(),
        str(installed_package.copy_project(tmp_path)),
        installed_package.RUNTIME,
    )

    assert package.read_bytes() == Path(tested).read_bytes()


def test_deploy_sends_the_package_to_every_function_and_redeploy_the_same(
    tree, package, aws, client
):
    digest = base64.b64encode(hashlib.sha256(package.read_bytes()).digest()).decode()
    resources.create(client, "dev", project.ACCOUNT)

    for _ in range(2):
        done = chalice(tree, "deploy", "--stage", "dev", url=aws.url)
        assert done.returncode == 0, done.stderr

    functions = client("lambda").list_functions()["Functions"]
    keys = ("api_handler", *project.scheduled(), *project.STARTED_BY_MESSAGES)
    names = {project.function(key, "dev").name for key in keys}
    assert {f["FunctionName"]: f["CodeSha256"] for f in functions} == dict.fromkeys(names, digest)


def test_a_wheel_of_another_hash_is_not_packed(tmp_path):
    tree = copy_working_tree(tmp_path)
    pins = tree / "requirements.txt"
    pins.write_text(re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", pins.read_text()))

    done = chalice(tree, "package", "--stage", "dev", "out")

    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert not (tree / "out").exists()
