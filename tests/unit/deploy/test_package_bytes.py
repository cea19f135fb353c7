"""The package's bytes: reproducible, readable in Lambda, compiled so that Lambda uses it."""

import importlib.util
import marshal
import stat
from pathlib import Path
from types import CodeType
from zipfile import ZipFile, ZipInfo

import pytest

from ops.deploy.contents import PackageRefused
from ops.deploy.package import shrink

SOURCES = {
    "app.py": b"NAMES = {'a', 'b', 'c'}\ndef known(name): return name in {'x', 'y', 'z'}\n",
    "chalicelib/__init__.py": b"",
    "chalicelib/prices.csv": b"model\n",
    "chalicelib/__pycache__/__init__.cpython-312.pyc": b"stale",
}
UNCHECKED_HASH = b"\x01\x00\x00\x00"  # PEP 552


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A package as Chalice builds it of a working copy that only its owner may read."""
    path = tmp_path / "built.zip"
    with ZipFile(path, "w") as package:
        for name, content in SOURCES.items():
            package.writestr(_entry(name, 0o600), content)
        package.writestr(_entry("chalicelib/wrapper", 0o700), b"#!/bin/sh\n")
    return path


def _entry(name: str, mode: int) -> ZipInfo:
    entry = ZipInfo(name, (2026, 11, 23, 12, 0, 0))
    entry.external_attr = mode << 16
    return entry


@pytest.fixture
def small(built: Path) -> ZipFile:
    target = built.with_name("small.zip")
    shrink(built, target, requirements="")
    return ZipFile(target)


def compiled(name: str) -> str:
    return importlib.util.cache_from_source(name)


def test_the_same_sources_make_the_same_bytes(built: Path, small: ZipFile) -> None:
    again = built.with_name("again.zip")
    shrink(built, again, requirements="")
    assert again.read_bytes() == Path(small.filename or "").read_bytes()


def test_everything_that_python_runs_is_compiled_and_nothing_stale_stays(small: ZipFile) -> None:
    assert sorted(small.namelist()) == sorted(
        [
            *("app.py", "chalicelib/__init__.py", "chalicelib/prices.csv", "chalicelib/wrapper"),
            *(compiled("app.py"), compiled("chalicelib/__init__.py")),
        ]
    )


def test_what_is_compiled_is_used_whatever_the_date_of_its_source(small: ZipFile) -> None:
    content = small.read(compiled("app.py"))
    assert content[:4] == importlib.util.MAGIC_NUMBER
    assert content[4:8] == UNCHECKED_HASH


def test_a_traceback_names_the_file_where_lambda_has_it(small: ZipFile) -> None:
    code = marshal.loads(small.read(compiled("app.py"))[16:])
    assert isinstance(code, CodeType)
    assert code.co_filename == "/var/task/app.py"


def test_every_file_can_be_read_by_all_and_what_is_executable_stays_so(small: ZipFile) -> None:
    modes = {entry.filename: stat.S_IMODE(entry.external_attr >> 16) for entry in small.infolist()}
    assert modes.pop("chalicelib/wrapper") == 0o755
    assert set(modes.values()) == {0o644}


def test_a_refused_package_leaves_no_file_that_could_be_deployed(built: Path) -> None:
    target = built.with_name("small.zip")
    with pytest.raises(PackageRefused):
        shrink(built, target, requirements="boto3==1.44.5 --hash=sha256:00")
    assert list(built.parent.iterdir()) == [built]
