"""How small the deployed package is, and how soon it answers: `make bench-zip`.

A fresh process, with the unpacked package alone on its path, to the first answer of a model; beside
it bare boto3, from the package as Chalice usually builds it and from one as trimmed and compiled as
ours. Interleaved; medians. The upstream is a process that answers at once.
"""

import gzip
import hashlib
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.gateway import MODEL, invoke_event, payload
from bench.surroundings import environment, print_figures, tenant_with_key, upstream
from local import installed_package
from ops.deploy import hooks
from ops.deploy.contents import of_operations, without_prose

ROUNDS: Final = 15
GOALS: Final = {"zip_mb": 3.5, "cold_zip": 0.4, "cold_zip_trimmed": 1.0}

BEGIN: Final = """
import time; began = time.perf_counter()
import sys; sys.path.insert(0, {folder!r})
"""
BOTO3: Final = (
    BEGIN
    + """
import boto3
boto3.client("bedrock-runtime").invoke_model(modelId={model!r}, body={body!r})["body"].read()
print(time.perf_counter() - began)
"""
)
GATEWAY: Final = (
    BEGIN
    + """
import json, app
class Context:
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:tollgate-bench"
    aws_request_id = "1"
    def get_remaining_time_in_millis(self):
        return 900_000
out, sys.stdout = sys.stdout, open("/dev/null", "w")
assert app.app(json.loads({event!r}), Context())["statusCode"] == 200
print(time.perf_counter() - began, file=out)
"""
)


def packages(project: Path) -> tuple[Path, Path]:
    """Build the package as Chalice usually does, and as it is deployed."""
    packager = installed_package.packager()
    built = packager.create_deployment_package(str(project), installed_package.RUNTIME)
    small = hooks.create_small_package(packager, str(project), installed_package.RUNTIME)
    return Path(built), Path(small)


def first_answer(script: str, environ: dict[str, str]) -> float:
    """Run a script with nothing on its path but what it puts there; return its seconds."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", script],  # a Lambda cannot write beside its code
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def with_invoke_model(folder: Path, usual: Path) -> Path:
    """Give boto3 in an unpacked package the operation that our code asks for without it."""
    (packed,) = usual.glob("botocore/data/bedrock-runtime/*/service-2.json.gz")
    model = without_prose(json.loads(gzip.decompress(packed.read_bytes())))
    trimmed = folder / packed.relative_to(usual).with_suffix("")
    trimmed.write_text(json.dumps(of_operations(model, {"InvokeModel"}), separators=(",", ":")))
    return folder


def cold_starts(usual: Path, small: Path, trimmed: Path) -> dict[str, float]:
    """Return the median seconds to the first answer, by what answers."""
    key, items = tenant_with_key()
    body = payload(1_000)
    boto3 = {"model": MODEL, "body": body}
    scripts = {
        "gateway": GATEWAY.format(folder=str(small), event=json.dumps(invoke_event(key, body))),
        "boto3, as Chalice packs it": BOTO3.format(folder=str(usual), **boto3),
        "boto3, trimmed and compiled": BOTO3.format(folder=str(trimmed), **boto3),
    }
    times: dict[str, list[float]] = {name: [] for name in scripts}
    with upstream(items) as url:
        environ = {"PATH": os.environ["PATH"], **environment(url)}
        for _ in range(ROUNDS):
            for name, script in scripts.items():
                times[name].append(first_answer(script, environ))
    return {name: statistics.median(each) for name, each in times.items()}


def build(folder: Path) -> tuple[Path, Path]:
    """Build both packages of a fresh copy of the project."""
    folder.mkdir()
    return packages(installed_package.copy_project(folder))


def main() -> None:
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        usual, small = build(folder / "project")
        usual_root = installed_package.unpack(usual, folder / "usual")
        times = cold_starts(
            usual_root,
            installed_package.unpack(small, folder / "small"),
            with_invoke_model(installed_package.unpack(small, folder / "trimmed"), usual_root),
        )
        usual_size, content = usual.stat().st_size, small.read_bytes()
        same = content == build(folder / "again")[1].read_bytes()
    print(f"medians of {ROUNDS} rounds, interleaved, Python {sys.version.split()[0]}")
    for name, seconds in times.items():
        print(f"  {name:<34}{seconds * 1e3:>10.1f} ms")
    print(f"  {'package, as Chalice packs it':<34}{usual_size / 1e6:>10.2f} MB")
    figures = {
        "zip_mb": len(content) / 1e6,
        "cold_zip": times["gateway"] / times["boto3, as Chalice packs it"],
        "cold_zip_trimmed": times["gateway"] / times["boto3, trimmed and compiled"],
    }
    print_figures(figures, GOALS)
    digest = hashlib.sha256(content).hexdigest()
    print(f"sha256={digest}  # built again: {'the same' if same else 'ANOTHER'}")


if __name__ == "__main__":
    main()
