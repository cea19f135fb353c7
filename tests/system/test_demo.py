"""`make demo`, as a person runs it."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import one_day
import pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
MARK = f"TOLLGATE_DEMO_UNDER_TEST_{uuid.uuid4().hex}"  # another's may run beside it


@pytest.fixture(scope="module")
def demo():
    one_day.with_room()  # of two days the screen tells more
    environ = {**os.environ, MARK: "1", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-m", "local", "demo"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_it_ends_well_and_says_nothing_on_stderr(demo):
    assert (demo.returncode, demo.stderr) == (0, "")


def test_the_gateways_ledger_is_the_providers(demo):
    assert "ledger: gateway = provider" in demo.stdout


def test_it_fits_one_screen(demo):
    lines = demo.stdout.splitlines()

    assert len(lines) < 50
    assert max(map(len, lines)) <= 100


def test_sabotage_comes_to_what_it_must(demo):
    assert demo.stdout.count("\n  ") >= 8
    assert "NOT AS EXPECTED" not in demo.stdout


def test_the_day_reported_again_has_the_same_sha256(demo):
    assert "again    the same sha256 " in demo.stdout


def test_it_finds_the_direct_call_and_nothing_else(demo):
    found = "reconciliation: 1 difference, found: a direct call that bypassed the gateway"
    assert found in demo.stdout.splitlines()


def test_the_files_it_names_are_there(demo):
    kept = ROOT / ".tollgate" / "demo"

    assert (kept / "usage.jsonl").is_file()
    assert list(kept.glob("costs/date=*/costs.csv"))


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are listed in /proc")
def test_it_leaves_nothing_running(demo):
    running = [
        process
        for process in Path("/proc").glob("[0-9]*/environ")
        if process.parent.name != str(os.getpid()) and MARK in _read(process)
    ]

    assert running == []


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # it ended meanwhile, or is not ours
        return ""
