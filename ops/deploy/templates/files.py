"""The templates as the files that they are in `.chalice`."""

import json
from pathlib import Path
from typing import Final

from ops.deploy.templates.alarms import alarms
from ops.deploy.templates.analytics import analytics
from ops.deploy.templates.network import network
from ops.deploy.templates.questions import questions

FOLDER: Final = Path(__file__).parents[3] / ".chalice"
TEMPLATES: Final = {
    "analytics.json": analytics,
    "views.json": questions,
    "alarms.json": alarms,
    "network.json": network,
}


def rendered() -> dict[str, str]:
    """Return each file's text by its name."""
    return {name: json.dumps(make(), indent=2) + "\n" for name, make in TEMPLATES.items()}
