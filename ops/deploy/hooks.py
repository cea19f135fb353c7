"""What `chalice deploy` and `chalice package` do otherwise here, whoever types them.

app.py installs them when one of Chalice's commands imports it. Chalice has no place to plug into,
so its own classes are changed: private, hence pinned, and held by the tests of deployment.
"""

import hashlib
import os
from functools import wraps
from pathlib import Path
from typing import Any

import click
from chalice.deploy.packager import LambdaDeploymentPackager
from chalice.deploy.swagger import SwaggerGenerator

from ops.deploy import contents, package

WHEELS_ALONE = {"PIP_ONLY_BINARY": ":all:"}
"""pip's setting: what a source distribution builds with would be pinned by no hash."""

_build = LambdaDeploymentPackager.create_deployment_package
_describe = SwaggerGenerator.generate_swagger


def install() -> None:
    """Have Chalice deploy the small package, and an API named after its stage."""
    LambdaDeploymentPackager.create_deployment_package = create_small_package  # type: ignore
    SwaggerGenerator.generate_swagger = describe_api  # type: ignore


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
    """Describe the API under its function's name: metrics of two stages would be one series."""
    described: dict[str, Any] = _describe(self, app, rest_api)
    if rest_api:
        described["info"]["title"] = rest_api.lambda_function.function_name
    return described


def _recipe() -> str:
    """Name the way in which the package is made: one made in another way is not used again."""
    sources = (Path(__file__).with_name(name) for name in ("contents.py", "package.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]


_RECIPE = _recipe()
