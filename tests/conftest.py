"""What every run of the tests shares."""

from hypothesis import HealthCheck, settings

# A machine that is busy is slow to think up examples; that says nothing of the code.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
