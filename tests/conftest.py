"""How the tests run: what they share with nobody, and where they may run side by side."""

import os
import secrets
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

SYSTEM = Path(__file__).parent / "system"

# What is drawn for this run is the same in each of its processes.
os.environ.setdefault("SEED", str(secrets.randbelow(10**6)))

# A machine that is busy is slow to think up examples; that says nothing of the code.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep system tests one after the other: a local stack has the project's folder to itself."""
    for item in items:
        if SYSTEM in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("stack"))
