"""The package that Chalice builds, made of the distributions installed here: no network is needed.

Chalice asks pip for the pinned wheels. These are the same files, laid out by pip beforehand.
"""

import io
import re
import shutil
import sys
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

from chalice.deploy.packager import LambdaDeploymentPackager
from chalice.utils import UI, OSUtils

from local.project import ROOT

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
"""Lambda's name of the runtime that Chalice chooses: this interpreter's version."""
_OF_AN_INSTALLATION = frozenset({"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"})


class InstalledDistributions:
    """Stands in for Chalice's DependencyBuilder."""

    def build_site_packages(self, _abi: str, requirements: str, target: str) -> None:
        """Copy the pinned distributions to a folder."""
        for name in re.findall(r"^([\w.-]+)==", Path(requirements).read_text(), re.MULTILINE):
            for file in distribution(name).files or ():
                if ".." not in file.parts and file.suffix != ".pyc" and not _of_pip(file.name):
                    copied = Path(target, file)
                    copied.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file.locate(), copied)


def _of_pip(name: str) -> bool:
    return name in _OF_AN_INSTALLATION


def packager() -> LambdaDeploymentPackager:
    """Make Chalice's packager, which asks nobody for wheels and says nothing."""
    return LambdaDeploymentPackager(
        osutils=OSUtils(),
        dependency_builder=InstalledDistributions(),
        ui=UI(out=io.StringIO()),
    )


def copy_project(folder: Path) -> Path:
    """Copy what a package is made of, so that it is built anew and leaves no file behind."""
    for name in ("app.py", "requirements.txt"):
        shutil.copy(ROOT / name, folder)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "chalicelib", folder / "chalicelib", ignore=ignored)
    return folder


def unpack(package: Path, folder: Path) -> Path:
    """Unpack a package as Lambda does: the modes of its files stay."""
    with ZipFile(package) as files:
        for entry in files.infolist():
            Path(files.extract(entry, folder)).chmod(entry.external_attr >> 16)
    return folder
