"""A function as Lambda runs it: an unpacked package, and beside it the managed runtime.

Nothing else is on the path of the process: neither this project nor what is installed for it.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from fake_runtime_api import FakeRuntimeApi, fake_runtime_api

MANAGED = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
"""What of Lambda's folder /var/runtime runs a function."""
BOOTSTRAP = """
import os, sys
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
from awslambdaric.__main__ import main
main(["bootstrap", os.environ["_HANDLER"]])
"""
PYTHON = f"""#!/bin/sh
exec {sys.executable} -S -B "$@"
"""
WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"


def install_runtime(folder: Path) -> Path:
    """Lay out a folder as Lambda's /var/runtime, with an interpreter that has nothing installed."""
    (folder / "bootstrap.py").write_text(BOOTSTRAP)
    (folder / "python").write_text(PYTHON)
    (folder / "python").chmod(0o755)
    for module in MANAGED:
        origin = Path(find_spec(module).origin)
        found = origin.parent if origin.name == "__init__.py" else origin
        (folder / found.name).symlink_to(found)
    return folder


@contextmanager
def running(
    task_root: Path, runtime: Path, handler: str, environ: Mapping[str, str]
) -> Iterator[FakeRuntimeApi]:
    """Run the function `handler`, by the wrapper that `environ` names, or Lambda's own loop."""
    wrapper = [environ[WRAPPER]] if WRAPPER in environ else []
    with fake_runtime_api() as api:
        told = {
            "AWS_LAMBDA_RUNTIME_API": api.address,
            "LAMBDA_TASK_ROOT": str(task_root),
            "_HANDLER": handler,
        }
        command = [*wrapper, str(runtime / "python"), str(runtime / "bootstrap.py")]
        with subprocess.Popen(command, cwd=task_root, env={**environ, **told}) as process:
            try:
                yield api
            finally:
                process.kill()
