"""The package as it is deployed: small, compiled, and the same bytes for the same sources.

An import finds no use for ordinary `.pyc` files in Lambda: Chalice dates every file 1980, so their
times do not fit, and the folder cannot be written. `unchecked-hash` ones are used as they are
(PEP 552): a zip's sources cannot change beside them. They halve a cold start.
"""

import gzip
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from ops.deploy import bytecode
from ops.deploy.contents import (
    OPERATIONS,
    check,
    of_operations,
    of_services,
    ships,
    without_prose,
)

TASK_ROOT: Final = "/var/task"
"""Where Lambda unpacks it; tracebacks name the files there."""
_OLDEST: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3


def shrink(built: Path, small: Path, requirements: str) -> None:
    """Make the package that is deployed of the one that Chalice built; whole or not at all.

    `requirements` is the text of requirements.txt. Raises contents.PackageRefused.
    """
    with TemporaryDirectory(dir=small.parent) as folder:
        root, unfinished = Path(folder, "root"), Path(folder, "zip")
        with ZipFile(built) as package:
            names = [name for name in package.namelist() if name.endswith(".dist-info/WHEEL")]
            check(((name, package.read(name).decode()) for name in names), requirements)
            for entry in filter(lambda entry: ships(entry.filename), package.infolist()):
                _unpack(package, entry, root)
        _shorten_models(root)
        _compile(root)
        _write(root, unfinished)
        unfinished.replace(small)


def _unpack(package: ZipFile, entry: ZipInfo, root: Path) -> None:
    """Unpack a file, readable by all: Lambda is not its owner. What is executable stays so."""
    executable = entry.external_attr >> 16 & stat.S_IXUSR
    Path(package.extract(entry, root)).chmod(0o755 if executable else 0o644)


def _shorten_models(root: Path) -> None:
    """Write each service model plain, for the zip to compress, and as short as botocore needs."""
    for packed in root.glob("botocore/data/*/*/service-2.json.gz"):
        model = without_prose(json.loads(gzip.decompress(packed.read_bytes())))
        model = of_operations(model, OPERATIONS[packed.parts[-3]])
        packed.with_suffix("").write_text(_shortest(model))
        packed.unlink()
    for endpoints in root.glob("botocore/data/endpoints.json"):
        endpoints.write_text(_shortest(of_services(json.loads(endpoints.read_bytes()))))


def _shortest(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _compile(root: Path) -> None:
    """Compile everything, for this interpreter: Chalice takes its version as the runtime's.

    In a process that has loaded nothing else, in one order and with one hash seed: what a `.pyc`
    refers back to depends on them.
    """
    subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-s", "-S", bytecode.__file__, root, TASK_ROOT],
        env={"PYTHONHASHSEED": "0"},
        check=True,
    )


def _write(root: Path, target: Path) -> None:
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=9) as package:
        for path in _files(root):
            entry = ZipInfo(path.relative_to(root).as_posix(), _OLDEST)
            entry.create_system = _UNIX
            entry.external_attr = path.stat().st_mode << 16
            package.writestr(entry, path.read_bytes(), ZIP_DEFLATED)


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))
