"""What every run of the tests shares."""

import logging

import pytest
from hypothesis import HealthCheck, settings

# A machine that is busy is slow to think up examples; that says nothing of the code.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(autouse=True)
def logs_that_a_test_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chalice keeps the logger of its app's name to itself, once an app is imported."""
    monkeypatch.setattr(logging.getLogger("tollgate"), "propagate", True)
