"""The project as `.chalice/config.json` describes it: where it is, its names, its limits."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
STATE = ROOT / ".tollgate"
"""Logs of the local stack, and how to reach the one that runs. Not in version control."""
GATEWAY_LOG = STATE / "gateway.log"
FUNCTIONS_LOG = STATE / "functions.log"
LOGS = (GATEWAY_LOG, FUNCTIONS_LOG)
RUNNING = STATE / "running.json"
"""The environment of the stack that `python -m local serve` runs, while it runs."""

ACCOUNT = "123456789012"
"""moto's account."""
REGION = "us-east-1"
PLACE = {"${AWS::Partition}": "aws", "${AWS::Region}": REGION, "${AWS::AccountId}": ACCOUNT}
"""What stands in config.json for the place that is deployed to."""
STAGE = "local"
STARTED_BY_MESSAGES = frozenset({"stream_worker", "stream_dead_letters"})


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function, as Chalice names and sizes it."""

    name: str
    memory_mb: int
    timeout_s: int


def environment(stage: str = STAGE) -> dict[str, str]:
    """Return a stage's environment variables in this account, merged as Chalice merges them."""
    config = _config()
    stage_config = config["stages"][stage]
    merged = {**config["environment_variables"], **stage_config["environment_variables"]}
    return {name: _here(value) for name, value in merged.items()}


def function(name: str, stage: str = STAGE) -> Function:
    """Describe a function by its key in config.json; Chalice gives the API's own no suffix."""
    config = _config()
    sizes = {
        "lambda_memory_size": 128,
        "lambda_timeout": 60,
        **config.get("lambda_functions", {}).get(name, {}),
        **config["stages"][stage].get("lambda_functions", {}).get(name, {}),
    }
    full_name = f"{config['app_name']}-{stage}" + ("" if name == "api_handler" else f"-{name}")
    return Function(full_name, sizes["lambda_memory_size"], sizes["lambda_timeout"])


def scheduled() -> tuple[str, ...]:
    """Name the functions that a schedule runs: all but the API's and those of queues."""
    others = {"api_handler", *STARTED_BY_MESSAGES}
    return tuple(sorted(_config()["lambda_functions"].keys() - others))


def _here(value: str) -> str:
    """Write this place into a setting that names it."""
    for placeholder, written in PLACE.items():
        value = value.replace(placeholder, written)
    return value


def _config() -> dict[str, Any]:
    return json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
