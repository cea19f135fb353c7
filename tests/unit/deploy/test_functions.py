"""What the functions of each deployed stage are given: as Chalice reads config.json, and app.py."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from chalice.config import Config

from ops.deploy.stage import Stage

ROOT = Path(__file__).parents[3]
CONFIG = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
STAGES = ("dev", "prod")
FUNCTIONS = {
    "api_handler": (1024, 900),  # a streamed answer may take as long as a Lambda may
    "daily_report": (1024, 900),
    "reconcile": (512, 600),
    "sample_capacity": (512, 120),
    "settle_jobs": (512, 240),  # less than the five minutes after which the next one starts
    "stream_dead_letters": (512, 60),
    "stream_worker": (512, 900),
    "sweep_streams": (512, 240),
}
"""Memory in MB, time-out in seconds."""
READ_BY_CHALICE = {
    *("api_gateway_endpoint_type", "environment_variables", "iam_policy_file"),
    *("lambda_architecture", "lambda_functions", "lambda_memory_size", "lambda_timeout"),
}
READ_BY_US = {"deploy"}


def of(stage: str, function: str = "api_handler") -> Config:
    return Config(chalice_stage=stage, function_name=function, config_from_disk=CONFIG)


def queue_sources() -> dict[str, dict[str, Any]]:
    """The keywords of each `on_sqs_message` in app.py, by function."""
    tree = ast.parse((ROOT / "app.py").read_text(encoding="utf-8"))
    found = {}
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        for each in function.decorator_list:
            if isinstance(each, ast.Call) and ast.unparse(each.func) == "app.on_sqs_message":
                keywords = {k.arg: k.value for k in each.keywords if k.arg}
                found[function.name] = {
                    name: value.value
                    for name, value in keywords.items()
                    if isinstance(value, ast.Constant)
                }
    return found


def test_every_function_is_listed_here() -> None:
    assert set(FUNCTIONS) == set(CONFIG["lambda_functions"])


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_its_memory_and_its_time(stage: str, function: str) -> None:
    config = of(stage, function)
    assert (config.lambda_memory_size, config.lambda_timeout) == FUNCTIONS[function]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_takes_no_room_from_others(stage: str, function: str) -> None:
    assert of(stage, function).reserved_concurrency is None


@pytest.mark.parametrize("stage", STAGES)
def test_a_model_is_waited_for_less_long_than_its_function_runs(stage: str) -> None:
    waits = int(of(stage).environment_variables["MODEL_TIMEOUT_SECONDS"])
    assert waits < min(of(stage, name).lambda_timeout for name in ("api_handler", "stream_worker"))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_regional_on_arm_and_writes_its_records_strictly(stage: str) -> None:
    config = of(stage)
    assert config.api_gateway_endpoint_type == "REGIONAL"
    assert config.lambda_architecture == "arm64"
    assert config.environment_variables["USAGE_LOG_GROUP"] == f"/tollgate/{stage}/usage"


@pytest.mark.parametrize("stage", STAGES)
def test_nothing_that_chalice_does_not_read_is_taken_for_a_setting(stage: str) -> None:
    """Chalice passes over what it does not know: a misspelt time-out would be one minute."""
    configured = CONFIG["stages"][stage]
    keys = set(configured) | {k for f in configured["lambda_functions"].values() for k in f}
    assert keys <= READ_BY_CHALICE | READ_BY_US
    assert {k for f in CONFIG["lambda_functions"].values() for k in f} <= READ_BY_CHALICE


def test_workers_take_one_message_at_a_time_and_leave_room_for_everybody_else() -> None:
    worker = queue_sources()["stream_worker"]
    assert worker == {"batch_size": 1, "maximum_concurrency": 100}
    assert queue_sources()["stream_dead_letters"] == {"batch_size": 1}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_deployed_only_where_its_workers_leave_room(stage: str) -> None:
    assert (
        Stage.load(stage).options.concurrency
        > queue_sources()["stream_worker"]["maximum_concurrency"]
    )
