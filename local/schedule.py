"""The event of a schedule, as EventBridge sends it: nothing runs the schedules here."""

from collections.abc import Mapping
from typing import Any

from local import project

SCHEDULED_EVENT = {
    "version": "0",
    "id": "00000000-0000-4000-8000-000000000000",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": project.ACCOUNT,
    "time": "1970-01-01T00:00:00Z",
    "region": project.REGION,
    "resources": [f"arn:aws:events:{project.REGION}:{project.ACCOUNT}:rule/local"],
    "detail": {},
}
"""Chalice needs all nine keys."""


def scheduled_event(given: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what an event has not; give `time`."""
    return {**SCHEDULED_EVENT, **given}
