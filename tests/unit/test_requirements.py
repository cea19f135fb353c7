"""Two runtime dependencies, pinned with hashes: what a compromised package index cannot change."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PINNED = re.compile(
    r"[a-z0-9][a-z0-9._-]*(\[[a-z,]+\])?==[0-9][0-9a-z.]*"  # no range
    r"( ; [^-]+?)?( --hash=sha256:[0-9a-f]{64})+"
)
DIRECT = {"boto3"}
"""Besides Chalice's own runtime, which its packager adds."""


def requirements(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    return [line for line in joined.splitlines() if line and not line.lstrip().startswith("#")]


def names(lines: list[str]) -> set[str]:
    return {re.split(r"[=\[ ]", line)[0] for line in lines if not line.startswith("-")}


def third_party(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        else:
            found = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from {name.partition(".")[0] for name in found} - sys.stdlib_module_names


@pytest.mark.parametrize(
    "name",
    [
        *("requirements.txt", "requirements-dev.txt"),
        *("requirements-check.txt", "requirements-focus.txt", "requirements-bench.txt"),
    ],
)
def test_every_requirement_is_one_version_with_its_hashes(name: str) -> None:
    assert [line for line in requirements(name) if not PINNED.fullmatch(line)] == []


def test_what_ships_needs_boto3_alone() -> None:
    assert names(requirements("requirements.in")) == DIRECT


def test_what_ships_besides_is_what_boto3_brings() -> None:
    brought = {"botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"}
    assert names(requirements("requirements.txt")) == DIRECT | brought


def test_what_is_deployed_imports_nothing_else() -> None:
    deployed = [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py")]
    imported = {name for path in deployed for name in third_party(path)}
    assert imported - {"chalicelib"} <= {"boto3", "botocore", "chalice"}


def test_both_files_agree_on_what_both_pin() -> None:
    shipped, developed = requirements("requirements.txt"), requirements("requirements-dev.txt")
    both = names(shipped) & names(developed)
    assert {line.split()[0] for line in shipped if names([line]) <= both} <= {
        line.split()[0] for line in developed
    }
